/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of sources and masks beside the finished pictures; see canvas.h.
 */
#include "canvas.h"
#include "history.h"
#include "saving.h"
#include "files/png.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#define KEPT_MAX 400                        /* files in the folder ... */
#define KEPT_BYTES_MAX ((guint64)200 << 20) /* ... and bytes */
#define CLOCKS_DIFFER 3600                  /* seconds, between this machine and its disks */

char *edt_canvas_folder(void)
{
    g_autofree char *history = edt_history_folder();
    return g_build_filename(history, "sources", NULL);
}

typedef struct {
    char *path;
    gint64 used;
    guint64 bytes;
} Kept;

static void clear_kept(gpointer kept)
{
    g_free(((Kept *)kept)->path);
}

static gint latest_first(gconstpointer a, gconstpointer b)
{
    const gint64 one = ((const Kept *)a)->used, two = ((const Kept *)b)->used;
    return (one < two) - (one > two);
}

/* What bears a time to come is from before the clock was set back, and older than all else. */
static GArray *list_kept(const char *folder)
{
    const gint64 soon = g_get_real_time() / G_USEC_PER_SEC + CLOCKS_DIFFER;
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Kept));
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_array_set_clear_func(list, clear_kept);
    while (dir && (name = g_dir_read_name(dir))) {
        GStatBuf file;
        Kept kept = {.path = g_build_filename(folder, name, NULL)};
        if (g_str_has_suffix(name, ".png") && g_stat(kept.path, &file) == 0) {
            kept.used = file.st_mtime > soon ? 0 : (gint64)file.st_mtime;
            kept.bytes = (guint64)file.st_size;
            g_array_append_val(list, kept);
        } else {
            g_free(kept.path);
        }
    }
    if (dir)
        g_dir_close(dir);
    g_array_sort(list, latest_first);
    return list;
}

static void trim(const char *folder)
{
    g_autoptr(GArray) list = list_kept(folder);
    guint64 bytes = 0;
    for (guint i = 0; i < list->len; i++) {
        const Kept *kept = &g_array_index(list, Kept, i);
        bytes += kept->bytes;
        if (i > 1 && (i >= KEPT_MAX || bytes > KEPT_BYTES_MAX)) /* those of this picture stay */
            g_unlink(kept->path);
    }
}

static char *file_of(const char *folder, const char *sha256)
{
    g_autofree char *name = g_strconcat(sha256, ".png", NULL);
    return g_build_filename(folder, name, NULL);
}

/* A mask is written as the gray of a picture. */
static gboolean write_kept(const EdtModelInfo *info, EdtCanvasPart part, const guint8 *bytes,
                           const char *path, GError **error)
{
    const int side = info->image_size;
    const gsize pixels = (gsize)side * (gsize)side;
    g_autofree guint8 *gray = NULL;
    if (part == EDT_CANVAS_SOURCE)
        return edt_png_write(path, side, side, edt_canvas_source_channels(info), bytes, NULL, NULL,
                             0, error);
    gray = g_malloc(3 * pixels);
    for (gsize i = 0; i < 3 * pixels; i++)
        gray[i] = bytes[i / 3];
    return edt_png_write(path, side, side, 3, gray, NULL, NULL, 0, error);
}

static gboolean keep(const EdtModelInfo *info, EdtCanvasPart part, const float *numbers,
                     GError **error)
{
    g_autofree char *sha256 = edt_canvas_sha256(info, part, numbers);
    if (!sha256) /* and no folder is made */
        return TRUE;
    g_autofree char *folder = edt_canvas_folder();
    g_autofree char *path = file_of(folder, sha256);
    if (utime(path, NULL) == 0) /* there already, and used again */
        return TRUE;
    g_autofree guint8 *bytes = edt_canvas_to_bytes(info, part, numbers);
    g_autofree float *again = edt_canvas_from_bytes(info, part, bytes);
    g_autofree char *found = edt_canvas_sha256(info, part, again);
    if (strcmp(found, sha256) != 0) {
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_USAGE,
            _("What the picture starts from has no whole bytes and cannot be kept as PNG."));
        return FALSE;
    }
    g_mkdir_with_parents(folder, 0700);
    if (!write_kept(info, part, bytes, path, error))
        return FALSE;
    trim(folder);
    return TRUE;
}

gboolean edt_canvas_keep(const EdtModelInfo *info, const EdtItem *item, GError **error)
{
    return keep(info, EDT_CANVAS_SOURCE, item->source, error) &&
           keep(info, EDT_CANVAS_MASK, item->mask, error);
}

/* The numbers of a file that is what its name says; NULL: it is not there, or another one. */
static float *read_kept(const EdtModelInfo *info, EdtCanvasPart part, const char *path,
                        const char *sha256)
{
    const int stored = part == EDT_CANVAS_MASK ? 3 : edt_canvas_source_channels(info);
    int width, height, channels;
    g_autofree guint8 *bytes = edt_png_read(path, &width, &height, &channels, NULL);

    if (!bytes || width != info->image_size || height != width || channels != stored)
        return NULL;
    for (gsize i = 0; part == EDT_CANVAS_MASK && i < (gsize)width * (gsize)width; i++)
        bytes[i] = bytes[3 * i];
    float *numbers = edt_canvas_from_bytes(info, part, bytes);
    g_autofree char *found = edt_canvas_sha256(info, part, numbers);
    if (strcmp(found, sha256) != 0)
        g_clear_pointer(&numbers, g_free);
    return numbers;
}

static gboolean is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* The files where it may be.  It may be a stranger's record: nothing else may become a path. */
static char **files_of(const char *sha256, const char *beside)
{
    g_autofree char *folder = edt_canvas_folder();
    g_autofree char *own = beside ? g_build_filename(beside, "sources", NULL) : NULL;
    const char *const places[] = {folder, own, beside};
    char **files = g_new0(char *, G_N_ELEMENTS(places) + 1);

    for (gsize i = 0; i < G_N_ELEMENTS(places) && places[i] && is_sha256(sha256); i++)
        files[i] = file_of(places[i], sha256);
    return files;
}

gboolean edt_canvas_is_at(const char *sha256, const char *beside, const char *path)
{
    g_auto(GStrv) files = files_of(sha256, beside);
    char **file = files;
    while (*file && !edt_save_is_same(*file, path))
        file++;
    return *file != NULL;
}

float *edt_canvas_find(const EdtModelInfo *info, EdtCanvasPart part, const char *sha256,
                       const char *beside, GError **error)
{
    g_autofree char *folder = edt_canvas_folder();
    g_auto(GStrv) files = files_of(sha256, beside);
    float *numbers = NULL;

    for (char **file = files; *file && !numbers; file++)
        numbers = read_kept(info, part, *file, sha256);
    if (!numbers)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    part == EDT_CANVAS_SOURCE
                        ? _("The picture that it started from is not here any more (“%s.png” of "
                            "“%s”), or is of another model.")
                        : _("The mask that it was made with is not here any more (“%s.png” of "
                            "“%s”), or is of another model."),
                    sha256, folder);
    return numbers;
}
