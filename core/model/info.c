/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model file says of itself: the metadata of its header, checked against its tensors, so
 * that whoever has an EdtModelInfo knows that every tensor is there with the right shape.  Reads
 * nothing but the header.  Who wrote it: import.c, or the trainer's export.
 */
#include "model/info.h"
#include "model/labels.h"
#include "files/inventory.h"
#include "files/json_text.h"
#include "files/vae_names.h"

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define SIDE_MAX 8192

typedef struct {
    const EdtSafetensors *file;
    EdtModelInfo *info;
    EdtVariant variant;
    GError **error;
} Reader;

/* ---- metadata ---- */

static gboolean refuse(Reader *r, const char *key, const char *what)
{
    g_set_error(r->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” is no usable model: its metadata “%s” %s. Import the checkpoint again."),
                r->info->path, key, what);
    return FALSE;
}

static gboolean read_text(Reader *r, const char *key, gsize longest, char **value)
{
    const char *text = edt_safetensors_metadata(r->file, key);

    if (text == NULL)
        return refuse(r, key, _("is missing"));
    if (!edt_text_fits(text, 0, longest))
        return refuse(r, key, _("is too long or not plain text"));
    *value = g_strdup(text);
    return TRUE;
}

static gboolean read_number(Reader *r, const char *key, int least, int most, int *value)
{
    const char *text = edt_safetensors_metadata(r->file, key);
    guint64 number;

    if (text == NULL)
        return refuse(r, key, _("is missing"));
    if (!g_ascii_string_to_unsigned(text, 10, (guint64)least, (guint64)most, &number, NULL))
        return refuse(r, key, _("is no number of the expected size"));
    *value = (int)number;
    return TRUE;
}

/* What the file may leave open: the official guidance then. */
static gboolean read_cfg_scale(Reader *r)
{
    const char *text = edt_safetensors_metadata(r->file, "edt.cfg_scale");
    char *end;

    r->info->cfg_scale = text ? g_ascii_strtod(text, &end) : EDT_CFG_SCALE;
    if (text == NULL || (end != text && *end == '\0' && r->info->cfg_scale >= 0 &&
                         r->info->cfg_scale <= EDT_CFG_SCALE_MAX))
        return TRUE;
    return refuse(r, "edt.cfg_scale", _("is no number of the expected size"));
}

/* One of n words; value receives its place. */
static gboolean read_word(Reader *r, const char *key, const char *const *words, int n, int *value)
{
    const char *text = edt_safetensors_metadata(r->file, key);

    if (text == NULL)
        return refuse(r, key, _("is missing"));
    for (*value = 0; *value < n; ++*value)
        if (strcmp(text, words[*value]) == 0)
            return TRUE;
    return refuse(r, key, _("has an unknown value"));
}

static gboolean is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static gboolean read_source(Reader *r)
{
    if (!read_text(r, "edt.source_sha256", 64, &r->info->source_sha256))
        return FALSE;
    return *r->info->source_sha256 == '\0' || is_sha256(r->info->source_sha256) ||
           refuse(r, "edt.source_sha256", _("is no SHA-256"));
}

static gboolean read_texts(Reader *r)
{
    return read_text(r, "edt.variant", sizeof r->variant.name - 1, &r->info->variant) &&
           read_text(r, "edt.title", EDT_MODEL_TEXT_MAX, &r->info->title) &&
           read_text(r, "edt.licence", EDT_MODEL_TEXT_MAX, &r->info->licence) && read_source(r);
}

static gboolean read_words(Reader *r)
{
    static const char *const schedules[] = {
        [EDT_SCHEDULE_LINEAR] = "linear", [EDT_SCHEDULE_COSINE] = "cosine"};
    static const char *const predictions[] = {
        [EDT_PREDICT_NOISE] = "noise", [EDT_PREDICT_DENOISED] = "denoised"};
    static const char *const classes[] = {[EDT_CLASSES_UNNAMED] = "unnamed",
                                          [EDT_CLASSES_IMAGENET] = "imagenet",
                                          [EDT_CLASSES_OWN] = "own"};
    static const char *const latents[] = {"pixels", "sd-vae"}, *const alphas[] = {"0", "1"};
    int schedule, prediction, list, latent, alpha;

    if (!read_word(r, "edt.schedule", schedules, 2, &schedule) ||
        !read_word(r, "edt.prediction", predictions, 2, &prediction) ||
        !read_word(r, "edt.classes", classes, 3, &list) ||
        !read_word(r, "edt.latent", latents, 2, &latent) ||
        !read_word(r, "edt.alpha", alphas, 2, &alpha))
        return FALSE;
    r->info->schedule = (EdtSchedule)schedule;
    r->info->prediction = (EdtPrediction)prediction;
    r->info->class_list = (EdtClassList)list;
    r->info->needs_vae = latent;
    r->info->has_alpha = alpha;
    return TRUE;
}

static gboolean read_numbers(Reader *r)
{
    EdtModelInfo *info = r->info;

    return read_number(r, "edt.image_size", 1, SIDE_MAX, &info->image_size) &&
           read_number(r, "edt.latent_size", 1, SIDE_MAX, &info->latent_size) &&
           read_number(r, "edt.channels", 1, 64, &info->channels) &&
           read_number(r, "edt.guided_channels", 1, info->channels, &info->guided_channels) &&
           read_number(r, "edt.n_classes", 1, EDT_CLASSES_MAX, &info->n_classes) &&
           read_cfg_scale(r);
}

/* A JSON array of n_classes short strings. */
static gboolean take_class_names(Reader *r, JsonNode *node)
{
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    guint n = (guint)r->info->n_classes;

    if (array == NULL || json_array_get_length(array) != n)
        return refuse(r, "edt.class_names", _("is no list of as many names as there are classes"));
    r->info->class_names = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++) {
        JsonNode *element = json_array_get_element(array, i);
        const char *name = JSON_NODE_HOLDS_VALUE(element) ? json_node_get_string(element) : NULL;
        if (!edt_text_fits(name, 1, EDT_CLASS_NAME_MAX))
            return refuse(r, "edt.class_names", _("holds something that is no name"));
        r->info->class_names[i] = g_strdup(name);
    }
    return TRUE;
}

static gboolean read_class_labels(Reader *r)
{
    const char *json = edt_safetensors_metadata(r->file, "edt.class_translations");
    return !json ||
           edt_class_labels_read(json, (guint)r->info->n_classes, g_get_language_names(),
                                 &r->info->class_labels) ||
           refuse(r, "edt.class_translations", _("holds no names of all classes"));
}

static gboolean read_class_names(Reader *r)
{
    const char *text = edt_safetensors_metadata(r->file, "edt.class_names");
    JsonParser *parser;
    gboolean good;

    if (r->info->class_list == EDT_CLASSES_IMAGENET && r->info->n_classes != 1000)
        return refuse(r, "edt.classes", _("says ImageNet, which has 1000 classes"));
    if (r->info->class_list != EDT_CLASSES_OWN)
        return TRUE;
    if (text == NULL)
        return refuse(r, "edt.class_names", _("is missing"));
    parser = json_parser_new();
    json_parser_set_strict(parser, TRUE);
    if (json_parser_load_from_data(parser, text, -1, NULL))
        good = take_class_names(r, json_parser_get_root(parser));
    else
        good = refuse(r, "edt.class_names", _("is no JSON"));
    g_object_unref(parser);
    return good && read_class_labels(r);
}

/* ---- tensors ---- */

/* Rank of the tensor under prefix and name: 0 is none, as EdtShapeOf wants it. */
static int shape_under(const EdtSafetensors *file, const char *prefix, const char *name,
                       gint64 shape[EDT_RANK_MAX])
{
    char *full = g_strconcat(prefix, name, NULL);
    const EdtSafetensor *tensor = edt_safetensors_find(file, full);

    g_free(full);
    if (tensor == NULL)
        return 0;
    memcpy(shape, tensor->view.shape, sizeof tensor->view.shape);
    return tensor->view.rank;
}

static int edt_shape_of(gpointer file, const char *name, gint64 shape[EDT_RANK_MAX])
{
    return shape_under(file, "edt.", name, shape);
}

static int vae_shape_of(gpointer file, const char *name, gint64 shape[EDT_RANK_MAX])
{
    return shape_under(file, "vae.", name, shape);
}

typedef struct {
    const EdtSafetensors *file;
    EdtInventory *inventory;
    const char *prefix;
    GHashTable *known; /* full names */
} Check;

static void expect(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Check *check = user_data;
    gint64 found[EDT_RANK_MAX];
    int found_rank = shape_under(check->file, check->prefix, name, found);
    char *full = g_strconcat(check->prefix, name, NULL);

    edt_inventory_expect(check->inventory, full, rank, shape, found_rank ? found_rank : -1, found);
    g_hash_table_add(check->known, full);
}

static const char *name_at(gconstpointer file, guint i)
{
    return edt_safetensors_get(file, i)->name;
}

static gboolean check_vae(Reader *r, Check *check)
{
    EdtVaeShape vae;
    int levels = edt_vae_levels(r->file, edt_safetensors_count(r->file), name_at, "vae.");

    if (!r->info->has_vae)
        return TRUE;
    if (!edt_vae_shape_detect(vae_shape_of, (gpointer)r->file, levels, &vae, r->error)) {
        g_prefix_error(r->error, "“%s”: ", r->info->path);
        return FALSE;
    }
    if (vae.latent != r->info->channels || r->info->image_size != r->info->latent_size
                                                                      << (levels - 1))
        return refuse(r, "edt.image_size", _("does not fit the autoencoder in the file"));
    check->prefix = "vae.";
    edt_vae_tensors(&vae, expect, check);
    return TRUE;
}

/* Types that the engine takes, at addresses where they can be read as they are. */
static gboolean check_tensors(Reader *r, Check *check)
{
    for (guint i = 0; i < edt_safetensors_count(r->file); i++) {
        const EdtSafetensor *t = edt_safetensors_get(r->file, i);
        EdtType type = t->view.type;
        if (!g_hash_table_contains(check->known, t->name))
            edt_inventory_extra(check->inventory, t->name);
        if ((type != EDT_F32 && type != EDT_BF16) ||
            (guintptr)t->view.data % edt_type_size(type) != 0) {
            g_set_error(
                r->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” was not written by this program: its tensor “%s” has another type or "
                  "place than ours have. Import it again."),
                r->info->path, t->name);
            return FALSE;
        }
        r->info->n_parameters += t->bytes / edt_type_size(type);
        r->info->stored_bf16 |= type == EDT_BF16;
    }
    return TRUE;
}

static gboolean check_inventory(Reader *r)
{
    Check check = {r->file, edt_inventory_new(), "edt.",
                   g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    char *of = g_strdup_printf("“%s”", r->info->path);
    gboolean good;

    edt_variant_tensors(&r->variant, expect, &check);
    good = check_vae(r, &check) && check_tensors(r, &check);
    good = edt_inventory_close(check.inventory, of, good ? r->error : NULL) && good;
    g_hash_table_unref(check.known);
    g_free(of);
    return good;
}

/* Metadata says what the tensors say. */
static gboolean check_agreement(Reader *r)
{
    EdtModelInfo *info = r->info;
    const EdtVariant *v = &r->variant;

    if (info->latent_size != v->latent_size)
        return refuse(r, "edt.latent_size", _("does not fit the tensors"));
    if (info->channels != v->channels)
        return refuse(r, "edt.channels", _("does not fit the tensors"));
    if (info->n_classes != v->n_classes)
        return refuse(r, "edt.n_classes", _("does not fit the tensors"));
    if (!info->needs_vae && (info->has_vae || info->image_size != info->latent_size))
        return refuse(r, "edt.latent", _("says pixels, but the model has another space"));
    if (!info->needs_vae && info->channels != 3 && info->channels != 4)
        return refuse(r, "edt.channels", _("is no number of the expected size"));
    if (info->has_alpha != (!info->needs_vae && info->channels == 4))
        return refuse(r, "edt.alpha",
                      _("does not fit: pixel models of 4 channels have alpha, no others"));
    info->learned_variance = v->out_channels == 2 * v->channels;
    return TRUE;
}

static gboolean read_all(Reader *r)
{
    const char *format = edt_safetensors_metadata(r->file, "format");

    if (format == NULL || strcmp(format, EDT_MODEL_FORMAT) != 0) {
        g_set_error(r->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("“%s” is no model of this program (its metadata “format” is not “%s”). Make "
                      "one from a checkpoint with `edt import`."),
                    r->info->path, EDT_MODEL_FORMAT);
        return FALSE;
    }
    if (!read_texts(r) || !read_words(r) || !read_numbers(r) || !read_class_names(r))
        return FALSE;
    if (!edt_variant_detect(edt_shape_of, (gpointer)r->file, &r->variant, r->error)) {
        g_prefix_error(r->error, "“%s”: ", r->info->path);
        return FALSE;
    }
    return check_agreement(r) && check_inventory(r);
}

EdtModelInfo *edt_model_info_of(const EdtSafetensors *file, const char *path, EdtVariant *variant,
                                GError **error)
{
    Reader reader = {.file = file, .info = g_new0(EdtModelInfo, 1), .error = error};

    reader.info->path = g_strdup(path);
    reader.info->sha256 = g_strdup(edt_safetensors_header_sha256(file));
    reader.info->file_bytes = edt_safetensors_file_bytes(file);
    reader.info->has_vae = edt_safetensors_find(file, "vae.decoder.conv_in.weight") != NULL;
    if (!read_all(&reader)) {
        edt_model_info_free(reader.info);
        return NULL;
    }
    if (variant)
        *variant = reader.variant;
    return reader.info;
}

EdtModelInfo *edt_model_info_read(const char *path, GError **error)
{
    EdtSafetensors *file = edt_safetensors_open(path, error);
    EdtModelInfo *info = file ? edt_model_info_of(file, path, NULL, error) : NULL;

    edt_safetensors_close(file);
    return info;
}

void edt_model_info_free(EdtModelInfo *info)
{
    if (info == NULL)
        return;
    g_free(info->path);
    g_free(info->variant);
    g_free(info->title);
    g_free(info->licence);
    g_free(info->source_sha256);
    g_free(info->sha256);
    g_strfreev(info->class_names);
    g_strfreev(info->class_labels);
    g_free(info);
}
