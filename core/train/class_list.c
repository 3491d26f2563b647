/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which classes a folder of pictures has; see class_list.h.  Next: pictures.c.
 */
#include "train/class_list.h"
#include "edt.h"
#include "model/names.h"
#include "train/list_file.h"
#include "files/picture_file.h"

#include <string.h>

static void class_free(gpointer data)
{
    EdtClassEntry *class = data;
    g_free(class->name);
    g_free(class->folder);
    g_clear_pointer(&class->names, json_object_unref);
    g_free(class);
}

static EdtClassEntry *add_class(GPtrArray *classes, const char *name, const char *folder)
{
    EdtClassEntry *class = g_new0(EdtClassEntry, 1);
    *class = (EdtClassEntry){g_strdup(name), g_strdup(folder), TRUE, TRUE, NULL};
    g_ptr_array_add(classes, class);
    return class;
}

static gint by_folder(gconstpointer a, gconstpointer b)
{
    return strcmp((*(EdtClassEntry *const *)a)->folder, (*(EdtClassEntry *const *)b)->folder);
}

static gboolean is_number(const char *name)
{
    return *name && !name[strspn(name, "0123456789")];
}

/* "2" before "10". */
static gint by_number(gconstpointer a, gconstpointer b)
{
    const char *one = (*(EdtClassEntry *const *)a)->folder;
    const char *two = (*(EdtClassEntry *const *)b)->folder;
    const char *x = one + strspn(one, "0"), *y = two + strspn(two, "0");
    gsize n = strlen(x), m = strlen(y);
    int order = n != m ? (n > m) - (n < m) : strcmp(x, y);
    return order ? order : strcmp(one, two);
}

/* As they are in a folder, or, where all are numbers, as those count. */
static void sort_classes(GPtrArray *classes)
{
    gboolean numbers = TRUE;
    for (guint i = 0; i < classes->len; i++)
        numbers = numbers && is_number(((const EdtClassEntry *)classes->pdata[i])->folder);
    g_ptr_array_sort(classes, numbers ? by_number : by_folder);
}

/* "checkpoint-1.safetensors", too: the name may have been taken. */
static gboolean is_kept(const char *name)
{
    return (g_str_has_prefix(name, "checkpoint") || g_str_has_prefix(name, "model")) &&
           g_str_has_suffix(name, ".safetensors");
}

gboolean edt_is_run(const char *folder)
{
    g_autofree char *log = g_build_filename(folder, "log.jsonl", NULL);
    g_autoptr(GDir) dir = g_file_test(log, G_FILE_TEST_EXISTS) ? g_dir_open(folder, 0, NULL) : NULL;
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        if (is_kept(name))
            return TRUE;
    return FALSE;
}

static gboolean from_folders(const char *folder, GPtrArray *classes, GPtrArray *passed,
                             GError **error)
{
    GDir *dir = g_dir_open(folder, 0, error);
    const char *name;

    if (dir == NULL)
        return FALSE;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (*name == '.' || !g_file_test(path, G_FILE_TEST_IS_DIR))
            continue;
        g_autofree char *why = NULL;
        if (edt_picture_is_leaving(name))
            g_ptr_array_add(
                passed, g_strdup_printf("%s: left by an archive or a system, not a class", name));
        else if (edt_is_run(path))
            g_ptr_array_add(passed, g_strdup_printf("%s: the folder of a run, not a class", name));
        else if (edt_picture_file_in(path, &why))
            add_class(classes, name, name);
        else /* of an archive, a thumbnailer or an indexer */
            g_ptr_array_add(passed, g_strdup_printf("%s: a folder without pictures%s%s", name,
                                                    why ? "; " : "", why ? why : ""));
    }
    g_dir_close(dir);
    sort_classes(classes);
    return TRUE;
}

static gboolean take_class(GPtrArray *classes, JsonObject *object)
{
    const char *folder = json_object_get_string_member(object, "folder");
    if (!*folder || strchr(folder, G_DIR_SEPARATOR) || g_str_equal(folder, ".") ||
        g_str_equal(folder, ".."))
        return FALSE;
    EdtClassEntry *class = add_class(
        classes, json_object_get_string_member_with_default(object, "concept", folder), folder);
    class->mirror = json_object_get_boolean_member_with_default(object, "mirror", TRUE);
    class->recolour = json_object_get_boolean_member_with_default(object, "recolour", TRUE);
    class->names = edt_list_file_object(object, "names");
    return TRUE;
}

/* {"classes": [{"folder": ..., "concept": name, "mirror": bool, "recolour": bool, "names": {...}},
 * ...]} */
static const EdtListKind kind = {"classes", "{\"folder\": …}",
                                 (const EdtListMember[]){{"folder", EDT_JSON_TEXT, TRUE},
                                                         {"concept", EDT_JSON_TEXT, FALSE},
                                                         {"mirror", EDT_JSON_SWITCH, FALSE},
                                                         {"recolour", EDT_JSON_SWITCH, FALSE},
                                                         {"names", EDT_JSON_OBJECT, FALSE},
                                                         {NULL, 0, FALSE}},
                                 take_class};

/* ---- what a model can hold, said before hours of training ---- */

/* The first of its names that is none, or NULL. */
static const char *bad_name(const EdtClassEntry *class)
{
    g_autoptr(GList) languages = class->names ? json_object_get_members(class->names) : NULL;
    if (!edt_is_name(class->name))
        return class->name;
    for (GList *l = languages; l; l = l->next) {
        const char *name = edt_json_member_text(class->names, l->data);
        if (!edt_is_name(name))
            return name ? name : l->data;
    }
    return NULL;
}

/* The folder or name that two have, and what to do; or NULL.  One of them would never be chosen, or
 * learn what the other learns. */
static char *find_twice(const GPtrArray *classes)
{
    g_autoptr(GHashTable) folders = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < classes->len; i++) {
        const EdtClassEntry *class = classes->pdata[i];
        const gboolean folder = !g_hash_table_add(folders, class->folder);
        if (folder || !g_hash_table_add(names, class->name)) {
            g_autofree char *shown = g_utf8_make_valid(folder ? class->folder : class->name, -1);
            return folder
                       ? g_strdup_printf("folder “%s”. Leave one of them out.", shown)
                       : g_strdup_printf("name “%s”. Give one of them another \"concept\".", shown);
        }
    }
    return NULL;
}

static gboolean check(const GPtrArray *classes, const char *folder, GError **error)
{
    if (classes->len > EDT_CLASSES_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” holds %u classes; a model can have %d.", folder, classes->len,
                    EDT_CLASSES_MAX);
        return FALSE;
    }
    g_autofree char *twice = find_twice(classes);
    if (twice) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, "“%s” has two classes with the same %s",
                    folder, twice);
        return FALSE;
    }
    for (guint i = 0; i < classes->len; i++) {
        const char *bad = bad_name(classes->pdata[i]);
        if (bad == NULL)
            continue;
        g_autofree char *shown = g_utf8_make_valid(bad, -1);
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” has a class that cannot be named so: “%s”. A name is UTF-8 without "
                    "control characters, of 1 to %d bytes.",
                    folder, shown, EDT_CLASS_NAME_MAX);
        return FALSE;
    }
    return TRUE;
}

GPtrArray *edt_class_list_read(const char *folder, GPtrArray *passed, GError **error)
{
    g_autofree char *json = g_build_filename(folder, "classes.json", NULL);
    GPtrArray *classes = g_ptr_array_new_with_free_func(class_free);
    gboolean good = g_file_test(json, G_FILE_TEST_EXISTS)
                        ? edt_list_file_read(json, &kind, classes, error)
                        : from_folders(folder, classes, passed, error);
    if (good && check(classes, folder, error))
        return classes;
    g_ptr_array_unref(classes);
    return NULL;
}

char *edt_class_list_translations(const GPtrArray *classes)
{
    g_autofree JsonObject **names = g_new(JsonObject *, classes->len);
    for (guint i = 0; i < classes->len; i++)
        names[i] = ((const EdtClassEntry *)classes->pdata[i])->names;
    return edt_translations_to_json(names, classes->len);
}
