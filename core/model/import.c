/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A foreign checkpoint becomes a model: opened as inert data (files/checkpoint.h), its shape read
 * from its tensors (network/shape.h), every tensor checked by name and shape, then copied one by
 * one, as f32 or bf16, into a safetensors file with metadata.  What reads that: info.c, engine.c.
 */
#include "model/info.h"
#include "base/half.h"
#include "base/memory.h"
#include "files/checkpoint.h"
#include "files/inventory.h"
#include "files/json_text.h"
#include "files/vae_names.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* One tensor of the model to be, and where it comes from. */
typedef struct {
    char *name; /* "edt." or "vae." and the reference's name */
    EdtCheckpoint *checkpoint;
    const EdtCheckpointTensor *from;
    EdtType type;
    int rank;
    gint64 shape[EDT_RANK_MAX];
} Item;

typedef struct {
    const EdtImport *import;
    EdtImportProgress progress;
    gpointer user_data;
    EdtCheckpoint *edt, *vae;
    GHashTable *edt_names, *vae_names; /* name as the model has it to EdtCheckpointTensor */
    EdtVariant variant;
    EdtVaeShape vae_shape;
    GPtrArray *items;
    guint64 done, total; /* bytes of numbers, as f32 */
    GError **error;
} Job;

static void item_free(gpointer data)
{
    Item *item = data;
    g_free(item->name);
    g_free(item);
}

static gboolean refuse(Job *job, const char *path, const char *what)
{
    g_set_error(job->error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("“%s” is refused: %s."), path, what);
    return FALSE;
}

static void report(Job *job, const char *what)
{
    if (job->progress)
        job->progress(job->done, job->total, what, job->user_data);
}

/* ---- names ---- */

/* What DataParallel and torch.compile put before names. */
static const char *strip_wrappers(const char *name)
{
    static const char *const wrappers[] = {"module.", "_orig_mod."};

    for (gsize i = 0; i < G_N_ELEMENTS(wrappers); i++)
        if (g_str_has_prefix(name, wrappers[i]))
            return strip_wrappers(name + strlen(wrappers[i]));
    return name;
}

/* name is taken over. */
static gboolean add_name(Job *job, GHashTable *names, char *name, const EdtCheckpointTensor *tensor,
                         const char *path)
{
    if (g_hash_table_contains(names, name)) {
        g_set_error(job->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("“%s” is refused: two of its tensors are both “%s” to the model."), path,
                    name);
        g_free(name);
        return FALSE;
    }
    g_hash_table_insert(names, name, (gpointer)tensor);
    return TRUE;
}

static gboolean name_edt_tensors(Job *job)
{
    const char *path = job->import->edt_path;

    for (guint i = 0; i < edt_checkpoint_count(job->edt); i++) {
        const EdtCheckpointTensor *tensor = edt_checkpoint_get(job->edt, i);
        char *name = g_strdup(strip_wrappers(tensor->name));
        if (!add_name(job, job->edt_names, name, tensor, path))
            return FALSE;
    }
    if (g_hash_table_contains(job->edt_names, "edt.x_embedder.proj.weight"))
        return refuse(job, path, _("it is a model of this program already; use it as it is"));
    return TRUE;
}

static const char *vae_name_at(gconstpointer checkpoint, guint i)
{
    return strip_wrappers(edt_checkpoint_get(checkpoint, i)->name);
}

/* Levels of the decoder, 0 after an error. */
static int name_vae_tensors(Job *job)
{
    guint n = edt_checkpoint_count(job->vae);
    const char *prefix = edt_vae_prefix(job->vae, n, vae_name_at);
    int levels = edt_vae_levels(job->vae, n, vae_name_at, prefix);

    if (levels == 0)
        refuse(job, job->import->vae_path,
               _("there is no autoencoder in it. Use the autoencoder of "
                 "Stable Diffusion (sd-vae-ft-ema or sd-vae-ft-mse)"));
    for (guint i = 0; i < n && levels > 0; i++) {
        const char *full = vae_name_at(job->vae, i);
        char *name = g_str_has_prefix(full, prefix)
                         ? edt_vae_modern_name(full + strlen(prefix), levels)
                         : NULL;
        if (name && !add_name(job, job->vae_names, name, edt_checkpoint_get(job->vae, i),
                              job->import->vae_path))
            return 0;
    }
    return levels;
}

/* ---- shapes ---- */

static int edt_shape_of(gpointer user_data, const char *name, gint64 shape[EDT_RANK_MAX])
{
    const EdtCheckpointTensor *tensor = g_hash_table_lookup(((Job *)user_data)->edt_names, name);

    if (tensor == NULL)
        return 0;
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    return tensor->rank;
}

/* A 1x1 convolution in the attention is the same numbers as a linear layer. */
static int vae_shape_of(gpointer user_data, const char *name, gint64 shape[EDT_RANK_MAX])
{
    const EdtCheckpointTensor *tensor = g_hash_table_lookup(((Job *)user_data)->vae_names, name);
    int rank;

    if (tensor == NULL)
        return 0;
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    rank = tensor->rank;
    if (strstr(name, ".attentions.") && rank == 4 && shape[2] == 1 && shape[3] == 1)
        rank = 2;
    return rank;
}

typedef struct {
    Job *job;
    EdtInventory *inventory;
    const char *prefix;
    EdtCheckpoint *checkpoint;
    GHashTable *names; /* what was expected is taken out; what stays is too much */
    int (*shape_of)(gpointer, const char *, gint64 *);
} Listing;

/* Position tables are exact in f32 only, and small. */
static EdtType stored_type(const Job *job, const char *name)
{
    return job->import->bf16 && !g_str_has_suffix(name, "pos_embed") ? EDT_BF16 : EDT_F32;
}

static void list_tensor(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Listing *l = user_data;
    gint64 found[EDT_RANK_MAX];
    int found_rank = l->shape_of(l->job, name, found);
    Item *item;

    if (edt_inventory_expect(l->inventory, name, rank, shape, found_rank ? found_rank : -1,
                             found)) {
        item = g_new0(Item, 1);
        item->name = g_strconcat(l->prefix, name, NULL);
        item->checkpoint = l->checkpoint;
        item->from = g_hash_table_lookup(l->names, name);
        item->type = stored_type(l->job, name);
        item->rank = rank;
        memcpy(item->shape, shape, (gsize)rank * sizeof *shape);
        g_ptr_array_add(l->job->items, item);
        l->job->total += item->from->count * sizeof(float);
    }
    g_hash_table_remove(l->names, name);
}

/* Ends a listing: what is left over does not belong to the model. */
static gboolean close_listing(Listing *l, const char *path)
{
    GList *left = g_list_sort(g_hash_table_get_keys(l->names), (GCompareFunc)strcmp);
    char *of = g_strdup_printf("“%s”", path);
    gboolean good;

    for (GList *i = left; i; i = i->next)
        edt_inventory_extra(l->inventory, i->data);
    g_list_free(left);
    good = edt_inventory_close(l->inventory, of, l->job->error);
    g_free(of);
    return good;
}

static gboolean list_edt(Job *job)
{
    Listing listing = {job, NULL, "edt.", job->edt, job->edt_names, edt_shape_of};

    if (!name_edt_tensors(job))
        return FALSE;
    if (!edt_variant_detect(edt_shape_of, job, &job->variant, job->error)) {
        g_prefix_error(job->error, _("“%s” is refused: "), job->import->edt_path);
        return FALSE;
    }
    listing.inventory = edt_inventory_new();
    edt_variant_tensors(&job->variant, list_tensor, &listing);
    return close_listing(&listing, job->import->edt_path);
}

static gboolean list_vae(Job *job)
{
    Listing listing = {job, NULL, "vae.", job->vae, job->vae_names, vae_shape_of};
    const char *path = job->import->vae_path;
    int levels = name_vae_tensors(job);

    if (levels == 0)
        return FALSE;
    if (!edt_vae_shape_detect(vae_shape_of, job, levels, &job->vae_shape, job->error)) {
        g_prefix_error(job->error, _("“%s” is refused: "), path);
        return FALSE;
    }
    if (job->vae_shape.latent != job->variant.channels)
        return refuse(job, path, _("it does not have as many latent channels as the model"));
    listing.inventory = edt_inventory_new();
    edt_vae_tensors(&job->vae_shape, list_tensor, &listing);
    return close_listing(&listing, path);
}

/* ---- opening ---- */

static gboolean is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static gboolean check_text(Job *job, const char *what, const char *text)
{
    if (text == NULL || edt_text_fits(text, 0, EDT_MODEL_TEXT_MAX))
        return TRUE;
    g_set_error(job->error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The %s must be one line of text of at most 4096 bytes."), what);
    return FALSE;
}

static gboolean check_output(Job *job)
{
    const EdtImport *import = job->import;

    if (!is_same_file(import->edt_path, import->output) &&
        !(import->vae_path && is_same_file(import->vae_path, import->output)))
        return TRUE;
    g_set_error(job->error, EDT_ERROR, EDT_ERROR_USAGE,
                _("“%s” is what is being imported; the model needs another name."), import->output);
    return FALSE;
}

/* Quantised checkpoints hold whole numbers that mean nothing without their scales. */
static gboolean check_types(Job *job)
{
    for (guint i = 0; i < job->items->len; i++) {
        const Item *item = job->items->pdata[i];
        if (item->from->type == EDT_I64) {
            g_set_error(
                job->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The checkpoint is refused: tensor “%s” holds whole numbers. Use one with "
                  "f32, f16 or bf16 weights."),
                item->name);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean open_all(Job *job)
{
    static const char *const edt_keys[] = {"ema", "model", "state_dict", NULL};
    static const char *const vae_keys[] = {"state_dict", "model", NULL};
    const char *chosen;

    job->edt = edt_checkpoint_open(job->import->edt_path, edt_keys, &chosen, job->error);
    if (job->edt == NULL || !list_edt(job))
        return FALSE;
    if (job->import->vae_path == NULL)
        return TRUE;
    job->vae = edt_checkpoint_open(job->import->vae_path, vae_keys, &chosen, job->error);
    return job->vae && list_vae(job);
}

/* ---- writing ---- */

static void put_number(EdtSafetensorsWriter *w, const char *key, int value)
{
    char text[16];
    g_snprintf(text, sizeof text, "%d", value);
    edt_safetensors_writer_metadata(w, key, text);
}

/* A checkpoint holds weights alone; the rest is what the official code trains with: linear noise
 * schedule, predicted noise, latents of the SD autoencoder, guidance on three channels. */
static void put_metadata(const Job *job, EdtSafetensorsWriter *w)
{
    const EdtVariant *v = &job->variant;
    int factor = job->vae ? 1 << (job->vae_shape.levels - 1) : 8;

    edt_safetensors_writer_metadata(w, "format", EDT_MODEL_FORMAT);
    edt_safetensors_writer_metadata(w, "edt.variant", v->name);
    put_number(w, "edt.image_size", v->latent_size * factor);
    put_number(w, "edt.latent_size", v->latent_size);
    put_number(w, "edt.channels", v->channels);
    put_number(w, "edt.guided_channels", MIN(3, v->channels));
    edt_safetensors_writer_metadata(w, "edt.schedule", "linear");
    edt_safetensors_writer_metadata(w, "edt.prediction", "noise");
    edt_safetensors_writer_metadata(w, "edt.latent", "sd-vae");
    edt_safetensors_writer_metadata(w, "edt.alpha", "0");
    put_number(w, "edt.n_classes", v->n_classes);
    edt_safetensors_writer_metadata(w, "edt.classes",
                                    v->n_classes == 1000 ? "imagenet" : "unnamed");
    edt_safetensors_writer_metadata(w, "edt.title", job->import->title ? job->import->title : "");
    edt_safetensors_writer_metadata(w, "edt.licence",
                                    job->import->licence ? job->import->licence : "");
}

static gboolean put_checksum(Job *job, EdtSafetensorsWriter *w, const char *key,
                             EdtCheckpoint *checkpoint)
{
    char *sum = checkpoint ? edt_checkpoint_sha256(checkpoint, job->error) : g_strdup("");

    if (sum)
        edt_safetensors_writer_metadata(w, key, sum);
    g_free(sum);
    return sum != NULL;
}

/* f32 tables first, so that no odd number of bf16 before them spoils their alignment. */
static gint by_type(gconstpointer a, gconstpointer b)
{
    const Item *x = *(Item *const *)a, *y = *(Item *const *)b;
    return (x->type == EDT_BF16) - (y->type == EDT_BF16);
}

static gboolean check_numbers(Job *job, const Item *item, const float *values)
{
    gsize nan = 0, infinite = 0;

    for (gsize i = 0; i < item->from->count; i++) {
        nan += isnan(values[i]) != 0;
        infinite += isinf(values[i]) != 0;
    }
    if (nan + infinite == 0)
        return TRUE;
    g_set_error(job->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The checkpoint is damaged or its training failed: of the %zu numbers of tensor "
                  "“%s”, %zu are not a number and %zu are infinite. Use another checkpoint."),
                item->from->count, item->name, nan, infinite);
    return FALSE;
}

static gboolean write_bf16(Job *job, EdtSafetensorsWriter *w, const float *values, gsize count)
{
    EdtHalf halves[2048];

    for (gsize at = 0; at < count; at += G_N_ELEMENTS(halves)) {
        gsize n = MIN(G_N_ELEMENTS(halves), count - at);
        for (gsize i = 0; i < n; i++)
            halves[i] = edt_f32_to_bf16(values[at + i]);
        if (!edt_safetensors_writer_data(w, halves, n * sizeof *halves, job->error))
            return FALSE;
    }
    return TRUE;
}

static gboolean write_item(Job *job, EdtSafetensorsWriter *w, const Item *item, float *values)
{
    gsize count = item->from->count;

    if (!edt_checkpoint_read_f32(item->checkpoint, item->from, values, job->error) ||
        !check_numbers(job, item, values))
        return FALSE;
    if (item->type == EDT_BF16)
        return write_bf16(job, w, values, count);
    return edt_safetensors_writer_data(w, values, count * sizeof *values, job->error);
}

static gboolean write_items(Job *job, EdtSafetensorsWriter *w)
{
    gsize largest = 0;
    gboolean good;
    float *values;

    for (guint i = 0; i < job->items->len; i++)
        largest = MAX(largest, ((Item *)job->items->pdata[i])->from->count);
    values = edt_alloc(largest * sizeof *values, job->error);
    good = values != NULL;
    for (guint i = 0; good && i < job->items->len; i++) {
        const Item *item = job->items->pdata[i];
        report(job, item->name);
        good = write_item(job, w, item, values);
        job->done += item->from->count * sizeof *values;
    }
    edt_free(values);
    return good;
}

static gboolean write_model(Job *job, EdtSafetensorsWriter *w)
{
    report(job, "sha256");
    put_metadata(job, w);
    if (!put_checksum(job, w, "edt.source_sha256", job->edt) ||
        !put_checksum(job, w, "edt.vae_source_sha256", job->vae))
        return FALSE;
    g_ptr_array_sort(job->items, by_type);
    for (guint i = 0; i < job->items->len; i++) {
        const Item *item = job->items->pdata[i];
        edt_safetensors_writer_declare(w, item->name, item->type, item->rank, item->shape);
    }
    return write_items(job, w);
}

static gboolean run(Job *job)
{
    EdtSafetensorsWriter *w;

    if (!check_text(job, _("title"), job->import->title) ||
        !check_text(job, _("licence"), job->import->licence) || !check_output(job) ||
        !open_all(job) || !check_types(job))
        return FALSE;
    w = edt_safetensors_writer_new(job->import->output, job->import->force, job->error);
    if (w == NULL)
        return FALSE;
    if (!write_model(job, w)) {
        edt_safetensors_writer_abandon(w);
        return FALSE;
    }
    if (!edt_safetensors_writer_finish(w, job->error))
        return FALSE;
    report(job, "");
    return TRUE;
}

gboolean edt_import(const EdtImport *import, EdtImportProgress progress, gpointer user_data,
                    GError **error)
{
    Job job = {.import = import, .progress = progress, .user_data = user_data, .error = error};
    gboolean done;

    job.items = g_ptr_array_new_with_free_func(item_free);
    job.edt_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    job.vae_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    done = run(&job);
    g_hash_table_unref(job.vae_names);
    g_hash_table_unref(job.edt_names);
    g_ptr_array_unref(job.items);
    edt_checkpoint_close(job.vae);
    edt_checkpoint_close(job.edt);
    return done;
}
