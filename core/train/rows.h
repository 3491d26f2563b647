/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of the activation type as f32.  Used by kernels_*.c.
 */
#pragma once

#include "base/type.h"
#include "base/vector.h"

EDT_INLINE const void *edt_at(const void *base, gint64 element, EdtType type)
{
    return (const char *)base + element * (gint64)edt_type_size(type);
}

EDT_INLINE void *edt_at_out(void *base, gint64 element, EdtType type)
{
    return (char *)base + element * (gint64)edt_type_size(type);
}

/* n values as f32: in place, or converted into buffer. */
EDT_INLINE const float *edt_read_row(const void *row, EdtType type, int n, float *buffer)
{
    const EdtHalf *halves = row;
    switch (type) {
    case EDT_F32:
        return row;
    case EDT_BF16:
#pragma omp simd
        for (int i = 0; i < n; i++)
            buffer[i] = edt_bf16_to_f32(halves[i]);
        break;
    EDT_CASE_OF_FILES:
        break;
    }
    return buffer;
}

/* Where to compute n values that edt_write_row() then stores. */
EDT_INLINE float *edt_row_to_write(void *row, EdtType type, float *buffer)
{
    return type == EDT_F32 ? row : buffer;
}

EDT_INLINE void edt_write_row(void *row, EdtType type, gint64 n, const float *values)
{
    EdtHalf *halves = row;
    switch (type) {
    case EDT_F32: /* computed in place */
        break;
    case EDT_BF16:
#pragma omp simd
        for (gint64 i = 0; i < n; i++)
            halves[i] = edt_vector_bf16(values[i]);
        break;
    EDT_CASE_OF_FILES:
        break;
    }
}
