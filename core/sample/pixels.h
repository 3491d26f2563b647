/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From what a network or a decoder puts out, planes of -1..1, to pixels of 0..1.
 */
#pragma once

#include <glib.h>

/* planes: [C,hw], RGB or RGBA with colour premultiplied.  pixels: [hw,C], clamped, straight. */
void edt_pixels_from_planes(const float *planes, int C, int hw, float *pixels);
/* The same as bytes. */
void edt_pixels_to_bytes(const float *planes, int C, int hw, guint8 *pixels);
