/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The losses; see loss.h.  t = 0 is computed in f64: the difference of two nearly equal
 * probabilities has no correct digits left in f32.
 */
#include "train/loss.h"
#include "train/kernels.h"

#include <math.h>

#define SNR_MOST 5.0

void edt_loss_noise(const EdtLoss *loss, int t, const float *x0, const float *noise, float *x_t)
{
    float signal = (float)loss->schedule->sqrt_alphas_cumprod[t];
    float share = (float)loss->schedule->sqrt_one_minus_alphas_cumprod[t];
    edt_train_kernels()->noise(loss->count, signal, share, x0, noise, x_t);
}

static double snr_at(const EdtLoss *loss, int t)
{
    double abar = loss->schedule->alphas_cumprod[t];
    return abar / (1.0 - abar);
}

static double mse_weight(const EdtLoss *loss, int t)
{
    if (loss->weighting == EDT_WEIGHTING_PLAIN)
        return 1.0;
    double snr = snr_at(loss, t);
    double capped = MIN(loss->weighting == EDT_WEIGHTING_VELOCITY ? snr + 1.0 : snr, SNR_MOST);
    return loss->prediction == EDT_PREDICT_NOISE ? capped / snr : capped;
}

double edt_loss_x0_error(const EdtLoss *loss, int t, double mse, int *band)
{
    double snr = snr_at(loss, t), raw = mse / mse_weight(loss, t);
    *band = CLAMP((int)floor(log10(snr)) + 3, 0, EDT_TRAIN_BANDS - 1);
    return loss->prediction == EDT_PREDICT_NOISE ? raw / snr : raw;
}

/* ---- t = 0 ---- */

/* The tanh form of the normal distribution's cumulative function, and its derivative. */
static double cumulative(double z, double *slope)
{
    const double k = sqrt(2.0 / G_PI), cubic = 0.044715;
    double tangent = tanh(k * (z + cubic * z * z * z));
    *slope = 0.5 * (1.0 - tangent * tangent) * k * (1.0 + 3.0 * cubic * z * z);
    return 0.5 * (1.0 + tangent);
}

/* -log of the probability of one 8-bit step around x; d by the log variance. */
static double likelihood(double x, double mean, double log_variance, double *d)
{
    const double least = 1e-12, half_step = 1.0 / 255.0;
    double inverse = exp(-0.5 * log_variance), above = inverse * (x - mean + half_step);
    double below = inverse * (x - mean - half_step), slope_above, slope_below;
    double p_above = cumulative(above, &slope_above), p_below = cumulative(below, &slope_below), p;

    if (x < -0.999) {
        p = p_above;
        slope_below = 0;
    } else if (x > 0.999) {
        p = 1.0 - p_below;
        slope_above = 0;
    } else {
        p = p_above - p_below;
    }
    /* z shrinks with the deviation: dz / d log variance = -z / 2 */
    *d = p < least ? 0.0 : 0.5 * (slope_above * above - slope_below * below) / p;
    return -log(MAX(p, least));
}

static double likelihoods(const EdtLoss *loss, const float *x0, const float *x_t, const float *out,
                          const float *v, double scale, float *d_v)
{
    const EdtNoiseSchedule *s = loss->schedule;
    double least = s->posterior_log_variance_clipped[0], range = log(s->betas[0]) - least, sum = 0;

    for (int i = 0; i < loss->count; i++) {
        double d, predicted = (double)out[i];
        if (loss->prediction == EDT_PREDICT_NOISE)
            predicted = s->sqrt_recip_alphas_cumprod[0] * (double)x_t[i] -
                        s->sqrt_recipm1_alphas_cumprod[0] * predicted;
        double mean =
            s->posterior_mean_coef1[0] * predicted + s->posterior_mean_coef2[0] * (double)x_t[i];
        sum += likelihood((double)x0[i], mean, least + range * 0.5 * ((double)v[i] + 1.0), &d);
        d_v[i] = (float)(scale * d * range * 0.5);
    }
    return sum / loss->count;
}

/* ---- both ---- */

static double variational(const EdtLoss *loss, int t, const float *x0, const float *target,
                          const float *x_t, const float *out, double weight, float *d_v)
{
    const EdtNoiseSchedule *s = loss->schedule;
    const float *v = out + loss->count;
    double bits = 1.0 / G_LN2, scale = weight * bits / loss->count;

    if (t == 0)
        return bits * likelihoods(loss, x0, x_t, out, v, scale, d_v);
    double least = s->posterior_log_variance_clipped[t], range = log(s->betas[t]) - least;
    double to_x0 = loss->prediction == EDT_PREDICT_NOISE ? s->sqrt_recipm1_alphas_cumprod[t] : 1.0;
    EdtDivergence k = {
        .range = (float)range,
        .mean_scale = (float)(s->posterior_mean_coef1[t] * to_x0 * exp(-0.5 * least)),
        .d_scale = (float)(scale * 0.25 * range),
    };
    return bits * edt_train_kernels()->divergence(loss->count, out, target, v, k, d_v);
}

EdtLossTerms edt_loss_of(const EdtLoss *loss, int t, const float *x0, const float *noise,
                         const float *x_t, const float *out, double weight, float *d_out)
{
    const float *target = loss->prediction == EDT_PREDICT_NOISE ? noise : x0;
    double w = mse_weight(loss, t);
    EdtLossTerms terms = {0};

    terms.mse = w * edt_train_kernels()->squared(loss->count, out, target,
                                                 (float)(2.0 * weight * w / loss->count), d_out);
    if (loss->learned_variance)
        terms.vb =
            variational(loss, t, x0, target, x_t, out, weight * loss->share, d_out + loss->count);
    terms.loss = terms.mse + loss->share * terms.vb;
    return terms;
}
