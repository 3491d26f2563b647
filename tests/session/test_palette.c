/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/palette.c: what looks most alike, not what has the nearest numbers.
 */
#include "session/palette.h"

static const float primaries[] = {0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0};

static void assert_chosen(const EdtPalette *palette, float r, float g, float b, int expected)
{
    float pixel[4] = {r, g, b, 0.3f};
    edt_palette_limit(palette, pixel, 1, 4);
    for (int c = 0; c < 3; c++)
        g_assert_cmpfloat(pixel[c], ==, palette->colours[3 * expected + c]);
    g_assert_cmpfloat(pixel[3], ==, 0.3f); /* alpha stays */
}

static void test_nearest(void)
{
    g_autoptr(EdtPalette) palette = edt_palette_new(primaries, 6);
    for (int i = 0; i < 6; i++) /* its own colours are themselves */
        assert_chosen(palette, primaries[3 * i], primaries[3 * i + 1], primaries[3 * i + 2], i);
    assert_chosen(palette, 0.9f, 0.1f, 0.15f, 2);
    assert_chosen(palette, 0.1f, 0.05f, 0.1f, 0);
    assert_chosen(palette, 0.8f, 0.85f, 0.1f, 5);
}

/* Where both measures disagree: sRGB's numbers say the pale green, the eye says the bright one. */
static void test_perceptual(void)
{
    const float colours[] = {0.5f, 0.875f, 0.375f, 0, 1, 0.375f};
    const float pixel[] = {0.375f, 1, 0.375f};
    g_autoptr(EdtPalette) palette = edt_palette_new(colours, 2);
    double rgb[2] = {0, 0};
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            rgb[i] += (pixel[c] - colours[3 * i + c]) * (pixel[c] - colours[3 * i + c]);
    g_assert_cmpfloat(rgb[0], <, rgb[1]);
    assert_chosen(palette, pixel[0], pixel[1], pixel[2], 1);
}

static void test_many(void)
{
    float pixels[3 * 500];
    g_autoptr(EdtPalette) palette = edt_palette_new(primaries, 6);
    for (int i = 0; i < 1500; i++)
        pixels[i] = (float)(i * 37 % 101) / 100;
    edt_palette_limit(palette, pixels, 500, 3);
    for (int i = 0; i < 1500; i++)
        g_assert_true(pixels[i] == 0 || pixels[i] == 1);
    g_autoptr(EdtPalette) one = edt_palette_new(primaries + 6, 1);
    edt_palette_limit(one, pixels, 500, 3);
    for (int i = 0; i < 1500; i++)
        g_assert_cmpfloat(pixels[i], ==, i % 3 == 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/palette/nearest", test_nearest);
    g_test_add_func("/session/palette/perceptual", test_perceptual);
    g_test_add_func("/session/palette/many", test_many);
    return g_test_run();
}
