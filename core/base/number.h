/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers as they lie in files and tensors, to the f32 that everything else works with, and back.
 * The one place that knows how each type is read: a new type is a warning here.
 */
#pragma once

#include "base/half.h"
#include "base/type.h"

/* The number at an address, aligned or not; f64 and i64 are rounded to nearest. */
EDT_INLINE float edt_number_read(EdtType type, const void *at)
{
    float single;
    EdtHalf half;
    gdouble wide;
    gint64 whole;

    switch (type) {
    case EDT_F32:
        memcpy(&single, at, sizeof single);
        return single;
    case EDT_BF16:
        memcpy(&half, at, sizeof half);
        return edt_bf16_to_f32(half);
    case EDT_F16:
        memcpy(&half, at, sizeof half);
        return edt_f16_to_f32(half);
    case EDT_F64:
        memcpy(&wide, at, sizeof wide);
        return (float)wide;
    case EDT_I64:
        memcpy(&whole, at, sizeof whole);
        return (float)whole;
    case EDT_I8:
        return (float)*(const gint8 *)at;
    }
    return 0;
}

/* Number i of an array. */
EDT_INLINE float edt_number_at(const void *data, EdtType type, gsize i)
{
    return edt_number_read(type, (const guint8 *)data + i * edt_type_size(type));
}

/* Number i of an array becomes value, in one of the types that layers compute in. */
EDT_INLINE void edt_number_put(void *data, EdtType type, gsize i, float value)
{
    switch (type) {
    case EDT_F32:
        ((float *)data)[i] = value;
        break;
    case EDT_BF16:
        ((EdtHalf *)data)[i] = edt_f32_to_bf16(value);
        break;
    EDT_CASE_OF_FILES:
        break;
    }
}

/* n numbers of an array. */
static inline void edt_numbers_to_f32(EdtType type, const void *from, gsize n, float *to)
{
    if (type == EDT_F32)
        memcpy(to, from, n * sizeof *to);
    else
        for (gsize i = 0; i < n; i++)
            to[i] = edt_number_at(from, type, i);
}
