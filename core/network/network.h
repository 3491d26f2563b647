/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network on a device: noisy latents, timesteps and classes to predicted noise and variance, in
 * backend operations (paper figure 2; official models_edt.py).
 *
 * The conditioning depends on timestep and class alone, so it is computed for many rows at once as
 * large matrix products (edt_network_modulate); a forward then picks one row per sample.  What
 * follows the network in a step is sample/step.h.
 */
#pragma once

#include "compute/backend.h"
#include "network/amm.h"
#include "network/layers.h"

typedef struct EdtNetwork EdtNetwork;

/* Errors: EDT_ERROR_BAD_FILE naming the tensor, EDT_ERROR_NO_MEMORY. */
EdtNetwork *edt_network_new(const EdtBackend *backend, EdtDevice *dev, const EdtVariant *variant,
                            EdtTensorSource *source, GError **error);
void edt_network_free(EdtNetwork *network);

const EdtVariant *edt_network_variant(const EdtNetwork *network);

/* Room and primitives for forwards of N samples and R modulation rows; nothing after it allocates
 * for these sizes. */
gboolean edt_network_prepare(EdtNetwork *network, int N, int R, GError **error);
/* Bytes of working memory for N samples and R rows, where activations are of type act. */
gsize edt_network_workspace(const EdtVariant *v, EdtType act, int N, int R);

/* What the machine's own operations take beside it (backend.h, attention_room). */
gsize edt_network_room(const EdtVariant *v, EdtType act, int N);

/* Modulations of R rows (R as prepared): row r is timestep[r] with label[r] and style[r] (host
 * arrays; label n_classes is the null class, style n_styles the null style; NULL where the network
 * has no styles). */
void edt_network_modulate(EdtNetwork *network, int R, const float *timestep, const int *label,
                          const int *style);

/* x: [N,C,h,w] f32 to out: [N,C_out,h,w] f32.  Sample s uses row[s] of the last
 * edt_network_modulate().  All device memory; amm is host memory, NULL: off.
 * reuses: the inner stages (shape.h, edt_variant_outer) bring what they brought these samples in
 * the last forward that did not, which had at least as many; of networks that have none it means
 * nothing. */
void edt_network_forward(EdtNetwork *network, int N, const float *x, const int *row,
                         const EdtAmmPlan *amm, gboolean reuses, float *out);

/* What a forward depends on beside its arguments and the contents of memory; no bytes between the
 * fields, so that it can be compared byte by byte (backend.h, step_begin). */
typedef struct {
    const void *network, *memory, *rows;
    gsize room;
} EdtNetworkKey;
EdtNetworkKey edt_network_key(const EdtNetwork *network);

/* Testing: tells each station of the forwards to come. */
void edt_network_set_probe(EdtNetwork *network, EdtProbe probe, gpointer user_data);
