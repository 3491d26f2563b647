/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a path says of a file to be written: its next name, and whether it is a stream.  See
 * saving.h.  Next: output.c.
 */
#include "files/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

gboolean edt_save_is_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

gboolean edt_save_is_same_place(const char *a, const char *b)
{
    g_autofree char *whole = edt_save_place(a), *other = edt_save_place(b);
    return g_str_equal(whole, other) || edt_save_is_same(a, b);
}

char *edt_save_place(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
    g_autofree char *real = realpath(folder, NULL); /* NULL: it is yet to be made */
    g_autofree char *whole = g_canonicalize_filename(real ? real : folder, NULL);
    return g_build_filename(whole, name, NULL);
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

gboolean edt_save_is_stdout(const char *path)
{
    return edt_save_descriptor(path) == STDOUT_FILENO;
}

gboolean edt_save_is_stream(const char *path)
{
    return edt_save_descriptor(path) >= 0 || is_pipe(path);
}
