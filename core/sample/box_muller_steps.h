/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * torch.randn for n >= 16 (CPU, f32), bit for bit.  torch evaluates logarithm, sine and cosine by
 * the Cephes polynomials in f32, compiled with FMA, and the compiler fused some of the additions:
 * `a * b + c` there has one rounding, here it is spelt fmaf(), and every other product and sum has
 * its own rounding.  Which of two products of a sum was fused cannot be seen from a formula, and
 * decides the last bit.  So nothing here may be re-associated, and the compiler may not contract
 * (-ffp-contract=off in meson.build).
 *
 * The function is inlined by the files that choose an instruction set (box_muller.h).
 */
#pragma once

#include "sample/box_muller.h"

#include <math.h>
#include <string.h>

#define EDT_INLINE static inline __attribute__((always_inline))

EDT_INLINE guint32 bits_of(float f)
{
    guint32 u;
    memcpy(&u, &f, sizeof u);
    return u;
}

EDT_INLINE float float_of(guint32 u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* ln u for u in [2^-24, 1].  u = m 2^e with m in [1/sqrt 2, sqrt 2); x = m - 1. */
EDT_INLINE float natural_log(float u)
{
    const float sqrt_half = 0.707106781186547524f;
    const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;        /* their sum is ln 2 */
    float mantissa = float_of((bits_of(u) & 0x007fffffu) | bits_of(0.5f)); /* in [1/2, 1) */
    float exponent = (float)((int)(bits_of(u) >> 23) - 127) + 1.0f;
    gboolean small = mantissa < sqrt_half;
    float x = (mantissa - 1.0f) + (small ? mantissa : 0.0f);
    float e = exponent - (small ? 1.0f : 0.0f);

    float z = x * x, y = 7.0376836292E-2f;
    y = fmaf(y, x, -1.1514610310E-1f);
    y = fmaf(y, x, 1.1676998740E-1f);
    y = fmaf(y, x, -1.2420140846E-1f);
    y = fmaf(y, x, 1.4249322787E-1f);
    y = fmaf(y, x, -1.6668057665E-1f);
    y = fmaf(y, x, 2.0000714765E-1f);
    y = fmaf(y, x, -2.4999993993E-1f);
    y = fmaf(y, x, 3.3333331174E-1f);
    y = y * x;
    y = fmaf(y, z, e * ln2_low); /* the polynomial's product is the fused one, e's is rounded */
    y = fmaf(-z, 0.5f, y);
    return fmaf(e, ln2_high, x + y);
}

/* Sine and cosine of an angle >= 0: reduced by multiples of pi/4 to [-pi/4, pi/4], a polynomial for
 * each, and the octant says which is which and its sign. */
EDT_INLINE void sine_cosine(float angle, float *sine, float *cosine)
{
    const float four_over_pi = 1.27323954473516f;
    int octant = ((int)(angle * four_over_pi) + 1) & ~1;
    float k = (float)octant;
    float x = fmaf(k, -0.78515625f, angle); /* pi/4 in three parts, so that x keeps its bits */
    x = fmaf(k, -2.4187564849853515625e-4f, x);
    x = fmaf(k, -3.77489497744594108e-8f, x);
    float z = x * x;

    float even = 2.443315711809948E-005f;
    even = fmaf(even, z, -1.388731625493765E-003f);
    even = fmaf(even, z, 4.166664568298827E-002f);
    even = even * z;
    even = fmaf(even, z, -(z * 0.5f)) + 1.0f; /* as in the logarithm: z/2 is rounded first */

    float odd = -1.9515295891E-4f;
    odd = fmaf(odd, z, 8.3321608736E-3f);
    odd = fmaf(odd, z, -1.6666654611E-1f);
    odd = odd * z;
    odd = fmaf(odd, x, x);

    gboolean straight = (octant & 2) == 0;
    guint32 sine_sign = (guint32)(octant & 4) << 29;
    guint32 cosine_sign = (guint32)(~(octant - 2) & 4) << 29;
    *sine = float_of(bits_of(straight ? odd : even) ^ sine_sign);
    *cosine = float_of(bits_of(straight ? even : odd) ^ cosine_sign);
}

/* A block holds eight u1 and then eight u2; pair j becomes values j and j + 8. */
EDT_INLINE void box_muller_steps(float *d, gsize blocks)
{
    const int half = EDT_BOX_MULLER_BLOCK / 2;
    for (gsize b = 0; b < blocks; b++, d += EDT_BOX_MULLER_BLOCK) {
        for (int j = 0; j < half; j++) {
            float radius = sqrtf(-2.0f * natural_log(1.0f - d[j]));
            float sine, cosine;
            sine_cosine((float)(2.0 * G_PI) * d[j + half], &sine, &cosine);
            d[j] = radius * cosine + 0.0f; /* torch adds the mean: it turns -0 into 0 */
            d[j + half] = radius * sine + 0.0f;
        }
    }
}
