/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See discs.h.
 */
#include "train/discs.h"
#include "files/png.h"

/* A disc on transparent ground, of one colour for each class. */
static void draw(const char *path, int class, int variant)
{
    guint8 pixels[DISCS_SIDE * DISCS_SIDE * 4] = {0};
    for (int i = 0; i < DISCS_SIDE * DISCS_SIDE; i++) {
        int x = i % DISCS_SIDE - 8, y = i / DISCS_SIDE - 8;
        if (x * x + y * y > 30 + variant)
            continue;
        pixels[4 * i + class] = 255;
        pixels[4 * i + 3] = 255;
    }
    GError *error = NULL;
    edt_png_write(path, DISCS_SIDE, DISCS_SIDE, 4, pixels, NULL, NULL, 0, &error);
    g_assert_no_error(error);
}

char *discs_make(const char *folder)
{
    static const char *const classes[] = {"blue", "green"};
    char *root = g_build_filename(folder, "pictures", NULL);
    for (int c = 0; c < 2; c++) {
        g_autofree char *sub = g_build_filename(root, classes[c], NULL);
        g_assert_cmpint(g_mkdir_with_parents(sub, 0700), ==, 0);
        for (int i = 0; i < DISCS_PICTURES; i++) {
            g_autofree char *name = g_strdup_printf("%d.png", i);
            g_autofree char *path = g_build_filename(sub, name, NULL);
            draw(path, 2 - c, i);
        }
    }
    g_autofree char *bad = g_build_filename(root, "green", "bad.png", NULL);
    g_assert_true(g_file_set_contents(bad, "no picture", -1, NULL));
    return root;
}

EdtTrainOptions discs_options(const char *pictures)
{
    EdtTrainOptions o;
    edt_train_options_init(&o);
    o.image_size = DISCS_SIDE;
    o.pictures = pictures;
    o.batch = 4;
    o.micro = 2;
    o.flip = TRUE;
    o.affine = 0.05;
    o.hue = 5;
    o.average = 0.9;
    o.seed = 3;
    o.precision = EDT_PRECISION_F32;
    o.threads = 2;
    return o;
}
