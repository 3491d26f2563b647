/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A cheap look at the denoised estimate (4x3 projection of the latent, no VAE), and the way from
 * decoder output to 0..1 pixels.
 */
#pragma once

#include <glib.h>

/* latent: [4, hw], scaled as the sampler has it.  rgb: [hw, 3]. */
void edt_preview_latent(const float *latent, int hw, guint8 *rgb);
/* pixel-space model: [C, hw] in -1..1, RGB or RGBA with colour premultiplied.  pixels: [hw, C],
 * straight. */
void edt_preview_pixels(const float *planes, int C, int hw, guint8 *pixels);

/* [C, hw] in -1..1 to [hw, C] in 0..1, clamped; with C == 4 colour is un-premultiplied. */
void edt_pixels_from_planes(const float *planes, int C, int hw, float *pixels);
