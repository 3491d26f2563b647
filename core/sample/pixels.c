/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See pixels.h.
 */
#include "sample/pixels.h"

#include <math.h>

/* -1..1 to 0..1, clamped; fmaxf also takes NaN to 0. */
static float unit(float value)
{
    return fminf(fmaxf((value + 1.0f) / 2.0f, 0.0f), 1.0f);
}

/* One pixel of C planes to 0..1; with alpha the colour is divided by it, and black where there is
 * none. */
static void pixel_at(const float *planes, gsize C, gsize plane, gsize i, float *pixel)
{
    for (gsize c = 0; c < C; c++)
        pixel[c] = unit(planes[c * plane + i]);
    if (C != 4)
        return;
    for (gsize c = 0; c < 3; c++)
        pixel[c] = pixel[3] > 0.0f ? fminf(pixel[c] / pixel[3], 1.0f) : 0.0f;
}

void edt_pixels_to_bytes(const float *planes, int C, int hw, guint8 *pixels)
{
    float pixel[4];
    for (gsize i = 0; i < (gsize)hw; i++) {
        pixel_at(planes, (gsize)C, (gsize)hw, i, pixel);
        for (gsize c = 0; c < (gsize)C; c++)
            pixels[(gsize)C * i + c] = (guint8)(pixel[c] * 255.0f + 0.5f);
    }
}

void edt_pixels_from_planes(const float *planes, int C, int hw, float *pixels)
{
    for (gsize i = 0; i < (gsize)hw; i++)
        pixel_at(planes, (gsize)C, (gsize)hw, i, pixels + i * (gsize)C);
}
