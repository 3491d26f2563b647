/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See list_file.h.
 */
#include "train/list_file.h"
#include "edt.h"
#include "files/json_text.h"
#include "settings.h"

#include <string.h>

JsonObject *edt_list_file_object(JsonObject *element, const char *member)
{
    JsonNode *node = json_object_get_member(element, member);
    return edt_json_is(node, EDT_JSON_OBJECT) ? json_node_dup_object(node) : NULL;
}

static gboolean check_members(const char *path, const EdtListKind *list, guint index,
                              JsonObject *element, GError **error)
{
    static const char *const kinds[] = {[EDT_JSON_TEXT] = "a text",
                                        [EDT_JSON_INTEGER] = "an integer",
                                        [EDT_JSON_NUMBER] = "a number",
                                        [EDT_JSON_SWITCH] = "true or false",
                                        [EDT_JSON_OBJECT] = "an object"};

    for (const EdtListMember *m = list->members; m->name; m++) {
        JsonNode *node = json_object_get_member(element, m->name);
        if (node && !JSON_NODE_HOLDS_NULL(node) ? edt_json_is(node, m->kind) : !m->needed)
            continue;
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s”: number %u of its %s must have a “%s” that is %s.", path, index + 1,
                    list->name, m->name, kinds[m->kind]);
        return FALSE;
    }
    return TRUE;
}

static gboolean refuse(const char *path, const char *why, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, "“%s” cannot be read as a list: %s.", path,
                why);
    return FALSE;
}

/* A pipe would never answer, and what stands behind a NUL is not to be lost. */
static gboolean load(JsonParser *parser, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL, *repeated = NULL;
    gsize length;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return refuse(path, "it is no file", error);
    if (!g_file_get_contents(path, &text, &length, &cause))
        return refuse(path, cause->message, error);
    if (strlen(text) != length || edt_json_has_nul(text))
        return refuse(path, "it has a character 0 in it", error);
    const char *json = edt_text_begin(text);
    if (!json_parser_load_from_data(parser, json, -1, &cause)) {
        edt_json_mend_reason(&cause);
        return refuse(path, cause->message, error);
    }
    repeated = edt_json_repeated(json);
    if (!repeated)
        return TRUE;
    g_autofree char *why = g_strdup_printf("it says “%s” twice", repeated);
    return refuse(path, why, error);
}

gboolean edt_list_file_read(const char *path, const EdtListKind *kind, GPtrArray *all,
                            GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();

    if (!load(parser, path, error))
        return FALSE;
    JsonNode *root = json_parser_get_root(parser);
    JsonNode *list = root && JSON_NODE_HOLDS_OBJECT(root)
                         ? json_object_get_member(json_node_get_object(root), kind->name)
                         : NULL;
    JsonArray *array = list && JSON_NODE_HOLDS_ARRAY(list) ? json_node_get_array(list) : NULL;
    gboolean ok = array != NULL;
    for (guint i = 0; ok && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        JsonObject *element = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        if (element && !check_members(path, kind, i, element, error))
            return FALSE;
        ok = element && kind->take(all, element);
    }
    if (!ok)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” is no list of %s: {\"%s\": [%s, …]}.", path, kind->name, kind->name,
                    kind->like);
    return ok;
}
