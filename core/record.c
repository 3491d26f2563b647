/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The record: how a picture was made, as one JSON object.  It travels in the PNG (key "edt", and
 * for other programs as a line of text under "parameters") and in the layer's parasite, and a
 * dialog or `edt sample --from` starts again from it.  Numbers are written and read the same in
 * every locale.  A record may come from a stranger's picture, so reading one trusts nothing.
 */
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "files/png.h"

#define RECORD_BYTES_MAX (64 * 1024)
#define NUMBER_CHARS 32

/* ---- writing ---- */

/* The shortest decimal that reads back as the same double: 4, 1.5, 0.1. */
static const char *number_text(char text[NUMBER_CHARS], double value)
{
    for (int digits = 1; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(text, NUMBER_CHARS, format, value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    return text;
}

static void add_key(GString *json, const char *key)
{
    g_string_append_printf(json, "%s\"%s\":", json->len > 1 ? "," : "", key);
}

static void add_text(GString *json, const char *key, const char *value)
{
    JsonNode *node = json_node_init_string(json_node_alloc(), value);
    char *quoted = json_to_string(node, FALSE);
    add_key(json, key);
    g_string_append(json, quoted);
    g_free(quoted);
    json_node_unref(node);
}

static void add_integer(GString *json, const char *key, gint64 value)
{
    add_key(json, key);
    g_string_append_printf(json, "%" G_GINT64_FORMAT, value);
}

static void add_number(GString *json, const char *key, double value)
{
    char text[NUMBER_CHARS];
    add_key(json, key);
    g_string_append(json, number_text(text, value));
}

static void add_flag(GString *json, const char *key, gboolean value)
{
    add_key(json, key);
    g_string_append(json, value ? "true" : "false");
}

static void add_model(GString *json, const EdtModelInfo *info)
{
    gboolean titled = info->title && *info->title;
    add_text(json, "model", titled ? info->title : info->variant);
    add_text(json, "model_sha256", info->sha256);
}

static void add_settings(GString *json, const EdtRequest *request)
{
    add_text(json, "sampler", edt_sampler_name(request->sampler));
    add_number(json, "cfg_scale", request->cfg_scale);
    add_text(json, "amm", edt_amm_name(request->amm));
    add_number(json, "eta", request->eta);
    add_flag(json, "clip", request->clip_denoised);
    if (request->init_latent)
        add_flag(json, "init_latent", TRUE); /* the noise came from outside: not repeatable */
}

char *edt_record_new(const EdtEngine *engine, const EdtRequest *request, const EdtPicture *picture)
{
    const EdtModelInfo *info = edt_engine_info(engine);
    GString *json = g_string_new("{");
    add_text(json, "edt", EDT_VERSION);
    add_model(json, info);
    char *class_name = edt_class_name(info, picture->class_index);
    add_integer(json, "class", picture->class_index);
    add_text(json, "class_name", class_name);
    g_free(class_name);
    add_integer(json, "seed", (gint64)picture->seed);
    add_integer(json, "steps", request->steps);
    add_integer(json, "steps_done", picture->steps_done);
    add_settings(json, request);
    gboolean bf16 = edt_engine_precision(engine) == EDT_PRECISION_BF16;
    add_text(json, "precision", bf16 ? "bf16" : "f32");
    add_text(json, "backend", edt_engine_backend(engine));
    add_integer(json, "size", info->image_size);
    g_string_append_c(json, '}');
    return g_string_free(json, FALSE);
}

/* ---- reading ---- */

static gboolean refuse(GError **error, const char *key, const char *expected)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The record's \"%s\" must be %s: correct it, or give the settings by hand."), key,
                expected);
    return FALSE;
}

static JsonObject *parse_object(JsonParser *parser, const char *json, GError **error)
{
    GError *cause = NULL;
    if (strlen(json) > RECORD_BYTES_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("The record is longer than %d bytes: it is not one of ours."),
                    RECORD_BYTES_MAX);
        return NULL;
    }
    if (!json_parser_load_from_data(parser, json, -1, &cause)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("The record is not valid JSON: %s."),
                    cause->message);
        g_error_free(cause);
        return NULL;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("The record must be one JSON object, {\"class\": 207, \"seed\": 7, ...}."));
        return NULL;
    }
    return json_node_get_object(root);
}

/* The member's value node of a wanted type, or NULL: absent when error stays unset. */
static JsonNode *member(JsonObject *record, const char *key, GType type, const char *expected,
                        GError **error)
{
    JsonNode *node = json_object_get_member(record, key);
    if (!node)
        return NULL;
    GType found = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    if (found == type || (type == G_TYPE_DOUBLE && found == G_TYPE_INT64))
        return node;
    refuse(error, key, expected);
    return NULL;
}

static gboolean read_integer(JsonObject *record, const char *key, gint64 low, gint64 high,
                             gint64 *value, GError **error)
{
    char *expected = g_strdup_printf(_("a whole number from %" PRId64 " to %" PRId64), low, high);
    GError *wrong = NULL;
    JsonNode *node = member(record, key, G_TYPE_INT64, expected, &wrong);
    gint64 found = node ? json_node_get_int(node) : low;
    if (found < low || found > high)
        refuse(&wrong, key, expected);
    else if (node)
        *value = found;
    g_free(expected);
    if (wrong)
        g_propagate_error(error, wrong);
    return !wrong;
}

static gboolean read_number(JsonObject *record, const char *key, double low, double high,
                            const char *expected, double *value, GError **error)
{
    GError *wrong = NULL;
    JsonNode *node = member(record, key, G_TYPE_DOUBLE, expected, &wrong);
    double found = node ? json_node_get_double(node) : low;
    if (!(found >= low && found <= high)) /* NaN too */
        refuse(&wrong, key, expected);
    else if (node)
        *value = found;
    if (wrong)
        g_propagate_error(error, wrong);
    return !wrong;
}

static gboolean read_sampler(JsonObject *record, EdtSampler *sampler, GError **error)
{
    const char *expected = _("\"ddpm\", \"ddim\" or \"dpm++2m\"");
    GError *wrong = NULL;
    JsonNode *node = member(record, "sampler", G_TYPE_STRING, expected, &wrong);
    if (node && !edt_sampler_parse(json_node_get_string(node), sampler))
        refuse(&wrong, "sampler", expected);
    if (wrong)
        g_propagate_error(error, wrong);
    return !wrong;
}

static gboolean read_amm(JsonObject *record, EdtAmm *amm, GError **error)
{
    const char *expected = _("\"off\", \"official\" or \"auto\"");
    GError *wrong = NULL;
    JsonNode *node = member(record, "amm", G_TYPE_STRING, expected, &wrong);
    if (node && !edt_amm_parse(json_node_get_string(node), amm))
        refuse(&wrong, "amm", expected);
    if (wrong)
        g_propagate_error(error, wrong);
    return !wrong;
}

static gboolean read_clip(JsonObject *record, gboolean *clip, GError **error)
{
    GError *wrong = NULL;
    JsonNode *node = member(record, "clip", G_TYPE_BOOLEAN, _("true or false"), &wrong);
    if (node)
        *clip = json_node_get_boolean(node);
    if (wrong)
        g_propagate_error(error, wrong);
    return !wrong;
}

static gboolean read_item(JsonObject *record, EdtItem *item, GError **error)
{
    gint64 class_index = -1, seed = -1;
    if (!read_integer(record, "class", 0, G_MAXINT, &class_index, error) ||
        !read_integer(record, "seed", 0, G_MAXINT64, &seed, error))
        return FALSE;
    if (class_index < 0)
        return refuse(error, "class", _("there"));
    if (seed < 0)
        return refuse(error, "seed", _("there"));
    item->class_index = (int)class_index;
    item->seed = (guint64)seed;
    return TRUE;
}

static gboolean read_settings(JsonObject *record, EdtRequest *request, GError **error)
{
    gint64 steps = request->steps;
    if (!read_integer(record, "steps", 1, 1000, &steps, error))
        return FALSE;
    request->steps = (int)steps;
    return read_sampler(record, &request->sampler, error) &&
           read_number(record, "cfg_scale", -1000, 1000, _("a number from -1000 to 1000"),
                       &request->cfg_scale, error) &&
           read_amm(record, &request->amm, error) &&
           read_number(record, "eta", 0, 1, _("a number from 0 to 1"), &request->eta, error) &&
           read_clip(record, &request->clip_denoised, error);
}

gboolean edt_record_parse(const char *json, EdtRequest *request, EdtItem *item, GError **error)
{
    JsonParser *parser = json_parser_new_immutable();
    JsonObject *record = parse_object(parser, json, error);
    EdtRequest settings = *request; /* all or nothing */
    EdtItem found = *item;
    gboolean ok =
        record && read_item(record, &found, error) && read_settings(record, &settings, error);
    if (ok) {
        *request = settings;
        *item = found;
    }
    g_object_unref(parser);
    return ok;
}

/* ---- in a PNG ---- */

static const char *text_or(JsonObject *record, const char *key, const char *otherwise)
{
    return json_object_get_string_member_with_default(record, key, otherwise);
}

/* "golden retriever\nSteps: 25, Sampler: dpm++2m, CFG scale: 4, Seed: 7, Size: 256x256, Model: ...,
 * Model hash: 0123456789": the line that web interfaces and picture browsers understand. */
static char *parameters_text(JsonObject *record, const EdtPicture *picture)
{
    char cfg[NUMBER_CHARS];
    number_text(cfg, json_object_get_double_member_with_default(record, "cfg_scale", 1));
    gint64 steps = json_object_get_int_member_with_default(record, "steps", 0);
    return g_strdup_printf(
        "%s\nSteps: %" G_GINT64_FORMAT ", Sampler: %s, CFG scale: %s, Seed: %" G_GUINT64_FORMAT
        ", Size: %dx%d, Model: %s, Model hash: %.10s",
        text_or(record, "class_name", "unknown class"), steps, text_or(record, "sampler", "?"), cfg,
        picture->seed, picture->width, picture->height, text_or(record, "model", "EDT"),
        text_or(record, "model_sha256", ""));
}

static gboolean write_texts(const EdtPicture *picture, const guint8 *pixels, const char *path,
                            const char *record, GError **error)
{
    JsonParser *parser = json_parser_new_immutable();
    JsonObject *object = parse_object(parser, record, error);
    gboolean ok = FALSE;
    if (object) {
        char *parameters = parameters_text(object, picture);
        const char *keys[] = {"parameters", "edt"};
        const char *values[] = {parameters, record};
        ok = edt_png_write(path, picture->width, picture->height, picture->channels, pixels, keys,
                           values, 2, error);
        g_free(parameters);
    }
    g_object_unref(parser);
    return ok;
}

gboolean edt_picture_save_png(const EdtPicture *picture, const char *path, const char *record,
                              GError **error)
{
    if (!picture->pixels) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("There are no pixels to save in %s, only a latent: use a model with a VAE."),
                    path);
        return FALSE;
    }
    gsize bytes = (gsize)picture->width * picture->height * picture->channels;
    guint8 *pixels = g_try_malloc(bytes);
    if (!pixels) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, _("There is no memory to write %s."),
                    path);
        return FALSE;
    }
    edt_picture_to_u8(picture, pixels);
    gboolean ok = record ? write_texts(picture, pixels, path, record, error)
                         : edt_png_write(path, picture->width, picture->height, picture->channels,
                                         pixels, NULL, NULL, 0, error);
    g_free(pixels);
    return ok;
}

char *edt_png_read_record(const char *path, GError **error)
{
    return edt_png_read_text(path, "edt", error);
}
