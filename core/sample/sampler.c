/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From x_t to x_{t-1}: what a sampler does at a step, as coefficients of one arithmetic
 * (compute/step.h).  The network's output becomes an estimate of the denoised latent, and the
 * sampler goes part of the way to it.  Last on the journey before the VAE; run.c asks once a step,
 * and the backend does it for all pictures (step.c).
 *
 * Coefficients are f64 from the schedule, rounded to f32 when used, because the reference
 * trajectories are f32 (-ffp-contract=off in meson.build).
 */
#include "sample/sampler.h"

#include <math.h>

/* Without v: beta ("fixed large"), as the official code has it.  With it the log variance lies
 * between two bounds, the posterior's and beta. */
static void draw(const EdtSampling *sampling, int s, EdtStepCoefficients *k)
{
    const EdtNoiseSchedule *schedule = sampling->schedule;

    k->flags |= EDT_STEP_DRAWS | (sampling->learned_variance ? EDT_STEP_LEARNED : 0);
    k->log_least = (float)schedule->posterior_log_variance_clipped[s];
    k->log_most = (float)log(schedule->betas[s]);
    k->deviation = expf(0.5f * k->log_most);
}

/* Ho et al. 2020, algorithm 2: the posterior's mean and noise; none at the last step. */
static void step_ddpm(const EdtSampling *sampling, int s, EdtStepCoefficients *k)
{
    k->of_target = (float)sampling->schedule->posterior_mean_coef1[s];
    k->of_rest = (float)sampling->schedule->posterior_mean_coef2[s];
    if (s > 0)
        draw(sampling, s, k);
}

/* Song et al. 2021, eq. 12.  sigma is computed in f32, as the official code does. */
static void step_ddim(const EdtSampling *sampling, int s, EdtStepCoefficients *k)
{
    const EdtNoiseSchedule *schedule = sampling->schedule;
    const float alpha = (float)schedule->alphas_cumprod[s];
    const float alpha_prev = (float)schedule->alphas_cumprod_prev[s];
    const float sigma = (float)sampling->eta * sqrtf((1.0f - alpha_prev) / (1.0f - alpha)) *
                        sqrtf(1.0f - alpha / alpha_prev);

    k->flags |= EDT_STEP_NOISE_ANEW;
    k->of_target = sqrtf(alpha_prev);
    /* eta 1 and few steps: rounding can take the difference below zero, where torch has NaN */
    k->of_rest = sqrtf(fmaxf(1.0f - alpha_prev - sigma * sigma, 0.0f));
    k->deviation = sigma;
    if (s > 0 && sampling->eta > 0)
        k->flags |= EDT_STEP_DRAWS;
}

/* Half the logarithm of the signal-to-noise ratio; DPM-Solver's time. */
static double lambda_at(const EdtNoiseSchedule *schedule, int s)
{
    return 0.5 * log(schedule->alphas_cumprod[s] / (1.0 - schedule->alphas_cumprod[s]));
}

/* Whether the step from s goes by its own estimate alone. */
static gboolean is_first_order(const EdtSampling *sampling, int s)
{
    const int S = sampling->schedule->S;
    return s == S - 1 || (s == 1 && S < EDT_DPMPP_FEW_STEPS);
}

/* Lu et al. 2022b (DPM-Solver++), eq. 8 and algorithm 2; which steps are first order: sampler.h.
 * With D the denoised estimate extrapolated to the middle of the step,
 *     x_{s-1} = (sigma_{s-1} / sigma_s) x_s - alpha_{s-1} (e^{-h} - 1) D,
 *     D = D_s + before (D_s - D_{s+1}),  before = 1 / 2r,  r = h_before / h. */
typedef struct {
    double rest, target, before;
} Prediction;

static Prediction predict(const EdtSampling *sampling, int s)
{
    const EdtNoiseSchedule *schedule = sampling->schedule;
    const double h = lambda_at(schedule, s - 1) - lambda_at(schedule, s);
    Prediction p = {.rest = schedule->sqrt_one_minus_alphas_cumprod[s - 1] /
                            schedule->sqrt_one_minus_alphas_cumprod[s],
                    .target = -schedule->sqrt_alphas_cumprod[s - 1] * expm1(-h)};
    if (!is_first_order(sampling, s))
        p.before = 0.5 * h / (lambda_at(schedule, s) - lambda_at(schedule, s + 1));
    return p;
}

static void step_dpmpp_2m(const EdtSampling *sampling, int s, EdtStepCoefficients *k)
{
    if (s == 0) { /* no noise is left: sigma is 0 and alpha 1 */
        k->flags |= EDT_STEP_ENDS;
        return;
    }
    const Prediction p = predict(sampling, s);
    k->of_rest = (float)p.rest;
    k->of_target = (float)p.target;
    if (is_first_order(sampling, s))
        return;
    k->flags |= EDT_STEP_EXTRAPOLATES;
    k->now = (float)(1.0 + p.before);
    k->before = (float)p.before;
}

/* What x_s, as predicted, lacks: now D_s + last D_{s+1} + older D_{s+2}. */
typedef struct {
    double now, last, older;
} Correction;

/* Zhao et al. 2023 (UniPC), section 3: the weights of the differences D_s - D_{s+1} and
 * (D_{s+2} - D_{s+1}) / r by which the step to s is exact where estimates are a polynomial of
 * lambda, less the 1/2 that the second was predicted with.  With one difference the weight is 1/2
 * for any h.  phi_k: moments of the exponential over the step. */
static Correction correct(const EdtSampling *sampling, int s)
{
    const EdtNoiseSchedule *schedule = sampling->schedule;
    const double lambda = lambda_at(schedule, s + 1), h = lambda_at(schedule, s) - lambda;
    const double phi_1 = expm1(-h), phi_2 = -phi_1 / h - 1.0, phi_3 = -phi_2 / h - 0.5;
    const double reach = -schedule->sqrt_alphas_cumprod[s] * phi_1;

    if (is_first_order(sampling, s + 1) || s + 1 >= schedule->S - sampling->careful)
        return (Correction){.now = 0.5 * reach, .last = -0.5 * reach};
    const double r = (lambda_at(schedule, s + 2) - lambda) / h;
    const double even = phi_2 / phi_1, slope = 2.0 * phi_3 / phi_1;
    const double of_before = (even - slope) / (1.0 - r), of_now = even - of_before;
    Correction c = {.now = reach * of_now, .older = reach * (of_before - 0.5) / r};
    c.last = -c.now - c.older;
    return c;
}

/* The step from the corrected x_s, written as one from x_s. */
static void step_unipc(const EdtSampling *sampling, int s, EdtStepCoefficients *k)
{
    step_dpmpp_2m(sampling, s, k);
    if (s == 0 || s == sampling->schedule->S - 1)
        return;
    const Prediction p = predict(sampling, s);
    const Correction c = correct(sampling, s);
    const double share = p.rest / p.target;
    k->flags |= EDT_STEP_EXTRAPOLATES | (c.older != 0.0 ? EDT_STEP_LOOKS_BACK : 0);
    k->now = (float)(1.0 + p.before + share * c.now);
    k->before = (float)(p.before - share * c.last);
    k->older = (float)(-share * c.older);
}

/* The original timestep, of all 1000, also in the official code's few steps. */
static float noise_share(const EdtSampling *sampling, int s)
{
    return (float)sampling->schedule->timestep[s] / (float)EDT_TIMESTEPS;
}

float edt_sampling_guidance(const EdtSampling *sampling, int s)
{
    const float scale = (float)sampling->guidance;
    if (sampling->power <= 0)
        return scale;
    const float bent = powf(1.0f - noise_share(sampling, s), (float)sampling->power);
    return (scale - 1.0f) * ((1.0f - cosf(bent * (float)G_PI)) * 0.5f) + 1.0f;
}

gboolean edt_sampling_guides(const EdtSampling *sampling, int s)
{
    const double share = sampling->schedule->timestep[s] / (double)EDT_TIMESTEPS;
    return share >= sampling->interval.from && share <= sampling->interval.to;
}

/* What is kept has as much noise as x when the step is done. */
static void keep(const EdtSampling *sampling, int s, EdtStepCoefficients *k)
{
    k->of_source = s < 0 ? 1.0f : (float)sampling->schedule->sqrt_alphas_cumprod[s];
    k->of_z = s < 0 ? 0.0f : (float)sampling->schedule->sqrt_one_minus_alphas_cumprod[s];
}

EdtStepCoefficients edt_sampling_coefficients(const EdtSampling *sampling, int s)
{
    EdtStepCoefficients k = {
        .guidance = edt_sampling_guidance(sampling, s),
        .of_x = (float)sampling->schedule->sqrt_recip_alphas_cumprod[s],
        .of_noise = (float)sampling->schedule->sqrt_recipm1_alphas_cumprod[s],
    };

    if (sampling->prediction == EDT_PREDICT_DENOISED)
        k.flags |= EDT_STEP_PREDICTS_DENOISED;
    if (sampling->clip_denoised)
        k.flags |= EDT_STEP_CLIPS;
    if (sampling->keeps)
        k.flags |= EDT_STEP_KEEPS;
    if (sampling->shapes)
        k.flags |= EDT_STEP_SHAPES;
    keep(sampling, s - 1, &k);
    switch (sampling->sampler) {
    case EDT_SAMPLER_DDPM:
        step_ddpm(sampling, s, &k);
        break;
    case EDT_SAMPLER_DDIM:
        step_ddim(sampling, s, &k);
        break;
    case EDT_SAMPLER_DPMPP_2M:
        step_dpmpp_2m(sampling, s, &k);
        break;
    case EDT_SAMPLER_UNIPC:
        step_unipc(sampling, s, &k);
        break;
    }
    return k;
}

EdtStepCoefficients edt_sampling_round(const EdtSampling *sampling, int s, gboolean repeated,
                                       gboolean returns)
{
    EdtStepCoefficients k = edt_sampling_coefficients(sampling, s);

    if (repeated)
        k.flags &= ~(EDT_STEP_EXTRAPOLATES | EDT_STEP_LOOKS_BACK);
    if (!returns)
        return k;
    k.flags |= EDT_STEP_RETURNS;
    k.back_x = (float)sqrt(1.0 - sampling->schedule->betas[s]);
    k.back_noise = (float)sqrt(sampling->schedule->betas[s]);
    keep(sampling, s, &k);
    return k;
}

gboolean edt_sampling_draws(const EdtSampling *sampling)
{
    return sampling->sampler == EDT_SAMPLER_DDPM || sampling->sampler == EDT_SAMPLER_DDIM;
}

gboolean edt_sampling_looks_back(const EdtSampling *sampling)
{
    return sampling->sampler == EDT_SAMPLER_UNIPC;
}
