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
    EDT_STEP_KEEPS = 1 << 7,             /* where the mask is 0 the source stays */
    EDT_STEP_SHAPES = 1 << 8,            /* the estimate's alpha, channel 3, is the mask's */
    EDT_STEP_RETURNS = 1 << 9,           /* noise leads back to where the step began */
    EDT_STEP_LOOKS_BACK = 1 << 10, /* ... - older * the estimate before the last; extrapolates */
};

typedef struct {
    int flags;
    float guidance;            /* out becomes null + guidance (class - null) */
    float of_x, of_noise;      /* estimate = of_x x - of_noise out */
    float now, before, older;  /* target = now estimate - before last - older the one before it */
    float of_target, of_rest;  /* x = of_target target + of_rest (x, or the noise found anew) */
    float deviation;           /* of the noise added */
    float log_least, log_most; /* bounds of the log variance that v in -1..1 chooses from */
    float of_source, of_z;     /* what is kept, as noisy as x: of_source source + of_z z */
    float back_x, back_noise;  /* a step that returns: x = back_x x + back_noise again */
} EdtStepCoefficients;

/* One step for N pictures, in place: x_t becomes x_{t-1}, the last estimate this step's. */
typedef struct {
    int N, C, C_out, hw; /* C_out is C, or 2C with v behind */
    int guided;          /* channels that guidance acts on; 0: none, and no null group of out */
    gboolean rests;      /* x has a null group though this step has no guidance */
    int more;            /* classes that are mixed into each picture's own */
    const EdtStepCoefficients *how;
    const float *out;        /* [groups, N, C_out, hw]: the class, further ones, guided: null */
    const float *noise;      /* [N, C, hw]; only read by a step that draws */
    const float *again;      /* [N, C, hw]; only read by a step that returns */
    const float *weight;     /* [N, 1 + more] of the classes; only read where there are more */
    const float *source, *z; /* [N, C, hw]; only read by a step that keeps */
    const float *mask;       /* [N, hw], 1: is made; only read by a step that keeps or shapes */
    float *x;                /* [groups, N, C, hw], all groups the same */
    float *denoised;         /* [N, C, hw] */
    float *older; /* [N, C, hw] the last estimate becomes that before it; NULL: forgotten */
} EdtSamplerStep;

/* All of it, on the CPU (step.c). */
void edt_step_run(const EdtSamplerStep *op);

/* Groups of x: the pictures' classes, further ones, null where there is guidance. */
EDT_STEP_FUNCTION gint64 edt_step_groups(const EdtSamplerStep *op)
{
    return 1 + op->more + (op->guided || op->rests ? 1 : 0);
}

/* What the network says for a number of picture n, of its classes by weight. */
EDT_STEP_FUNCTION float edt_step_mix(const EdtSamplerStep *op, gint64 n, const float *out)
{
    if (!op->more)
        return out[0];
    const gint64 group = (gint64)op->N * op->C_out * op->hw;
    const float *weight = op->weight + n * (op->more + 1);
    float sum = weight[0] * out[0];
    for (int k = 1; k <= op->more; k++)
        sum += weight[k] * out[k * group];
    return sum;
}

/* The same under guidance, of number i of the picture (official forward_with_cfg: three channels of
 * four); the others, and the learned variance, stay the class's own. */
EDT_STEP_FUNCTION float edt_step_guide(const EdtSamplerStep *op, const EdtStepCoefficients *k,
                                       const float *out, gint64 n, gint64 i)
{
    const float own = edt_step_mix(op, n, out);
    if (i >= (gint64)op->guided * op->hw)
        return own;
    const float null = out[(1 + op->more) * (gint64)op->N * op->C_out * op->hw];
    return null + k->guidance * (own - null);
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

/* From x_t to x_{t-1} but for the noise.  last, older: the estimates of the steps before. */
EDT_STEP_FUNCTION float edt_step_move(const EdtStepCoefficients *k, float x, float estimate,
                                      float last, float older)
{
    float target = estimate, rest = x;
    if (k->flags & EDT_STEP_ENDS)
        return estimate;
    if (k->flags & EDT_STEP_EXTRAPOLATES)
        target = k->now * estimate - k->before * last;
    if (k->flags & EDT_STEP_LOOKS_BACK)
        target -= k->older * older;
    if (k->flags & EDT_STEP_NOISE_ANEW) /* the estimate may have been clipped */
        rest = (k->of_x * x - estimate) / k->of_noise;
    return k->of_target * target + k->of_rest * rest;
}

/* How much x_{t-1} moves when the estimate does. */
EDT_STEP_FUNCTION float edt_step_gain(const EdtStepCoefficients *k)
{
    if (k->flags & EDT_STEP_ENDS)
        return 1.0f;
    const float now = k->flags & EDT_STEP_EXTRAPOLATES ? k->now : 1.0f;
    const float rest = k->flags & EDT_STEP_NOISE_ANEW ? k->of_rest / k->of_noise : 0.0f;
    return k->of_target * now - rest;
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

/* a where the mask is 1, b where it is 0, both exactly. */
EDT_STEP_FUNCTION float edt_step_blend(float mask, float a, float b)
{
    return mask * a + (1.0f - mask) * b;
}

/* The estimate as the canvas wants it: the source where it is kept; the mask as alpha, and
 * premultiplied colour within that. */
EDT_STEP_FUNCTION float edt_step_bind(const EdtSamplerStep *op, const EdtStepCoefficients *k,
                                      gint64 n, gint64 i, float estimate)
{
    const gint64 count = (gint64)op->C * op->hw;
    if (!(k->flags & (EDT_STEP_KEEPS | EDT_STEP_SHAPES)))
        return estimate;
    const float mask = op->mask[n * op->hw + i % op->hw];
    if (k->flags & EDT_STEP_SHAPES) {
        const float alpha = 2.0f * mask - 1.0f;
        estimate = i >= 3 * (gint64)op->hw || estimate > alpha ? alpha : estimate;
    }
    return k->flags & EDT_STEP_KEEPS ? edt_step_blend(mask, estimate, op->source[n * count + i])
                                     : estimate;
}

/* x before the next step: back to where this one began if it returns, and what is kept as noisy as
 * the rest. */
EDT_STEP_FUNCTION float edt_step_keep(const EdtSamplerStep *op, const EdtStepCoefficients *k,
                                      gint64 n, gint64 i, float x)
{
    const gint64 at = n * op->C * op->hw + i;
    if (k->flags & EDT_STEP_RETURNS)
        x = k->back_x * x + k->back_noise * op->again[at];
    if (k->flags & EDT_STEP_KEEPS)
        x = edt_step_blend(op->mask[n * op->hw + i % op->hw], x,
                           k->of_source * op->source[at] + k->of_z * op->z[at]);
    return x;
}

/* Number i of picture n; how: op->how, where it is quick to read. */
EDT_STEP_FUNCTION void edt_step_number(const EdtSamplerStep *op, const EdtStepCoefficients *how,
                                       gint64 n, gint64 i)
{
    const gint64 count = (gint64)op->C * op->hw, at = n * count + i;
    const float *out = op->out + n * op->C_out * op->hw + i;
    const float estimate = edt_step_bind(
        op, how, n, i, edt_step_denoise(how, op->x[at], edt_step_guide(op, how, out, n, i)));
    const float older = how->flags & EDT_STEP_LOOKS_BACK ? op->older[at] : 0.0f;
    float x = edt_step_move(how, op->x[at], estimate, op->denoised[at], older);

    if (how->flags & EDT_STEP_DRAWS)
        x = edt_step_add_noise(
            how, x, how->flags & EDT_STEP_LEARNED ? edt_step_mix(op, n, out + count) : 0.0f,
            op->noise[at]);
    x = edt_step_keep(op, how, n, i, x);
    if (op->older)
        op->older[at] = op->denoised[at];
    op->denoised[at] = estimate;
    for (gint64 group = 0; group < edt_step_groups(op); group++)
        op->x[group * op->N * count + at] = x;
}
