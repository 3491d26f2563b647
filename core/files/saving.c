/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What all doors ask of files that are written: names, streams, whether it can be done.  See
 * saving.h; output.c writes.
 */
#include "files/output.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- names ---- */

static const char *extension_of(const char *path)
{
    const char *name = strrchr(path, G_DIR_SEPARATOR), *dot = strrchr(name ? name : path, '.');
    return dot ? dot : path + strlen(path);
}

char *edt_save_name(const char *path, int n)
{
    const char *extension = extension_of(path);
    return n ? g_strdup_printf("%.*s-%d%s", (int)(extension - path), path, n, extension)
             : g_strdup(path);
}

/* ---- streams ---- */

int edt_save_descriptor(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    gint64 number;

    if (strcmp(path, "-") == 0)
        return STDOUT_FILENO;
    for (int i = 0; i < (int)G_N_ELEMENTS(names); i++)
        if (strcmp(path, names[i]) == 0)
            return i;
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
        if (g_str_has_prefix(path, folders[i]) &&
            g_ascii_string_to_signed(path + strlen(folders[i]), 10, 0, G_MAXINT, &number, NULL))
            return (int)number;
    return -1;
}

static gboolean is_pipe(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

gboolean edt_save_is_stream(const char *path)
{
    return edt_save_descriptor(path) >= 0 || is_pipe(path);
}

/* ---- before and at once ---- */

/* A quota or a lost disk may still say no at the end; that is what the history folder is for. */
static gboolean check_room(const char *path, guint64 bytes, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct statvfs disk;

    if (bytes == 0 || statvfs(folder, &disk) != 0 ||
        (guint64)disk.f_bavail * disk.f_frsize >= bytes)
        return TRUE;
    g_autofree char *needed = g_format_size(bytes);
    g_autofree char *there = g_format_size((guint64)disk.f_bavail * disk.f_frsize);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("There is no room for “%s”: about %s are needed, and %s are free. Choose another "
                  "disk, or make room."),
                path, needed, there);
    return FALSE;
}

gboolean edt_save_check(const char *path, EdtWrite write, guint64 bytes, GError **error)
{
    GError *cause = NULL;

    if (edt_save_descriptor(path) >= 0 || (is_pipe(path) && access(path, W_OK) == 0))
        return TRUE;
    EdtOutput *output = edt_output_open(path, write, &cause);
    gboolean ok = output && check_room(path, bytes, &cause);
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
