/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The noise schedule and its respacing (official diffusion/gaussian_diffusion.py, respace.py):
 * f64 tables over the S kept timesteps, index 0 the least noisy.
 */
#pragma once

#include "edt.h"

#define EDT_TIMESTEPS 1000

typedef struct {
    int S;
    int *timestep; /* [S] original timestep, what the network is told */
    double *betas, *alphas_cumprod, *alphas_cumprod_prev, *alphas_cumprod_next;
    double *sqrt_alphas_cumprod, *sqrt_one_minus_alphas_cumprod;
    double *sqrt_recip_alphas_cumprod, *sqrt_recipm1_alphas_cumprod;
    double *posterior_variance, *posterior_log_variance_clipped;
    double *posterior_mean_coef1, *posterior_mean_coef2;
} EdtNoiseSchedule;

typedef enum {
    EDT_RESPACE_EVEN,   /* official "N": accumulate a float stride, round half to even */
    EDT_RESPACE_STRIDE, /* official "ddimN": a plain integer stride; for reference numbers */
    EDT_RESPACE_KARRAS, /* EDT_SPACING_KARRAS: the nearest timesteps, each once */
} EdtRespace;

/* steps 1..1000.  Errors: EDT_ERROR_USAGE (EDT_RESPACE_STRIDE has no stride for some counts). */
EdtNoiseSchedule *edt_noise_schedule_new(EdtSchedule kind, EdtRespace respace, int steps,
                                         GError **error);
/* The same from timestep `last` (0..999) on, which no stride does.  Errors: EDT_ERROR_USAGE, where
 * there are fewer timesteps than steps. */
EdtNoiseSchedule *edt_noise_schedule_from(EdtSchedule kind, EdtRespace respace, int last, int steps,
                                          GError **error);
void edt_noise_schedule_free(EdtNoiseSchedule *schedule);

/* The logarithm of the signal-to-noise ratio at step s, ... */
double edt_noise_log_snr(const EdtNoiseSchedule *schedule, int s);
/* ... and the original timestep that is nearest to one. */
int edt_noise_timestep(EdtSchedule kind, double log_snr);
