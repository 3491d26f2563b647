/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One batch of a request on its way from noise to latents: memory is planned before the first step,
 * no step allocates.  Called from edt.c.
 */
#pragma once

#include "engine/mould.h"
#include "engine/previews.h"
#include "sample/conditions.h"
#include "sample/noise.h"
#include "sample/reuse.h"
#include "sample/sampler.h"
#include "sample/step.h"

/* One batch on its way; request to B are the caller's to set, the rest is planned.  Its items are
 * alike (easel.h). */
typedef struct {
    EdtEngine *engine;
    const EdtRequest *request;
    const EdtCallbacks *callbacks;
    gpointer user_data;
    EdtSampling sampling;
    int first, B; /* items first .. first+B-1 of the request */
    gsize count;  /* numbers of a latent: C * h * w */
    EdtEasel easel;
    EdtMould mould;
    EdtConditions conditions;
    EdtStep step;
    EdtReuse reuse;

    EdtNoise noise;
    float *latents;         /* [B, C, h, w] the initial noise, then the result */
    float *weights;         /* [B, 1 + more] of a mix */
    const float *estimates; /* [B, C, h, w] denoised, to be shown */
    EdtPreviews previews;
    double since; /* when the step began */
} EdtRun;

/* Plans memory and shapes for the batch. */
gboolean edt_run_prepare(EdtRun *run, GError **error);
/* Noise to latents (run->latents): the sample after the last step, the denoised estimate after an
 * earlier one.  done tells how many steps it came, verdict why it ended. */
gboolean edt_run_sample(EdtRun *run, int *done, EdtVerdict *verdict, GError **error);
/* Tells the caller's progress callback. */
EdtVerdict edt_run_tell(const EdtRun *run, EdtPhase phase, int step, double seconds);
