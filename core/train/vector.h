/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scalar pieces that compilers turn into vectors inside `#pragma omp simd` loops, and rows of the
 * activation type as f32.  Used by kernels_*.c.
 */
#pragma once

#include "base/half.h"
#include "base/type.h"

#include <math.h>

/* Every kernel is compiled once per instruction level of the machine family (meson.build); the
 * loader picks. */
#ifndef EDT_PER_LEVEL
#define EDT_PER_LEVEL
#endif

#define EDT_INLINE static inline __attribute__((always_inline))

/* e^x within 2 ulp for x in [-87, 88], clamped outside.  x = k ln 2 + r; adding 1.5 * 2^23 rounds
 * to the nearest k and leaves it in the low bits, which become the exponent. */
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

/* To bf16, nearest even; a NaN may become infinity. */
EDT_INLINE EdtHalf edt_vector_bf16(float f)
{
    guint32 u;
    memcpy(&u, &f, sizeof u);
    return (EdtHalf)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

EDT_INLINE const void *edt_at(const void *base, gint64 element, EdtType type)
{
    return (const char *)base + element * (type == EDT_F32 ? 4 : 2);
}

EDT_INLINE void *edt_at_out(void *base, gint64 element, EdtType type)
{
    return (char *)base + element * (type == EDT_F32 ? 4 : 2);
}

/* n values as f32: in place, or converted into buffer. */
EDT_INLINE const float *edt_read_row(const void *row, EdtType type, int n, float *buffer)
{
    if (type == EDT_F32)
        return row;
    const EdtHalf *halves = row;
#pragma omp simd
    for (int i = 0; i < n; i++)
        buffer[i] = edt_bf16_to_f32(halves[i]);
    return buffer;
}

/* Where to compute n values that edt_write_row() then stores. */
EDT_INLINE float *edt_row_to_write(void *row, EdtType type, float *buffer)
{
    return type == EDT_F32 ? row : buffer;
}

EDT_INLINE void edt_write_row(void *row, EdtType type, int n, const float *values)
{
    if (type == EDT_F32)
        return; /* computed in place */
    EdtHalf *halves = row;
#pragma omp simd
    for (int i = 0; i < n; i++)
        halves[i] = edt_vector_bf16(values[i]);
}
