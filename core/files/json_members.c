/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a general reader of JSON does not tell of an object: what stands behind it, a key that
 * stands twice, and how a value was written.  The text has been read by json-glib already, so that
 * only what that takes comes here; anything else ends the walk.
 */
#include "files/json_text.h"

#include <string.h>

gboolean edt_json_is(JsonNode *node, EdtJsonKind kind)
{
    GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : 0;

    switch (kind) {
    case EDT_JSON_TEXT:
        return type == G_TYPE_STRING;
    case EDT_JSON_INTEGER:
        return type == G_TYPE_INT64;
    case EDT_JSON_NUMBER:
        return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;
    case EDT_JSON_SWITCH:
        return type == G_TYPE_BOOLEAN;
    case EDT_JSON_OBJECT:
        return node && JSON_NODE_HOLDS_OBJECT(node);
    }
    return FALSE;
}

const char *edt_json_member_text(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    return edt_json_is(node, EDT_JSON_TEXT) ? json_node_get_string(node) : NULL;
}

static void skip_string(EdtJsonCursor *c)
{
    for (c->at++; c->at < c->length && c->text[c->at] != '"'; c->at++)
        if (c->text[c->at] == '\\')
            c->at++;
    c->at = MIN(c->at + 1, c->length);
}

/* Up to the comma or bracket behind it. */
static void skip_value(EdtJsonCursor *c)
{
    for (int depth = 0; c->at < c->length;) {
        char letter = c->text[c->at];
        if (letter == '"') {
            skip_string(c);
            continue;
        }
        if (depth == 0 && (letter == ',' || letter == '}'))
            return;
        depth += (letter == '{' || letter == '[') - (letter == '}' || letter == ']');
        c->at++;
    }
}

/* Of the object; free it; NULL at the end.  *value: where it begins, up to c->at. */
static char *next_member(EdtJsonCursor *c, gsize *value)
{
    g_autofree char *key =
        edt_json_accept(c, c->at == 0 ? '{' : ',') ? edt_json_string(c, NULL) : NULL;
    if (!key || !edt_json_accept(c, ':'))
        return NULL;
    while (c->at < c->length && strchr(" \t\r\n", c->text[c->at]))
        c->at++;
    *value = c->at;
    skip_value(c);
    return g_steal_pointer(&key);
}

gboolean edt_json_is_object(const char *json)
{
    EdtJsonCursor c = {.text = json, .length = strlen(json)};
    gsize value;
    char *key;
    while ((key = next_member(&c, &value)))
        g_free(key);
    return c.at > 0 && edt_json_accept(&c, '}') && edt_json_at_end(&c);
}

gboolean edt_json_has_nul(const char *json)
{
    for (const char *c = strchr(json, '\\'); c && c[1]; c = strchr(c + 2, '\\'))
        if (strncmp(c + 1, "u0000", 5) == 0)
            return TRUE;
    return FALSE;
}

static void keys_free(gpointer keys)
{
    if (keys)
        g_hash_table_unref(keys);
}

/* A bracket opens an object, which has keys, or an array (NULL), or closes one. */
static void step_over(EdtJsonCursor *c, GPtrArray *open)
{
    const char letter = c->text[c->at++];
    if (letter == '{')
        g_ptr_array_add(open, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL));
    else if (letter == '[')
        g_ptr_array_add(open, NULL);
    else if ((letter == '}' || letter == ']') && open->len > 0)
        g_ptr_array_remove_index(open, open->len - 1);
}

/* A string before a colon is a key of the innermost object.  A slash is a comment, which json-glib
 * takes. */
char *edt_json_repeated(const char *json)
{
    g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(keys_free);
    EdtJsonCursor c = {.text = json, .length = strlen(json)};
    while (c.at < c.length && json[c.at] != '/') {
        if (json[c.at] != '"') {
            step_over(&c, open);
            continue;
        }
        g_autofree char *text = edt_json_string(&c, NULL);
        if (!text)
            return NULL;
        if (!edt_json_accept(&c, ':'))
            continue;
        GHashTable *keys = open->len ? open->pdata[open->len - 1] : NULL;
        if (!keys)
            return NULL;
        if (g_hash_table_contains(keys, text))
            return g_steal_pointer(&text);
        g_hash_table_add(keys, g_steal_pointer(&text));
    }
    return NULL;
}

char *edt_json_written(const char *json, const char *wanted)
{
    EdtJsonCursor c = {.text = json, .length = strlen(json)};
    gsize value;
    for (;;) {
        g_autofree char *key = next_member(&c, &value);
        if (!key)
            return NULL;
        if (g_str_equal(key, wanted))
            return g_strchomp(g_strndup(json + value, c.at - value));
    }
}
