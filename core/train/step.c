/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One optimiser step: batches in (batch.c), forward, losses, backward, Adan.  Below mpirun a rank
 * computes its share of the batch; next for that: share.c.
 */
#include "train/state.h"
#include "base/threads.h"
#include "train/ranks.h"

#include <math.h>
#include <string.h>

static void compute_losses(EdtTrainer *trainer)
{
    EdtBatch *b = &trainer->batch;
    const double share = 1.0 / trainer->options.batch;
#pragma omp parallel for schedule(dynamic, 1) num_threads(trainer->threads)
    for (int row = 0; row < b->rows; row++) {
        int picture = row % b->pictures;
        b->terms[row] =
            edt_loss_of(&trainer->loss, b->timestep[row], b->x0 + (gsize)picture * b->count,
                        b->noise + (gsize)row * b->count, b->x_t + (gsize)row * b->count,
                        b->out + (gsize)row * b->out_count, share * (double)b->weight[picture],
                        b->d_out + (gsize)row * b->out_count);
    }
}

static void note_x0_error(const EdtTrainer *trainer, int row, EdtTrainReport *report)
{
    const EdtBatch *b = &trainer->batch;
    int band;
    double error = edt_loss_x0_error(&trainer->loss, b->timestep[row], b->terms[row].mse, &band);
    report->x0_error[band] += error;
    report->x0_count[band]++;
}

static void note_losses(const EdtTrainer *trainer, EdtTrainReport *report)
{
    const EdtBatch *b = &trainer->batch;
    const double share = 1.0 / trainer->options.batch;

    for (int row = 0; row < b->rows; row++) {
        const EdtLossTerms *terms = &b->terms[row];
        report->loss += share * terms->loss;
        *(row < b->pictures ? &report->mse : &report->masked_mse) += share * terms->mse;
        *(row < b->pictures ? &report->vb : &report->masked_vb) += share * terms->vb;
        if (row < b->pictures)
            note_x0_error(trainer, row, report);
    }
}

/* The sum of both passes, as the official code tells it. */
static void teach_resampler(EdtTrainer *trainer)
{
    const EdtBatch *b = &trainer->batch;
    g_autofree double *losses = g_new0(double, b->pictures);

    for (int row = 0; row < b->rows; row++)
        losses[row % b->pictures] += b->terms[row].loss;
    edt_resampler_update(trainer->resampler, b->pictures, b->timestep, losses);
}

static gboolean run_part(EdtTrainer *trainer, int part, GError **error)
{
    EdtBatch *b = &trainer->batch;
    const EdtTrainInput input = edt_batch_input(trainer);

    if (!edt_batch_fill(trainer, part, error))
        return FALSE;
    edt_train_network_forward(trainer->network, &input, b->out);
    compute_losses(trainer);
    edt_train_network_backward(trainer->network, b->d_out, trainer->arrays.gradient);
    return edt_train_network_check(trainer->network, error);
}

static int parts_of(const EdtTrainer *trainer)
{
    return trainer->options.batch / trainer->options.micro;
}

/* This rank's parts.  All timesteps of the step are drawn before any of its losses is learnt from:
 * so a step is the same one for any number of ranks. */
static gboolean run_parts(EdtTrainer *trainer, EdtTrainReport *report, GError **error)
{
    const int first = edt_ranks_begun() ? edt_ranks_own() : 0, ranks = edt_ranks_count();
    const gint64 since = g_get_monotonic_time();

    edt_share_forget(trainer);
    for (int part = first; part < parts_of(trainer); part += ranks) {
        edt_share_listen(trainer, part + ranks >= parts_of(trainer));
        if (!run_part(trainer, part, error))
            return FALSE;
        edt_share_put(trainer, part);
        report->own_pictures += trainer->options.micro;
    }
    report->own_seconds = (double)(g_get_monotonic_time() - since) / 1e6;
    edt_share_gather(trainer);
    return TRUE;
}

static double rate_at(const EdtTrainOptions *o, gint64 step)
{
    double way = MIN(1.0, (double)step / (double)o->rate_steps);
    double rate = o->rate - (o->rate - o->rate_end) * way;
    return step < o->warm_up ? rate * (double)(step + 1) / (double)o->warm_up : rate;
}

static double average_at(const EdtTrainOptions *o, gint64 step)
{
    double ramp = (1.0 + (double)step) / (10.0 + (double)step);
    return o->average_ramp ? MIN(o->average, ramp) : o->average;
}

static void move(EdtTrainer *trainer, EdtTrainReport *report)
{
    edt_adan_step(&trainer->adan, trainer->parameters->count, &trainer->arrays,
                  (guint64)trainer->step + 1, report->rate, report->norm,
                  average_at(&trainer->options, trainer->step), trainer->threads);
    edt_train_use_weights(trainer);
    report->step = ++trainer->step;
}

static gboolean check_finite(const EdtTrainer *trainer, const EdtTrainReport *report,
                             GError **error)
{
    if (isfinite(report->loss) && isfinite(report->norm))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                "At step %" G_GINT64_FORMAT " the loss is no number any more. Go on from the "
                "last checkpoint with a lower learning rate, or with clipping.",
                trainer->step + 1);
    return FALSE;
}

/* Everything of a step that changes the state, see edt_trainer_hold(); nothing of it where a loss
 * or a gradient is no number.  Every rank hears of all parts, in one order. */
static gboolean learn(EdtTrainer *trainer, EdtTrainReport *report, GError **error)
{
    for (int part = 0; part < parts_of(trainer); part++) {
        edt_share_take(trainer, part);
        note_losses(trainer, report);
    }
    report->norm =
        edt_adan_norm(trainer->parameters->count, trainer->arrays.gradient, trainer->threads);
    if (!check_finite(trainer, report, error))
        return FALSE;
    for (int part = 0; part < parts_of(trainer) && !trainer->options.uniform; part++) {
        edt_share_take(trainer, part);
        teach_resampler(trainer);
    }
    move(trainer, report);
    return TRUE;
}

gboolean edt_trainer_step(EdtTrainer *trainer, EdtTrainReport *report, GError **error)
{
    gint64 since = g_get_monotonic_time();
    gboolean good;

    *report =
        (EdtTrainReport){.step = trainer->step, .rate = rate_at(&trainer->options, trainer->step)};
    edt_threads_use(trainer->threads);
    memset(trainer->arrays.gradient, 0, trainer->parameters->count * sizeof(float));
    good = run_parts(trainer, report, error);
    if (good) {
        g_mutex_lock(&trainer->whole);
        good = learn(trainer, report, error);
        g_mutex_unlock(&trainer->whole);
    }
    report->seconds = (double)(g_get_monotonic_time() - since) / 1e6;
    return good;
}

void edt_trainer_hold(EdtTrainer *trainer)
{
    g_mutex_lock(&trainer->whole);
}

void edt_trainer_let_go(EdtTrainer *trainer)
{
    g_mutex_unlock(&trainer->whole);
}
