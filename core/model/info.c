/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model file says of itself: the metadata of its header, checked against its tensors, so
 * that whoever has an EdtModelInfo knows that every tensor is there with the right shape.  Reads
 * nothing but the header.  Who wrote it: import.c, or the trainer's export.
 */
#include "model/info.h"
#include "base/int8.h"
#include "files/inventory.h"
#include "model/format.h"
#include "model/names.h"
#include "model/needs.h"
#include "network/amm.h"
#include "vae/latents.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct {
    const EdtSafetensors *file;
    EdtFormat format;
    EdtModelInfo *info;
    EdtVariant variant;
    GError **error;
} Reader;

static gboolean refuse(Reader *r, const char *key, const char *what)
{
    return edt_format_refuse(r->info->path, key, what, r->error);
}

/* ---- metadata ---- */

static void take_words(Reader *r)
{
    const EdtFormat *f = &r->format;
    EdtModelInfo *info = r->info;

    info->variant = g_strdup(f->variant);
    info->title = g_strdup(f->title);
    info->licence = g_strdup(f->licence);
    info->source_sha256 = g_strdup(f->source_sha256);
    info->image_size = f->image_size;
    info->latent_size = f->latent_size;
    info->channels = f->channels;
    info->guided_channels = f->guided_channels;
    info->cfg_scale = f->cfg_scale;
    info->cfg_pow = f->cfg_pow;
    info->needs_vae = f->space != EDT_SPACE_PIXELS;
    info->has_alpha = f->has_alpha;
    info->schedule = f->schedule;
    info->prediction = f->prediction;
    info->n_classes = f->n_classes;
    info->class_list = f->class_list;
}

static gboolean take_latents(Reader *r)
{
    const EdtFormat *f = &r->format;

    if (f->space == EDT_SPACE_STANDARD)
        r->info->latents = edt_latents_standard(f->channels);
    if (f->space == EDT_SPACE_OWN)
        r->info->latents = edt_latents_read(&f->latents, f->channels);
    return r->info->latents || f->space == EDT_SPACE_PIXELS ||
           refuse(r, "edt.latent_mean, _deviation or _colours",
                  _("is no list of as many numbers as there are channels"));
}

static gboolean take_class_names(Reader *r)
{
    const EdtFormat *f = &r->format;
    guint n = (guint)f->n_classes;

    if (f->class_list == EDT_CLASSES_IMAGENET && n != 1000)
        return refuse(r, "edt.classes", _("says ImageNet, which has 1000 classes"));
    if (f->class_list != EDT_CLASSES_OWN)
        return TRUE;
    if (!f->class_names)
        return refuse(r, "edt.class_names", _("is missing"));
    r->info->class_names = edt_names_from_json(f->class_names);
    if (!r->info->class_names || g_strv_length(r->info->class_names) != n)
        return refuse(r, "edt.class_names", _("is no list of as many names as there are classes"));
    return !f->class_translations ||
           edt_translations_read(f->class_translations, n, g_get_language_names(),
                                 &r->info->class_labels) ||
           refuse(r, "edt.class_translations", _("holds no names of all classes"));
}

/* Names of as many styles as the tensors have; without names they are numbers. */
static gboolean take_style_names(Reader *r)
{
    const EdtFormat *f = &r->format;
    guint n = (guint)r->variant.n_styles;

    r->info->n_styles = r->variant.n_styles;
    if (!f->style_names)
        return TRUE;
    r->info->style_names = edt_names_from_json(f->style_names);
    if (!r->info->style_names || g_strv_length(r->info->style_names) != n)
        return refuse(r, "edt.style_names", _("is no list of as many names as there are styles"));
    return !f->style_translations ||
           edt_translations_read(f->style_translations, n, g_get_language_names(),
                                 &r->info->style_labels) ||
           refuse(r, "edt.style_translations", _("holds no names of all styles"));
}

/* ---- tensors ---- */

/* Rank of the tensor under prefix and name: 0 is none, as EdtShapeOf wants it. */
static int shape_under(const EdtSafetensors *file, const char *prefix, const char *name,
                       gint64 shape[EDT_RANK_MAX])
{
    char *full = g_strconcat(prefix, name, NULL);
    const EdtSafetensor *tensor = edt_safetensors_find(file, full);

    g_free(full);
    if (!tensor)
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

static int draft_shape_of(gpointer file, const char *name, gint64 shape[EDT_RANK_MAX])
{
    return shape_under(file, "draft.", name, shape);
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

/* Weights that are bytes have their scales beside them. */
static void expect_scale(const EdtLayer *layer, gpointer user_data)
{
    const Check *check = user_data;
    g_autofree char *weight = g_strconcat(layer->name, ".weight", NULL);
    g_autofree char *full = g_strconcat(check->prefix, weight, NULL);
    g_autofree char *scale = g_strconcat(weight, EDT_SCALE_SUFFIX, NULL);
    const EdtSafetensor *tensor = edt_safetensors_find(check->file, full);

    if (layer->inner && tensor && tensor->view.type == EDT_I8)
        expect(scale, 1, &layer->N, user_data);
}

static gboolean check_draft(Reader *r, const EdtVaeShape *full, Check *check)
{
    EdtVaeShape draft;

    if (!r->info->has_draft)
        return TRUE;
    if (!edt_vae_shape_detect(draft_shape_of, (gpointer)r->file, EDT_VAE_DECODER, &draft,
                              r->error)) {
        g_prefix_error(r->error, "“%s”: ", r->info->path);
        return FALSE;
    }
    if (!edt_vae_is_draft_of(&draft, full))
        return refuse(r, "edt.latent", _("does not fit the small autoencoder in the file"));
    edt_needs_decoding(r->info, &draft);
    check->prefix = "draft.";
    edt_vae_tensors(&draft, EDT_VAE_DECODER, expect, check);
    return TRUE;
}

static gboolean check_vae(Reader *r, Check *check)
{
    const EdtVaeParts all = EDT_VAE_DECODER | EDT_VAE_ENCODER;
    EdtVaeShape vae;

    if (!r->info->has_vae)
        return TRUE;
    if (!edt_vae_shape_detect(vae_shape_of, (gpointer)r->file, all, &vae, r->error)) {
        g_prefix_error(r->error, "“%s”: ", r->info->path);
        return FALSE;
    }
    if (vae.latent != r->info->channels || r->info->image_size != r->info->latent_size * vae.factor)
        return refuse(r, "edt.image_size", _("does not fit the autoencoder in the file"));
    if (r->info->has_alpha != (vae.pixels == 4))
        return refuse(r, "edt.alpha", _("does not fit the autoencoder in the file"));
    if ((r->format.space == EDT_SPACE_OWN) != (vae.kind == EDT_VAE_CODEC))
        return refuse(r, "edt.latent", _("does not fit the autoencoder in the file"));
    edt_needs_decoding(r->info, &vae);
    check->prefix = "vae.";
    edt_vae_tensors(&vae, all, expect, check);
    return check_draft(r, &vae, check);
}

static const EdtStored storages[] = {
    [EDT_F32] = EDT_STORED_F32, [EDT_BF16] = EDT_STORED_BF16, [EDT_I8] = EDT_STORED_INT8};

/* Types that the engine takes, at addresses where they can be read as they are; bytes only with
 * scales. */
static gboolean is_ours(const Check *check, const EdtSafetensor *t)
{
    const EdtType type = t->view.type;
    g_autofree char *scale = g_strconcat(t->name, EDT_SCALE_SUFFIX, NULL);

    return (type == EDT_F32 || type == EDT_BF16 ||
            (type == EDT_I8 && g_hash_table_contains(check->known, scale))) &&
           (guintptr)t->view.data % edt_type_size(type) == 0;
}

static gboolean check_tensors(Reader *r, Check *check)
{
    for (guint i = 0; i < edt_safetensors_count(r->file); i++) {
        const EdtSafetensor *t = edt_safetensors_get(r->file, i);
        EdtType type = t->view.type;
        if (!g_hash_table_contains(check->known, t->name))
            edt_inventory_extra(check->inventory, t->name);
        if (!is_ours(check, t)) {
            g_set_error(
                r->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” was not written by this program: its tensor “%s” has another type or "
                  "place than ours have. Import it again."),
                r->info->path, t->name);
            return FALSE;
        }
        if (!g_str_has_suffix(t->name, EDT_SCALE_SUFFIX))
            r->info->n_parameters += t->bytes / edt_type_size(type);
        r->info->stored = MAX(r->info->stored, storages[type]);
    }
    return TRUE;
}

static gboolean check_inventory(Reader *r)
{
    Check check = {r->file, edt_inventory_new(), "edt.",
                   g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    char *of = g_strdup_printf("“%s”", r->info->path);
    gboolean ok;

    edt_variant_tensors(&r->variant, expect, &check);
    edt_layers(&r->variant, expect_scale, &check);
    edt_needs_forward(r->info, &r->variant);
    ok = check_vae(r, &check) && check_tensors(r, &check);
    ok = edt_inventory_close(check.inventory, of, ok ? r->error : NULL) && ok;
    g_hash_table_unref(check.known);
    g_free(of);
    return ok;
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
    if (!info->needs_vae && info->has_alpha != (info->channels == 4))
        return refuse(r, "edt.alpha",
                      _("does not fit: pixel models of 4 channels have alpha, no others"));
    info->has_null = !v->no_null;
    if (v->no_null)
        info->cfg_scale = 1; /* guidance has nothing to lead away from */
    info->amm_helps = edt_amm_acts(v, EDT_AMM_AUTO);
    info->amm_official = edt_amm_acts(v, EDT_AMM_OFFICIAL);
    info->has_inner = edt_variant_outer(v) > 0;
    info->learned_variance = v->out_channels == 2 * v->channels;
    return TRUE;
}

/* What tensors do not tell of their network. */
static EdtShapeHints hints_of(const Reader *r)
{
    EdtShapeHints hints = r->format.hints;
    if (!hints.no_null)
        hints.no_null = -1; /* known: a file without a null class says so */
    return hints;
}

static gboolean read_all(Reader *r)
{
    if (!edt_format_read(r->file, r->info->path, &r->format, r->error))
        return FALSE;
    take_words(r);
    if (!take_latents(r) || !take_class_names(r))
        return FALSE;
    if (!edt_variant_detect(edt_shape_of, (gpointer)r->file, hints_of(r), &r->variant, r->error)) {
        g_prefix_error(r->error, "“%s”: ", r->info->path);
        return FALSE;
    }
    return check_agreement(r) && take_style_names(r) && check_inventory(r);
}

static gboolean has_tensors(const EdtSafetensors *file, const char *prefix)
{
    for (guint i = 0; i < edt_safetensors_count(file); i++)
        if (g_str_has_prefix(edt_safetensors_get(file, i)->name, prefix))
            return TRUE;
    return FALSE;
}

EdtModelInfo *edt_model_info_of(const EdtSafetensors *file, const char *path, EdtVariant *variant,
                                GError **error)
{
    Reader reader = {.file = file, .info = g_new0(EdtModelInfo, 1), .error = error};

    reader.info->path = g_strdup(path);
    reader.info->sha256 = g_strdup(edt_safetensors_header_sha256(file));
    reader.info->file_bytes = edt_safetensors_file_bytes(file);
    reader.info->has_vae = has_tensors(file, "vae.");
    reader.info->has_draft = reader.info->has_vae && has_tensors(file, "draft.");
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
    if (!info)
        return;
    g_free(info->path);
    g_free(info->variant);
    g_free(info->latents);
    g_free(info->title);
    g_free(info->licence);
    g_free(info->source_sha256);
    g_free(info->sha256);
    g_strfreev(info->class_names);
    g_strfreev(info->class_labels);
    g_strfreev(info->style_names);
    g_strfreev(info->style_labels);
    g_free(info);
}

EdtMakes edt_model_info_makes(const EdtModelInfo *info)
{
    return !info->needs_vae ? EDT_MAKES_PIXELS
           : info->has_vae  ? EDT_MAKES_LATENTS_DECODED
                            : EDT_MAKES_LATENTS_ONLY;
}

const char *edt_model_info_title(const EdtModelInfo *info)
{
    return info->title && *info->title ? info->title : info->variant;
}
