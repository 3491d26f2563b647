/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A vector of the instruction level that a kernel file is compiled for, in GCC's notation.
 */
#pragma once

#include "cpu/kernels_math.h"

#if defined(EDT_LEVEL_AVX512) || defined(EDT_LEVEL_AVX512BF16)
#define LANES 16
#elif defined(EDT_LEVEL_AVX2)
#define LANES 8
#else
#define LANES 4
#endif

#if LANES > 4
#include <immintrin.h>
#endif
typedef float Vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef gint32 Ints __attribute__((vector_size(LANES * 4), may_alias));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE Vec load(const float *p)
{
    return *(const Vec *)p;
}

ALWAYS_INLINE void store(float *p, Vec v)
{
    *(Vec *)p = v;
}

ALWAYS_INLINE Vec all(float x)
{
    return x - (Vec){0};
}

ALWAYS_INLINE Vec larger(Vec a, Vec b)
{
#if LANES == 16
    return (Vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif LANES == 8
    return (Vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    for (int i = 0; i < LANES; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
#endif
}

ALWAYS_INLINE float largest(Vec v)
{
    float top = v[0];
    for (int i = 1; i < LANES; i++)
        top = v[i] > top ? v[i] : top;
    return top;
}

ALWAYS_INLINE float total(Vec v)
{
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            v[i] += v[i + width];
    return v[0];
}

/* edt_kernel_exp (kernels_math.h) on a vector of values that are not above 0. */
ALWAYS_INLINE Vec exponential(Vec x)
{
    const Vec magic = all(12582912.0f);
    Vec shifted = larger(x, all(-87.0f)) * 1.44269504088896341f + magic;
    Vec k = shifted - magic;
    Vec r = larger(x, all(-87.0f)) - k * 0.693359375f;
    r = r + k * 2.12194440e-4f;
    Vec y = all(1.9875691500e-4f);
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * (r * r) + (r + 1.0f);
    Ints power = ((Ints)shifted + (127 - 0x4b400000)) << 23;
    return y * (Vec)power;
}
