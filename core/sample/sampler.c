/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From x_t to x_{t-1}: the network's output becomes an estimate of the denoised latent, and the
 * sampler goes part of the way to it.  Last on the journey before the VAE; edt.c calls this once a
 * step and sample.
 *
 * Coefficients are f64 from the schedule, rounded to f32 when used; the f32 operations stand in the
 * official code's order (gaussian_diffusion.py), with one rounding each, because the reference
 * trajectories are f32 (-ffp-contract=off in meson.build).
 */
#include "sample/sampler.h"

#include <math.h>
#include <string.h>

/* Ho et al. 2020, eq. 15: the noise taken out of x. */
static void denoise(const EdtSampling *sampling, int s, gsize count, const float *out,
                    const float *x, float *denoised)
{
    const float of_x = (float)sampling->schedule->sqrt_recip_alphas_cumprod[s];
    const float of_noise = (float)sampling->schedule->sqrt_recipm1_alphas_cumprod[s];

    if (sampling->prediction == EDT_PREDICT_DENOISED)
        memcpy(denoised, out, count * sizeof *denoised);
    else
        for (gsize i = 0; i < count; i++)
            denoised[i] = of_x * x[i] - of_noise * out[i];
    if (sampling->clip_denoised)
        for (gsize i = 0; i < count; i++)
            denoised[i] = CLAMP(denoised[i], -1.0f, 1.0f);
}

/* The network's v in -1..1 lies between the two bounds of the log variance: the posterior's, and
 * beta (Nichol & Dhariwal 2021, eq. 15). */
static void add_noise_learned(const EdtNoiseSchedule *schedule, int s, gsize count, const float *v,
                              const float *noise, float *x)
{
    const float least = (float)schedule->posterior_log_variance_clipped[s];
    const float most = (float)log(schedule->betas[s]);

    for (gsize i = 0; i < count; i++) {
        float share = (v[i] + 1.0f) / 2.0f;
        float log_variance = share * most + (1.0f - share) * least;
        x[i] = x[i] + expf(0.5f * log_variance) * noise[i];
    }
}

/* A network without variance: beta ("fixed large"), as the official code has it. */
static void add_noise_fixed(const EdtNoiseSchedule *schedule, int s, gsize count,
                            const float *noise, float *x)
{
    const float log_variance = (float)log(schedule->betas[s]);
    const float deviation = expf(0.5f * log_variance);

    for (gsize i = 0; i < count; i++)
        x[i] = x[i] + deviation * noise[i];
}

/* Ho et al. 2020, algorithm 2: the posterior's mean and noise; none at the last step. */
static void step_ddpm(const EdtSampling *sampling, int s, gsize count, const float *v,
                      const float *noise, float *x, const float *denoised)
{
    const EdtNoiseSchedule *schedule = sampling->schedule;
    const float of_denoised = (float)schedule->posterior_mean_coef1[s];
    const float of_x = (float)schedule->posterior_mean_coef2[s];

    for (gsize i = 0; i < count; i++)
        x[i] = of_denoised * denoised[i] + of_x * x[i];
    if (s == 0)
        return;
    if (sampling->learned_variance)
        add_noise_learned(schedule, s, count, v, noise, x);
    else
        add_noise_fixed(schedule, s, count, noise, x);
}

/* Song et al. 2021, eq. 12.  sigma is computed in f32, as the official code does. */
static void step_ddim(const EdtSampling *sampling, int s, gsize count, const float *noise, float *x,
                      const float *denoised)
{
    const EdtNoiseSchedule *schedule = sampling->schedule;
    const float of_x = (float)schedule->sqrt_recip_alphas_cumprod[s];
    const float of_noise = (float)schedule->sqrt_recipm1_alphas_cumprod[s];
    const float alpha = (float)schedule->alphas_cumprod[s];
    const float alpha_prev = (float)schedule->alphas_cumprod_prev[s];
    const float sigma = (float)sampling->eta * sqrtf((1.0f - alpha_prev) / (1.0f - alpha)) *
                        sqrtf(1.0f - alpha / alpha_prev);
    /* eta 1 and few steps: rounding can take the difference below zero, where torch has NaN */
    const float of_eps = sqrtf(fmaxf(1.0f - alpha_prev - sigma * sigma, 0.0f));
    const float of_denoised = sqrtf(alpha_prev);

    for (gsize i = 0; i < count; i++) {
        /* the noise anew: the estimate may have been clipped, or be what the network predicts */
        float eps = (of_x * x[i] - denoised[i]) / of_noise;
        x[i] = denoised[i] * of_denoised + of_eps * eps;
    }
    if (s > 0 && sampling->eta > 0)
        for (gsize i = 0; i < count; i++)
            x[i] = x[i] + sigma * noise[i];
}

/* Half the logarithm of the signal-to-noise ratio; DPM-Solver's time. */
static double lambda_at(const EdtNoiseSchedule *schedule, int s)
{
    return 0.5 * log(schedule->alphas_cumprod[s] / (1.0 - schedule->alphas_cumprod[s]));
}

/* Lu et al. 2022b (DPM-Solver++), eq. 8 and algorithm 2; which steps are first order: sampler.h.
 * With D the denoised estimate extrapolated to the middle of the step,
 *     x_{s-1} = (sigma_{s-1} / sigma_s) x_s - alpha_{s-1} (e^{-h} - 1) D. */
static void step_dpmpp_2m(const EdtSampling *sampling, int s, gsize count, float *x,
                          const float *denoised, float *previous)
{
    const EdtNoiseSchedule *schedule = sampling->schedule;
    const gboolean first_order =
        s == schedule->S - 1 || (s == 1 && schedule->S < EDT_DPMPP_FEW_STEPS);
    double h, before = 0.0;

    if (s == 0) { /* no noise is left: sigma is 0 and alpha 1 */
        memcpy(x, denoised, count * sizeof *x);
        return;
    }
    h = lambda_at(schedule, s - 1) - lambda_at(schedule, s);
    if (!first_order) /* 1 / 2r, r = h_before / h */
        before = 0.5 * h / (lambda_at(schedule, s) - lambda_at(schedule, s + 1));

    const float of_x = (float)(schedule->sqrt_one_minus_alphas_cumprod[s - 1] /
                               schedule->sqrt_one_minus_alphas_cumprod[s]);
    const float of_target = (float)(-schedule->sqrt_alphas_cumprod[s - 1] * expm1(-h));
    const float of_now = (float)(1.0 + before), of_before = (float)before;
    if (first_order)
        for (gsize i = 0; i < count; i++)
            x[i] = of_x * x[i] + of_target * denoised[i];
    else
        for (gsize i = 0; i < count; i++)
            x[i] = of_x * x[i] + of_target * (of_now * denoised[i] - of_before * previous[i]);
    memcpy(previous, denoised, count * sizeof *previous);
}

void edt_sampling_step(const EdtSampling *sampling, int s, int C, int hw, const float *out,
                       const float *noise, float *x, float *denoised, float *previous)
{
    const gsize count = (gsize)C * (gsize)hw;

    denoise(sampling, s, count, out, x, denoised);
    switch (sampling->sampler) {
    case EDT_SAMPLER_DDPM:
        step_ddpm(sampling, s, count, out + count, noise, x, denoised);
        break;
    case EDT_SAMPLER_DDIM:
        step_ddim(sampling, s, count, noise, x, denoised);
        break;
    case EDT_SAMPLER_DPMPP_2M:
        step_dpmpp_2m(sampling, s, count, x, denoised, previous);
        break;
    }
}

gboolean edt_sampling_draws(const EdtSampling *sampling)
{
    return sampling->sampler != EDT_SAMPLER_DPMPP_2M;
}
