/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The weights of a finished model as the beginning of a run.  The network must be the same but for
 * its classes and styles: one of the run takes the embedding of the model's one of that name,
 * others begin anew, as strong as these, so their sets may grow.  Called by trainer.c before the
 * first step.
 */
#include "train/state.h"
#include "base/number.h"
#include "files/safetensors.h"
#include "model/foreign.h"
#include "model/names.h"

#include <math.h>
#include <string.h>

/* [entries + 1, D]; the last row is none of them */
#define CLASSES "y_embedder.embedding_table.weight"
#define STYLES "style_embedder.embedding_table.weight"

typedef struct {
    EdtTrainer *trainer;
    const char *path;
    EdtSafetensors *file;
    EdtFormat format; /* what it says of itself */
    GError **error;
} Start;

static gboolean refuse(const Start *s, const char *what, const char *name)
{
    g_set_error(s->error, EDT_ERROR, EDT_ERROR_USAGE, "“%s” is no beginning for this run: %s %s.",
                s->path, what, name);
    return FALSE;
}

static void take(const EdtSafetensor *tensor, gsize from, gsize count, float *to)
{
    const EdtTensorView *view = &tensor->view;
    edt_numbers_to_f32(view->type, (const guint8 *)view->data + from * edt_type_size(view->type),
                       count, to);
}

static gboolean is_table(const EdtParameter *p)
{
    return strcmp(p->name, CLASSES) == 0 || strcmp(p->name, STYLES) == 0;
}

/* Same shape; the tables of labels may have other rows. */
static gboolean fits(const EdtParameter *p, const EdtTensorView *view)
{
    gboolean table = is_table(p);
    if (view->rank != p->rank || (view->type != EDT_F32 && view->type != EDT_BF16))
        return FALSE;
    for (int i = 0; i < p->rank; i++)
        if (view->shape[i] != p->shape[i] && !(table && i == 0 && view->shape[0] > 0))
            return FALSE;
    return TRUE;
}

/* {name: row + 1}; the names stay the caller's. */
static GHashTable *rows_of_names(char **names, gint64 n)
{
    GHashTable *rows = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; names && names[i] && (gint64)i < n; i++)
        g_hash_table_insert(rows, names[i], GUINT_TO_POINTER(i + 1));
    return rows;
}

static double rms(const float *values, gsize count)
{
    double sum = 0;
    for (gsize i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return count ? sqrt(sum / (double)count) : 0;
}

/* A fresh row among learnt ones is as strong as they are on average: what the network has learnt to
 * see is of that size, and a weak row would be the same to it as any other weak one for a long
 * time. */
static void strengthen(float *row, gsize D, double strength)
{
    const double own = rms(row, D);
    for (gsize i = 0; i < D && own > 0; i++)
        row[i] *= (float)(strength / own);
}

/* Of their rows; 0: there are none. */
static double strength_of(const EdtSafetensor *tensor, gint64 rows, gsize D)
{
    g_autofree float *row = g_new(float, D);
    double sum = 0;
    for (gint64 i = 0; i < rows; i++) {
        take(tensor, (gsize)i * D, D, row);
        sum += rms(row, D);
    }
    return rows > 0 ? sum / (double)rows : 0;
}

/* Without names on one side an entry is known by its number. */
static void take_table(const Start *s, const EdtSafetensor *tensor, const EdtParameter *p)
{
    gboolean classes = strcmp(p->name, CLASSES) == 0;
    const EdtDataset *data = s->trainer->dataset;
    char **names = classes ? data->classes.names : data->styles.names;
    gint64 ours = p->shape[0] - 1, theirs = tensor->view.shape[0] - 1;
    gsize D = (gsize)p->shape[1];
    float *table = s->trainer->arrays.weights + p->offset;
    g_auto(GStrv) known =
        edt_names_from_json(classes ? s->format.class_names : s->format.style_names);
    g_autoptr(GHashTable) rows = rows_of_names(known, theirs);
    gboolean by_name = names && g_hash_table_size(rows) > 0;
    const double strength = strength_of(tensor, theirs, D);

    for (gint64 i = 0; i < ours; i++) {
        gint64 row = by_name      ? (gint64)GPOINTER_TO_UINT(g_hash_table_lookup(rows, names[i]))
                     : i < theirs ? i + 1
                                  : 0;
        if (row > 0)
            take(tensor, (gsize)(row - 1) * D, D, table + (gsize)i * D);
        else
            strengthen(table + (gsize)i * D, D, strength);
    }
    take(tensor, (gsize)theirs * D, D, table + (gsize)ours * D);
}

static gboolean take_tensors(const Start *s)
{
    const EdtParameters *parameters = s->trainer->parameters;
    if (!edt_parameters_get(parameters, STYLES) && edt_safetensors_find(s->file, "edt." STYLES))
        return refuse(s, "it has styles, and the pictures tell none: it has an", "edt." STYLES);
    for (guint i = 0; i < parameters->parameters->len; i++) {
        const EdtParameter *p = g_ptr_array_index(parameters->parameters, i);
        g_autofree char *name = g_strconcat("edt.", p->name, NULL);
        const EdtSafetensor *tensor = edt_safetensors_find(s->file, name);
        if (!tensor && (strcmp(p->name, STYLES) == 0 || p->layer.training))
            continue; /* it begins to learn styles; what only training needs begins anew */
        if (tensor && tensor->view.type == EDT_I8)
            return refuse(s, "it is stored as int8, by its", name);
        if (!tensor || !fits(p, &tensor->view))
            return refuse(s, "it belongs to another network, by its", name);
        if (is_table(p))
            take_table(s, tensor, p);
        else
            take(tensor, 0, p->count, s->trainer->arrays.weights + p->offset);
    }
    return !edt_safetensors_damaged(s->file, s->error);
}

/* What the network predicts, and from what, must be the same: also the latents. */
static gboolean check_format(const Start *s)
{
    const EdtTrainer *trainer = s->trainer;
    const char *path = trainer->options.vae;
    EdtForeign *vae =
        path ? edt_foreign_vae_open(path, EDT_VAE_DECODER | EDT_VAE_ENCODER, s->error) : NULL;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

    if (path && !vae)
        return FALSE;
    const EdtFormat ours = edt_export_format(&trainer->options, &trainer->v, vae, texts);
    const char *differs = edt_format_differ(&s->format, &ours);
    edt_foreign_close(vae);
    return !differs || refuse(s, "it has another", differs);
}

gboolean edt_start_load(EdtTrainer *trainer, const char *path, GError **error)
{
    Start s = {.trainer = trainer, .path = path, .error = error};

    s.file = edt_safetensors_open(path, error);
    gboolean ok = s.file && edt_format_read(s.file, path, &s.format, error) && check_format(&s) &&
                  take_tensors(&s);
    edt_safetensors_close(s.file);
    return ok;
}
