/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See palette.h.  Distances are those of Oklab (Ottosson 2020), in which equal steps look equally
 * large; in sRGB itself dark colours would be taken for each other and blue for violet.
 */
#include "session/palette.h"

#include <math.h>

static double linear(double c)
{
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static void oklab(const float rgb[3], float lab[3])
{
    const double r = linear(rgb[0]), g = linear(rgb[1]), b = linear(rgb[2]);
    const double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    lab[0] = (float)(0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s);
    lab[1] = (float)(1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s);
    lab[2] = (float)(0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s);
}

EdtPalette *edt_palette_new(const float *colours, int n)
{
    EdtPalette *palette = g_new(EdtPalette, 1);
    *palette = (EdtPalette){n, g_memdup2(colours, sizeof(float) * 3 * (gsize)n),
                            g_new(float, 3 * (gsize)n)};
    for (int i = 0; i < n; i++)
        oklab(palette->colours + 3 * i, palette->looks + 3 * i);
    return palette;
}

void edt_palette_free(EdtPalette *palette)
{
    if (!palette)
        return;
    g_free(palette->colours);
    g_free(palette->looks);
    g_free(palette);
}

static int nearest(const EdtPalette *palette, const float look[3])
{
    int best = 0;
    float least = G_MAXFLOAT;
    for (int i = 0; i < palette->n; i++) {
        const float *other = palette->looks + 3 * i;
        float l = look[0] - other[0], a = look[1] - other[1], b = look[2] - other[2];
        float distance = l * l + a * a + b * b;
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

void edt_palette_limit(const EdtPalette *palette, float *pixels, gsize n, int channels)
{
    for (gsize i = 0; i < n; i++) {
        float *pixel = pixels + i * (gsize)channels, look[3];
        oklab(pixel, look);
        const float *chosen = palette->colours + 3 * nearest(palette, look);
        for (int c = 0; c < 3; c++)
            pixel[c] = chosen[c];
    }
}
