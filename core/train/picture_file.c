/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures by gdk-pixbuf, and what it leaves out: it fills cut JPEGs up without a word, and turns
 * by Exif what comes from JPEG and TIFF alone.  Next: pictures.c.
 */
#include "train/picture_file.h"

#include <string.h>

/* ---- numbers in files ---- */

static guint32 number(const guint8 *at, int bytes, gboolean little)
{
    guint32 value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[little ? bytes - 1 - i : i];
    return value;
}

static gboolean starts(const guint8 *data, gsize size, const char *with, gsize n)
{
    return size >= n && memcmp(data, with, n) == 0;
}

static gboolean is_webp(const guint8 *data, gsize size)
{
    return size >= 12 && starts(data, size, "RIFF", 4) && memcmp(data + 8, "WEBP", 4) == 0;
}

/* ---- is it all there? ---- */

/* The end marker, looked for behind the segments before the first scan: a preview in one of them
 * has an end of its own. */
static gboolean jpeg_is_whole(const guint8 *data, gsize size)
{
    gsize at = 2;
    while (at + 4 <= size && data[at] == 0xff && data[at + 1] != 0xda) {
        if (data[at + 1] == 0xff) { /* filling */
            at++;
            continue;
        }
        at += 2 + number(data + at + 2, 2, FALSE);
    }
    for (; at + 1 < size; at++)
        if (data[at] == 0xff && data[at + 1] == 0xd9)
            return TRUE;
    return FALSE;
}

/* Zeros may follow the trailer. */
static gboolean gif_is_whole(const guint8 *data, gsize size)
{
    while (size > 0 && data[size - 1] == 0)
        size--;
    return size > 0 && data[size - 1] == 0x3b;
}

gboolean edt_picture_is_whole(const guint8 *data, gsize size)
{
    if (starts(data, size, "\xff\xd8\xff", 3))
        return jpeg_is_whole(data, size);
    if (starts(data, size, "GIF8", 4))
        return gif_is_whole(data, size);
    return !is_webp(data, size) || number(data + 4, 4, TRUE) <= size - 8;
}

/* ---- which side is up? ---- */

/* Exif is a TIFF without pictures: its first directory has the tag 0x112. */
static int exif_orientation(const guint8 *exif, gsize size)
{
    if (starts(exif, size, "Exif\0\0", 6)) { /* some writers leave JPEG's prefix on */
        exif += 6;
        size -= 6;
    }
    if (size < 8 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0))
        return 0;
    gboolean little = *exif == 'I';
    gsize at = number(exif + 4, 4, little);
    if (at > size - 2)
        return 0;
    guint32 entries = number(exif + at, 2, little);
    for (at += 2; entries > 0 && at + 12 <= size; entries--, at += 12)
        if (number(exif + at, 2, little) == 0x112) {
            int value = (int)number(exif + at + 8, 2, little);
            return value >= 1 && value <= 8 ? value : 0;
        }
    return 0;
}

/* Chunks of PNG: length, name, data, sum; of WebP: name, length, data, filled up to even. */
static int chunk_orientation(const guint8 *data, gsize size, gsize at, const char *name,
                             gboolean webp)
{
    while (size - at >= 8) {
        gsize length = number(data + at + (webp ? 4 : 0), 4, webp);
        gboolean wanted = memcmp(data + at + (webp ? 0 : 4), name, 4) == 0;
        at += 8;
        if (length > size - at)
            return 0;
        if (wanted)
            return exif_orientation(data + at, length);
        at += MIN(length + (webp ? length % 2 : 4), size - at);
    }
    return 0;
}

int edt_picture_orientation(const guint8 *data, gsize size)
{
    if (starts(data, size, "\x89PNG\r\n\x1a\n", 8))
        return chunk_orientation(data, size, 8, "eXIf", FALSE);
    return is_webp(data, size) ? chunk_orientation(data, size, 12, "EXIF", TRUE) : 0;
}

/* A loader that has turned it itself says so, or has told the orientation already. */
static GdkPixbuf *turn(GdkPixbuf *picture, int orientation)
{
    g_autofree char *text = g_strdup_printf("%d", orientation);
    if (orientation && !gdk_pixbuf_get_option(picture, "orientation"))
        gdk_pixbuf_set_option(picture, "orientation", text);
    return gdk_pixbuf_apply_embedded_orientation(picture);
}

/* ---- a file ---- */

/* The same sentence for all files of a kind: who says it names the file. */
static char *reason_of(const GError *error, const char *path)
{
    g_autofree char *shown = g_filename_display_name(path);
    GString *reason = g_string_new(error->message);
    g_string_replace(reason, shown, "…", 0);
    return g_string_free(reason, FALSE);
}

GdkPixbuf *edt_picture_file_read(const char *path, char **why)
{
    GError *error = NULL;
    g_autofree char *bytes = NULL;
    gsize size = 0;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) { /* a pipe would never answer */
        *why = g_strdup("is no file");
        return NULL;
    }
    g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new_from_file(path, &error);
    if (!picture || !g_file_get_contents(path, &bytes, &size, &error)) {
        *why = reason_of(error, path);
        g_error_free(error);
        return NULL;
    }
    if (!edt_picture_is_whole((const guint8 *)bytes, size)) {
        *why = g_strdup("its end is missing");
        return NULL;
    }
    return turn(picture, edt_picture_orientation((const guint8 *)bytes, size));
}

static gboolean look_in(const char *folder, int depth, char **why)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    gboolean found = FALSE;
    const char *name;
    while (dir && !found && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *reason = NULL;
        if (*name == '.')
            continue;
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            found = depth > 0 && look_in(path, depth - 1, why);
            continue;
        }
        g_autoptr(GdkPixbuf) picture = edt_picture_file_read(path, &reason);
        found = picture != NULL;
        if (reason && why && !*why)
            *why = g_strdup_printf("%s: %s", name, reason);
    }
    g_clear_pointer(&dir, g_dir_close);
    return found;
}

gboolean edt_picture_file_in(const char *folder, char **why)
{
    return look_in(folder, 1, why);
}
