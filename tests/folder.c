/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See folder.h.
 */
#include "folder.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *folder;
static pid_t owner;

void test_remove(const char *path)
{
    const gboolean link = g_file_test(path, G_FILE_TEST_IS_SYMLINK);
    GDir *dir = link ? NULL : g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        test_remove(inside);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

/* A child that a test forked leaves what is its parent's. */
static void leave(void)
{
    if (getpid() == owner)
        test_remove(folder);
    g_clear_pointer(&folder, g_free);
}

const char *test_folder(void)
{
    if (!folder) {
        GError *error = NULL;
        folder = g_dir_make_tmp("edt-test-XXXXXX", &error);
        g_assert_no_error(error);
        owner = getpid();
        atexit(leave);
    }
    return folder;
}

char *test_file(const char *name)
{
    return g_build_filename(test_folder(), name, NULL);
}
