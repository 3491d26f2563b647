/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names as JSON; see names.h.  Read by info.c, written by the trainer (train/class_list.c knows
 * them from the data set's classes.json).
 */
#include "model/names.h"
#include "edt.h"
#include "files/json_text.h"

#include <string.h>

gboolean edt_is_name(const char *name)
{
    return edt_text_fits(name, 1, EDT_CLASS_NAME_MAX);
}

EdtNaming edt_naming_copy(const EdtNaming *naming)
{
    return (EdtNaming){g_strdupv(naming->names), g_strdup(naming->translations)};
}

void edt_naming_clear(EdtNaming *naming)
{
    g_clear_pointer(&naming->names, g_strfreev);
    g_clear_pointer(&naming->translations, g_free);
}

static const char *name_of(JsonNode *node)
{
    const char *name = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    return edt_is_name(name) ? name : NULL;
}

/* The root of strict JSON, or NULL. */
static JsonNode *parse(const char *json)
{
    g_autoptr(JsonParser) parser = json_parser_new();

    json_parser_set_strict(parser, TRUE);
    return json_parser_load_from_data(parser, json, -1, NULL) ? json_parser_steal_root(parser)
                                                              : NULL;
}

/* ---- names ---- */

static char *write_array(JsonArray *array)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(node, array);
    return json_to_string(node, FALSE);
}

char *edt_names_to_json(char *const *names)
{
    JsonArray *array = json_array_new();
    for (; names && *names; names++)
        json_array_add_string_element(array, *names);
    return write_array(array);
}

static gboolean is_list(JsonNode *node)
{
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (guint i = 0; array && i < json_array_get_length(array); i++)
        if (!name_of(json_array_get_element(array, i)))
            return FALSE;
    return array != NULL;
}

static char **copy_names(JsonArray *array)
{
    guint n = json_array_get_length(array);
    char **names = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++)
        names[i] = g_strdup(name_of(json_array_get_element(array, i)));
    return names;
}

char **edt_names_from_json(const char *json)
{
    g_autoptr(JsonNode) root = json ? parse(json) : NULL;
    JsonArray *array = root && is_list(root) ? json_node_get_array(root) : NULL;
    return array && json_array_get_length(array) ? copy_names(array) : NULL;
}

/* ---- in other languages: out ---- */

static JsonArray *names_in(JsonObject *const *names, guint n, const char *language)
{
    g_autoptr(JsonArray) array = json_array_sized_new(n);
    for (guint i = 0; i < n; i++) {
        const char *name =
            names[i] ? edt_json_member_text(names[i], language) : NULL;
        if (!name)
            return NULL;
        json_array_add_string_element(array, name);
    }
    return g_steal_pointer(&array);
}

char *edt_translations_to_json(JsonObject *const *names, guint n)
{
    g_autoptr(GList) languages = n && names[0] ? json_object_get_members(names[0]) : NULL;
    g_autoptr(JsonObject) all = json_object_new();

    for (GList *l = languages; l; l = l->next) {
        JsonArray *array = strcmp(l->data, "en") ? names_in(names, n, l->data) : NULL;
        if (array)
            json_object_set_array_member(all, l->data, array);
    }
    if (json_object_get_size(all) == 0)
        return NULL;
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), all);
    return json_to_string(node, FALSE);
}

/* ---- in ---- */

/* Traditional Chinese has a script in the lists and a place in the locales. */
const char *edt_language_listed(const char *language)
{
    static const char *const places[] = {"zh_TW", "zh_HK", "zh_MO", "zh_Hant"};
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
        if (g_str_has_prefix(language, places[i]))
            return "zh_Hant";
    return language;
}

/* The list of the first language that is known, or NULL for English. */
static JsonArray *choose(JsonObject *all, const char *const *languages)
{
    for (; *languages; languages++) {
        const char *language = edt_language_listed(*languages);
        if (strcmp(language, "C") == 0 || g_str_has_prefix(language, "en"))
            return NULL;
        if (json_object_has_member(all, language))
            return json_object_get_array_member(all, language);
    }
    return NULL;
}

gboolean edt_translations_read(const char *json, guint n, const char *const *languages,
                               char ***labels)
{
    *labels = NULL;
    g_autoptr(JsonNode) root = parse(json);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return FALSE;
    JsonObject *all = json_node_get_object(root);
    g_autoptr(GList) lists = json_object_get_values(all);
    for (GList *list = lists; list; list = list->next)
        if (!is_list(list->data) || json_array_get_length(json_node_get_array(list->data)) != n)
            return FALSE;
    JsonArray *chosen = choose(all, languages);
    if (chosen)
        *labels = copy_names(chosen);
    return TRUE;
}
