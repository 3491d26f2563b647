/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adan; see adan.h.
 */
#include "train/adan.h"
#include "train/vector.h"

#define PIECE 16384 /* numbers of a job */

EDT_PER_LEVEL static double squares(int n, const float *g)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    return sum;
}

double edt_adan_norm(gsize n, const float *gradient, int threads)
{
    gint64 pieces = (gint64)((n + PIECE - 1) / PIECE);
    double *parts = g_new(double, pieces), sum = 0;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (gint64 i = 0; i < pieces; i++)
        parts[i] = squares((int)MIN(PIECE, n - (gsize)i * PIECE), gradient + i * PIECE);
    for (gint64 i = 0; i < pieces; i++)
        sum += parts[i];
    g_free(parts);
    return sqrt(sum);
}

typedef struct {
    float clip, beta1, beta2, beta3, epsilon;
    float root; /* of the correction of the second moment, inverted */
    float step, step_difference;
    float before, after; /* factors of weight decay */
    float decay;
    gboolean first_step;
} Factors;

static Factors factors_of(const EdtAdan *adan, guint64 step, double rate, double norm, double decay)
{
    double n = (double)step, clip = 1.0;
    if (adan->max_norm > 0)
        clip = MIN(1.0, adan->max_norm / (norm + adan->epsilon));
    return (Factors){
        .clip = (float)clip,
        .beta1 = (float)adan->beta1,
        .beta2 = (float)adan->beta2,
        .beta3 = (float)adan->beta3,
        .epsilon = (float)adan->epsilon,
        .root = (float)(1.0 / sqrt(1.0 - pow(adan->beta3, n))),
        .step = (float)(rate / (1.0 - pow(adan->beta1, n))),
        .step_difference = (float)(rate * adan->beta2 / (1.0 - pow(adan->beta2, n))),
        .before = adan->no_prox ? (float)(1.0 - rate * adan->weight_decay) : 1.0f,
        .after = adan->no_prox ? 1.0f : (float)(1.0 / (1.0 + rate * adan->weight_decay)),
        .decay = (float)decay,
        .first_step = step == 1,
    };
}

EDT_PER_LEVEL static void piece(const Factors *f, int n, float *restrict w, const float *restrict g,
                                float *restrict m, float *restrict v, float *restrict s,
                                float *restrict previous)
{
    const Factors k = *f;
#pragma omp simd
    for (int i = 0; i < n; i++) {
        float gradient = g[i] * k.clip, before = k.first_step ? gradient : previous[i];
        float difference = gradient - before, look = gradient + k.beta2 * difference;
        m[i] = k.beta1 * m[i] + (1.0f - k.beta1) * gradient;
        v[i] = k.beta2 * v[i] + (1.0f - k.beta2) * difference;
        s[i] = k.beta3 * s[i] + (1.0f - k.beta3) * look * look;
        float deviation = sqrtf(s[i]) * k.root + k.epsilon;
        float moved = (k.step * m[i] + k.step_difference * v[i]) / deviation;
        w[i] = (w[i] * k.before - moved) * k.after;
        previous[i] = gradient;
    }
}

EDT_PER_LEVEL static void follow(float decay, int n, const float *restrict w,
                                 float *restrict average)
{
#pragma omp simd
    for (int i = 0; i < n; i++)
        average[i] = decay * average[i] + (1.0f - decay) * w[i];
}

void edt_adan_step(const EdtAdan *adan, gsize n, const EdtAdanArrays *a, guint64 step, double rate,
                   double norm, double decay, int threads)
{
    const Factors factors = factors_of(adan, step, rate, norm, decay);
    gint64 pieces = (gint64)((n + PIECE - 1) / PIECE);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (gint64 i = 0; i < pieces; i++) {
        gsize at = (gsize)i * PIECE;
        int count = (int)MIN(PIECE, n - at);
        piece(&factors, count, a->weights + at, a->gradient + at, a->first + at, a->difference + at,
              a->second + at, a->previous + at);
        if (a->average)
            follow(factors.decay, count, a->weights + at, a->average + at);
    }
}
