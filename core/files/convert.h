/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers as they lie in files, at any address, to the f32 that everything else works with.
 */
#pragma once

#include "base/half.h"
#include "base/type.h"

/* n elements of a type; from need not be aligned.  f64 and i64 are rounded to nearest. */
static inline void edt_convert_to_f32(EdtType type, const guint8 *from, gsize n, float *to)
{
    EdtHalf half;
    gdouble wide;
    gint64 whole;

    switch (type) {
    case EDT_F32:
        memcpy(to, from, n * sizeof *to);
        break;
    case EDT_BF16:
        for (gsize i = 0; i < n; i++) {
            memcpy(&half, from + i * sizeof half, sizeof half);
            to[i] = edt_bf16_to_f32(half);
        }
        break;
    case EDT_F16:
        for (gsize i = 0; i < n; i++) {
            memcpy(&half, from + i * sizeof half, sizeof half);
            to[i] = edt_f16_to_f32(half);
        }
        break;
    case EDT_F64:
        for (gsize i = 0; i < n; i++) {
            memcpy(&wide, from + i * sizeof wide, sizeof wide);
            to[i] = (float)wide;
        }
        break;
    case EDT_I64:
        for (gsize i = 0; i < n; i++) {
            memcpy(&whole, from + i * sizeof whole, sizeof whole);
            to[i] = (float)whole;
        }
        break;
    }
}
