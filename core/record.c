/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The record: how a picture was made, as one JSON object.  It travels in the PNG (picture.c) and in
 * the layer's parasite, and a dialog or `edt sample --from` starts again from it.  Numbers are
 * written and read the same in every locale.  A record may come from a stranger's picture, so
 * reading one trusts nothing.
 */
#include "record.h"
#include "canvas.h"
#include "catalogue.h"
#include "settings.h"
#include "files/json_text.h"

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define RECORD_BYTES_MAX (64 * 1024)

/* What a record says beside settings: rows with offsets in EdtRecord. */
#define FACT(field) .offset = offsetof(EdtRecord, field)
static const struct {
    const char *before; /* the setting that it stands before; NULL: at the end */
    EdtSetting row;
} facts[] = {
    {"class", {"edt", EDT_SETTING_TEXT, FACT(version)}},
    {"class", {"model", EDT_SETTING_TEXT, FACT(model)}},
    {"class", {"variant", EDT_SETTING_TEXT, FACT(variant)}},
    {"class", {"model_sha256", EDT_SETTING_TEXT, FACT(model_sha256)}},
    {"style", {"class_name", EDT_SETTING_TEXT, FACT(class_name)}},
    {"seed", {"style_name", EDT_SETTING_TEXT, FACT(style_name)}},
    {"sampler", {"steps_done", EDT_SETTING_WHOLE, FACT(steps_done), .most = G_MAXINT}},
    {"freedom", {"source", EDT_SETTING_TEXT, FACT(source)}},
    {"freedom", {"mask", EDT_SETTING_TEXT, FACT(mask)}},
    {NULL, {"init_latent", EDT_SETTING_FLAG, FACT(foreign_noise)}},
    {NULL, {"precision", EDT_SETTING_WORD, FACT(precision), .words = edt_precision_words}},
    {NULL, {"backend", EDT_SETTING_TEXT, FACT(backend)}},
    {NULL, {"size", EDT_SETTING_WHOLE, FACT(size), .most = G_MAXINT}},
};

static gpointer fact_field(gsize i, const EdtRecord *record)
{
    return (char *)record + facts[i].row.offset;
}

gboolean edt_record_knows(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++)
        if (strcmp(facts[i].row.name, name) == 0)
            return TRUE;
    return edt_setting_named(name) != NULL;
}

void edt_record_free(EdtRecord *record)
{
    if (!record)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++)
        if (facts[i].row.kind == EDT_SETTING_TEXT)
            g_free(*(char **)fact_field(i, record));
    g_free(record->unknown);
    g_free(record);
}

/* ---- of a picture ---- */

/* The settings of a request, without what belongs to the caller. */
static EdtRequest settings_of(const EdtRequest *request)
{
    EdtRequest settings = *request;
    settings.items = NULL;
    settings.n_items = 0;
    settings.init_latent = NULL;
    return settings;
}

/* The settings of an item, without what belongs to the caller. */
static EdtItem item_of(const EdtItem *item)
{
    EdtItem settings = *item;
    settings.source = NULL;
    settings.mask = NULL;
    return settings;
}

EdtRecord *edt_record_new(const EdtEngine *engine, const EdtRequest *request,
                          const EdtPicture *picture)
{
    const EdtModelInfo *info = edt_engine_info(engine);
    EdtRecord *record = g_new(EdtRecord, 1);
    *record = (EdtRecord){
        .request = settings_of(request),
        .item = item_of(&picture->item),
        .named = G_MAXUINT64,
        .version = g_strdup(EDT_VERSION),
        .model = g_strdup(edt_model_info_title(info)),
        .variant = g_strdup(info->variant),
        .model_sha256 = g_strdup(info->sha256),
        .class_name = edt_class_name(info, picture->item.class_index),
        .style_name =
            picture->item.style == EDT_STYLE_ANY ? NULL : edt_style_name(info, picture->item.style),
        .backend = g_strdup(edt_engine_backend(engine)),
        .source = edt_canvas_sha256(info, EDT_CANVAS_SOURCE, picture->item.source),
        .mask = edt_canvas_sha256(info, EDT_CANVAS_MASK, picture->item.mask),
        .steps_done = picture->steps_done,
        .size = info->image_size,
        .precision = edt_engine_precision(engine),
        .foreign_noise = request->init_latent != NULL,
    };
    return record;
}

/* ---- writing ---- */

static void add_member(GString *json, const EdtSetting *row, gconstpointer field)
{
    g_autofree char *text = edt_setting_write(row, field);
    g_string_append_printf(json, "%s\"%s\":", json->len > 1 ? "," : "", row->name);
    if (edt_setting_is_text(row))
        edt_json_quote(json, text);
    else
        g_string_append(json, text);
}

/* Those that are known, and flags that are set. */
static void add_facts(GString *json, const EdtRecord *record, const char *before)
{
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
        gconstpointer field = fact_field(i, record);
        gboolean absent = (facts[i].row.kind == EDT_SETTING_TEXT && !*(char *const *)field) ||
                          (facts[i].row.kind == EDT_SETTING_FLAG && !*(const gboolean *)field);
        if (g_strcmp0(facts[i].before, before) == 0 && !absent)
            add_member(json, &facts[i].row, field);
    }
}

char *edt_record_write(const EdtRecord *record)
{
    GString *json = g_string_new("{");
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        gconstpointer field = edt_setting_field(&settings[i], &record->request, &record->item);
        add_facts(json, record, settings[i].name);
        if (!edt_setting_is_usual(&settings[i], field))
            add_member(json, &settings[i], field);
    }
    add_facts(json, record, NULL);
    g_string_append_c(json, '}');
    return g_string_free(json, FALSE);
}

/* ---- reading ---- */

static gboolean refuse(GError **error, const char *json, const char *key, const char *expected)
{
    g_autofree char *written = edt_json_written(json, key);
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The record's \"%s\" must be %s, not %s: correct it, or give the settings by "
                  "hand."),
                key, expected, written ? written : _("missing"));
    return FALSE;
}

static JsonObject *parse_object(JsonParser *parser, const char *json, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (strlen(json) > RECORD_BYTES_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("The record is longer than %d bytes: it is not one of ours."),
                    RECORD_BYTES_MAX);
        return NULL;
    }
    if (!json_parser_load_from_data(parser, json, -1, &cause)) {
        edt_json_mend_reason(&cause);
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("The record is not valid JSON: %s."),
                    cause->message);
        return NULL;
    }
    if (edt_json_has_nul(json)) {
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                            _("The record has \\u0000 in it, which no text may have."));
        return NULL;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root) || !edt_json_is_object(json)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("The record must be one JSON object, {\"class\": 207, \"seed\": 7, ...}."));
        return NULL;
    }
    g_autofree char *repeated = edt_json_repeated(json);
    if (repeated) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("The record says \"%s\" twice: leave one of them out."), repeated);
        return NULL;
    }
    return json_node_get_object(root);
}

/* 25.0, as other programs write it; from 2^53 on it may have been another number. */
static gboolean is_whole(JsonNode *node)
{
    double value = json_node_get_double(node);
    return value == floor(value) && fabs(value) < 9007199254740992.0;
}

/* The type that a value of this kind has in JSON; a whole number is a number too. */
static gboolean has_type(EdtSettingKind kind, GType type)
{
    switch (kind) {
    case EDT_SETTING_WHOLE:
    case EDT_SETTING_WIDE:
        return type == G_TYPE_INT64;
    case EDT_SETTING_NUMBER:
        return type == G_TYPE_DOUBLE || type == G_TYPE_INT64;
    case EDT_SETTING_FLAG:
        return type == G_TYPE_BOOLEAN;
    case EDT_SETTING_WORD:
    case EDT_SETTING_TEXT:
    case EDT_SETTING_SPAN:
        return type == G_TYPE_STRING;
    case EDT_SETTING_MIX:
    case EDT_SETTING_VARIATION:
        return type == JSON_TYPE_ARRAY;
    }
    return FALSE;
}

static char *text_of(JsonNode *node, GType type)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    if (type == G_TYPE_INT64)
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    if (type == G_TYPE_DOUBLE)
        return g_strdup(g_ascii_dtostr(number, sizeof number, json_node_get_double(node)));
    if (type == JSON_TYPE_ARRAY)
        return json_to_string(node, FALSE);
    if (type == G_TYPE_BOOLEAN)
        return g_strdup(json_node_get_boolean(node) ? "true" : "false");
    return json_node_dup_string(node);
}

static gboolean take_member(JsonNode *node, const EdtSetting *row, gpointer field)
{
    GType type = json_node_get_value_type(node);
    if (type == G_TYPE_DOUBLE && has_type(row->kind, G_TYPE_INT64) && is_whole(node)) {
        g_autofree char *whole = g_strdup_printf("%.0f", json_node_get_double(node));
        return edt_setting_read(row, field, whole);
    }
    if (!has_type(row->kind, type))
        return FALSE;
    g_autofree char *text = text_of(node, type);
    return edt_setting_read(row, field, text);
}

/* json-glib takes the largest number for one that is larger still. */
static gboolean is_cut_off(JsonNode *node, const char *json, const char *key)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
        return FALSE;
    const gint64 value = json_node_get_int(node);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    g_autofree char *written = edt_json_written(json, key);
    return (value == G_MAXINT64 || value == G_MININT64) && g_strcmp0(text, written) != 0;
}

/* null is nothing said. */
static JsonNode *member(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    return node && !JSON_NODE_HOLDS_NULL(node) ? node : NULL;
}

/* Answers the first setting that is wrong, or NULL. */
static const EdtSetting *read_settings(JsonObject *object, const char *json, EdtRecord *record)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        const EdtSetting *setting = &settings[i];
        JsonNode *node = member(object, setting->name);
        gpointer field = edt_setting_field(setting, &record->request, &record->item);
        if (node && (is_cut_off(node, json, setting->name) || !take_member(node, setting, field)))
            return setting;
        if (node)
            record->named |= (guint64)1 << i;
    }
    return NULL;
}

static void read_facts(JsonObject *object, EdtRecord *record)
{
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
        JsonNode *node = member(object, facts[i].row.name);
        if (node)
            take_member(node, &facts[i].row, fact_field(i, record));
    }
}

static char *first_unknown(JsonObject *object)
{
    g_autoptr(GList) keys = json_object_get_members(object); /* in the order of the text */
    GList *key = keys;
    while (key && (edt_record_knows(key->data) || strcmp(key->data, "output") == 0))
        key = key->next; /* a job line is a record, too, and says where its picture goes */
    return key ? g_strdup(key->data) : NULL;
}

/* Without them it is no record of anything. */
static gboolean has_item(JsonObject *object, const char *json, GError **error)
{
    static const char *const needed[] = {"class", "seed"};
    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++)
        if (!member(object, needed[i]))
            return refuse(error, json, needed[i], _("there"));
    return TRUE;
}

static EdtRecord *record_new(void)
{
    EdtRecord *record = g_new0(EdtRecord, 1);
    edt_request_init(&record->request, NULL);
    edt_item_init(&record->item);
    return record;
}

const char *edt_record_wrong(const char *json, char **expected)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(EdtRecord) record = record_new();
    JsonObject *object = parse_object(parser, json, NULL);
    const EdtSetting *wrong = object ? read_settings(object, json, record) : NULL;
    *expected = wrong ? edt_setting_expected(wrong) : NULL;
    return wrong ? wrong->name : NULL;
}

EdtRecord *edt_record_read(const char *json, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new(); /* an immutable one aborts on "{}{}" */
    JsonObject *object = parse_object(parser, json, error);
    if (!object || !has_item(object, json, error))
        return NULL;
    g_autoptr(EdtRecord) record = record_new();
    const EdtSetting *wrong = read_settings(object, json, record);
    if (wrong) {
        g_autofree char *expected = edt_setting_expected(wrong);
        refuse(error, json, wrong->name, expected);
        return NULL;
    }
    read_facts(object, record);
    record->unknown = first_unknown(object);
    return g_steal_pointer(&record);
}

void edt_record_apply(const EdtRecord *record, EdtRequest *request, EdtItem *item)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        if (!(record->named & (guint64)1 << i))
            continue;
        g_autofree char *text = edt_setting_write(
            &settings[i], edt_setting_field(&settings[i], &record->request, &record->item));
        edt_setting_read(&settings[i], edt_setting_field(&settings[i], request, item), text);
    }
}

gboolean edt_record_has_its_classes(const EdtRecord *record, const EdtModelInfo *info)
{
    if (!record->class_name || g_strcmp0(info->sha256, record->model_sha256) == 0)
        return TRUE;
    if (record->item.class_index > info->n_classes)
        return FALSE;
    g_autofree char *name = edt_class_name(info, record->item.class_index);
    return strcmp(name, record->class_name) == 0;
}

gboolean edt_record_is_object(const char *json)
{
    return edt_json_is_object(json);
}

gboolean edt_record_has_nul(const char *json)
{
    return edt_json_has_nul(json);
}

char *edt_record_repeated(const char *json)
{
    return edt_json_repeated(json);
}

char *edt_record_written(const char *json, const char *key)
{
    return edt_json_written(json, key);
}
