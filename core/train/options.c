/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The options of a run: defaults, limits, and as JSON in a checkpoint.
 */
#include "train/train_network.h"
#include "train/state.h"
#include "files/json_text.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define BATCH_MAX (1 << 20) /* pictures; rows are twice as many */
#define PATH_BYTES 65536
#define CODINGS_MAX 1000
#define THREADS_MAX 1024

const char *const edt_weighting_words[] = {"min-snr", "velocity", "plain", NULL};

typedef enum { INTEGER, WIDE, NUMBER, FLAG, TEXT } Kind;

static const EdtJsonKind in_json[] = {[INTEGER] = EDT_JSON_INTEGER,
                                      [WIDE] = EDT_JSON_INTEGER,
                                      [NUMBER] = EDT_JSON_NUMBER,
                                      [FLAG] = EDT_JSON_SWITCH,
                                      [TEXT] = EDT_JSON_TEXT};

/* fixed: another value makes another run, so resuming with it is refused. */
static const struct {
    const char *name;
    Kind kind;
    gsize at;
    gboolean fixed;
    gboolean later; /* older checkpoints lack it: its default is what they did */
} fields[] = {
/* clang-format off */
#define FIELD(name, kind, fixed) {#name, kind, offsetof(EdtTrainOptions, name), fixed, FALSE}
#define LATER(name, kind, fixed) {#name, kind, offsetof(EdtTrainOptions, name), fixed, TRUE}
    /* clang-format on */
    FIELD(variant, TEXT, TRUE),
    FIELD(image_size, INTEGER, TRUE),
    FIELD(channels, INTEGER, TRUE),
    FIELD(schedule, INTEGER, TRUE),
    FIELD(prediction, INTEGER, TRUE),
    FIELD(pictures, TEXT, FALSE),
    FIELD(features, TEXT, FALSE),
    FIELD(n_classes, INTEGER, TRUE),
    FIELD(flip, FLAG, FALSE),
    FIELD(affine, NUMBER, FALSE),
    FIELD(hue, NUMBER, FALSE),
    FIELD(batch, INTEGER, FALSE),
    FIELD(micro, INTEGER, FALSE),
    FIELD(masked, FLAG, FALSE),
    FIELD(variational, NUMBER, FALSE),
    FIELD(uniform, FLAG, FALSE),
    FIELD(rate, NUMBER, FALSE),
    FIELD(rate_end, NUMBER, FALSE),
    FIELD(rate_steps, WIDE, FALSE),
    FIELD(warm_up, WIDE, FALSE),
    FIELD(weight_decay, NUMBER, FALSE),
    FIELD(clip, NUMBER, FALSE),
    FIELD(no_prox, FLAG, FALSE),
    FIELD(average, NUMBER, FALSE),
    FIELD(average_ramp, FLAG, FALSE),
    FIELD(label_dropout, NUMBER, FALSE),
    FIELD(seed, WIDE, TRUE),
    LATER(decode_layer, INTEGER, TRUE),
    LATER(vae, TEXT, FALSE),
    LATER(vae_mean, FLAG, FALSE),
    LATER(codings, INTEGER, FALSE),
    LATER(by_class, FLAG, FALSE),
    LATER(weighting, INTEGER, FALSE),
    LATER(open_gates, FLAG, FALSE),
    LATER(precision, INTEGER, FALSE),
    LATER(steps, WIDE, FALSE),
    LATER(title, TEXT, FALSE),
    LATER(licence, TEXT, FALSE),
    LATER(cfg_scale, NUMBER, FALSE),
#undef FIELD
#undef LATER
};

static gpointer field_of(const EdtTrainOptions *options, gsize i)
{
    return (char *)options + fields[i].at;
}

void edt_train_options_init(EdtTrainOptions *options)
{
    *options = (EdtTrainOptions){
        .variant = "EDT-Ti/4",
        .image_size = 64,
        .channels = 4,
        .schedule = EDT_SCHEDULE_COSINE,
        .prediction = EDT_PREDICT_DENOISED,
        .n_classes = 1000,
        .batch = 64,
        .micro = 16,
        .masked = TRUE,
        .variational = -1,
        .rate = 1e-3,
        .rate_end = 5e-5,
        .rate_steps = 400000,
        .average = 0.9999,
        .label_dropout = 0.1,
        .codings = 8,
        .steps = 20000,
    };
}

/* At the size that fits all patches and grids. */
gboolean edt_train_options_own(EdtTrainOptions *options, const char *variant)
{
    EdtVariant v;
    if (!edt_variant_named(variant, 256, &v))
        return FALSE;
    const EdtTraining *own = edt_variant_training(&v);
    options->variant = g_intern_string(variant);
    options->rate = own->rate;
    options->rate_end = own->rate_end;
    options->clip = own->clip;
    options->decode_layer = own->decoder;
    options->uniform = own->uniform;
    options->masked = own->hiding != EDT_HIDING_NONE;
    options->weighting = own->plain ? EDT_WEIGHTING_PLAIN : EDT_WEIGHTING_MIN_SNR;
    if (own->noise) {
        options->schedule = EDT_SCHEDULE_LINEAR;
        options->prediction = EDT_PREDICT_NOISE;
    }
    return TRUE;
}

static gboolean refuse(GError **error, const char *what)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "This cannot be trained: %s.", what);
    return FALSE;
}

static gboolean check_numbers(const EdtTrainOptions *o, GError **error)
{
    if (o->batch < 1 || o->batch > BATCH_MAX || o->micro < 1 || o->batch % o->micro)
        return refuse(error, "the batch must be a whole number of micro-batches");
    if (o->n_classes < 1 || o->n_classes > EDT_CLASSES_MAX)
        return refuse(error, "the number of classes must be between 1 and 100000");
    if (!(o->rate >= 0) || !(o->rate_end >= 0) || o->rate_steps < 1 || o->warm_up < 0)
        return refuse(error,
                      "the learning rate must not be negative, its steps must be at least 1");
    if (!(o->average >= 0 && o->average < 1))
        return refuse(error, "the decay of the average must be at least 0 and below 1");
    if (!(o->label_dropout >= 0 && o->label_dropout <= 1))
        return refuse(error, "the label dropout must be between 0 and 1");
    if (!(o->affine >= 0 && o->affine <= 0.5) || !(o->hue >= 0 && o->hue <= 180))
        return refuse(error,
                      "the affine changes must be within 0 and 0.5, the hue within 0 and 180");
    if (o->codings < 1 || o->codings > CODINGS_MAX)
        return refuse(error, "the codings of a picture must be between 1 and 1000");
    if (o->weighting == EDT_WEIGHTING_VELOCITY && o->prediction == EDT_PREDICT_NOISE)
        return refuse(error, "the velocity weighting is for predicted pictures, not for noise");
    if (o->precision == EDT_PRECISION_INT8)
        return refuse(error, "training computes in f32 or bf16, not in int8");
    if (o->schedule > EDT_SCHEDULE_COSINE || o->prediction > EDT_PREDICT_DENOISED ||
        o->weighting > EDT_WEIGHTING_PLAIN || o->precision > EDT_PRECISION_BF16)
        return refuse(error, "schedule, prediction, weighting or type is none that there is");
    if (!(o->cfg_scale >= 0 && o->cfg_scale <= EDT_CFG_SCALE_MAX))
        return refuse(error, "the guidance to recommend must be between 0 and 100");
    if (o->threads < 0 || o->threads > THREADS_MAX)
        return refuse(error, "the threads must be between 1 and 1024, or 0 for all cores");
    if (isnan(o->variational))
        return refuse(error, "the share of the variational term is no number");
    if (!(o->weight_decay >= 0) || !(o->clip >= 0))
        return refuse(error, "weight decay and clipping must not be negative");
    return TRUE;
}

/* Pictures as they are need a variant in pixels, the autoencoder one in latents. */
static gboolean check_space(const EdtTrainOptions *o, const EdtVariant *v, GError **error)
{
    gboolean pixels = v->latent_size == o->image_size;

    if (o->vae && (!o->pictures || pixels))
        return refuse(error, "an autoencoder is for pictures and a variant that works on latents");
    if (o->pictures && !o->vae && !pixels)
        return refuse(error, "this variant works on latents; give an autoencoder for the pictures, "
                             "or a folder of features");
    if (o->vae_mean && !o->vae)
        return refuse(error, "means instead of draws (--vae-mean) are an autoencoder's; give one");
    if (o->by_class && !o->pictures)
        return refuse(error, "drawing by class is for pictures; features tell their class only "
                             "when they are read");
    if (o->pictures && !o->vae && o->channels != 3 && o->channels != 4)
        return refuse(error, "pictures have 3 or 4 channels");
    return TRUE;
}

gboolean edt_train_check_text(const char *text, gsize longest, GError **error)
{
    if (text == NULL || edt_text_fits(text, 0, longest))
        return TRUE;
    g_autofree char *shown = g_utf8_make_valid(text, -1);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "“%s” cannot be kept in a checkpoint or a model: it is not UTF-8, has control "
                "characters, or more than %" G_GSIZE_FORMAT " bytes.",
                shown, longest);
    return FALSE;
}

static gboolean check_texts(const EdtTrainOptions *o, GError **error)
{
    return edt_train_check_text(o->pictures, PATH_BYTES, error) &&
           edt_train_check_text(o->features, PATH_BYTES, error) &&
           edt_train_check_text(o->vae, PATH_BYTES, error) &&
           edt_train_check_text(o->title, EDT_MODEL_TEXT_MAX, error) &&
           edt_train_check_text(o->licence, EDT_MODEL_TEXT_MAX, error);
}

gboolean edt_train_options_check(const EdtTrainOptions *o, EdtVariant *v, GError **error)
{
    if (!o->variant || !edt_variant_named(o->variant, o->image_size, v))
        return refuse(error,
                      "there is no such variant for this image size; EDT-Ti/4 works on pictures as "
                      "they are, EDT-S/2, DiT-S/2, MDTv2-S/2 and the like on latents (--vae)");
    if (o->decode_layer && !edt_variant_divide(v, o->decode_layer))
        return refuse(error, "the decode layer must leave blocks in front of MDT's decoder; other "
                             "networks have none");
    if ((o->pictures != NULL) == (o->features != NULL))
        return refuse(error, "either a folder of pictures or one of features must be given");
    if (!check_space(o, v, error))
        return FALSE;
    if (o->pictures && !o->vae) {
        v->channels = o->channels;
        v->out_channels = 2 * o->channels;
    }
    return check_numbers(o, error) && check_texts(o, error);
}

/* ---- JSON ---- */

static void put(JsonBuilder *b, const EdtTrainOptions *options, gsize i)
{
    gconstpointer field = field_of(options, i);

    json_builder_set_member_name(b, fields[i].name);
    switch (fields[i].kind) {
    case INTEGER:
        json_builder_add_int_value(b, *(const int *)field);
        break;
    case WIDE:
        json_builder_add_int_value(b, *(const gint64 *)field);
        break;
    case NUMBER:
        json_builder_add_double_value(b, *(const double *)field);
        break;
    case FLAG:
        json_builder_add_boolean_value(b, *(const gboolean *)field);
        break;
    case TEXT:
        json_builder_add_string_value(b, *(const char *const *)field);
        break;
    }
}

char *edt_train_options_to_json(const EdtTrainOptions *options)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        put(b, options, i);
    json_builder_end_object(b);
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    return json_to_string(root, FALSE);
}

static gboolean take(JsonObject *object, EdtTrainOptions *options, gsize i)
{
    gpointer field = field_of(options, i);
    JsonNode *node = json_object_get_member(object, fields[i].name);
    gboolean none = node && JSON_NODE_HOLDS_NULL(node) && fields[i].kind == TEXT;

    if (node == NULL && fields[i].later)
        return TRUE;
    if (!none && !edt_json_is(node, in_json[fields[i].kind]))
        return FALSE;
    switch (fields[i].kind) {
    case INTEGER:
        *(int *)field = (int)json_node_get_int(node);
        break;
    case WIDE:
        *(gint64 *)field = json_node_get_int(node);
        break;
    case NUMBER:
        *(double *)field = json_node_get_double(node);
        break;
    case FLAG:
        *(gboolean *)field = json_node_get_boolean(node);
        break;
    case TEXT: /* interned: lives as long as the process */
        *(const char **)field = none ? NULL : g_intern_string(json_node_get_string(node));
        break;
    }
    return TRUE;
}

gboolean edt_train_options_from_json(EdtTrainOptions *options, const char *json, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root;

    edt_train_options_init(options);
    if (!json_parser_load_from_data(parser, json, -1, error)) {
        edt_json_mend_reason(error);
        return FALSE;
    }
    root = json_parser_get_root(parser);
    for (gsize i = 0; root && JSON_NODE_HOLDS_OBJECT(root) && i < G_N_ELEMENTS(fields); i++)
        if (!take(json_node_get_object(root), options, i)) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                        "The option “%s” is missing or of the wrong kind.", fields[i].name);
            return FALSE;
        }
    return TRUE;
}

static gboolean same(const EdtTrainOptions *a, const EdtTrainOptions *b, gsize i)
{
    gconstpointer x = field_of(a, i), y = field_of(b, i);
    switch (fields[i].kind) {
    case TEXT:
        return g_strcmp0(*(const char *const *)x, *(const char *const *)y) == 0;
    case WIDE:
        return *(const gint64 *)x == *(const gint64 *)y;
    case NUMBER:
        return *(const double *)x == *(const double *)y;
    case INTEGER:
    case FLAG:
        return *(const int *)x == *(const int *)y;
    }
    return FALSE;
}

const char *edt_train_options_differ(const EdtTrainOptions *a, const EdtTrainOptions *b)
{
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i].fixed && !same(a, b, i))
            return fields[i].name;
    return NULL;
}
