/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights as bytes: whole numbers of -127..127 and one scale for each row of a matrix [N,K], which
 * is what an output channel is.  Symmetric: 0 stays 0.
 */
#pragma once

#include <glib.h>
#include <math.h>

#define EDT_INT8_MOST 127

/* Where a file holds a weight as bytes, their scales [N] lie beside it under its name with this
 * behind it. */
#define EDT_SCALE_SUFFIX "_scale"

static inline float edt_int8_scale(gsize n, const float *row)
{
    float most = 0;
    for (gsize i = 0; i < n; i++)
        most = fmaxf(most, fabsf(row[i]));
    return most / EDT_INT8_MOST;
}

/* A row to bytes; returns their scale, 0 for a row of zeros.  What comes back of bytes and scale
 * gives the same bytes again. */
static inline float edt_int8_from_f32(gsize n, const float *row, gint8 *bytes)
{
    const float scale = edt_int8_scale(n, row), inverse = scale > 0 ? 1.0f / scale : 0;
    for (gsize i = 0; i < n; i++) {
        const float value = rintf(row[i] * inverse);
        bytes[i] = (gint8)(value > -EDT_INT8_MOST ? MIN(value, EDT_INT8_MOST) : -EDT_INT8_MOST);
    }
    return scale;
}
