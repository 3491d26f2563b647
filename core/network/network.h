/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * EDT: noisy latents, timesteps and classes to predicted noise and variance, in backend operations
 * (paper figure 2; official models_edt.py).
 *
 * The conditioning depends on timestep and class alone, so it is computed for many rows at once as
 * large matrix products (edt_network_modulate); a forward then picks one row per sample.
 */
#pragma once

#include "compute/backend.h"
#include "network/amm.h"

typedef struct EdtNetwork EdtNetwork;

/* Errors: EDT_ERROR_BAD_FILE naming the tensor, EDT_ERROR_NO_MEMORY. */
EdtNetwork *edt_network_new(const EdtBackend *backend, EdtDevice *dev, const EdtVariant *variant,
                            EdtTensorSource *source, GError **error);
void edt_network_free(EdtNetwork *model);

const EdtVariant *edt_network_variant(const EdtNetwork *model);
void edt_network_set_amm(EdtNetwork *model, const EdtAmmPlan *plan); /* NULL: off */

/* Room and primitives for forwards of N samples and R modulation rows; nothing after it allocates
 * for these sizes. */
gboolean edt_network_prepare(EdtNetwork *model, int N, int R, GError **error);
/* Bytes of working memory for N samples and R rows. */
gsize edt_network_workspace(const EdtNetwork *model, int N, int R);

/* Modulations of R rows (R as prepared): row r is timestep[r] with label[r] (host arrays; label
 * n_classes is the null class). */
void edt_network_modulate(EdtNetwork *model, int R, const float *timestep, const int *label);

/* x: [N,C,h,w] f32 to out: [N,C_out,h,w] f32, device memory.  Sample s uses row[s] (host array) of
 * the last edt_network_modulate(). */
void edt_network_forward(EdtNetwork *model, int N, const float *x, const int *row, float *out);

/* What follows the network within a step. */
typedef struct {
    int guided;             /* channels that guidance acts on (forward_with_cfg); 0: none */
    float guidance;         /* its scale; samples N/2 .. N-1 are the null class then */
    EdtSamplerStep sampler; /* reads out, writes x anew */
} EdtNetworkTail;

/* A forward of tail->sampler.x to out, and its tail; recorded and replayed as one where the device
 * can.  tail is compared byte by byte: clear it before it is filled in. */
void edt_network_step(EdtNetwork *model, int N, const int *row, float *out,
                      const EdtNetworkTail *tail);

/* Testing: called with each station of a forward under the reference's module name; rows of width
 * D, on the device. */
typedef void (*EdtProbe)(const char *name, const void *data, EdtType type, int rows, int D,
                         gpointer user_data);
void edt_network_set_probe(EdtNetwork *model, EdtProbe probe, gpointer user_data);
