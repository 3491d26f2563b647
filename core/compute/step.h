/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The arithmetic of a sampler step, shared by every backend: what differs between samplers and
 * steps is data (sample/sampler.c fills it in, in f64 from the schedule), so that a recorded step
 * serves them all.  One rounding for each operation, in the official code's order
 * (gaussian_diffusion.py): compile with contraction of a * b + c off.
 *
 * A backend whose functions need another declaration defines EDT_STEP_FUNCTION first.
 */
#pragma once

#include <glib.h>
#include <math.h>

#ifndef EDT_STEP_FUNCTION
#define EDT_STEP_FUNCTION static inline
#endif

enum {
    EDT_STEP_PREDICTS_DENOISED = 1 << 0, /* the network's output is the estimate itself */
    EDT_STEP_CLIPS = 1 << 1,             /* the estimate stays within [-1, 1] */
    EDT_STEP_EXTRAPOLATES = 1 << 2,      /* goes to now * estimate - before * the last estimate */
    EDT_STEP_NOISE_ANEW = 1 << 3,        /* keeps a part of the predicted noise, not of x */
    EDT_STEP_ENDS = 1 << 4,              /* the estimate is the sample */
    EDT_STEP_DRAWS = 1 << 5,             /* adds noise ... */
    EDT_STEP_LEARNED = 1 << 6,           /* ... by the variance that the network predicts */
};

typedef struct {
    int flags;
    float guidance;              /* out becomes null + guidance (class - null) */
    float of_x, of_noise;        /* estimate = of_x x - of_noise out */
    float now, before;           /* target = now estimate - before last estimate */
    float of_target, of_rest;    /* x = of_target target + of_rest (x, or the noise found anew) */
    float deviation;             /* of the noise added */
    float log_least, log_most;   /* bounds of the log variance that v in -1..1 chooses from */
} EdtStepCoefficients;

/* One step for N pictures, in place: x_t becomes x_{t-1}, the last estimate this step's. */
typedef struct {
    int N, C, C_out, hw;     /* C_out is C, or 2C with v behind */
    int guided;              /* channels that guidance acts on; 0: none, and no null half of out */
    gboolean twice;          /* x has two halves though this step has no guidance */
    const EdtStepCoefficients *how;
    const float *out;        /* [N, C_out, hw]; guided: [2N, C_out, hw], the null class behind */
    const float *noise;      /* [N, C, hw]; only read by a step that draws */
    float *x;                /* [N, C, hw]; guided: [2N, C, hw], both halves the same */
    float *denoised;         /* [N, C, hw] */
} EdtSamplerStep;

/* All of it, on the CPU (step.c). */
void edt_step_run(const EdtSamplerStep *op);

/* What the network says for number i of a picture under guidance (official forward_with_cfg: three
 * channels of four); the others, and the learned variance, stay the class's own. */
EDT_STEP_FUNCTION float edt_step_guide(const EdtSamplerStep *op, const EdtStepCoefficients *k,
                                       const float *out, gint64 i)
{
    if (i >= (gint64)op->guided * op->hw)
        return out[0];
    const float null = out[(gint64)op->N * op->C_out * op->hw];
    return null + k->guidance * (out[0] - null);
}

/* The denoised estimate (Ho et al. 2020, eq. 15: the noise taken out of x). */
EDT_STEP_FUNCTION float edt_step_denoise(const EdtStepCoefficients *k, float x, float out)
{
    float estimate = out;
    if (!(k->flags & EDT_STEP_PREDICTS_DENOISED))
        estimate = k->of_x * x - k->of_noise * out;
    if (k->flags & EDT_STEP_CLIPS)
        estimate = estimate > 1.0f ? 1.0f : estimate < -1.0f ? -1.0f : estimate;
    return estimate;
}

/* From x_t to x_{t-1} but for the noise.  last: the estimate of the step before. */
EDT_STEP_FUNCTION float edt_step_move(const EdtStepCoefficients *k, float x, float estimate,
                                      float last)
{
    float target = estimate, rest = x;
    if (k->flags & EDT_STEP_ENDS)
        return estimate;
    if (k->flags & EDT_STEP_EXTRAPOLATES)
        target = k->now * estimate - k->before * last;
    if (k->flags & EDT_STEP_NOISE_ANEW) /* the estimate may have been clipped */
        rest = (k->of_x * x - estimate) / k->of_noise;
    return k->of_target * target + k->of_rest * rest;
}

/* x with this step's noise; v: the network's second output (Nichol & Dhariwal 2021, eq. 15). */
EDT_STEP_FUNCTION float edt_step_add_noise(const EdtStepCoefficients *k, float x, float v,
                                           float noise)
{
    float deviation = k->deviation;
    if (k->flags & EDT_STEP_LEARNED) {
        float share = (v + 1.0f) / 2.0f;
        deviation = expf(0.5f * (share * k->log_most + (1.0f - share) * k->log_least));
    }
    return x + deviation * noise;
}

/* Number i of picture n; how: op->how, where it is quick to read. */
EDT_STEP_FUNCTION void edt_step_number(const EdtSamplerStep *op, const EdtStepCoefficients *how,
                                       gint64 n, gint64 i)
{
    const gint64 count = (gint64)op->C * op->hw, at = n * count + i;
    const float *out = op->out + n * op->C_out * op->hw + i;
    const float estimate = edt_step_denoise(how, op->x[at], edt_step_guide(op, how, out, i));
    float x = edt_step_move(how, op->x[at], estimate, op->denoised[at]);

    if (how->flags & EDT_STEP_DRAWS)
        x = edt_step_add_noise(how, x, how->flags & EDT_STEP_LEARNED ? out[count] : 0.0f,
                               op->noise[at]);
    op->denoised[at] = estimate;
    op->x[at] = x;
    if (op->guided || op->twice)
        op->x[op->N * count + at] = x;
}
