/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One batch of a request on its way from noise to latents: memory is planned before the first step,
 * no step allocates.  Called from edt.c.
 */
#pragma once

#include "engine/engine.h"
#include "sample/random.h"
#include "sample/sampler.h"

/* One batch on its way; request to sampling are the caller's to set, the rest is planned. */
typedef struct {
    EdtEngine *engine;
    const EdtRequest *request;
    const EdtCallbacks *callbacks;
    gpointer user_data;
    EdtSampling sampling;
    int first, B; /* items first .. first+B-1 of the request */
    int N;        /* samples of a forward: B, or 2B under guidance */
    gboolean guided;
    int C, C_out, hw;
    gsize count; /* C * hw */

    /* modulation rows: one per (step of the slice, distinct class) */
    int classes;            /* distinct classes, the null class among them */
    int slice, slice_first; /* steps in a slice; step index the current slice begins at */
    int *class_of_slot, *slot, *row, *row_label;
    float *row_timestep;

    /* host */
    EdtRandom *random;        /* [B] */
    EdtStepCoefficients *how; /* what is uploaded for a step: its coefficients ... */
    float *noise;             /* ... and behind them [B, C, hw] */
    float *latents;           /* [B, C, hw] the initial noise, then the result */
    const float *estimates;   /* [B, C, hw] denoised, to be shown */
    double since;             /* when the step began */
    guint8 *preview;          /* [hw, 4] */
    /* device */
    float *device_out;        /* [N, C_out, hw] */
    void *device_how;         /* the same as how and noise */
    EdtNetworkTail tail;      /* holds device x and denoised */
} EdtRun;

/* Plans memory and shapes for the batch. */
gboolean edt_run_prepare(EdtRun *run, GError **error);
/* Noise to latents (run->latents): the sample after the last step, the denoised estimate after an
 * earlier one.  steps_done tells how far it came, verdict why it ended. */
gboolean edt_run_sample(EdtRun *run, int *steps_done, EdtVerdict *verdict, GError **error);
/* Tells the caller's progress callback. */
EdtVerdict edt_run_tell(const EdtRun *run, EdtPhase phase, int step, double seconds);
