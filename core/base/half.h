/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bf16 and f16 as they lie in files and buffers, and their conversion to f32.
 */
#pragma once

#include <glib.h>
#include <string.h>

typedef guint16 EdtHalf; /* bits of a bf16 or f16 number; the context says which */

static inline float edt_bf16_to_f32(EdtHalf h)
{
    guint32 u = (guint32)h << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* Round to nearest even; NaN stays NaN. */
static inline EdtHalf edt_f32_to_bf16(float f)
{
    guint32 u;
    memcpy(&u, &f, sizeof u);
    if ((u & 0x7fffffffu) > 0x7f800000u)
        return (EdtHalf)((u >> 16) | 0x0040u);
    return (EdtHalf)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

static inline float edt_f16_to_f32(EdtHalf h)
{
    guint32 sign = (guint32)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, rest = h & 1023u, u;
    float f;
    if (exponent == 0) { /* zero and subnormal: rest * 2^-24 is exact */
        f = (float)rest * 0x1p-24f;
        memcpy(&u, &f, sizeof u);
        u |= sign;
    } else if (exponent == 31) {
        u = sign | 0x7f800000u | (rest << 13);
    } else {
        u = sign | ((exponent + 112u) << 23) | (rest << 13);
    }
    memcpy(&f, &u, sizeof f);
    return f;
}
