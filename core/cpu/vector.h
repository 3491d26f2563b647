/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A vector of the instruction level that a kernel file is compiled for, in GCC's notation.
 */
#pragma once

#include "base/number.h"
#include "base/vector.h"

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
typedef float Vec __attribute__((vector_size(LANES * 4)));
/* The same in memory, where numbers lie as they come: values of that type on the stack would be
 * misaligned for the compiler's own moves. */
typedef float VecThere __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef gint32 Ints __attribute__((vector_size(LANES * 4), may_alias));
typedef guint32 Words __attribute__((vector_size(LANES * 4)));
typedef EdtHalf Halves __attribute__((vector_size(LANES * 2), aligned(2), may_alias));

EDT_INLINE Vec load(const float *p)
{
    return *(const VecThere *)p;
}

EDT_INLINE void store(float *p, Vec v)
{
    *(VecThere *)p = v;
}

/* Number i of x, and in its place. */
EDT_INLINE float load_one(const void *x, EdtType type, gsize i)
{
    return edt_number_at(x, type, i);
}

EDT_INLINE void store_one(void *y, EdtType type, gsize i, float value)
{
    switch (type) {
    case EDT_F32:
        ((float *)y)[i] = value;
        break;
    case EDT_BF16:
        ((EdtHalf *)y)[i] = edt_vector_bf16(value);
        break;
    EDT_CASE_OF_FILES:
        break;
    }
}

EDT_INLINE Vec widened(const EdtHalf *p)
{
    return (Vec)(__builtin_convertvector(*(const Halves *)p, Words) << 16);
}

EDT_INLINE void store_halves(EdtHalf *p, Vec value) /* as edt_vector_bf16 */
{
    Words bits = (Words)value;
    bits = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    *(Halves *)p = __builtin_convertvector(bits, Halves);
}

/* A vector of them, or its first n and zeros; n == LANES costs no branch. */
EDT_INLINE Vec load_as(const void *x, EdtType type, gsize i, int n)
{
    Vec value = {0};
    if (n < LANES) {
        for (int c = 0; c < n; c++)
            value[c] = load_one(x, type, i + (gsize)c);
        return value;
    }
    switch (type) {
    case EDT_F32:
        return load((const float *)x + i);
    case EDT_BF16:
        return widened((const EdtHalf *)x + i);
    EDT_CASE_OF_FILES:
        break;
    }
    return value;
}

EDT_INLINE void store_as(void *y, EdtType type, gsize i, int n, Vec value)
{
    if (n < LANES) {
        for (int c = 0; c < n; c++)
            store_one(y, type, i + (gsize)c, value[c]);
        return;
    }
    switch (type) {
    case EDT_F32:
        store((float *)y + i, value);
        break;
    case EDT_BF16:
        store_halves((EdtHalf *)y + i, value);
        break;
    EDT_CASE_OF_FILES:
        break;
    }
}

EDT_INLINE Vec all(float x)
{
    return x - (Vec){0};
}

EDT_INLINE Vec larger(Vec a, Vec b)
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

EDT_INLINE float largest(Vec v)
{
    float top = v[0];
    for (int i = 1; i < LANES; i++)
        top = v[i] > top ? v[i] : top;
    return top;
}

EDT_INLINE float total(Vec v)
{
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            v[i] += v[i + width];
    return v[0];
}

/* edt_vector_exp (base/vector.h) on a vector of values that are not above 87. */
EDT_INLINE Vec exponential(Vec x)
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

/* As edt_vector_silu(); compilers make a second division of it, too. */
EDT_INLINE Vec silu_of(Vec x)
{
    return x / (exponential(-larger(x, all(-87.0f))) + 1.0f);
}

/* As edt_vector_gelu_sigmoid(), in vectors: of its comparisons compilers make a second division. */
EDT_INLINE Vec gelu_of(Vec h)
{
    const Vec slope = h * h * (EDT_GELU_SLOPE * EDT_GELU_CUBIC) + EDT_GELU_SLOPE;
    return h / (exponential(-larger(h * slope, all(-87.0f))) + 1.0f);
}
