/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures by gdk-pixbuf, and what it leaves out: it fills cut JPEGs up without a word, and turns
 * by Exif what comes from JPEG and TIFF alone (picture_orientation.c knows more).  Who reads
 * pictures: canvas.c, train/pictures.c.
 */
#include "files/picture_file.h"
#include "files/picture_bytes.h"

#include <dirent.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* Bytes of a table of colours, by the flags that say whether there is one. */
static gsize gif_colours(guint8 flags)
{
    return flags & 0x80 ? (gsize)3 << ((flags & 7) + 1) : 0;
}

/* Behind a chain of blocks, each with its length before it. */
static gsize gif_behind(const guint8 *data, gsize size, gsize at)
{
    while (at < size && data[at])
        at += 1 + (gsize)data[at];
    return at + 1;
}

/* From block to block as far as the trailer, which anything may follow. */
static gboolean gif_is_whole(const guint8 *data, gsize size)
{
    gsize at = size < 13 ? size : 13 + gif_colours(data[10]);
    while (at < size && data[at] != 0x3b) {
        const guint8 kind = data[at];
        if (kind == 0x2c && at + 9 < size) /* a picture: place, colours, the size of its codes */
            at = gif_behind(data, size, at + 11 + gif_colours(data[at + 9]));
        else if (kind == 0x21) /* an extension and its kind */
            at = gif_behind(data, size, at + 2);
        else if (kind == 0) /* filling */
            at++;
        else
            return FALSE;
    }
    return at < size;
}

/* Rows of whole words; of compressed ones their length where it is told. */
static gboolean bmp_is_whole(const guint8 *data, gsize size)
{
    const gboolean old = size >= 26 && number(data + 14, 4, TRUE) < 40; /* OS/2: of two bytes */
    if (size < (old ? 26 : 54))
        return FALSE;
    const guint64 width = number(data + 18, old ? 2 : 4, TRUE);
    const guint32 told = number(data + (old ? 20 : 22), old ? 2 : 4, TRUE);
    const guint64 height = told > G_MAXINT32 ? -told : told; /* below 0: from the top on */
    const guint64 row = (width * number(data + (old ? 24 : 28), 2, TRUE) + 31) / 32 * 4;
    const guint32 packing = old ? 0 : number(data + 30, 4, TRUE), from = number(data + 10, 4, TRUE);
    const gboolean packed = packing == 1 || packing == 2;
    if (from > size || height > size)
        return FALSE;
    return (packed ? number(data + 34, 4, TRUE) : row * height) <= size - from;
}

/* As many pictures as its list has; a TGA, which may begin like it, has none. */
static gboolean ico_is_whole(const guint8 *data, gsize size)
{
    const gsize n = size < 6 ? 0 : number(data + 4, 2, TRUE);
    for (gsize i = 0; i < n; i++) {
        const guint8 *entry = data + 6 + 16 * i;
        if (6 + 16 * (i + 1) > size ||
            (guint64)number(entry + 8, 4, TRUE) + number(entry + 12, 4, TRUE) > size)
            return FALSE;
    }
    return TRUE;
}

gboolean edt_picture_is_whole(const guint8 *data, gsize size)
{
    if (starts(data, size, "\xff\xd8\xff", 3))
        return jpeg_is_whole(data, size);
    if (starts(data, size, "GIF8", 4))
        return gif_is_whole(data, size);
    if (starts(data, size, "BM", 2))
        return bmp_is_whole(data, size);
    if (starts(data, size, "\0\0\1\0", 4) || starts(data, size, "\0\0\2\0", 4))
        return ico_is_whole(data, size);
    return !is_webp(data, size) || number(data + 4, 4, TRUE) <= size - 8;
}

/* ---- which side is up? ---- */

/* A loader that has turned it itself says so, or has told the orientation already; but for that of
 * TIFF, whose tag edt_picture_orientation leaves to it. */
static GdkPixbuf *turn(GdkPixbuf *picture, int orientation)
{
    g_autofree char *text = g_strdup_printf("%d", orientation);
    if (orientation && !gdk_pixbuf_get_option(picture, "orientation"))
        gdk_pixbuf_set_option(picture, "orientation", text);
    return gdk_pixbuf_apply_embedded_orientation(picture);
}

/* ---- a file ---- */

static gboolean is_jxl(const guint8 *data, gsize size)
{
    return starts(data, size, "\xff\x0a", 2) || starts(data, size, "\0\0\0\x0cJXL \r\n\x87\n", 12);
}

static void note_area(GdkPixbufLoader *loader, int x, int y, int width, int height, gpointer told)
{
    *(gboolean *)told = TRUE;
}

/* The bytes of JPEG XL do not tell their end, but its reader tells of a picture that it has. */
static gboolean is_told(const guint8 *data, gsize size)
{
    g_autoptr(GdkPixbufLoader) loader = gdk_pixbuf_loader_new();
    gboolean told = FALSE;
    g_signal_connect(loader, "area-updated", G_CALLBACK(note_area), &told);
    gdk_pixbuf_loader_write(loader, data, size, NULL);
    gdk_pixbuf_loader_close(loader, NULL);
    return told;
}

/* The same sentence for all files of a kind: who says it names the file. */
static char *reason_of(const GError *error, const char *path)
{
    g_autofree char *shown = g_filename_display_name(path);
    GString *reason = g_string_new(error->message);
    g_string_replace(reason, shown, "…", 0);
    return g_string_free(reason, FALSE);
}

/* Asked before its pixels take gigabytes; what says no size is refused by its reader. */
static gboolean is_large(const char *path)
{
    int width = 0, height = 0;
    return gdk_pixbuf_get_file_info(path, &width, &height) &&
           MAX(width, height) > EDT_PICTURE_SIDE_MAX;
}

GdkPixbuf *edt_picture_file_read(const char *path, char **why)
{
    GError *error = NULL;
    g_autofree char *bytes = NULL;
    gsize size = 0;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) { /* a pipe would never answer */
        *why = g_strdup(g_file_test(path, G_FILE_TEST_EXISTS) ? "is no file" : g_strerror(ENOENT));
        return NULL;
    }
    if (is_large(path)) {
        *why = g_strdup_printf("it is larger than %d pixels a side", EDT_PICTURE_SIDE_MAX);
        return NULL;
    }
    g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new_from_file(path, &error);
    if (!picture || !g_file_get_contents(path, &bytes, &size, &error)) {
        *why = reason_of(error, path);
        g_error_free(error);
        return NULL;
    }
    const guint8 *data = (const guint8 *)bytes;
    if (!edt_picture_is_whole(data, size) || (is_jxl(data, size) && !is_told(data, size))) {
        *why = g_strdup("its end is missing");
        return NULL;
    }
    return turn(picture, edt_picture_orientation(data, size));
}

/* All that comes out of it, as a file without a name; -1: with errno. */
static int spool(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize size;
    int fd =
        g_file_get_contents(path, &bytes, &size, NULL) ? memfd_create("picture", MFD_CLOEXEC) : -1;
    if (fd >= 0 && write(fd, bytes, size) != (gssize)size) {
        close(fd);
        fd = -1;
    }
    return fd;
}

GdkPixbuf *edt_picture_stream_read(const char *path, char **why)
{
    GStatBuf st;
    int fd = g_stat(path, &st) == 0 && S_ISFIFO(st.st_mode) ? spool(path) : -1;
    g_autofree char *spooled = g_strdup_printf("/proc/self/fd/%d", fd);
    GdkPixbuf *picture = edt_picture_file_read(fd >= 0 ? spooled : path, why);
    if (fd >= 0)
        close(fd);
    return picture;
}

/* A link to a folder that it lies in: what is there has its place already. */
static gboolean leads_back(const char *folder)
{
    g_autofree char *above = g_path_get_dirname(folder);
    g_autofree char *target = realpath(folder, NULL), *place = realpath(above, NULL);
    const gsize length = target ? strlen(target) : 0;
    return place && length && g_str_has_prefix(place, target) &&
           (length == 1 || place[length] == '/' || !place[length]);
}

gboolean edt_picture_is_leaving(const char *name)
{
    static const char *const names[] = {"__MACOSX",     "@eaDir",
                                        "#recycle",     "#snapshot",
                                        "@Recycle",     "@Recently-Snapshot",
                                        "$RECYCLE.BIN", "System Volume Information",
                                        "lost+found",   NULL};
    return *name == '.' || g_strv_contains(names, name);
}

static gboolean look_in(const char *folder, int depth, char **why)
{
    if (leads_back(folder)) {
        if (why && !*why)
            *why = g_strdup("it leads back to where it lies");
        return FALSE;
    }
    DIR *dir = opendir(folder);
    gboolean found = FALSE;
    const struct dirent *entry;
    if (!dir && why && !*why)
        *why = g_strdup(g_strerror(errno));
    while (dir && !found && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        g_autofree char *path = g_build_filename(folder, name, NULL), *reason = NULL;
        if (edt_picture_is_leaving(name))
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
    if (dir)
        closedir(dir);
    return found;
}

gboolean edt_picture_file_in(const char *folder, char **why)
{
    return look_in(folder, 1, why);
}

gboolean edt_picture_file_directly_in(const char *folder)
{
    return look_in(folder, 0, NULL);
}
