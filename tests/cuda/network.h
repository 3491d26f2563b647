/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network with the deterministic weights of tests/golden on any backend, and forwards of it from
 * host memory to host memory.
 */
#pragma once

#include "sample/sampler.h"
#include "sample/step.h"

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtNetwork *model;
    EdtVariant v;
    int N;            /* samples there is room for */
    EdtAmmPlan amm;   /* of all forwards; none at first */
    EdtStep step;
    void *host, *memory; /* of a step of N pictures, or N/2 guided ones; memory is the device's */
} Network;

/* variant NULL: a small EDT of 10 classes; "least": the smallest that can be; "small DiT", "small
 * MDTv2".  FALSE with an error
 * where a device or its memory fails; then nothing is left behind. */
gboolean network_try(Network *network, const EdtBackend *backend, const char *variant,
                     int image_size, EdtPrecision precision, int N, GError **error);
Network network_open(const EdtBackend *backend, const char *variant, int image_size,
                     EdtPrecision precision, int N);
void network_close(Network *network);

/* Room for N samples and R rows of modulation, and those rows. */
gboolean network_condition(Network *network, int R, const float *timestep, const int *label,
                           GError **error);
/* host x [N,C,h,w] to host out [N,C_out,h,w]; sample s has row[s]. */
gboolean network_forward(Network *network, int N, const float *x, const int *row, float *out,
                         GError **error);
/* A picture from the noise of a seed to its latent, as run.c goes, everything on the device but the
 * noise.  Guidance 1: none, and one sample of room is enough; else two. */
gboolean network_sample(Network *network, const EdtSampling *sampling, int label, guint64 seed,
                        float *latent, GError **error);
gsize network_in(const Network *network);  /* numbers of one sample */
gsize network_out(const Network *network);
