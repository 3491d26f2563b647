/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A folder for what a test program writes.
 */
#pragma once

#include <glib.h>

/* Made at the first call, removed with all that is in it when the program ends well. */
const char *test_folder(void);
char *test_file(const char *name); /* a path in it; free with g_free() */

/* A file or a folder with all that is in it; links in it are removed, not followed. */
void test_remove(const char *path);
