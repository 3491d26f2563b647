/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scalar building blocks that compilers turn into vectors inside `#pragma omp simd` loops; used by
 * all kernels_*.c.
 */
#pragma once

#include "base/half.h"

#include <math.h>

/* e^x within 2 ulp for x in [-87, 88], clamped outside: x = k ln2 + r, a polynomial for e^r on
 * [-ln2/2, ln2/2] (Cephes' coefficients), 2^k through the exponent bits.  The magic constant rounds
 * to nearest without a branch. */
static inline __attribute__((always_inline)) float edt_kernel_exp(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23 */
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float shifted = x * 1.44269504088896341f + magic;
    float k = shifted - magic;
    float r = x - k * 0.693359375f;
    r = r + k * 2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    guint32 bits, power;
    memcpy(&bits, &shifted, sizeof bits);
    power = (bits + 127u - 0x4b400000u) << 23;
    float scale;
    memcpy(&scale, &power, sizeof scale);
    return y * scale;
}

static inline __attribute__((always_inline)) float edt_kernel_silu(float x)
{
    return x / (1.0f + edt_kernel_exp(-x));
}

/* edt_f32_to_bf16 without the NaN branch: a NaN may become infinity, nothing else differs. */
static inline __attribute__((always_inline)) EdtHalf edt_kernel_bf16(float f)
{
    guint32 u;
    memcpy(&u, &f, sizeof u);
    return (EdtHalf)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

#define EDT_PASTE_(a, b) a##b
#define EDT_PASTE(a, b) EDT_PASTE_(a, b)
