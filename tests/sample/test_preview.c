/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Colours of a latent by hand, the range and rounding of pixels, and alpha.
 */
#include "sample/pixels.h"
#include "sample/preview.h"
#include "vae/latents.h"

#include <math.h>

static void test_latent(void)
{
    /* pixels: all zero; one channel after the other at 1; far outside; NaN */
    enum { hw = 7 };
    static const float latent[4 * hw] = {
        0, 1, 0, 0, 0, 100, NAN, /* channel 0 */
        0, 0, 1, 0, 0, 0,   0,   /* channel 1 */
        0, 0, 0, 1, 0, 0,   0,   /* channel 2 */
        0, 0, 0, 0, 1, 0,   0,   /* channel 3 */
    };
    static const guint8 expected[hw][3] = {
        {128, 128, 128}, /* 127.5 is rounded up */
        {172, 157, 169}, /* 0.3512, 0.2297, 0.3227 */
        {169, 191, 157}, /* 0.3250, 0.4974, 0.2350 */
        {91, 150, 162},  /* -0.2829, 0.1762, 0.2721 */
        {100, 94, 36},   /* -0.2120, -0.2616, -0.7177 */
        {255, 255, 255}, {0, 0, 0},
    };
    guint8 rgb[hw][3];

    g_autofree EdtLatentChannel *channels = edt_latents_standard(4);
    edt_preview_latent(channels, 4, latent, hw, &rgb[0][0]);
    g_assert_cmpmem(rgb, sizeof rgb, expected, sizeof expected);
    g_assert_true(edt_preview_knows(channels, 4));
    g_autofree EdtLatentChannel *others = edt_latents_standard(16), *plain = edt_latents_plain(4);
    g_assert_false(edt_preview_knows(others, 16));
    g_assert_false(edt_preview_knows(plain, 4));
}

/* Alpha 1/2: the colour doubles, and stops at white; alpha 0: black; NaN: nothing. */
static void test_alpha(void)
{
    enum { hw = 4 };
    static const float planes[4 * hw] = {
        -0.5f, 0.5f,  1,  NAN, /* red */
        -1,    0,     1,  0,   /* green */
        0,     -0.8f, 1,  0,   /* blue */
        0,     1,     -1, NAN, /* alpha */
    };
    static const float expected[hw][4] = {
        {0.5f, 0, 1, 0.5f}, {0.75f, 0.5f, 0.1f, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
    float pixels[hw][4];
    guint8 rgba[hw][4];

    edt_pixels_from_planes(planes, 4, hw, &pixels[0][0]);
    edt_pixels_to_bytes(planes, 4, hw, &rgba[0][0]);
    for (int i = 0; i < hw; i++)
        for (int c = 0; c < 4; c++) {
            g_assert_cmpfloat_with_epsilon(pixels[i][c], expected[i][c], 1e-6);
            g_assert_cmpint(rgba[i][c], ==, (int)(pixels[i][c] * 255.0f + 0.5f));
        }
}

static void test_rgb(void)
{
    static const float planes[3 * 2] = {-1, 2, 0, -3, 1, 0.5f};
    static const float expected[2][3] = {{0, 0.5f, 1}, {1, 0, 0.75f}};
    float pixels[2][3];

    edt_pixels_from_planes(planes, 3, 2, &pixels[0][0]);
    g_assert_cmpmem(pixels, sizeof pixels, expected, sizeof expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample/preview/latent", test_latent);
    g_test_add_func("/sample/preview/alpha", test_alpha);
    g_test_add_func("/sample/preview/rgb", test_rgb);
    return g_test_run();
}
