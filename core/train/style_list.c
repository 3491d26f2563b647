/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which styles a folder of pictures has; see style_list.h.  Next: pictures.c.
 */
#include "train/style_list.h"
#include "edt.h"
#include "model/names.h"
#include "train/class_list.h"
#include "train/list_file.h"
#include "files/picture_file.h"

#include <string.h>

#define SHARE_MAX 1000

static void style_free(gpointer data)
{
    EdtStyleEntry *style = data;
    g_free(style->name);
    g_free(style->prefix);
    g_clear_pointer(&style->labels, json_object_unref);
    g_free(style);
}

static EdtStyleEntry *add_style(GPtrArray *styles, const char *name, const char *prefix)
{
    EdtStyleEntry *style = g_new0(EdtStyleEntry, 1);
    *style = (EdtStyleEntry){g_strdup(name), g_strdup(prefix), 1, NULL};
    g_ptr_array_add(styles, style);
    return style;
}

/* ---- without a list: the sub-folders ---- */

static void add_folders(GPtrArray *styles, const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL); /* who lists the pictures says what is wrong with it */
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *sub = g_build_filename(path, name, NULL);
        if (!edt_picture_is_leaving(name) && edt_style_of_folder(styles, name) < 0 &&
            g_file_test(sub, G_FILE_TEST_IS_DIR) && !edt_is_run(sub) &&
            edt_picture_file_directly_in(sub))
            add_style(styles, name, name);
    }
    if (dir)
        g_dir_close(dir);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(EdtStyleEntry *const *)a)->name, (*(EdtStyleEntry *const *)b)->name);
}

static gboolean from_folders(const char *folder, const GPtrArray *classes, GPtrArray *styles)
{
    for (guint i = 0; i < classes->len; i++) {
        const EdtClassEntry *class = classes->pdata[i];
        g_autofree char *path = g_build_filename(folder, class->folder, NULL);
        add_folders(styles, path);
    }
    g_ptr_array_sort(styles, by_name);
    return TRUE;
}

/* ---- styles.json ---- */

static gboolean take_style(GPtrArray *styles, JsonObject *object)
{
    const char *name = json_object_get_string_member(object, "name");
    EdtStyleEntry *style =
        add_style(styles, name, json_object_get_string_member_with_default(object, "prefix", name));
    style->share = json_object_get_double_member_with_default(object, "share", 1);
    style->labels = edt_list_file_object(object, "labels");
    return TRUE;
}

static const EdtListKind kind = {"styles", "{\"name\": …}",
                                 (const EdtListMember[]){{"name", EDT_JSON_TEXT, TRUE},
                                                         {"prefix", EDT_JSON_TEXT, FALSE},
                                                         {"share", EDT_JSON_NUMBER, FALSE},
                                                         {"labels", EDT_JSON_OBJECT, FALSE},
                                                         {NULL, 0, FALSE}},
                                 take_style};

/* ---- what a model can hold, said before hours of training ---- */

/* The first of its names that is none, or NULL. */
static const char *bad_name(const EdtStyleEntry *style)
{
    g_autoptr(GList) languages = style->labels ? json_object_get_members(style->labels) : NULL;
    if (!edt_is_name(style->name) || !*style->prefix)
        return style->name;
    for (GList *l = languages; l; l = l->next) {
        const char *label = edt_json_member_text(style->labels, l->data);
        if (!edt_is_name(label))
            return label ? label : l->data;
    }
    return NULL;
}

static gboolean check(const GPtrArray *styles, const char *folder, GError **error)
{
    if (styles->len > EDT_STYLES_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” holds %u styles; a model can have %d.", folder, styles->len,
                    EDT_STYLES_MAX);
        return FALSE;
    }
    for (guint i = 0; i < styles->len; i++) {
        const EdtStyleEntry *style = styles->pdata[i];
        const char *bad = bad_name(style);
        if (!(style->share >= 0 && style->share <= SHARE_MAX)) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                        "“%s”: the share of the style “%s” must be from 0 to %d.", folder,
                        style->name, SHARE_MAX);
            return FALSE;
        }
        gboolean twice = edt_style_of_folder(styles, style->name) != (int)i;
        if (!bad && !twice)
            continue;
        g_autofree char *shown = g_utf8_make_valid(bad ? bad : style->name, -1);
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    bad ? "“%s” has a style that cannot be named so: “%s”. A name is UTF-8 without "
                          "control characters, of 1 to %d bytes."
                        : "“%s” names the style “%s” twice; names are of 1 to %d bytes.",
                    folder, shown, EDT_CLASS_NAME_MAX);
        return FALSE;
    }
    return TRUE;
}

GPtrArray *edt_style_list_read(const char *folder, const GPtrArray *classes, GError **error)
{
    g_autofree char *json = g_build_filename(folder, "styles.json", NULL);
    g_autoptr(GPtrArray) styles = g_ptr_array_new_with_free_func(style_free);
    gboolean ok = g_file_test(json, G_FILE_TEST_EXISTS)
                      ? edt_list_file_read(json, &kind, styles, error)
                      : from_folders(folder, classes, styles);

    return ok && check(styles, folder, error) ? g_steal_pointer(&styles) : NULL;
}

/* ---- of a picture ---- */

int edt_style_of_folder(const GPtrArray *styles, const char *name)
{
    for (guint i = 0; i < styles->len; i++)
        if (strcmp(((const EdtStyleEntry *)styles->pdata[i])->name, name) == 0)
            return (int)i;
    return -1;
}

/* "ink-2.png" begins with "ink"; "inkling.png" does not.  Of several the longest prefix counts. */
int edt_style_of_file(const GPtrArray *styles, const char *name)
{
    gsize longest = 0;
    int found = -1;

    for (guint i = 0; i < styles->len; i++) {
        const char *prefix = ((const EdtStyleEntry *)styles->pdata[i])->prefix;
        gsize length = strlen(prefix);
        if (length > longest && g_str_has_prefix(name, prefix) && strchr("-_. ", name[length])) {
            longest = length;
            found = (int)i;
        }
    }
    return found;
}
