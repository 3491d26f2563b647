/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See latents_list.h.
 */
#include "train/latents_list.h"

#include <json-glib/json-glib.h>

#define NAME "complete.json"

static int count_files(const char *folder, const char *part)
{
    g_autofree char *path = g_build_filename(folder, part, NULL);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    int count = 0;

    while (dir && (name = g_dir_read_name(dir)))
        count += g_str_has_suffix(name, ".npy");
    if (dir)
        g_dir_close(dir);
    return count;
}

gboolean edt_latents_list_write(const char *folder, GHashTable *bad, GError **error)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    g_autofree char *path = g_build_filename(folder, NAME, NULL);
    GHashTableIter iter;
    gpointer why;

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "latents");
    json_builder_add_int_value(b, count_files(folder, "imagenet_features"));
    json_builder_set_member_name(b, "skipped");
    json_builder_begin_array(b);
    g_hash_table_iter_init(&iter, bad);
    while (g_hash_table_iter_next(&iter, NULL, &why)) {
        g_autofree char *text = g_utf8_make_valid(why, -1); /* a file name may be any bytes */
        json_builder_add_string_value(b, text);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    g_autofree char *json = json_to_string(root, FALSE);
    return g_file_set_contents(path, json, -1, error);
}

static void add_texts(JsonArray *array, GPtrArray *texts)
{
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *text = json_array_get_element(array, i);
        if (JSON_NODE_HOLDS_VALUE(text) && json_node_get_value_type(text) == G_TYPE_STRING)
            g_ptr_array_add(texts, json_node_dup_string(text));
    }
}

gboolean edt_latents_list_read(const char *folder, GPtrArray *skipped)
{
    g_autofree char *path = g_build_filename(folder, NAME, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root, *count, *list;

    if (!json_parser_load_from_file(parser, path, NULL))
        return FALSE;
    root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root))
        return FALSE;
    count = json_object_get_member(json_node_get_object(root), "latents");
    list = json_object_get_member(json_node_get_object(root), "skipped");
    if (!count || !JSON_NODE_HOLDS_VALUE(count) || !list || !JSON_NODE_HOLDS_ARRAY(list))
        return FALSE;
    if (json_node_get_int(count) != count_files(folder, "imagenet_features") ||
        json_node_get_int(count) != count_files(folder, "imagenet_labels"))
        return FALSE;
    if (skipped)
        add_texts(json_node_get_array(list), skipped);
    return TRUE;
}
