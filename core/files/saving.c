/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What all doors ask of files that are written: whether it can be done, and bytes at once.  See
 * saving.h; output.c writes.
 */
#include "files/output.h"

#include <glib/gi18n-lib.h>
#include <sys/statvfs.h>
#include <unistd.h>

gboolean edt_save_room(const struct statvfs *disk, guint64 *bytes)
{
    *bytes = (guint64)disk->f_bavail * disk->f_frsize;
    return disk->f_blocks > 0;
}

/* A quota or a lost disk may still say no at the end; that is what the history folder is for. */
static gboolean check_room(const char *path, guint64 bytes, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct statvfs disk;
    guint64 free;

    if (bytes == 0 || statvfs(folder, &disk) != 0 || !edt_save_room(&disk, &free) || free >= bytes)
        return TRUE;
    g_autofree char *needed = g_format_size(bytes);
    g_autofree char *there = g_format_size(free);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("There is no room for “%s”: about %s are needed, and %s are free. Choose another "
                  "disk, or make room."),
                path, needed, there);
    return FALSE;
}

gboolean edt_save_check(const char *path, EdtWrite write, guint64 bytes, GError **error)
{
    GError *cause = NULL;
    gboolean stream = edt_save_is_stream(path);

    if (stream && edt_save_descriptor(path) < 0 && access(path, W_OK) == 0)
        return TRUE; /* opening a pipe waits for its reader */
    EdtOutput *output = edt_output_open(path, write, &cause);
    gboolean ok = output && (stream || check_room(path, bytes, &cause));
    edt_output_abandon(output);
    if (!ok) {
        cause->code = EDT_ERROR_USAGE; /* whoever chose the name can choose another */
        g_propagate_error(error, cause);
    }
    return ok;
}

gboolean edt_save_bytes(const char *path, const void *data, gsize bytes, EdtWrite write,
                        char **written, GError **error)
{
    EdtOutput *output = edt_output_open(path, write, error);
    if (!output)
        return FALSE;
    fwrite(data, 1, bytes, edt_output_stream(output)); /* a failure shows when committing */
    return edt_output_commit_as(output, written, error);
}
