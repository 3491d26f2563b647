/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ui/sheet.c: a sheet of thumbnails comes back as it was saved, is taken for no other model's, and
 * the one that comes along has a picture of every class.
 */
#include "ui/sheet.h"
#include "edt.h"

#include <glib/gstdio.h>

#define N 30 /* more than a row */

static const char *stamps, *stamps_sheet;

static GdkPixbuf *plain(guint32 colour)
{
    GdkPixbuf *picture =
        gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, EDT_SHEET_SIDE, EDT_SHEET_SIDE);
    gdk_pixbuf_fill(picture, colour);
    return picture;
}

static guint32 colour_of(const GdkPixbuf *picture)
{
    const guint8 *p = gdk_pixbuf_read_pixels(picture);
    return (guint32)p[0] << 24 | (guint32)p[1] << 16 | (guint32)p[2] << 8 | p[3];
}

static void release(GdkPixbuf **pictures, int n)
{
    for (int i = 0; i < n; i++)
        g_clear_object(&pictures[i]);
}

static void test_round_trip(void)
{
    g_autofree char *folder = g_dir_make_tmp("edt-sheet-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "sheet.png", NULL);
    GdkPixbuf *pictures[N] = {NULL}, *loaded[N] = {NULL};
    pictures[0] = plain(0x102030ff);
    pictures[26] = plain(0x00000000); /* a picture of nothing is one */
    pictures[N - 1] = plain(0xffee0080);
    g_assert_true(edt_sheet_save(path, "abc", pictures, N));
    g_assert_true(edt_sheet_load(path, "abc", loaded, N));
    for (int i = 0; i < N; i++) {
        g_assert_cmpint(pictures[i] != NULL, ==, loaded[i] != NULL);
        if (pictures[i])
            g_assert_cmpuint(colour_of(pictures[i]), ==, colour_of(loaded[i]));
    }
    release(loaded, N);
    g_assert_false(edt_sheet_load(path, "abd", loaded, N));     /* another model */
    g_assert_false(edt_sheet_load(path, "abc", loaded, N - 1)); /* other classes */
    g_assert_false(edt_sheet_load(folder, "abc", loaded, N));
    g_assert_null(loaded[0]);
    release(pictures, N);
    g_unlink(path);
    g_rmdir(folder);
}

static void test_shipped(void)
{
    GError *error = NULL;
    EdtModelInfo *info = edt_model_info_read(stamps, &error);
    g_assert_no_error(error);
    GdkPixbuf **pictures = g_new0(GdkPixbuf *, info->n_classes);
    g_assert_true(edt_sheet_load(stamps_sheet, info->sha256, pictures, info->n_classes));
    for (int i = 0; i < info->n_classes; i++)
        g_assert_nonnull(pictures[i]);
    release(pictures, info->n_classes);
    g_free(pictures);
    edt_model_info_free(info);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stamps = argv[1];
    stamps_sheet = argv[2];
    g_test_add_func("/sheet/round-trip", test_round_trip);
    g_test_add_func("/sheet/shipped", test_shipped);
    return g_test_run();
}
