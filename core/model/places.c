/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where models live: $EDT_MODEL_PATH (folders or files, ':' between them), then
 * $XDG_DATA_HOME/edt/models, then <datadir>/edt/first-models with the model that is used where no
 * other is asked for.  A model's name is its file name without ".safetensors"; the first place that
 * has it wins, so a user's model hides an installed one.
 */
#include "catalogue.h"

#include "base/installed.h"
#include "saving.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define SUFFIX ".safetensors"

static gboolean is_same_place(gconstpointer a, gconstpointer b)
{
    return edt_save_is_same_place(a, b);
}

/* Takes the path; a place named twice, also by a link, counts where it came first. */
static void add_folder(GPtrArray *folders, char *path)
{
    if (*path && !g_ptr_array_find_with_equal_func(folders, path, is_same_place, NULL))
        g_ptr_array_add(folders, path);
    else
        g_free(path);
}

char *edt_models_own_folder(void)
{
    return g_build_filename(g_get_user_data_dir(), "edt", "models", NULL);
}

char **edt_models_folders(void)
{
    GPtrArray *folders = g_ptr_array_new();
    const char *path = g_getenv("EDT_MODEL_PATH");
    char **entries = g_strsplit(path ? path : "", G_SEARCHPATH_SEPARATOR_S, -1);
    for (int i = 0; entries[i]; i++)
        add_folder(folders, g_strdup(entries[i]));
    g_strfreev(entries);

    add_folder(folders, edt_models_own_folder());
    add_folder(folders, edt_installed_data("edt/first-models"));
    g_ptr_array_add(folders, NULL);
    return (char **)g_ptr_array_free(folders, FALSE);
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

/* The model files of one folder, by name; a folder that cannot be read has none. */
static GPtrArray *models_of_folder(const char *folder)
{
    GPtrArray *paths = g_ptr_array_new();
    GDir *dir = g_dir_open(folder, 0, NULL);
    if (!dir)
        return paths;
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        char *path = g_build_filename(folder, name, NULL);
        if (name[0] != '.' && g_str_has_suffix(name, SUFFIX) &&
            g_file_test(path, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(paths, path);
        else
            g_free(path);
    }
    g_dir_close(dir);
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

static void add_place(GPtrArray *models, const char *place)
{
    if (g_file_test(place, G_FILE_TEST_IS_REGULAR)) {
        g_ptr_array_add(models, g_strdup(place));
        return;
    }
    GPtrArray *found = models_of_folder(place);
    g_ptr_array_extend_and_steal(models, found);
}

char **edt_models_list(void)
{
    GPtrArray *models = g_ptr_array_new();
    char **folders = edt_models_folders();
    for (int i = 0; folders[i]; i++)
        add_place(models, folders[i]);
    g_strfreev(folders);
    g_ptr_array_add(models, NULL);
    return (char **)g_ptr_array_free(models, FALSE);
}

char *edt_model_name(const char *path)
{
    char *base = g_path_get_basename(path);
    if (g_str_has_suffix(base, SUFFIX))
        base[strlen(base) - strlen(SUFFIX)] = '\0';
    return base;
}

/* "edt-s" and "edt-s.safetensors" both name .../edt-s.safetensors. */
static gboolean has_name(const char *path, const char *name, gboolean any_case)
{
    g_autofree char *base = g_path_get_basename(path), *stem = edt_model_name(path);
    int (*compare)(const char *, const char *) = any_case ? g_ascii_strcasecmp : g_strcmp0;
    return compare(base, name) == 0 || compare(stem, name) == 0;
}

static char *pick_named(char **models, const char *name)
{
    for (int any_case = 0; any_case <= 1; any_case++) {
        for (int i = 0; models[i]; i++) {
            if (has_name(models[i], name, any_case))
                return g_strdup(models[i]);
        }
    }
    return NULL;
}

char *edt_models_first(GError **why)
{
    GError *first = NULL;
    char **models = edt_models_list(), *found = NULL;
    for (int i = 0; models[i] && !found; i++) { /* other .safetensors files may lie beside it */
        EdtModelInfo *info = edt_model_info_read(models[i], first ? NULL : &first);
        if (info)
            found = g_strdup(models[i]);
        edt_model_info_free(info);
    }
    if (first && !found)
        g_propagate_error(why, first);
    else
        g_clear_error(&first);
    g_strfreev(models);
    return found;
}

static void explain_none(const GError *reason, GError **error)
{
    const char *advice =
        _("make one with \"edt import CHECKPOINT.pt --vae VAE.safetensors\", or set "
          "EDT_MODEL_PATH to the folder that holds one (\"edt doctor\" shows where "
          "models are looked for)");
    if (reason)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    _("No model was found that can be used: %s\nOtherwise %s."), reason->message,
                    advice);
    else
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("There is no model yet: %s."), advice);
}

static void explain_unknown(char **models, const char *name, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (int i = 0; models[i]; i++) {
        g_autofree char *base = g_path_get_basename(models[i]);
        g_string_append_printf(known, "%s%s", i ? ", " : "", base);
    }
    g_autofree char *folder = edt_models_own_folder();
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("There is no model “%s”: put it into “%s”, or give a path or a name out of those "
                  "found (%s)."),
                name, folder, known->len ? known->str : _("none at all"));
}

static char *find_first(GError **error)
{
    GError *why = NULL;
    char *found = edt_models_first(&why);
    if (!found)
        explain_none(why, error);
    g_clear_error(&why);
    return found;
}

char *edt_models_find(const char *name, GError **error)
{
    if (!name)
        return find_first(error);
    if (g_file_test(name, G_FILE_TEST_IS_REGULAR))
        return g_strdup(name);
    char **models = edt_models_list();
    char *found = pick_named(models, name);
    if (!found)
        explain_unknown(models, name, error);
    g_strfreev(models);
    return found;
}

char *edt_models_find_sha256(const char *sha256)
{
    g_auto(GStrv) models = edt_models_list();
    char *found = NULL;
    for (int i = 0; models[i] && !found; i++) {
        EdtModelInfo *info = edt_model_info_read(models[i], NULL);
        if (info && g_strcmp0(info->sha256, sha256) == 0)
            found = g_strdup(models[i]);
        edt_model_info_free(info);
    }
    return found;
}
