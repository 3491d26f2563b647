/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The weights of a 3x3 convolution behind nearest 2x up-sampling: four 2x2 convolutions of the
 * small picture, one for each parity of the output pixel, with taps that fall on the same pixel
 * added up. Read by cpu/conv.c and cuda/conv.c, which each write the sums in their own order.
 */
#pragma once

#include "base/number.h"
#include "compute/backend.h"

#define EDT_PARITIES 4 /* of an up-sampled pixel: (row & 1) * 2 + (column & 1) */

/* Which of the two rows (columns) of a parity's 2x2 kernel takes row k of the 3x3 kernel: output
 * row 2i sees up-sampled rows 2i-1, 2i, 2i+1, which are rows i-1, i, i of the small picture; output
 * row 2i+1 sees i, i, i+1. */
static inline int edt_taps_row(int odd, int k)
{
    return odd ? k == 2 : k > 0;
}

/* The 2x2 taps [row][column] of one pair of channels (C_out * C_in of them), summed in f64. */
static inline void edt_taps_add(const EdtConvSpec *spec, gsize pair, int parity, float out[4])
{
    double sum[4] = {0};
    for (int k = 0; k < 9; k++)
        sum[edt_taps_row(parity / 2, k / 3) * 2 + edt_taps_row(parity % 2, k % 3)] +=
            edt_number_at(spec->weight, spec->weight_type, pair * 9 + (gsize)k);
    for (int k = 0; k < 4; k++)
        out[k] = (float)sum[k];
}
