/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See list_file.h.
 */
#include "train/list_file.h"
#include "edt.h"
#include "files/json_text.h"

gboolean edt_list_file_read(const char *path, const char *name, const char *like, EdtListTake take,
                            GPtrArray *all, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();

    if (!json_parser_load_from_file(parser, path, error)) {
        edt_json_mend_reason(error);
        return FALSE;
    }
    JsonNode *root = json_parser_get_root(parser);
    JsonNode *list = root && JSON_NODE_HOLDS_OBJECT(root)
                         ? json_object_get_member(json_node_get_object(root), name)
                         : NULL;
    JsonArray *array = list && JSON_NODE_HOLDS_ARRAY(list) ? json_node_get_array(list) : NULL;
    gboolean ok = array != NULL;
    for (guint i = 0; ok && i < json_array_get_length(array); i++)
        ok = take(all, json_array_get_element(array, i));
    if (!ok)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” is no list of %s: {\"%s\": [%s, …]}.", path, name, name, like);
    return ok;
}
