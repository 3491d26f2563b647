/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Metadata and tensors into a safetensors file, one tensor in memory at a time; see writer.h.  What
 * reads it: info.c, engine/engine.c.
 */
#include "model/writer.h"
#include "base/half.h"
#include "base/int8.h"
#include "network/layers.h"
#include "base/memory.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

typedef struct {
    char *name;      /* with prefix ... */
    const char *own; /* ... and without */
    EdtModelNumbers numbers;
    gpointer from;
    EdtType type;
    int rank;
    gint64 shape[EDT_RANK_MAX];
    gsize count;     /* of the numbers it is made of */
    gboolean scales; /* what is stored are the scales of their rows */
} Item;

struct EdtModelWriter {
    EdtSafetensorsWriter *file;
    char *path; /* for messages */
    EdtStored stored;
    GPtrArray *items;
    GHashTable *bytes;  /* names of what becomes bytes, without prefix */
    const char *prefix; /* of what is added now, and where it comes from */
    EdtModelNumbers numbers;
    gpointer from;
};

static void item_free(gpointer data)
{
    Item *item = data;
    g_free(item->name);
    g_free(item);
}

EdtModelWriter *edt_model_writer_new(const char *path, gboolean force, EdtStored stored,
                                     GError **error)
{
    EdtSafetensorsWriter *file =
        edt_safetensors_writer_new(path, force ? EDT_WRITE_REPLACE : EDT_WRITE_NEW, error);
    EdtModelWriter *w;

    if (!file)
        return NULL;
    w = g_new0(EdtModelWriter, 1);
    w->file = file;
    w->path = g_strdup(path);
    w->stored = stored;
    w->items = g_ptr_array_new_with_free_func(item_free);
    w->bytes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return w;
}

static void writer_free(EdtModelWriter *w)
{
    g_ptr_array_unref(w->items);
    g_hash_table_unref(w->bytes);
    g_free(w->path);
    g_free(w);
}

void edt_model_writer_abandon(EdtModelWriter *w)
{
    if (!w)
        return;
    edt_safetensors_writer_abandon(w->file);
    writer_free(w);
}

/* ---- what goes in ---- */

void edt_model_writer_source(EdtModelWriter *w, const char *prefix, EdtModelNumbers numbers,
                             gpointer from)
{
    w->prefix = prefix;
    w->numbers = numbers;
    w->from = from;
}

static void note_inner(const EdtLayer *layer, gpointer writer)
{
    if (layer->inner)
        g_hash_table_add(((EdtModelWriter *)writer)->bytes,
                         g_strconcat(layer->name, ".weight", NULL));
}

void edt_model_writer_network(EdtModelWriter *w, const EdtVariant *v)
{
    if (w->stored == EDT_STORED_INT8)
        edt_layers(v, note_inner, w);
}

/* Position tables are exact in f32 only, and small. */
static EdtType type_of(const EdtModelWriter *w, const char *name)
{
    if (g_hash_table_contains(w->bytes, name))
        return EDT_I8;
    return w->stored != EDT_STORED_F32 && !g_str_has_suffix(name, "pos_embed") ? EDT_BF16 : EDT_F32;
}

static Item *item_new(EdtModelWriter *w, const char *name, EdtType type, int rank,
                      const gint64 *shape)
{
    Item *item = g_new0(Item, 1);

    item->name = g_strconcat(w->prefix, name, NULL);
    item->own = item->name + strlen(w->prefix);
    item->numbers = w->numbers;
    item->from = w->from;
    item->type = type;
    item->rank = rank;
    item->count = 1;
    for (int i = 0; i < rank; i++) {
        item->shape[i] = shape[i];
        item->count *= (gsize)shape[i];
    }
    g_ptr_array_add(w->items, item);
    return item;
}

void edt_model_writer_add(const char *name, int rank, const gint64 *shape, gpointer writer)
{
    EdtModelWriter *w = writer;
    const EdtType type = type_of(w, name);

    item_new(w, name, type, rank, shape);
    if (type == EDT_I8) {
        Item *scales = item_new(w, name, EDT_F32, rank, shape);
        scales->scales = TRUE;
    }
}

guint64 edt_model_writer_bytes(const EdtModelWriter *w)
{
    guint64 bytes = 0;
    for (guint i = 0; i < w->items->len; i++)
        bytes += ((const Item *)w->items->pdata[i])->count * sizeof(float);
    return bytes;
}

/* ---- writing ---- */

/* What is wide first, so that no odd number of what is narrow spoils its alignment. */
static gint by_type(gconstpointer a, gconstpointer b)
{
    const Item *x = *(Item *const *)a, *y = *(Item *const *)b;
    return (gint)edt_type_size(y->type) - (gint)edt_type_size(x->type);
}

static gboolean check_numbers(const Item *item, const float *values, GError **error)
{
    gsize nan = 0, infinite = 0;

    for (gsize i = 0; i < item->count; i++) {
        nan += isnan(values[i]) != 0;
        infinite += isinf(values[i]) != 0;
    }
    if (nan + infinite == 0)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The checkpoint is damaged or its training failed: of the %zu numbers of tensor "
                  "“%s”, %zu are not a number and %zu are infinite. Use another checkpoint."),
                item->count, item->name, nan, infinite);
    return FALSE;
}

static gboolean write_bf16(EdtSafetensorsWriter *file, const float *values, gsize count,
                           GError **error)
{
    EdtHalf halves[2048];

    for (gsize at = 0; at < count; at += G_N_ELEMENTS(halves)) {
        gsize n = MIN(G_N_ELEMENTS(halves), count - at);
        for (gsize i = 0; i < n; i++)
            halves[i] = edt_f32_to_bf16(values[at + i]);
        if (!edt_safetensors_writer_data(file, halves, n * sizeof *halves, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean write_rows(EdtSafetensorsWriter *file, const Item *item, const float *values,
                           GError **error)
{
    const gsize rows = (gsize)item->shape[0], n = item->count / rows;
    g_autofree gint8 *bytes = g_new(gint8, n);

    for (gsize row = 0; row < rows; row++) {
        const float scale = edt_int8_from_f32(n, values + row * n, bytes);
        if (!(item->scales ? edt_safetensors_writer_data(file, &scale, sizeof scale, error)
                           : edt_safetensors_writer_data(file, bytes, n, error)))
            return FALSE;
    }
    return TRUE;
}

static gboolean write_item(EdtModelWriter *w, const Item *item, float *values, GError **error)
{
    if (!item->numbers(item->from, item->own, item->shape, values, error) ||
        !check_numbers(item, values, error))
        return FALSE;
    if (item->type == EDT_I8 || item->scales)
        return write_rows(w->file, item, values, error);
    if (item->type == EDT_BF16)
        return write_bf16(w->file, values, item->count, error);
    return edt_safetensors_writer_data(w->file, values, item->count * sizeof *values, error);
}

static gboolean write_items(EdtModelWriter *w, EdtImportProgress progress, gpointer user_data,
                            GError **error)
{
    guint64 total = edt_model_writer_bytes(w), done = 0;
    gsize largest = 0;

    for (guint i = 0; i < w->items->len; i++)
        largest = MAX(largest, ((const Item *)w->items->pdata[i])->count);
    float *values = edt_alloc(largest * sizeof *values, error);
    gboolean ok = values != NULL;
    for (guint i = 0; ok && i < w->items->len; i++) {
        const Item *item = w->items->pdata[i];
        if (progress)
            progress(done, total, item->name, user_data);
        ok = write_item(w, item, values, error);
        done += item->count * sizeof *values;
    }
    edt_free(values);
    return ok;
}

gboolean edt_model_writer_finish(EdtModelWriter *w, const EdtFormat *format,
                                 EdtImportProgress progress, gpointer user_data, GError **error)
{
    guint64 total = edt_model_writer_bytes(w);

    if (!edt_format_check(format, w->path, error)) {
        edt_model_writer_abandon(w);
        return FALSE;
    }
    edt_format_write(format, w->file);
    g_ptr_array_sort(w->items, by_type);
    for (guint i = 0; i < w->items->len; i++) {
        const Item *item = w->items->pdata[i];
        g_autofree char *name =
            g_strconcat(item->name, item->scales ? EDT_SCALE_SUFFIX : NULL, NULL);
        edt_safetensors_writer_declare(w->file, name, item->type, item->scales ? 1 : item->rank,
                                       item->shape);
    }
    if (!write_items(w, progress, user_data, error)) {
        edt_model_writer_abandon(w);
        return FALSE;
    }
    gboolean ok = edt_safetensors_writer_finish(w->file, error);
    if (ok && progress)
        progress(total, total, "", user_data);
    writer_free(w);
    return ok;
}
