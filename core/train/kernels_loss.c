/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What loss.c sums over the numbers of a picture.
 */
#include "train/kernels.h"
#include "base/vector.h"

#define PIECE 1024 /* numbers summed in f32 before f64 takes over */

static void noise(int count, float signal, float share, const float *x0, const float *drawn,
                  float *x_t)
{
#pragma omp simd
    for (int i = 0; i < count; i++)
        x_t[i] = signal * x0[i] + share * drawn[i];
}

/* Mean squared difference; d = factor * difference. */
static double squared(int count, const float *out, const float *target, float factor, float *d)
{
    double sum = 0;
    for (int first = 0; first < count; first += PIECE) {
        float part = 0;
        const int end = MIN(first + PIECE, count);
#pragma omp simd reduction(+ : part)
        for (int i = first; i < end; i++) {
            float difference = out[i] - target[i];
            part += difference * difference;
            d[i] = factor * difference;
        }
        sum += (double)part;
    }
    return sum / count;
}

/* KL of two normals, with e = log(variance / true variance) and
 * q = (difference of means)^2 / true variance:
 *     KL = (e - 1 + exp(-e) (1 + q)) / 2
 * The difference of means is mean_scale * (out - target). */
static double divergence(int count, const float *out, const float *target, const float *v,
                         EdtDivergence k, float *d_v)
{
    double sum = 0;
    for (int first = 0; first < count; first += PIECE) {
        float part = 0;
        const int end = MIN(first + PIECE, count);
#pragma omp simd reduction(+ : part)
        for (int i = first; i < end; i++) {
            float off = k.mean_scale * (out[i] - target[i]), e = k.range * 0.5f * (v[i] + 1.0f);
            float rest = edt_vector_exp(-e) * (1.0f + off * off);
            part += 0.5f * (e - 1.0f + rest);
            d_v[i] = k.d_scale * (1.0f - rest);
        }
        sum += (double)part;
    }
    return sum / count;
}

void EDT_AT_LEVEL(edt_train_kernels_loss_)(EdtTrainKernels *k)
{
    k->noise = noise;
    k->squared = squared;
    k->divergence = divergence;
}
