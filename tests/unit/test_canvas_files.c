/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sources and masks as bytes and files: numbers of bytes and back, scaling, white paper, and what
 * is kept under its hash.
 */
#include "canvas.h"
#include "files/png.h"
#include "exif.h"
#include "folder.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <utime.h>

enum { SIDE = 16, HW = SIDE * SIDE };
static const EdtModelInfo rgba = {.image_size = SIDE, .has_alpha = TRUE};
static const EdtModelInfo rgb = {.image_size = SIDE};

static float *random_source(const EdtModelInfo *info)
{
    const int C = edt_canvas_source_channels(info);
    guint8 bytes[4 * HW];
    for (int i = 0; i < C * HW; i++)
        bytes[i] = (guint8)g_test_rand_int_range(0, 256);
    for (int i = 0; i < HW && C == 4; i += 3)
        bytes[4 * i + 3] = (guint8)(i % 2 ? 0 : 255);
    return edt_canvas_from_bytes(info, EDT_CANVAS_SOURCE, bytes);
}

static void test_numbers(void)
{
    guint8 bytes[4 * HW] = {200, 100, 0, 128, 7, 8, 9, 0, 255, 0, 255, 255};
    g_autofree float *numbers = edt_canvas_from_bytes(&rgba, EDT_CANVAS_SOURCE, bytes);
    g_assert_cmpfloat_with_epsilon(numbers[0], 2 * 200 / 255.0 * 128 / 255.0 - 1, 1e-7);
    g_assert_cmpfloat_with_epsilon(numbers[HW], 2 * 100 / 255.0 * 128 / 255.0 - 1, 1e-7);
    g_assert_cmpfloat_with_epsilon(numbers[3 * HW], 2 * 128 / 255.0 - 1, 1e-7);
    for (int c = 0; c < 4; c++)
        g_assert_cmpfloat(numbers[c * HW + 1], ==, -1);
    g_assert_cmpfloat(numbers[2], ==, 1);
    g_assert_cmpfloat(numbers[HW + 2], ==, -1);
    guint8 gray[HW] = {0, 255, 51};
    g_autofree float *mask = edt_canvas_from_bytes(&rgba, EDT_CANVAS_MASK, gray);
    g_assert_cmpfloat(mask[0], ==, 0);
    g_assert_cmpfloat(mask[1], ==, 1);
    g_assert_cmpfloat_with_epsilon(mask[2], 0.2, 1e-7);
}

/* A name that other machines have to find again. */
static void test_hash(void)
{
    guint8 bytes[3 * HW];
    for (int i = 0; i < 3 * HW; i++)
        bytes[i] = (guint8)(i * 7);
    g_autofree float *numbers = edt_canvas_from_bytes(&rgb, EDT_CANVAS_SOURCE, bytes);
    g_autofree char *sha256 = edt_canvas_sha256(&rgb, EDT_CANVAS_SOURCE, numbers);
    g_assert_cmpstr(sha256, ==, "e71b73eb28d2c66e4f651238b9bbb0fc1dc1fa0665363408359fad9c5e6a849f");
    g_assert_null(edt_canvas_sha256(&rgb, EDT_CANVAS_SOURCE, NULL));
}

/* ---- scaling ---- */

static void fill(guint8 *image, int n, guint8 r, guint8 g, guint8 b, guint8 a)
{
    for (int i = 0; i < n; i++)
        memcpy(image + 4 * i, (guint8[]){r, g, b, a}, 4);
}

/* A picture of the model's size is itself. */
static void test_same_size(void)
{
    guint8 image[4 * HW];
    for (int i = 0; i < HW; i++)
        fill(image + 4 * i, 1, (guint8)i, (guint8)(255 - i), 30, (guint8)(i < 100 ? 255 : 130));
    g_autofree guint8 *out = edt_canvas_fit(&rgba, EDT_CANVAS_SOURCE, image, SIDE, SIDE);
    for (int i = 0; i < 4 * HW; i++)
        g_assert_cmpint(abs(out[i] - image[i]), <=, 1);
}

/* Twice as wide as high: with alpha all of it in the middle, without its own middle. */
static void test_wide(void)
{
    g_autofree guint8 *image = g_malloc(4 * 64 * 32);
    for (int y = 0; y < 32; y++) {
        fill(image + 4 * 64 * y, 16, 255, 0, 0, 255);
        fill(image + 4 * (64 * y + 16), 32, 0, 255, 0, 255);
        fill(image + 4 * (64 * y + 48), 16, 0, 0, 255, 255);
    }
    g_autofree guint8 *all = edt_canvas_fit(&rgba, EDT_CANVAS_SOURCE, image, 64, 32);
    g_assert_cmpint(all[4 * 8 + 3], ==, 0);                          /* above it */
    g_assert_cmpmem(all + 4 * (8 * SIDE + 1), 4, "\xff\0\0\xff", 4); /* its left end */
    g_assert_cmpmem(all + 4 * (8 * SIDE + 8), 4, "\0\xff\0\xff", 4);
    g_assert_cmpmem(all + 4 * (8 * SIDE + 14), 4, "\0\0\xff\xff", 4);
    g_autofree guint8 *middle = edt_canvas_fit(&rgb, EDT_CANVAS_SOURCE, image, 64, 32);
    for (int i = 1; i < SIDE - 1; i++)
        g_assert_cmpmem(middle + 3 * (8 * SIDE + i), 3, "\0\xff\0", 3);
}

/* Transparent pixels have no colour that could bleed into their neighbours. */
static void test_premultiplied(void)
{
    guint8 image[4 * 32 * 32];
    for (int i = 0; i < 32 * 32; i++)
        if (i % 32 < 15)
            fill(image + 4 * i, 1, 255, 0, 0, 255);
        else
            fill(image + 4 * i, 1, 0, 255, 0, 0);
    g_autofree guint8 *out = edt_canvas_fit(&rgba, EDT_CANVAS_SOURCE, image, 32, 32);
    gboolean soft = FALSE;
    for (int i = 0; i < HW; i++) {
        g_assert_cmpint(out[4 * i + 1], ==, 0);
        soft = soft || (out[4 * i + 3] > 0 && out[4 * i + 3] < 255);
        if (out[4 * i + 3] > 0)
            g_assert_cmpint(out[4 * i], ==, 255);
    }
    g_assert_true(soft);
    /* without alpha it stands on white */
    g_autofree guint8 *white = edt_canvas_fit(&rgb, EDT_CANVAS_SOURCE, image, 32, 32);
    g_assert_cmpmem(white + 3 * (SIDE - 1), 3, "\xff\xff\xff", 3);
}

static void test_mask(void)
{
    guint8 image[4 * HW];
    fill(image, HW, 255, 255, 255, 0); /* transparent: nothing is made */
    fill(image + 4 * 5 * SIDE, 5 * SIDE, 255, 255, 255, 255);
    fill(image + 4 * 11 * SIDE, 5 * SIDE, 0, 0, 0, 255);
    g_autofree guint8 *mask = edt_canvas_fit(&rgba, EDT_CANVAS_MASK, image, SIDE, SIDE);
    g_assert_cmpint(mask[2 * SIDE], ==, 0);
    g_assert_cmpint(mask[7 * SIDE], ==, 255);
    g_assert_cmpint(mask[14 * SIDE], ==, 0);
}

/* ---- paper ---- */

enum { PAGE = 40 };

static guint8 *at(guint8 *page, int x, int y)
{
    return page + 4 * (y * PAGE + x);
}

/* A square outline with a gap of so many pixels. */
static void draw_page(guint8 *page, int gap)
{
    fill(page, PAGE * PAGE, 250, 250, 245, 255);
    for (int i = 10; i < 30; i++) {
        fill(at(page, i, 10), 1, 0, 0, 0, 255);
        fill(at(page, i, 29), 1, 0, 0, 0, 255);
        fill(at(page, 10, i), 1, 0, 0, 0, 255);
        if (i < 20 || i >= 20 + gap)
            fill(at(page, 29, i), 1, 0, 0, 0, 255);
    }
}

static void test_paper(void)
{
    guint8 page[4 * PAGE * PAGE];
    for (int gap = 0; gap <= 2; gap++) {
        draw_page(page, gap);
        g_assert_true(edt_canvas_clear_paper(page, PAGE, PAGE));
        g_assert_cmpint(at(page, 0, 0)[3], ==, 0);
        g_assert_cmpint(at(page, 9, 20)[3], ==, 0); /* up to the outline */
        g_assert_cmpmem(at(page, 10, 20), 4, "\0\0\0\xff", 4);
        g_assert_cmpmem(at(page, 20, 20), 4, "\x80\x80\x80\xff", 4);
        g_assert_cmpmem(at(page, 11, 11), 4, "\x80\x80\x80\xff", 4); /* up to its corners */
    }
    draw_page(page, 5);
    g_assert_true(edt_canvas_clear_paper(page, PAGE, PAGE));
    g_assert_cmpint(at(page, 20, 20)[3], ==, 0); /* that is no closed outline */
}

static void test_no_paper(void)
{
    guint8 page[4 * PAGE * PAGE], before[sizeof page];
    fill(page, PAGE * PAGE, 60, 90, 200, 255);
    fill(at(page, 10, 10), 10, 255, 255, 255, 255);
    memcpy(before, page, sizeof page);
    g_assert_false(edt_canvas_clear_paper(page, PAGE, PAGE));
    g_assert_cmpmem(page, sizeof page, before, sizeof before);
    fill(page, PAGE * PAGE, 255, 255, 255, 0);
    g_assert_false(edt_canvas_clear_paper(page, PAGE, PAGE));
}

/* ---- files ---- */

static char *write_page(const char *name, gboolean alpha)
{
    guint8 page[4 * PAGE * PAGE];
    char *path = g_build_filename(g_get_user_state_dir(), name, NULL);
    draw_page(page, 0);
    if (alpha)
        at(page, 20, 20)[3] = 254;
    g_mkdir_with_parents(g_get_user_state_dir(), 0700);
    g_assert_true(edt_png_write(path, PAGE, PAGE, 4, page, NULL, NULL, 0, NULL));
    return path;
}

static void test_load(void)
{
    g_autofree char *opaque = write_page("opaque.png", FALSE), *alpha = write_page("a.png", TRUE);
    g_autofree float *cleared =
        edt_canvas_load(&rgba, EDT_CANVAS_SOURCE, opaque, EDT_PAPER_AUTO, NULL);
    g_assert_cmpfloat(cleared[3 * HW], ==, -1);
    g_autofree float *kept =
        edt_canvas_load(&rgba, EDT_CANVAS_SOURCE, opaque, EDT_PAPER_KEEP, NULL);
    g_assert_cmpfloat(kept[3 * HW], ==, 1);
    g_autofree float *of_alpha =
        edt_canvas_load(&rgba, EDT_CANVAS_SOURCE, alpha, EDT_PAPER_AUTO, NULL);
    g_assert_cmpfloat(of_alpha[3 * HW], ==, 1);
    GError *error = NULL;
    g_assert_null(
        edt_canvas_load(&rgba, EDT_CANVAS_SOURCE, "/nothing.png", EDT_PAPER_AUTO, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "/nothing.png"));
    g_clear_error(&error);
}

static void expect_unloaded(const char *path, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(edt_canvas_load(&rgb, EDT_CANVAS_SOURCE, path, EDT_PAPER_KEEP, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, why));
}

/* A JPEG without its end, which its reader fills up with grey; and a side that no memory holds. */
static void test_unwhole(void)
{
    g_autofree char *cut = test_file("cut.jpg"), *wide = test_file("wide.png"), *bytes = NULL;
    g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, 64, 64);
    gsize size;
    gdk_pixbuf_fill(picture, 0xc08040ff);
    g_assert_true(gdk_pixbuf_save_to_buffer(picture, &bytes, &size, "jpeg", NULL, NULL));
    g_assert_true(g_file_set_contents(cut, bytes, (gssize)size - 8, NULL));
    expect_unloaded(cut, "its end is missing");
    g_autofree guint8 *row = g_malloc0(3 * 16385);
    g_assert_true(edt_png_write(wide, 16385, 1, 3, row, NULL, NULL, 0, NULL));
    expect_unloaded(wide, "larger than 16384 pixels");
    expect_unloaded(test_folder(), "is no file");
}

/* A PNG that says how to turn it, from a file and out of a pipe. */
static void test_turned(void)
{
    guint8 pixels[3 * HW] = {0};
    g_autofree char *path = test_file("turned.png"), *pipe = test_file("pipe.png");
    memset(pixels, 255, (gsize)3 * SIDE); /* the first row, which comes to the right */
    g_assert_true(edt_png_write(path, SIDE, SIDE, 3, pixels, NULL, NULL, 0, NULL));
    test_add_exif(path);
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    g_autofree char *writer = g_strdup_printf("cat '%s' >'%s' &", path, pipe);
    g_assert_cmpint(system(writer), ==, 0);
    const char *const paths[] = {path, pipe};
    for (int k = 0; k < 2; k++) {
        g_autofree float *x = edt_canvas_load(&rgb, EDT_CANVAS_SOURCE, paths[k], 0, NULL);
        g_assert_nonnull(x);
        for (int i = 0; i < 3 * HW; i++)
            g_assert_cmpfloat(x[i], ==, i % SIDE == SIDE - 1 ? 1 : -1);
    }
}

static void check_found(const EdtModelInfo *info, EdtCanvasPart part, const float *numbers,
                        gsize count)
{
    g_autofree char *sha256 = edt_canvas_sha256(info, part, numbers);
    GError *error = NULL;
    g_autofree float *found = edt_canvas_find(info, part, sha256, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(found, count * sizeof(float), numbers, count * sizeof(float));
}

static void test_kept(void)
{
    guint8 gray[HW];
    for (int i = 0; i < HW; i++)
        gray[i] = (guint8)i;
    g_autofree float *mask = edt_canvas_from_bytes(&rgba, EDT_CANVAS_MASK, gray);
    const EdtModelInfo *infos[] = {&rgba, &rgb};
    for (int k = 0; k < 2; k++) {
        g_autofree float *source = random_source(infos[k]);
        const EdtItem item = {.source = source, .mask = mask};
        GError *error = NULL;
        g_assert_true(edt_canvas_keep(infos[k], &item, &error));
        g_assert_true(edt_canvas_keep(infos[k], &item, &error)); /* there already */
        g_assert_no_error(error);
        check_found(infos[k], EDT_CANVAS_SOURCE, source,
                    (gsize)(edt_canvas_source_channels(infos[k]) * HW));
        check_found(infos[k], EDT_CANVAS_MASK, mask, HW);
    }
}

/* More than the folder keeps, from before the clock was set back: the new ones stay. */
static void test_clock(void)
{
    g_autofree char *folder = edt_canvas_folder();
    const time_t future = time(NULL) + 86400;
    for (int i = 0; i < 401; i++) {
        g_autofree char *path = g_strdup_printf("%s/%d.png", folder, i);
        g_assert_true(g_file_set_contents(path, "x", 1, NULL));
        g_assert_cmpint(utime(path, &(struct utimbuf){future, future}), ==, 0);
    }
    g_autofree float *source = random_source(&rgb);
    g_assert_true(edt_canvas_keep(&rgb, &(EdtItem){.source = source}, NULL));
    for (int i = 0; i < 3; i++) {
        g_autofree float *next = random_source(&rgb);
        g_assert_true(edt_canvas_keep(&rgb, &(EdtItem){.source = next}, NULL));
    }
    check_found(&rgb, EDT_CANVAS_SOURCE, source, 3 * HW);
}

static void expect_missing(const EdtModelInfo *info, const char *sha256, const char *beside)
{
    GError *error = NULL;
    g_assert_null(edt_canvas_find(info, EDT_CANVAS_SOURCE, sha256, beside, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, sha256));
    g_clear_error(&error);
}

/* Moved beside the picture it is found; changed, or of another model, it is not. */
static void test_missing(void)
{
    g_autofree float *source = random_source(&rgba), *other = random_source(&rgba);
    g_autofree char *sha256 = edt_canvas_sha256(&rgba, EDT_CANVAS_SOURCE, source);
    g_autofree char *other_sha256 = edt_canvas_sha256(&rgba, EDT_CANVAS_SOURCE, other);
    g_autofree char *folder = edt_canvas_folder();
    g_autofree char *path = g_strconcat(folder, "/", sha256, ".png", NULL);
    g_autofree char *moved = g_strconcat(g_get_user_state_dir(), "/", sha256, ".png", NULL);
    g_autofree char *wrong = g_strconcat(folder, "/", other_sha256, ".png", NULL);
    g_assert_true(edt_canvas_keep(&rgba, &(EdtItem){.source = source}, NULL));
    expect_missing(&rgb, sha256, NULL);
    g_assert_cmpint(g_rename(path, moved), ==, 0);
    expect_missing(&rgba, sha256, NULL);
    g_autofree float *found =
        edt_canvas_find(&rgba, EDT_CANVAS_SOURCE, sha256, g_get_user_state_dir(), NULL);
    g_assert_nonnull(found);
    g_assert_cmpint(g_rename(moved, wrong), ==, 0);
    expect_missing(&rgba, other_sha256, NULL);
    expect_missing(&rgba, "../../opaque", NULL); /* a record's text is no path */
}

/* Numbers between bytes could not be given back. */
static void test_no_bytes(void)
{
    g_autofree float *source = random_source(&rgba);
    GError *error = NULL;
    source[7] += 1e-4f;
    g_assert_false(edt_canvas_keep(&rgba, &(EdtItem){.source = source}, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    /* of its own alone: gdk-pixbuf wants the data folders of the machine */
    g_setenv("XDG_STATE_HOME", test_folder(), TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/canvas-files/numbers", test_numbers);
    g_test_add_func("/canvas-files/hash", test_hash);
    g_test_add_func("/canvas-files/same-size", test_same_size);
    g_test_add_func("/canvas-files/wide", test_wide);
    g_test_add_func("/canvas-files/premultiplied", test_premultiplied);
    g_test_add_func("/canvas-files/mask", test_mask);
    g_test_add_func("/canvas-files/paper", test_paper);
    g_test_add_func("/canvas-files/no-paper", test_no_paper);
    g_test_add_func("/canvas-files/load", test_load);
    g_test_add_func("/canvas-files/unwhole", test_unwhole);
    g_test_add_func("/canvas-files/turned", test_turned);
    g_test_add_func("/canvas-files/kept", test_kept);
    g_test_add_func("/canvas-files/clock", test_clock);
    g_test_add_func("/canvas-files/missing", test_missing);
    g_test_add_func("/canvas-files/no-bytes", test_no_bytes);
    return g_test_run();
}
