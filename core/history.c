/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of finished pictures.  A file's name begins with the time of its making, so that the
 * order of names is the order of making, also after a copy to another disk.
 */
#include "history.h"
#include "machine.h"

#include <glib/gstdio.h>
#include <stdio.h>

char *edt_history_folder(void)
{
    char *folder = g_build_filename(g_get_user_state_dir(), "edt", "history", NULL);
    g_mkdir_with_parents(folder, 0700);
    return folder;
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)b, *(char *const *)a);
}

#define LATENTS "latents.npy"

/* Pictures, and with them what else is kept here. */
static GPtrArray *list_all(const char *folder, gboolean latents)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        if (name[0] != '.' &&
            (g_str_has_suffix(name, ".png") || (latents && g_str_has_suffix(name, "-" LATENTS))))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(paths, newest_first);
    return paths;
}

char **edt_history_list(int most)
{
    char *folder = edt_history_folder();
    GPtrArray *paths = list_all(folder, FALSE);
    if ((int)paths->len > most)
        g_ptr_array_set_size(paths, most);
    g_ptr_array_add(paths, NULL);
    g_ptr_array_set_free_func(paths, NULL);
    g_free(folder);
    return (char **)g_ptr_array_free(paths, FALSE);
}

void edt_history_trim(int files_max, guint64 bytes_max)
{
    char *folder = edt_history_folder();
    GPtrArray *paths = list_all(folder, TRUE);
    guint64 bytes = 0;
    for (guint i = 0; i < paths->len; i++) {
        GStatBuf file;
        const char *path = g_ptr_array_index(paths, i);
        bytes += g_stat(path, &file) == 0 ? (guint64)file.st_size : 0;
        if (i > 0 && ((int)i >= files_max || bytes > bytes_max))
            g_unlink(path);
    }
    g_ptr_array_unref(paths);
    g_free(folder);
}

/* To the second; NULL: a name of another kind. */
static GDateTime *time_of(const char *path)
{
    int year, month, day, hour, minute, second;
    char *name = g_path_get_basename(path);
    int found = sscanf(name, "%4d%2d%2d-%2d%2d%2d-", &year, &month, &day, &hour, &minute, &second);
    g_free(name);
    return found == 6 ? g_date_time_new_utc(year, month, day, hour, minute, second) : NULL;
}

/* Now; or a second after the newest file, where the clock was set back: a new one would pass for an
 * old one, and be removed as soon as the folder is full. */
static GDateTime *new_time(const char *folder)
{
    GDateTime *now = g_date_time_new_now_utc(), *next = NULL;
    GPtrArray *paths = list_all(folder, TRUE);
    GDateTime *newest = paths->len ? time_of(g_ptr_array_index(paths, 0)) : NULL;
    if (newest && g_date_time_compare(newest, now) > 0)
        next = g_date_time_add(newest, G_TIME_SPAN_SECOND + g_date_time_get_microsecond(now));
    g_clear_pointer(&newest, g_date_time_unref);
    g_ptr_array_unref(paths);
    if (!next)
        return now;
    g_date_time_unref(now);
    return next;
}

/* "20261123-101502-123456-c207-s42.png": two programs at once differ in the microseconds. */
static char *new_path(const char *what)
{
    g_autofree char *folder = edt_history_folder();
    g_autoptr(GDateTime) time = new_time(folder);
    g_autofree char *stamp = g_date_time_format(time, "%Y%m%d-%H%M%S");
    return g_strdup_printf("%s/%s-%06d-%s", folder, stamp, g_date_time_get_microsecond(time), what);
}

char *edt_history_keep(const EdtPicture *picture, const EdtRecord *record, GError **error)
{
    g_autofree char *what = g_strdup_printf("c%d-s%" G_GUINT64_FORMAT ".png",
                                            picture->item.class_index, picture->item.seed);
    g_autofree char *path = new_path(what);
    char *written = NULL;
    edt_picture_save(picture, path, record, EDT_WRITE_NEXT, &written, error);
    return written;
}

char *edt_history_add(const EdtPicture *picture, const EdtRecord *record, GError **error)
{
    char *path = edt_history_keep(picture, record, error);
    if (path)
        edt_history_trim(EDT_HISTORY_FILES_MAX, EDT_HISTORY_BYTES_MAX);
    return path;
}

char *edt_history_keep_latents(const float *values, int rank, const gint64 *shape, GError **error)
{
    g_autofree char *path = new_path(LATENTS);
    char *written = NULL;
    edt_npy_save_as(path, values, rank, shape, EDT_WRITE_NEXT, &written, error);
    return written;
}
