/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One denoising step: a forward of the network and what the sampler makes of it, recorded and
 * replayed as one where the device can.  engine/run.c asks for it, once a step.
 * Next: conditions.h, which says what a step tells the network.
 */
#pragma once

#include "base/arena.h"
#include "network/network.h"

/* What differs from one step to the next.  It lies in one piece, on the host and on the device, so
 * that one upload brings it. */
typedef struct {
    EdtStepCoefficients *how;
    int *row;     /* [N] modulation row of each sample */
    float *noise; /* [pictures, C, hw] */
    float *again; /* the same, of steps that return */
} EdtStepNews;

/* What is the same for all steps of a batch.  The samples come in groups of as many as there are
 * pictures: of their classes, of each further class of a mix, under guidance of the null class. */
typedef struct {
    EdtNetwork *network;
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtAmmPlan amm;
    int pictures;
    int C, C_out, hw;                /* channels in and out of the network, pixels of a channel */
    int guided;                      /* channels that guidance acts on; 0: none */
    int more;                        /* further classes of each picture */
    gboolean keeps, shapes, returns; /* whether there may be such steps */
    gboolean looks_back;             /* the same */
    gboolean alone;                  /* this step is without guidance: the null group rests */
    gboolean reuses;                 /* this step is, as in edt_network_forward() */
    EdtStepNews host, device;
    float *x, *denoised; /* [N, C, hw], [pictures, C, hw] device: as in EdtSamplerStep */
    float *older;        /* [pictures, C, hw] device; NULL: not asked for */
    float *out;          /* [N, C_out, hw] device */
    float *weight, *source, *z, *mask; /* device, as in EdtSamplerStep; NULL: not asked for */
} EdtStep;

int edt_step_samples(const EdtStep *step); /* N */
int edt_step_active(const EdtStep *step);  /* those of this step: the first so many of them */
/* Both memories of a step, whose numbers are known; it needs no network yet. */
void edt_step_carve(EdtStep *step, EdtArena *host, EdtArena *device);
/* [pictures, C, hw] on the host become x, for all groups of the batch (forward_with_cfg). */
void edt_step_place(const EdtStep *step, const float *x);
/* Sends what host holds (noise only for coefficients that draw) and goes from x_t to x_{t-1}.
 * Errors show at the device's next sync. */
void edt_step_take(const EdtStep *step);
