/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures that say how to turn them, in all the ways in which cameras and editors do: each says
 * "turn me to the right" (6), and its white upper half has to come to the right.
 */
#include "craft.h"
#include "files/picture_file.h"

#include <gio/gio.h>
#include <string.h>

enum { SIDE = 16 };

/* ---- what says it ---- */

static void put_number(GByteArray *to, guint64 n, int bytes, gboolean little)
{
    for (int i = 0; i < bytes; i++)
        put_u8(to, (guint8)(n >> 8 * (little ? i : bytes - 1 - i)));
}

/* One directory with one entry: a number of two bytes (type 3) or four (4). */
static GByteArray *exif(gboolean little, guint32 type, gboolean prefix)
{
    GByteArray *to = g_byte_array_new();
    if (prefix)
        put(to, "Exif\0\0", 6);
    put(to, little ? "II" : "MM", 2);
    put_number(to, 42, 2, little);
    put_number(to, 8, 4, little);
    put_number(to, 1, 2, little);
    put_number(to, 0x112, 2, little);
    put_number(to, type, 2, little);
    put_number(to, 1, 4, little);
    put_number(to, 6, type == 4 ? 4 : 2, little);
    put_number(to, 0, type == 4 ? 4 : 6, little);
    return to;
}

static GByteArray *xmp(const char *prefix, gsize bytes, gboolean element)
{
    GByteArray *to = g_byte_array_new();
    put(to, prefix, bytes);
    put_text(to, "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF><rdf:Description ");
    put_text(to, element ? "><tiff:Orientation>6</tiff:Orientation></rdf:Description>"
                         : "tiff:Orientation=\"6\"/>");
    put_text(to, "</rdf:RDF></x:xmpmeta>");
    return to;
}

#define XMP_NAME "http://ns.adobe.com/xap/1.0/" /* and its NUL */

static GByteArray *packed(const GByteArray *bytes)
{
    g_autoptr(GZlibCompressor) zlib = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 9);
    guint8 out[2000];
    gsize read, written;
    g_assert_cmpint(g_converter_convert(G_CONVERTER(zlib), bytes->data, bytes->len, out, sizeof out,
                                        G_CONVERTER_INPUT_AT_END, &read, &written, NULL),
                    ==, G_CONVERTER_FINISHED);
    GByteArray *to = g_byte_array_new();
    put(to, out, written);
    return to;
}

/* As ImageMagick writes it. */
static GByteArray *profile(const char *name, const GByteArray *bytes)
{
    GByteArray *to = g_byte_array_new();
    g_autofree char *head = g_strdup_printf("\n%s\n%8u", name, bytes->len);
    put_text(to, head);
    for (guint i = 0; i < bytes->len; i++) {
        g_autofree char *byte = g_strdup_printf("%s%02x", i % 36 ? "" : "\n", bytes->data[i]);
        put_text(to, byte);
    }
    put_text(to, "\n");
    return to;
}

/* ---- files that carry it ---- */

/* Its upper half is white. */
static GByteArray *plain(const char *type)
{
    g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, SIDE, SIDE);
    g_autofree char *bytes = NULL;
    gsize size;
    gdk_pixbuf_fill(picture, 0xff);
    memset(gdk_pixbuf_get_pixels(picture), 255,
           (gsize)SIDE / 2 * (gsize)gdk_pixbuf_get_rowstride(picture));
    if (!gdk_pixbuf_save_to_buffer(picture, &bytes, &size, type, NULL, NULL))
        return NULL;
    GByteArray *to = g_byte_array_new();
    put(to, bytes, size);
    return to;
}

static GByteArray *with(GByteArray *file, gsize at, const GByteArray *part)
{
    GByteArray *to = g_byte_array_new();
    put(to, file->data, at);
    put(to, part->data, part->len);
    put(to, file->data + at, file->len - at);
    g_byte_array_unref(file);
    return to;
}

static GByteArray *jpeg(const GByteArray *app1)
{
    g_autoptr(GByteArray) part = g_byte_array_new();
    put(part, "\xff\xe1", 2);
    put_number(part, app1->len + 2, 2, FALSE);
    put(part, app1->data, app1->len);
    return with(plain("jpeg"), 2, part);
}

/* A chunk behind IHDR; head: what stands before the content. */
static GByteArray *png(const char *type, const char *head, gsize bytes, const GByteArray *content)
{
    g_autoptr(GByteArray) part = g_byte_array_new();
    put_number(part, (guint32)bytes + content->len, 4, FALSE);
    put_text(part, type);
    put(part, head, bytes);
    put(part, content->data, content->len);
    put_number(part, crc32_of(part->data + 4, part->len - 4), 4, FALSE);
    return with(plain("png"), 33, part);
}

/* The extended kind: a chunk that says what there is, the picture, and what it says. */
static GByteArray *webp(const char *name, guint flag, const GByteArray *content)
{
    g_autoptr(GByteArray) file = plain("webp");
    if (!file)
        return NULL;
    const guint8 *lossy = memmem(file->data, file->len, "VP8 ", 4);
    const guint8 *pixels = lossy ? lossy : memmem(file->data, file->len, "VP8L", 4);
    g_assert_nonnull(pixels);
    const gsize bytes = (gsize)(file->data + file->len - pixels), odd = content->len % 2;
    GByteArray *to = g_byte_array_new();
    put(to, "RIFF", 4);
    put_u32(to, (guint)(4 + 18 + bytes + 8 + content->len + odd));
    put(to, "WEBPVP8X", 8);
    put_u32(to, 10);
    put_u32(to, flag);
    put_number(to, SIDE - 1, 3, TRUE);
    put_number(to, SIDE - 1, 3, TRUE);
    put(to, pixels, bytes);
    put(to, name, 4);
    put_u32(to, content->len);
    put(to, content->data, content->len);
    put(to, "", odd);
    return to;
}

/* One strip of plain RGB; its directory stands at the end, and before that XMP, if any. */
static GByteArray *tiff(guint type, guint orientation, const GByteArray *xmp)
{
    enum { PIXELS = 3 * SIDE * SIDE };
    const guint entries[][4] = {/* tag, type, count, value */
                                {256, 3, 1, SIDE},
                                {257, 3, 1, SIDE},
                                {258, 3, 1, 8},
                                {259, 3, 1, 1},
                                {262, 3, 1, 2},
                                {273, 3, 1, 8},
                                {274, type, 1, orientation},
                                {277, 3, 1, 3},
                                {278, 3, 1, SIDE},
                                {279, 3, 1, PIXELS},
                                {700, 1, xmp ? xmp->len : 0, 8 + PIXELS}};
    const guint8 pixels[PIXELS] = {0};
    GByteArray *to = g_byte_array_new();
    put(to, "II*\0", 4);
    put_u32(to, 8 + PIXELS + (xmp ? xmp->len : 0));
    put(to, pixels, PIXELS);
    memset(to->data + 8, 255, PIXELS / 2);
    if (xmp)
        put(to, xmp->data, xmp->len);
    put_u16(to, 10);
    for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
        if (entries[i][0] == (xmp ? 274 : 700))
            continue;
        put_u16(to, entries[i][0]);
        put_u16(to, entries[i][1]);
        put_u32(to, entries[i][2]);
        put_u32(to, entries[i][3]);
    }
    put_u32(to, 0);
    return to;
}

/* ---- asking ---- */

static guint8 level(GdkPixbuf *picture, int x, int y)
{
    return gdk_pixbuf_get_pixels(
        picture)[y * gdk_pixbuf_get_rowstride(picture) + x * gdk_pixbuf_get_n_channels(picture)];
}

/* Frees the bytes. */
static void expect_turned(const char *name, GByteArray *bytes)
{
    g_autofree char *why = NULL;
    if (!bytes) {
        g_test_message("no writer of %s here", name);
        return;
    }
    g_autofree char *path = craft_file(name, bytes);
    g_autoptr(GdkPixbuf) picture = edt_picture_file_read(path, &why);
    g_test_message("%s", name);
    g_assert_cmpstr(why, ==, NULL);
    for (int y = 1; y < SIDE; y += SIDE - 2) {
        g_assert_cmpuint(level(picture, 1, y), <, 64);
        g_assert_cmpuint(level(picture, SIDE - 2, y), >, 192);
    }
    /* never beyond what is there, in a place of just so many bytes */
    for (gsize cut = 0; cut < bytes->len; cut++) {
        g_autofree guint8 *part = g_memdup2(bytes->data, cut);
        g_assert_cmpint(edt_picture_orientation(part, cut) % 6, ==, 0);
    }
    g_byte_array_unref(bytes);
}

/* ---- tests ---- */

static void test_jpeg(void)
{
    g_autoptr(GByteArray) big = exif(FALSE, 3, TRUE), little = exif(TRUE, 3, TRUE);
    g_autoptr(GByteArray) wide = exif(FALSE, 4, TRUE), text = xmp(XMP_NAME, sizeof XMP_NAME, FALSE);
    expect_turned("big.jpg", jpeg(big));
    expect_turned("little.jpg", jpeg(little));
    expect_turned("wide.jpg", jpeg(wide));
    expect_turned("xmp.jpg", jpeg(text));
}

static void test_png(void)
{
    g_autoptr(GByteArray) bare = exif(FALSE, 3, FALSE), full = exif(TRUE, 4, TRUE);
    g_autoptr(GByteArray) text = xmp("", 0, TRUE), packed_text = packed(text);
    g_autoptr(GByteArray) named = xmp(XMP_NAME, sizeof XMP_NAME, FALSE);
    g_autoptr(GByteArray) raw = profile("exif", full), packed_raw = packed(raw);
    g_autoptr(GByteArray) raw_xmp = profile("xmp", text), raw_named = profile("generic", named);
    expect_turned("chunk.png", png("eXIf", "", 0, bare));
    expect_turned("raw.png", png("tEXt", "Raw profile type exif", 22, raw));
    expect_turned("packed.png", png("zTXt", "Raw profile type exif\0", 23, packed_raw));
    expect_turned("app1.png", png("tEXt", "Raw profile type APP1", 22, raw));
    expect_turned("app1-xmp.png", png("tEXt", "Raw profile type APP1", 22, raw_named));
    expect_turned("raw-xmp.png", png("tEXt", "Raw profile type xmp", 21, raw_xmp));
    expect_turned("xmp.png", png("iTXt", "XML:com.adobe.xmp\0\0\0en\0", 24, text));
    expect_turned("packed-xmp.png", png("iTXt", "XML:com.adobe.xmp\0\1\0\0", 22, packed_text));
}

static void test_webp(void)
{
    g_autoptr(GByteArray) bare = exif(TRUE, 3, FALSE), full = exif(FALSE, 3, TRUE);
    g_autoptr(GByteArray) text = xmp("", 0, FALSE);
    expect_turned("bare.webp", webp("EXIF", 8, bare));
    expect_turned("full.webp", webp("EXIF", 8, full));
    expect_turned("xmp.webp", webp("XMP ", 4, text));
}

/* What its loader has turned already: upside down, or not. */
static void expect_tiff(guint orientation, gboolean top_is_white)
{
    g_autofree char *why = NULL;
    GByteArray *bytes = tiff(3, orientation, NULL);
    g_autofree char *path = craft_file("turned.tif", bytes);
    g_autoptr(GdkPixbuf) picture = edt_picture_file_read(path, &why);
    g_assert_cmpstr(why, ==, NULL);
    for (int x = 1; x < SIDE; x += SIDE - 2) {
        g_assert_cmpuint(level(picture, x, 1) > 128, ==, top_is_white);
        g_assert_cmpuint(level(picture, x, SIDE - 2) > 128, ==, !top_is_white);
    }
    g_byte_array_unref(bytes);
}

static void test_tiff(void)
{
    g_autoptr(GByteArray) text = xmp("", 0, TRUE);
    expect_tiff(1, TRUE);
    expect_tiff(2, TRUE);
    expect_tiff(3, FALSE);
    expect_tiff(4, FALSE);
    expect_turned("short.tif", tiff(3, 6, NULL));
    expect_turned("long.tif", tiff(4, 6, NULL));
    expect_turned("xmp.tif", tiff(0, 6, text));
}

/* Exif goes before XMP; what makes no sense says nothing. */
static void test_both(void)
{
    g_autoptr(GByteArray) upright = exif(FALSE, 3, TRUE), text = xmp(XMP_NAME, sizeof XMP_NAME, 0);
    upright->data[6 + 8 + 2 + 9] = 3;
    GByteArray *file = jpeg(upright);
    g_autoptr(GByteArray) app1 = jpeg(text);
    g_autoptr(GByteArray) part = g_byte_array_new();
    put(part, app1->data + 2, 4 + text->len);
    file = with(file, 2, part); /* XMP first */
    g_assert_cmpint(edt_picture_orientation(file->data, file->len), ==, 3);
    g_byte_array_unref(file);
    upright->data[6 + 8 + 2 + 9] = 9;
    file = jpeg(upright);
    g_assert_cmpint(edt_picture_orientation(file->data, file->len), ==, 0);
    g_byte_array_unref(file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/orientation/jpeg", test_jpeg);
    g_test_add_func("/orientation/png", test_png);
    g_test_add_func("/orientation/webp", test_webp);
    g_test_add_func("/orientation/tiff", test_tiff);
    g_test_add_func("/orientation/both", test_both);
    return g_test_run();
}
