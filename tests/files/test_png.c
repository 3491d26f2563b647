/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PNG: pixels and texts come back as they went, in the chunk that fits the text; damaged files are
 * an error, not a crash.
 */
#include "craft.h"
#include "edt.h"
#include "files/png.h"

#include <errno.h>
#include <gio/gio.h>
#include <png.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static guint8 *pattern(int width, int height, int channels)
{
    gsize n = (gsize)width * (gsize)height * (gsize)channels;
    guint8 *pixels = g_malloc(n);
    for (gsize i = 0; i < n; i++)
        pixels[i] = (guint8)(i * 37 + 5);
    return pixels;
}

static void test_pixels(void)
{
    for (int channels = 3; channels <= 4; channels++) {
        char *path = craft_path("p.png");
        guint8 *in = pattern(17, 5, channels), *out;
        int width, height, found;
        GError *error = NULL;

        g_assert_true(edt_png_write(path, 17, 5, channels, in, NULL, NULL, 0, &error));
        g_assert_no_error(error);
        out = edt_png_read(path, &width, &height, &found, &error);
        g_assert_no_error(error);
        g_assert_cmpint(width, ==, 17);
        g_assert_cmpint(height, ==, 5);
        g_assert_cmpint(found, ==, channels);
        g_assert_cmpmem(in, 17u * 5u * (guint)channels, out, 17u * 5u * (guint)channels);
        g_free(out);
        g_free(in);
        g_free(path);
    }
}

/* keyword in the file, behind the name of its chunk */
static gboolean has_chunk(const char *path, const char *type, const char *keyword)
{
    char *bytes, *chunk = g_strconcat(type, keyword, NULL);
    gsize n;
    gboolean found;

    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    found = memmem(bytes, n, chunk, strlen(chunk)) != NULL;
    g_free(chunk);
    g_free(bytes);
    return found;
}

static void test_texts(void)
{
    char *path = craft_path("t.png"), *longer = g_strnfill(5000, 'x');
    const char *keys[] = {"parameters", "Title", "edt", "long"};
    const char *values[] = {"steps 25, café\nseed 7", "日本語 “quoted”", "{\"edt\": 1}", longer};
    guint8 *pixels = pattern(2, 2, 3);
    GError *error = NULL;

    g_assert_true(edt_png_write(path, 2, 2, 3, pixels, keys, values, 4, &error));
    g_assert_no_error(error);
    for (int i = 0; i < 4; i++) {
        char *text = edt_png_read_text(path, keys[i], &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, values[i]);
        g_free(text);
    }
    g_assert_true(has_chunk(path, "tEXt", "parameters")); /* é is Latin-1 */
    g_assert_true(has_chunk(path, "iTXt", "Title"));
    g_assert_true(has_chunk(path, "iTXt", "long"));
    g_assert_true(has_chunk(path, "sRGB", ""));
    g_assert_null(edt_png_read_text(path, "none", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    g_free(longer);
    g_free(pixels);
    g_free(path);
}

/* Another program's text stands behind the picture data. */
static void test_late_text(void)
{
    char *path = craft_path("late.png"), *bytes, *text;
    guint8 *pixels = pattern(9, 9, 3);
    GByteArray *png = g_byte_array_new();
    GError *error = NULL;
    gsize n;

    g_assert_true(edt_png_write(path, 9, 9, 3, pixels, NULL, NULL, 0, NULL));
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    put(png, bytes, n - 12); /* without IEND */
    put(png, "\0\0\0\x08tEXtkey\0late", 16);
    for (int byte = 3; byte >= 0; byte--)
        put_u8(png, crc32_of((const guint8 *)"tEXtkey\0late", 12) >> (8 * byte));
    put(png, bytes + n - 12, 12);
    g_free(path);
    path = craft_file("late.png", png);
    text = edt_png_read_text(path, "key", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "late");
    g_free(text);
    g_byte_array_unref(png);
    g_free(bytes);
    g_free(pixels);
    g_free(path);
}

static void put_chunk(GByteArray *png, const char *type, const guint8 *data, gsize n)
{
    g_autofree guint8 *body = g_malloc(4 + n);
    memcpy(body, type, 4);
    memcpy(body + 4, data, n);
    for (int shift = 24; shift >= 0; shift -= 8)
        put_u8(png, (guint)(n >> shift) & 255);
    put(png, body, 4 + n);
    for (int shift = 24; shift >= 0; shift -= 8)
        put_u8(png, crc32_of(body, 4 + n) >> shift & 255);
}

/* A compressed text of almost 8 MiB, which takes 8 kB in a file. */
static GByteArray *inflatable(void)
{
    g_autofree char *text = g_strnfill((8u << 20) - 4096, 'x');
    g_autoptr(GConverter) zlib =
        G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 9));
    GByteArray *data = g_byte_array_new();
    guint8 packed[1 << 16];
    gsize read, written;
    g_assert_cmpint(g_converter_convert(zlib, text, strlen(text), packed, sizeof packed,
                                        G_CONVERTER_INPUT_AT_END, &read, &written, NULL),
                    ==, G_CONVERTER_FINISHED);
    put(data, "x\0\0", 3);
    put(data, packed, written);
    return data;
}

static long most_memory(void) /* kB, so far */
{
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return usage.ru_maxrss;
}

/* A megabyte that would be a gigabyte in memory: what is read of it is bounded, and the record that
 * stands before it is found. */
static void test_many_texts(void)
{
    g_autofree char *path = craft_path("many.png"), *bytes = NULL;
    g_autofree guint8 *pixels = pattern(9, 9, 3);
    const char *keys[] = {"edt"}, *values[] = {"{}"};
    g_autoptr(GByteArray) png = g_byte_array_new(), text = inflatable();
    GError *error = NULL;
    int width, height, channels;
    gsize n;

    g_assert_true(edt_png_write(path, 9, 9, 3, pixels, keys, values, 1, NULL));
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    const char *data = memmem(bytes, n, "IDAT", 4);
    const gsize before = (gsize)(data - bytes) - 4;
    put(png, bytes, before);
    for (int i = 0; i < 120; i++)
        put_chunk(png, "zTXt", text->data, text->len);
    put(png, bytes + before, n - before);
    g_assert_cmpuint(png->len, <, 1100000);
    g_autofree char *many = craft_file("many.png", png);
    const long memory = most_memory();
    g_autofree char *found = edt_png_read_text(many, "edt", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, "{}");
    g_autofree guint8 *out = edt_png_read(many, &width, &height, &channels, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(pixels, 9 * 9 * 3, out, 9 * 9 * 3);
    g_assert_cmpint(most_memory() - memory, <, 600 * 1024);
}

/* 16-bit grey becomes 8-bit RGB; black stays black and white white. */
static void test_grey(void)
{
    char *path = craft_path("grey.png");
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 2, .height = 1, .format = PNG_FORMAT_LINEAR_Y};
    guint16 grey[2] = {0, 65535};
    int width, height, channels;
    guint8 *out;

    g_assert_true(png_image_write_to_file(&image, path, 0, grey, 0, NULL));
    out = edt_png_read(path, &width, &height, &channels, NULL);
    g_assert_cmpint(channels, ==, 3);
    g_assert_cmpmem(out, 6, "\0\0\0\xff\xff\xff", 6);
    g_free(out);
    g_free(path);
}

static void test_damaged(void)
{
    char *path = craft_path("whole.png"), *bytes;
    guint8 *pixels = pattern(40, 40, 4);
    const char *keys[] = {"edt"}, *values[] = {"{}"};
    gsize n;

    g_assert_true(edt_png_write(path, 40, 40, 4, pixels, keys, values, 1, NULL));
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    for (gsize cut = 0; cut < n; cut += 13) {
        GByteArray *part = g_byte_array_new();
        char *part_path;
        int w, h, c;
        GError *error = NULL;
        guint8 *out;
        put(part, bytes, cut);
        part_path = craft_file("part.png", part);
        out = edt_png_read(part_path, &w, &h, &c, &error);
        if (cut + 20 < n) { /* without IEND alone it may still be a picture */
            g_assert_null(out);
            g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        }
        g_clear_error(&error);
        g_free(out);
        g_assert_null(edt_png_read_text(part_path, "edt", &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        g_clear_error(&error);
        g_byte_array_unref(part);
        g_free(part_path);
    }
    g_free(bytes);
    g_free(pixels);
    g_free(path);
}

/* A limit on files stands for a full disk: the reason is the system's, not libpng's. */
static void test_full_disk(void)
{
    char *path = craft_path("large.png");
    gsize n = 512 * 512 * 3;
    guint8 *noise = g_malloc(n);
    GRand *rand = g_rand_new_with_seed(1);
    struct rlimit before, small;
    GError *error = NULL;

    for (gsize i = 0; i < n; i++)
        noise[i] = (guint8)g_rand_int(rand);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    small = before;
    small.rlim_cur = 10000;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    g_assert_false(edt_png_write(path, 512, 512, 3, noise, NULL, NULL, 0, &error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, SIG_DFL);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, g_strerror(EFBIG)));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    g_rand_free(rand);
    g_free(noise);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/png/pixels", test_pixels);
    g_test_add_func("/png/texts", test_texts);
    g_test_add_func("/png/late-text", test_late_text);
    g_test_add_func("/png/many-texts", test_many_texts);
    g_test_add_func("/png/grey", test_grey);
    g_test_add_func("/png/damaged", test_damaged);
    g_test_add_func("/png/full-disk", test_full_disk);
    return g_test_run();
}
