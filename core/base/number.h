/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers as they lie in files and tensors, to the f32 that everything else works with.  The one
 * place that knows how each type is read: a new type is a warning here.
 */
#pragma once

#include "base/half.h"
#include "base/type.h"

/* The number at an address, aligned or not; f64 and i64 are rounded to nearest. */
static inline float edt_number_read(EdtType type, const void *at)
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
    }
    return 0;
}

/* Number i of an array. */
static inline float edt_number_at(const void *data, EdtType type, gsize i)
{
    return edt_number_read(type, (const guint8 *)data + i * edt_type_size(type));
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
