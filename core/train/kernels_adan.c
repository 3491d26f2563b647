/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What adan.c does to a piece of the weights.
 */
#include "train/kernels.h"

#include <math.h>

static double squares(int n, const float *g)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    return sum;
}

static void adan(const EdtAdanFactors *f, int n, float *restrict w, const float *restrict g,
                 float *restrict m, float *restrict v, float *restrict s, float *restrict previous)
{
    const EdtAdanFactors k = *f;
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

static void follow(float decay, int n, const float *restrict w, float *restrict average)
{
#pragma omp simd
    for (int i = 0; i < n; i++)
        average[i] = decay * average[i] + (1.0f - decay) * w[i];
}

void EDT_AT_LEVEL(edt_train_kernels_adan_)(EdtTrainKernels *k)
{
    k->squares = squares;
    k->adan = adan;
    k->follow = follow;
}
