/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Class names in the user's language; see translations.h.  Called by info.c; written by the trainer
 * (train/class_list.c) from the data set's classes.json.
 */
#include "model/labels.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "edt.h"
#include "files/json_text.h"

static const char *name_of(JsonNode *node)
{
    const char *name = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    return edt_text_fits(name, 1, EDT_CLASS_NAME_MAX) ? name : NULL;
}

static gboolean is_list(JsonNode *node, guint n)
{
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    if (!array || json_array_get_length(array) != n)
        return FALSE;
    for (guint i = 0; i < n; i++)
        if (!name_of(json_array_get_element(array, i)))
            return FALSE;
    return TRUE;
}

/* Traditional Chinese has a script in the lists and a place in the locales. */
static const char *listed_as(const char *language)
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
        const char *language = listed_as(*languages);
        if (strcmp(language, "C") == 0 || g_str_has_prefix(language, "en"))
            return NULL;
        if (json_object_has_member(all, language))
            return json_object_get_array_member(all, language);
    }
    return NULL;
}

gboolean edt_class_labels_read(const char *json, guint n, const char *const *languages,
                               char ***labels)
{
    *labels = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    json_parser_set_strict(parser, TRUE);
    JsonNode *root =
        json_parser_load_from_data(parser, json, -1, NULL) ? json_parser_get_root(parser) : NULL;
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return FALSE;
    JsonObject *all = json_node_get_object(root);
    g_autoptr(GList) lists = json_object_get_values(all);
    for (GList *list = lists; list; list = list->next)
        if (!is_list(list->data, n))
            return FALSE;
    JsonArray *chosen = choose(all, languages);
    if (chosen)
        *labels = g_new0(char *, n + 1);
    for (guint i = 0; chosen && i < n; i++)
        (*labels)[i] = g_strdup(name_of(json_array_get_element(chosen, i)));
    return TRUE;
}
