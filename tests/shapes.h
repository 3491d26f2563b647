/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shapes of networks that are made in no time: all of a family, in little.
 */
#pragma once

#include "network/shape.h"

/* 8x8 latents of 4 channels, merged by twos; ten classes; its stages are all alike. */
static inline EdtVariant shape_little(EdtFamily family, int width, int heads, int depth)
{
    EdtVariant v = {.family = family,
                    .channels = 4,
                    .patch = 2,
                    .latent_size = 8,
                    .grid = 4,
                    .mlp_ratio = 4,
                    .n_classes = 10,
                    .out_channels = 8};
    for (int s = 0; s < edt_variant_stages(&v); s++) {
        v.dims[s] = width;
        v.heads[s] = heads;
        v.depths[s] = depth;
    }
    return v;
}

/* The least that still has every operation of an EDT: for what is repeated hundreds of times. */
static inline EdtVariant shape_least(void)
{
    EdtVariant v = shape_little(EDT_FAMILY_EDT, 4, 1, 1);
    v.mlp_ratio = 1;
    v.n_classes = 2;
    return v;
}
