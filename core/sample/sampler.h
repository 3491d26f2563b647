/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One reverse step of a sample: DDPM and DDIM as in the official gaussian_diffusion.py (f64
 * coefficients, rounded to f32 when used), and DPM-Solver++(2M).
 *
 * dpm++2m is the multistep form with data prediction (arXiv 2211.01095, algorithm 2), on the same
 * timesteps as the other samplers.  It goes to the least noisy timestep, the first step being of
 * first order and the last too where there are fewer than EDT_DPMPP_FEW_STEPS steps ("lower-order
 * final"); the estimate there is the sample ("denoise to zero": S network evaluations, and no
 * noise is left).  Deterministic: its picture depends on the initial noise alone.
 *
 * unipc is UniPC-2 with B(h) = e^h - 1 and data prediction (arXiv 2302.04867): its predictor is
 * dpm++2m's step, and the estimate at which that arrives also corrects where it arrives, without
 * another forward.  Corrected and predicted sample differ by a sum of estimates, so that a step is
 * still one arithmetic, of three estimates.  First, last and final steps are as in dpm++2m.
 */
#pragma once

#include "compute/step.h"
#include "sample/schedule.h"

#define EDT_DPMPP_FEW_STEPS 15

typedef struct {
    const EdtNoiseSchedule *schedule;
    EdtSampler sampler;
    EdtPrediction prediction;
    gboolean learned_variance; /* the output has 2C channels: prediction, then variance */
    gboolean clip_denoised;    /* clamp the denoised estimate to [-1, 1] */
    double eta;                /* ddim */
    double guidance;           /* scale; read where the step is guided */
    double power;              /* of its cosine by timestep; 0: it is constant */
    EdtSpan interval;          /* shares of the timesteps that are guided */
    gboolean keeps, shapes;    /* EDT_STEP_KEEPS, EDT_STEP_SHAPES */
    int careful;               /* so many of the first steps are gone several times */
} EdtSampling;

/* The scale at step s: with a power MDT's, in f32 as there. */
float edt_sampling_guidance(const EdtSampling *sampling, int s);
/* Whether step s is within the interval. */
gboolean edt_sampling_guides(const EdtSampling *sampling, int s);

/* What step s (S-1, the noisiest, .. 0) does to every number (EdtSamplerStep).  Noise is read by
 * neither dpm++2m, unipc nor ddim with eta 0, nor at s == 0; the last estimate by dpm++2m and
 * unipc alone, the one before by unipc. */
EdtStepCoefficients edt_sampling_coefficients(const EdtSampling *sampling, int s);

/* The same step on the way of a careful run, which goes it several times: repeated where it was
 * gone before, so that earlier estimates are no help; returning where it will be gone
 * again (RePaint, Lugmayr et al. 2022, with jumps of one step).  Not for s == 0. */
EdtStepCoefficients edt_sampling_round(const EdtSampling *sampling, int s, gboolean repeated,
                                       gboolean returns);

/* Whether the official loop consumes one draw of the (doubled) batch per step: ddpm and ddim do,
 * even where the noise is not used. */
gboolean edt_sampling_draws(const EdtSampling *sampling);
/* Whether there may be steps that read the estimate before the last. */
gboolean edt_sampling_looks_back(const EdtSampling *sampling);
