/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any text as classes.json and styles.json of a folder of pictures.
 */
#include "fuzz.h"
#include "train/class_list.h"
#include "train/style_list.h"

#include <glib/gstdio.h>
#include <stdlib.h>

static char *folder, *classes_path, *styles_path;

static void remove_folder(void)
{
    g_unlink(classes_path);
    g_unlink(styles_path);
    g_rmdir(folder);
}

static void make_folder(void)
{
    if (folder)
        return;
    folder = g_dir_make_tmp("edt-fuzz-XXXXXX", NULL);
    classes_path = g_build_filename(folder, "classes.json", NULL);
    styles_path = g_build_filename(folder, "styles.json", NULL);
    atexit(remove_folder);
}

static void put(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = g_fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_folder();
    put(classes_path, data, size);
    put(styles_path, data, size);
    g_autoptr(GPtrArray) passed = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) classes = edt_class_list_read(folder, passed, NULL);
    g_autofree char *translations = classes ? edt_class_list_translations(classes) : NULL;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) styles = edt_style_list_read(folder, classes ? classes : none, NULL);
    if (styles)
        edt_style_of_file(styles, "ink-2.png");
    return 0;
}
