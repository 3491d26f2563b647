/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of the activation type as f32.  Used by kernels_*.c.
 */
#pragma once

#include "base/type.h"
#include "base/vector.h"

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
