/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scalar pieces that compilers turn into vectors inside `#pragma omp simd` loops, for whoever
 * computes: the engine's kernels and the trainer's.
 */
#pragma once

#include "base/half.h"
#include "base/type.h"

#include <math.h>

/* e^x within 2 ulp for x in [-87, 88], clamped outside: x = k ln 2 + r, a polynomial for e^r on
 * [-ln2/2, ln2/2] (Cephes' coefficients), 2^k through the exponent bits.  Adding 1.5 * 2^23 rounds
 * to the nearest k without a branch and leaves it in the low bits. */
EDT_INLINE float edt_vector_exp(float x)
{
    const float magic = 12582912.0f;
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float shifted = x * 1.44269504088896341f + magic, k = shifted - magic, power;
    float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    guint32 bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u - 0x4b400000u) << 23;
    memcpy(&power, &bits, sizeof power);
    return y * power;
}

EDT_INLINE float edt_vector_silu(float x)
{
    return x / (1.0f + edt_vector_exp(-x));
}

/* GELU(h) = h s(h) with s = sigmoid(2 sqrt(2/pi) (h + 0.044715 h^3)): the tanh form, since
 * (1 + tanh z) / 2 = sigmoid(2 z). */
#define EDT_GELU_SLOPE 1.5957691216057308f
#define EDT_GELU_CUBIC 0.044715f

EDT_INLINE float edt_vector_gelu_sigmoid(float h)
{
    return 1.0f / (1.0f + edt_vector_exp(-EDT_GELU_SLOPE * (h + EDT_GELU_CUBIC * h * h * h)));
}

/* edt_f32_to_bf16 without the NaN branch: a NaN may become infinity, nothing else differs. */
EDT_INLINE EdtHalf edt_vector_bf16(float f)
{
    guint32 u;
    memcpy(&u, &f, sizeof u);
    return (EdtHalf)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

/* Of a row of D, for LayerNorm. */
typedef struct {
    float mean, inverse; /* 1 / deviation */
} EdtMoments;

#define EDT_LAYER_NORM_EPSILON 1e-6f /* of the official code */

EDT_INLINE EdtMoments edt_vector_moments(int D, const float *x)
{
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < D; i++)
        sum += x[i];
    float mean = sum / (float)D;
#pragma omp simd reduction(+ : squares)
    for (int i = 0; i < D; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return (EdtMoments){mean, 1.0f / sqrtf(squares / (float)D + EDT_LAYER_NORM_EPSILON)};
}
