/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any text as classes.json and styles.json of a folder of pictures.
 */
#include "fuzz.h"
#include "folder.h"
#include "train/class_list.h"
#include "train/style_list.h"

#include <stdlib.h>
#include <unistd.h>

/* Both lists are the input. */
static void put(const uint8_t *data, size_t size)
{
    static gboolean named;
    const char *path = fuzz_file(data, size);
    if (named)
        return;
    g_autofree char *classes = test_file("classes.json"), *styles = test_file("styles.json");
    if (link(path, classes) != 0 || link(path, styles) != 0)
        abort();
    named = TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL, *of_styles = NULL;
    put(data, size);
    g_autoptr(GPtrArray) passed = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) classes = edt_class_list_read(test_folder(), passed, &error);
    g_autofree char *translations = classes ? edt_class_list_translations(classes) : NULL;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) styles =
        edt_style_list_read(test_folder(), classes ? classes : none, &of_styles);
    g_assert_true(!classes == !!error && !styles == !!of_styles);
    fuzz_told(error);
    fuzz_told(of_styles);
    if (styles)
        edt_style_of_file(styles, "ink-2.png");
    return 0;
}
