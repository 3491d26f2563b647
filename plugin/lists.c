/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-in-edt-classes and plug-in-edt-models: what a script may ask for.
 */
#include "plugin/lists.h"
#include "catalogue.h"
#include "plugin/answer.h"
#include "session/order.h"

static void add_class(const EdtModelInfo *info, int index, GPtrArray *numbers, GPtrArray *names)
{
    g_ptr_array_add(numbers, g_strdup_printf("%d", index));
    g_ptr_array_add(names, edt_class_name(info, index));
}

/* Takes the array and the strings in it. */
static void return_strings(GimpValueArray *values, int place, GPtrArray *strings)
{
    g_ptr_array_add(strings, NULL);
    GIMP_VALUES_TAKE_STRV(values, place, (char **)g_ptr_array_free(strings, FALSE));
}

static GimpValueArray *class_values(GimpProcedure *procedure, const EdtModelInfo *info,
                                    const char *search)
{
    GPtrArray *numbers = g_ptr_array_new(), *names = g_ptr_array_new();
    GPtrArray *styles = g_ptr_array_new();
    gboolean all = !search || !*search;
    int *matches = all ? NULL : edt_class_search(info, search);
    for (int i = 0; all && i < info->n_classes; i++)
        add_class(info, i, numbers, names);
    for (int i = 0; matches && matches[i] >= 0; i++)
        add_class(info, matches[i], numbers, names);
    for (int i = 0; i < info->n_styles; i++)
        g_ptr_array_add(styles, edt_style_name(info, i));
    GimpValueArray *values = gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, NULL);
    return_strings(values, 1, numbers);
    return_strings(values, 2, names);
    return_strings(values, 3, styles);
    g_free(matches);
    return values;
}

GimpValueArray *edt_plugin_classes(GimpProcedure *procedure, GimpProcedureConfig *config)
{
    char *search = NULL, *model = NULL;
    GError *error = NULL;
    g_object_get(config, "search", &search, "model", &model, NULL);
    char *path = edt_order_model(model, &error);
    EdtModelInfo *info = path ? edt_model_info_read(path, &error) : NULL;
    GimpValueArray *values =
        info ? class_values(procedure, info, search) : edt_answer_failed(procedure, error);
    edt_model_info_free(info);
    g_free(path);
    g_free(search);
    g_free(model);
    return values;
}

GimpValueArray *edt_plugin_models(GimpProcedure *procedure, GimpProcedureConfig *config)
{
    char **found = edt_models_list();
    GPtrArray *paths = g_ptr_array_new(), *titles = g_ptr_array_new();
    GPtrArray *sizes = g_ptr_array_new();
    for (int i = 0; found[i]; i++) {
        EdtModelInfo *info = edt_model_info_read(found[i], NULL);
        if (info) { /* other files may lie in the folder */
            g_ptr_array_add(paths, g_strdup(found[i]));
            g_ptr_array_add(titles, g_strdup(edt_model_info_title(info)));
            g_ptr_array_add(sizes, g_strdup_printf("%d", info->image_size));
        }
        edt_model_info_free(info);
    }
    GimpValueArray *values = gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, NULL);
    return_strings(values, 1, paths);
    return_strings(values, 2, titles);
    return_strings(values, 3, sizes);
    g_strfreev(found);
    return values;
}
