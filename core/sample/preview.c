/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Latents and planes to colours.  The projection is the least-squares fit of SD 1.x latents to the
 * colours of their pictures that previews of such models commonly use.
 */
#include "sample/preview.h"

#include <math.h>

/* -1..1 to 0..1, clamped; fmaxf also takes NaN to 0. */
static float unit(float value)
{
    return fminf(fmaxf((value + 1.0f) / 2.0f, 0.0f), 1.0f);
}

static guint8 byte(float value)
{
    return (guint8)(value * 255.0f + 0.5f);
}

void edt_preview_latent(const float *latent, int hw, guint8 *rgb)
{
    static const float colour[4][3] = {
        {0.3512f, 0.2297f, 0.3227f},
        {0.3250f, 0.4974f, 0.2350f},
        {-0.2829f, 0.1762f, 0.2721f},
        {-0.2120f, -0.2616f, -0.7177f},
    };
    const gsize plane = (gsize)hw;

    for (gsize i = 0; i < plane; i++)
        for (int k = 0; k < 3; k++) {
            float sum = 0.0f;
            for (gsize c = 0; c < 4; c++)
                sum += latent[c * plane + i] * colour[c][k];
            rgb[3 * i + (gsize)k] = byte(unit(sum));
        }
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

void edt_preview_pixels(const float *planes, int C, int hw, guint8 *pixels)
{
    float pixel[4];
    for (gsize i = 0; i < (gsize)hw; i++) {
        pixel_at(planes, (gsize)C, (gsize)hw, i, pixel);
        for (gsize c = 0; c < (gsize)C; c++)
            pixels[(gsize)C * i + c] = byte(pixel[c]);
    }
}

void edt_pixels_from_planes(const float *planes, int C, int hw, float *pixels)
{
    for (gsize i = 0; i < (gsize)hw; i++)
        pixel_at(planes, (gsize)C, (gsize)hw, i, pixels + i * (gsize)C);
}
