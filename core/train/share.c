/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A step shared by the ranks of an mpirun: rank r computes parts r, r + N, r + 2 N … of the batch.
 * Gradients are summed while backward goes on, in pieces of whole stages; losses and timesteps of
 * all parts reach every rank, so that all of them take the same step and keep the same state.
 */
#include "train/ranks.h"
#include "train/state.h"

#include <string.h>

#define TOLD 4 /* numbers of a row: timestep and the three losses */

static int parts_of(const EdtTrainer *trainer)
{
    return trainer->options.batch / trainer->options.micro;
}

static gsize told_count(const EdtTrainer *trainer)
{
    return (gsize)parts_of(trainer) * (gsize)trainer->batch.rows * TOLD;
}

/* ---- do all begin alike? ---- */

static guint32 hash(guint32 h, const void *data, gsize bytes)
{
    for (gsize i = 0; i < bytes; i++)
        h = (h ^ ((const guint8 *)data)[i]) * 16777619u; /* FNV-1a */
    return h;
}

static gboolean check_same(const char *what, guint32 number, GError **error)
{
    if (edt_ranks_same(number))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "The processes of this mpirun do not begin alike: their %s differ. All of them "
                "need the same options, the same data and the same checkpoint.",
                what);
    return FALSE;
}

static guint32 hash_names(guint32 h, char **names)
{
    for (char **name = names; name && *name; name++)
        h = hash(h, *name, strlen(*name) + 1);
    return h;
}

static guint32 hash_data(const EdtDataset *data)
{
    guint32 h = hash(2166136261u, &data->count, sizeof data->count);
    h = hash_names(hash_names(h, data->classes.names), data->styles.names);
    if (data->sum)
        h = hash(h, data->sum, strlen(data->sum) + 1);
    return hash(h, &data->n_classes, sizeof data->n_classes);
}

static guint32 hash_options(const EdtTrainer *trainer)
{
    EdtTrainOptions o = trainer->options;
    o.pictures = o.features = o.vae = ""; /* they may have other names elsewhere */
    o.precision = EDT_PRECISION_AUTO;     /* a check of its own names it */
    g_autofree char *json = edt_train_options_to_json(&o);
    return hash(2166136261u, json, strlen(json));
}

static guint32 hash_state(const EdtTrainer *trainer)
{
    guint32 h = hash(2166136261u, &trainer->step, sizeof trainer->step);
    return hash(h, trainer->arrays.weights, trainer->parameters->count * sizeof(float));
}

gboolean edt_share_check(const EdtTrainer *trainer, GError **error)
{
    if (parts_of(trainer) >= edt_ranks_count())
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "%d processes have nothing to share in a batch of %d pictures in micro-batches "
                "of %d. Make the batch larger or the micro-batches smaller.",
                edt_ranks_count(), trainer->options.batch, trainer->options.micro);
    return FALSE;
}

gboolean edt_share_check_vae(const EdtTrainer *t, GError **error)
{
    return !edt_ranks_begun() ||
           check_same("autoencoders (--vae)", hash(2166136261u, t->vae_sum, strlen(t->vae_sum)),
                      error);
}

gboolean edt_share_make(EdtTrainer *trainer, GError **error)
{
    trainer->told = g_new0(double, told_count(trainer));
    if (!edt_ranks_begun())
        return TRUE;
    return check_same("options", hash_options(trainer), error) &&
           check_same("types (--type)", (guint32)trainer->precision, error) &&
           check_same("training data", hash_data(trainer->dataset), error) &&
           check_same("steps or weights", hash_state(trainer), error);
}

/* ---- a step ---- */

static void hear(gpointer data, gsize offset, gsize count)
{
    EdtTrainer *trainer = data;
    if (count)
        edt_ranks_sum_begin(trainer->arrays.gradient + offset, count);
    else
        edt_ranks_sums_go_on();
}

void edt_share_listen(EdtTrainer *trainer, gboolean last)
{
    edt_train_network_tell(trainer->network, last ? hear : NULL, trainer);
}

/* Where this rank's parts stand in told; those of the others stay zero until the sum. */
static double *told_of(const EdtTrainer *trainer, int part, int row)
{
    return trainer->told + ((gsize)part * (gsize)trainer->batch.rows + (gsize)row) * TOLD;
}

void edt_share_put(EdtTrainer *trainer, int part)
{
    const EdtBatch *b = &trainer->batch;
    for (int row = 0; row < b->rows; row++) {
        const double values[TOLD] = {b->timestep[row], b->terms[row].loss, b->terms[row].mse,
                                     b->terms[row].vb};
        memcpy(told_of(trainer, part, row), values, sizeof values);
    }
}

void edt_share_gather(EdtTrainer *trainer)
{
    edt_ranks_sums_finish();
    edt_ranks_sum(trainer->told, told_count(trainer));
}

void edt_share_take(EdtTrainer *trainer, int part)
{
    EdtBatch *b = &trainer->batch;
    for (int row = 0; row < b->rows; row++) {
        const double *told = told_of(trainer, part, row);
        b->timestep[row] = (int)told[0];
        b->terms[row] = (EdtLossTerms){.loss = told[1], .mse = told[2], .vb = told[3]};
    }
}

void edt_share_forget(EdtTrainer *trainer)
{
    memset(trainer->told, 0, told_count(trainer) * sizeof *trainer->told);
}
