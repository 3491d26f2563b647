/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The weights of a finished model as the beginning of a run.  The network must be the same but for
 * its classes: a class of the run takes the embedding of the model's class of that name, others
 * begin anew, so a set of classes may grow.  Called by trainer.c before the first step.
 */
#include "train/state.h"
#include "base/number.h"
#include "files/safetensors.h"
#include "train/class_list.h"

#include <string.h>

#define TABLE "y_embedder.embedding_table.weight" /* [classes + 1, D]; the last row is no class */

typedef struct {
    EdtTrainer *trainer;
    const char *path;
    EdtSafetensors *file;
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
    edt_numbers_to_f32(view->type,
                       (const guint8 *)view->data + from * edt_type_size(view->type), count, to);
}

/* Same shape; the table of classes may have other rows. */
static gboolean fits(const EdtParameter *p, const EdtTensorView *view)
{
    gboolean table = strcmp(p->name, TABLE) == 0;
    if (view->rank != p->rank || (view->type != EDT_F32 && view->type != EDT_BF16))
        return FALSE;
    for (int i = 0; i < p->rank; i++)
        if (view->shape[i] != p->shape[i] && !(table && i == 0 && view->shape[0] > 0))
            return FALSE;
    return TRUE;
}

/* {name: row + 1}; the names stay the caller's. */
static GHashTable *rows_of_names(char **names, gint64 classes)
{
    GHashTable *rows = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; names && names[i] && (gint64)i < classes; i++)
        g_hash_table_insert(rows, names[i], GUINT_TO_POINTER(i + 1));
    return rows;
}

/* Without names on one side a class is known by its number. */
static void take_classes(const Start *s, const EdtSafetensor *tensor, const EdtParameter *p)
{
    char **names = s->trainer->dataset->class_names;
    gint64 classes = p->shape[0] - 1, theirs = tensor->view.shape[0] - 1;
    gsize D = (gsize)p->shape[1];
    float *table = s->trainer->arrays.weights + p->offset;
    g_auto(GStrv) known =
        edt_class_names_from_json(edt_safetensors_metadata(s->file, "edt.class_names"));
    g_autoptr(GHashTable) rows = rows_of_names(known, theirs);
    gboolean by_name = names && g_hash_table_size(rows) > 0;

    for (gint64 i = 0; i < classes; i++) {
        gint64 row = by_name      ? (gint64)GPOINTER_TO_UINT(g_hash_table_lookup(rows, names[i]))
                     : i < theirs ? i + 1
                                  : 0;
        if (row > 0)
            take(tensor, (gsize)(row - 1) * D, D, table + (gsize)i * D);
    }
    take(tensor, (gsize)theirs * D, D, table + (gsize)classes * D);
}

static gboolean take_tensors(const Start *s)
{
    const EdtParameters *parameters = s->trainer->parameters;
    for (guint i = 0; i < parameters->parameters->len; i++) {
        const EdtParameter *p = g_ptr_array_index(parameters->parameters, i);
        g_autofree char *name = g_strconcat("edt.", p->name, NULL);
        const EdtSafetensor *tensor = edt_safetensors_find(s->file, name);
        if (tensor == NULL || !fits(p, &tensor->view))
            return refuse(s, "it belongs to another network, by its", name);
        if (strcmp(p->name, TABLE) == 0)
            take_classes(s, tensor, p);
        else
            take(tensor, 0, p->count, s->trainer->arrays.weights + p->offset);
    }
    return !edt_safetensors_damaged(s->file, s->error);
}

/* What the network predicts, and from what, must be the same. */
static gboolean check_words(const Start *s)
{
    const EdtTrainOptions *o = &s->trainer->options;
    const char *const words[][2] = {
        {"edt.schedule", edt_export_schedule(o)},
        {"edt.prediction", edt_export_prediction(o)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_strcmp0(edt_safetensors_metadata(s->file, words[i][0]), words[i][1]) != 0)
            return refuse(s, "it has another", words[i][0]);
    return TRUE;
}

gboolean edt_start_load(EdtTrainer *trainer, const char *path, GError **error)
{
    Start s = {trainer, path, edt_safetensors_open(path, error), error};
    gboolean good = s.file && check_words(&s) && take_tensors(&s);
    edt_safetensors_close(s.file);
    return good;
}
