/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Foreign checkpoints opened as inert data (files/checkpoint.h), their tensors found by our names
 * and counted against what the network or autoencoder must have; see foreign.h.
 */
#include "model/foreign.h"
#include "edt.h"
#include "files/checkpoint.h"
#include "files/inventory.h"
#include "model/latents.h"
#include "vae/latents.h"
#include "vae/names.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct EdtForeign {
    EdtTensorSource source;
    char *path;
    EdtCheckpoint *checkpoint;
    GHashTable *tensors; /* our name -> EdtCheckpointTensor */
    EdtVaeParts parts;   /* of an autoencoder; 0: a network */
    EdtVariant variant;
    EdtVaeShape vae;
    EdtLatentChannel *latents; /* of the autoencoder */
    GHashTable *values;        /* our name -> float *, while a view is in use */
    GError *error;
};

static gboolean refuse(const EdtForeign *f, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("“%s” is refused: %s."), f->path, what);
    return FALSE;
}

/* ---- names ---- */

/* Without what DataParallel and torch.compile put before names. */
static const char *name_at(gconstpointer checkpoint, guint i)
{
    static const char *const wrappers[] = {"module.", "_orig_mod."};
    const char *name = edt_checkpoint_get(checkpoint, i)->name;

    for (gsize w = 0; w < G_N_ELEMENTS(wrappers); w++)
        if (g_str_has_prefix(name, wrappers[w])) {
            name += strlen(wrappers[w]);
            w = (gsize)-1; /* from the first one again */
        }
    return name;
}

/* name is taken over. */
static gboolean add_name(EdtForeign *f, char *name, guint i, GError **error)
{
    if (g_hash_table_contains(f->tensors, name)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("“%s” is refused: two of its tensors are both “%s” to the model."), f->path,
                    name);
        g_free(name);
        return FALSE;
    }
    g_hash_table_insert(f->tensors, name, (gpointer)edt_checkpoint_get(f->checkpoint, i));
    return TRUE;
}

#define DIFFUSERS_DIT "transformer_blocks.0.norm1.emb.timestep_embedder.linear_1.weight"

static gboolean name_network(EdtForeign *f, GError **error)
{
    for (guint i = 0; i < edt_checkpoint_count(f->checkpoint); i++)
        if (!add_name(f, g_strdup(name_at(f->checkpoint, i)), i, error))
            return FALSE;
    if (g_hash_table_contains(f->tensors, "edt.x_embedder.proj.weight"))
        return refuse(f, _("it is a model of this program already; use it as it is"), error);
    if (g_hash_table_contains(f->tensors, DIFFUSERS_DIT))
        return refuse(f,
                      _("it is a DiT as diffusers writes it, which lacks its position table. Use "
                        "the original file, DiT-XL-2-256x256.pt or DiT-XL-2-512x512.pt of "
                        "github.com/facebookresearch/DiT"),
                      error);
    return TRUE;
}

/* Of the other half, which nobody asked for. */
static gboolean is_other_half(const EdtForeign *f, const char *name)
{
    gboolean encoder = g_str_has_prefix(name, "encoder.") || g_str_has_prefix(name, "quant_conv.");
    return !(f->parts & (encoder ? EDT_VAE_ENCODER : EDT_VAE_DECODER));
}

static gboolean name_vae(EdtForeign *f, GError **error)
{
    guint n = edt_checkpoint_count(f->checkpoint);
    EdtVaeSpelling spelling = edt_vae_spelling(f->checkpoint, n, name_at);

    if (spelling.how == EDT_VAE_SPELLS_NOTHING)
        return refuse(f,
                      _("there is no autoencoder in it. Use the autoencoder of "
                        "Stable Diffusion (sd-vae-ft-ema or sd-vae-ft-mse)"),
                      error);
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = edt_vae_our_name(&spelling, name_at(f->checkpoint, i));
        if (name && !is_other_half(f, name) && !add_name(f, g_steal_pointer(&name), i, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- shapes ---- */

/* A 1x1 convolution in the autoencoder's attention is the same numbers as a linear layer. */
static int shape_of(gpointer user_data, const char *name, gint64 shape[EDT_RANK_MAX])
{
    const EdtForeign *f = user_data;
    const EdtCheckpointTensor *tensor = g_hash_table_lookup(f->tensors, name);

    if (!tensor)
        return 0;
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    return f->parts && strstr(name, ".attentions.") && tensor->rank == 4 && shape[2] == 1 &&
                   shape[3] == 1
               ? 2
               : tensor->rank;
}

typedef struct {
    EdtForeign *foreign;
    EdtInventory *inventory;
    GHashTable *left; /* what nothing has asked for */
    char *whole;      /* the first tensor of whole numbers, or NULL */
} Count;

/* What only training needs may be there; nobody wants it. */
static void drop_spare(const char *name, gpointer user_data)
{
    g_hash_table_remove(((const Count *)user_data)->left, name);
}

static void count_tensor(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Count *count = user_data;
    const EdtCheckpointTensor *tensor = g_hash_table_lookup(count->foreign->tensors, name);
    gint64 found[EDT_RANK_MAX];
    int found_rank = shape_of(count->foreign, name, found);

    edt_inventory_expect(count->inventory, name, rank, shape, found_rank ? found_rank : -1, found);
    g_hash_table_remove(count->left, name);
    if (tensor && (tensor->type == EDT_I64 || tensor->type == EDT_I8) && !count->whole)
        count->whole = g_strdup(name);
}

/* Quantised checkpoints hold whole numbers that mean nothing without their scales. */
static gboolean check_whole(const Count *count, GError **error)
{
    if (!count->whole)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The checkpoint is refused: tensor “%s” holds whole numbers. Use one with "
                  "f32, f16 or bf16 weights."),
                count->whole);
    return FALSE;
}

/* What is left over does not belong to the model. */
static gboolean count_all(EdtForeign *f, GError **error)
{
    g_autoptr(GHashTable) left = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(f->tensors), (GCompareFunc)strcmp);
    g_autofree char *of = g_strdup_printf("“%s”", f->path);
    Count count = {f, edt_inventory_new(), left, NULL};

    for (GList *name = names; name; name = name->next)
        g_hash_table_add(left, name->data);
    edt_foreign_tensors(f, count_tensor, &count);
    if (!f->parts)
        edt_variant_spares(&f->variant, drop_spare, &count);
    for (GList *name = names; name; name = name->next)
        if (g_hash_table_contains(left, name->data))
            edt_inventory_extra(count.inventory, name->data);
    gboolean ok = edt_inventory_close(count.inventory, of, error) && check_whole(&count, error);
    g_free(count.whole);
    return ok;
}

/* ---- latents ---- */

/* A codec's file says what they are, or the model that it is part of. */
static const char *either(const EdtForeign *f, const char *key, const char *of_model)
{
    const char *text = edt_checkpoint_metadata(f->checkpoint, key);
    return text ? text : edt_checkpoint_metadata(f->checkpoint, of_model);
}

static gboolean take_latents(EdtForeign *f, GError **error)
{
    const EdtLatentTexts texts = {either(f, "mean", "edt.latent_mean"),
                                  either(f, "deviation", "edt.latent_deviation"),
                                  either(f, "colours", "edt.latent_colours")};

    f->latents = f->vae.kind == EDT_VAE_CODEC ? edt_latents_read(&texts, f->vae.latent)
                                              : edt_latents_standard(f->vae.latent);
    return f->latents ||
           refuse(f, _("its metadata mean, deviation or colours do not fit its channels"), error);
}

/* ---- as a source ---- */

static gboolean find(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    EdtForeign *f = (EdtForeign *)source;
    const EdtCheckpointTensor *tensor = g_hash_table_lookup(f->tensors, name);

    if (!tensor || f->error)
        return FALSE;
    float *values = g_hash_table_lookup(f->values, name);
    if (!values) {
        values = g_new(float, tensor->count);
        g_hash_table_insert(f->values, g_strdup(name), values);
        if (!edt_checkpoint_read_f32(f->checkpoint, tensor, values, &f->error))
            return FALSE;
    }
    *view = (EdtTensorView){.type = EDT_F32, .data = values};
    view->rank = shape_of(f, name, view->shape);
    return TRUE;
}

static void done(EdtTensorSource *source, const char *name)
{
    g_hash_table_remove(((EdtForeign *)source)->values, name);
}

/* ---- opening ---- */

static EdtForeign *foreign_new(const char *path, EdtVaeParts parts, const char *const *keys,
                               GError **error)
{
    EdtForeign *f = g_new0(EdtForeign, 1);
    const char *chosen;

    f->source = (EdtTensorSource){find, done};
    f->path = g_strdup(path);
    f->parts = parts;
    f->tensors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    f->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    f->checkpoint = edt_checkpoint_open(path, keys, &chosen, error);
    return f;
}

static EdtForeign *opened(EdtForeign *f, gboolean known, GError **error)
{
    if (known && count_all(f, error))
        return f;
    edt_foreign_close(f);
    return NULL;
}

static gboolean detected(const EdtForeign *f, gboolean ok, GError **error)
{
    if (!ok)
        g_prefix_error(error, _("“%s” is refused: "), f->path);
    return ok;
}

/* Of the published size that a training run says it is of; 0: it says none. */
static int heads_of_run(const EdtForeign *f)
{
    const int size = 256; /* which every patch divides */
    g_autofree char *name = edt_checkpoint_setting(f->checkpoint, "model");
    EdtVariant v;

    return name && edt_variant_named(name, size, &v) ? v.heads[0] : 0;
}

EdtForeign *edt_foreign_network_open(const char *path, EdtShapeHints hints, GError **error)
{
    static const char *const keys[] = {"ema", "model", "state_dict", NULL};
    EdtForeign *f = foreign_new(path, 0, keys, error);
    hints.heads_of_run = f->checkpoint ? heads_of_run(f) : 0;
    gboolean known = f->checkpoint && name_network(f, error) &&
                     detected(f, edt_variant_detect(shape_of, f, hints, &f->variant, error), error);

    return opened(f, known, error);
}

EdtForeign *edt_foreign_vae_open(const char *path, EdtVaeParts parts, GError **error)
{
    static const char *const keys[] = {"state_dict", "model", NULL};
    EdtForeign *f = foreign_new(path, parts, keys, error);
    gboolean known = f->checkpoint && name_vae(f, error) &&
                     detected(f, edt_vae_shape_detect(shape_of, f, parts, &f->vae, error), error) &&
                     take_latents(f, error);

    return opened(f, known, error);
}

void edt_foreign_close(EdtForeign *f)
{
    if (!f)
        return;
    edt_checkpoint_close(f->checkpoint);
    g_hash_table_unref(f->tensors);
    g_hash_table_unref(f->values);
    g_clear_error(&f->error);
    g_free(f->latents);
    g_free(f->path);
    g_free(f);
}

/* ---- what is in it ---- */

const EdtVariant *edt_foreign_variant(const EdtForeign *network)
{
    return &network->variant;
}

const EdtVaeShape *edt_foreign_vae_shape(const EdtForeign *vae)
{
    return &vae->vae;
}

const EdtLatentChannel *edt_foreign_vae_latents(const EdtForeign *vae)
{
    return vae->latents;
}

void edt_foreign_tensors(const EdtForeign *f, EdtTensorSpec each, gpointer user_data)
{
    if (f->parts)
        edt_vae_tensors(&f->vae, f->parts, each, user_data);
    else
        edt_variant_tensors(&f->variant, each, user_data);
}

char *edt_foreign_sha256(EdtForeign *f, GError **error)
{
    return edt_checkpoint_sha256(f->checkpoint, error);
}

gboolean edt_foreign_read(EdtForeign *f, const char *name, float *out, GError **error)
{
    return edt_checkpoint_read_f32(f->checkpoint, g_hash_table_lookup(f->tensors, name), out,
                                   error);
}

EdtTensorSource *edt_foreign_source(EdtForeign *f)
{
    return &f->source;
}

const GError *edt_foreign_error(const EdtForeign *f)
{
    return f->error;
}
