/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The trainer: one optimiser step is batches in (batch.c), forward, losses, backward, Adan.
 * See train.h.
 */
#include "train/state.h"
#include "base/memory.h"
#include "base/threads.h"
#include "train/kernels.h"

#include <math.h>
#include <string.h>

#define HISTORY 10 /* losses that the resampler remembers of a timestep */
#define UNIFORM 0.001

/* ---- making ---- */

EdtPrecision edt_train_precision(EdtPrecision wish)
{
    EdtEngineOptions options = {.backend = EDT_BACKEND_CPU, .precision = wish};
    EdtDeviceOptions resolved;
    if (wish != EDT_PRECISION_AUTO)
        return wish;
    return edt_backend_choose(&options, &resolved, NULL, NULL) ? resolved.precision
                                                               : EDT_PRECISION_F32;
}

static EdtDataset *open_data(const EdtTrainer *trainer, GError **error)
{
    const EdtTrainOptions *o = &trainer->options;
    EdtPictureOptions pictures = {o->image_size, trainer->v.channels, o->flip, o->affine, o->hue};
    return o->pictures ? edt_pictures_open(o->pictures, &pictures, error)
                       : edt_features_open(o->features, trainer->v.channels, trainer->v.latent_size,
                                           o->n_classes, error);
}

static gboolean make_arrays(EdtTrainer *trainer, GError **error)
{
    EdtAdanArrays *a = &trainer->arrays;
    float **all[] = {&a->weights, &a->gradient, &a->first,  &a->difference,
                     &a->second,  &a->previous, &a->average};
    EdtRandom random;

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if ((*all[i] = edt_parameters_array(trainer->parameters, error)) == NULL)
            return FALSE;
    if (trainer->precision == EDT_PRECISION_BF16) {
        trainer->halves = edt_alloc(trainer->parameters->count * sizeof(EdtHalf), error);
        if (trainer->halves == NULL)
            return FALSE;
    }
    edt_train_random(&random, trainer->options.seed, EDT_DRAW_WEIGHTS, 0, 0);
    edt_parameters_initialise(trainer->parameters, &random, a->weights);
    if (trainer->options.start && !edt_start_load(trainer, trainer->options.start, error))
        return FALSE;
    memcpy(a->average, a->weights, trainer->parameters->count * sizeof(float));
    return TRUE;
}

/* Where x0 is predicted its small errors at the last timesteps weigh by their signal-to-noise ratio
 * in the variational term: thousands of bits at t = 1 against tenths in the squared error. */
static double variational_share(const EdtTrainOptions *o)
{
    if (o->variational >= 0)
        return o->variational;
    return o->prediction == EDT_PREDICT_NOISE ? 1.0 : 0.001;
}

static gboolean make(EdtTrainer *trainer, GError **error)
{
    const EdtTrainOptions *o = &trainer->options;
    EdtType act;

    if (!edt_train_options_check(o, &trainer->v, error))
        return FALSE;
    trainer->precision = edt_train_precision(o->precision);
    trainer->threads = edt_threads_resolve(o->threads);
    act = trainer->precision == EDT_PRECISION_BF16 ? EDT_BF16 : EDT_F32;
    trainer->dataset = open_data(trainer, error);
    if (trainer->dataset == NULL)
        return FALSE;
    trainer->v.n_classes = trainer->dataset->n_classes;
    trainer->options.n_classes = trainer->v.n_classes;
    trainer->parameters = edt_parameters_new(&trainer->v);
    trainer->schedule = edt_noise_schedule_new(o->schedule, EDT_RESPACE_EVEN, EDT_TIMESTEPS, error);
    trainer->resampler = edt_resampler_new(EDT_TIMESTEPS, HISTORY, UNIFORM);
    trainer->adan = (EdtAdan)EDT_ADAN_DEFAULT;
    trainer->adan.weight_decay = o->weight_decay;
    trainer->adan.max_norm = o->clip;
    trainer->adan.no_prox = o->no_prox;
    if (trainer->schedule == NULL || !edt_batch_make(trainer, error) ||
        !make_arrays(trainer, error))
        return FALSE;
    trainer->loss = (EdtLoss){trainer->schedule, o->prediction, TRUE, (int)trainer->batch.count,
                              variational_share(o)};
    trainer->network =
        edt_network_new(trainer->parameters, trainer->batch.rows, act, trainer->threads, error);
    return trainer->network != NULL;
}

static void use_weights(EdtTrainer *trainer)
{
    const gint64 n = (gint64)trainer->parameters->count, piece = 1 << 16;
#pragma omp parallel for schedule(static) num_threads(trainer->threads)
    for (gint64 at = 0; at < n; at += piece)
        if (trainer->halves)
            edt_train_convert(MIN(piece, n - at), trainer->arrays.weights + at,
                              trainer->halves + at, EDT_BF16);
}

static void own_texts(EdtTrainOptions *o)
{
    o->variant = g_intern_string(o->variant);
    o->pictures = g_intern_string(o->pictures);
    o->features = g_intern_string(o->features);
    o->start = g_intern_string(o->start);
}

EdtTrainer *edt_trainer_resume(const EdtTrainOptions *options, const char *checkpoint,
                               GError **error)
{
    EdtTrainer *trainer = g_new0(EdtTrainer, 1);

    trainer->options = *options;
    own_texts(&trainer->options);
    if (checkpoint)
        trainer->options.start = NULL; /* the run has begun */
    if (make(trainer, error) &&
        (checkpoint == NULL || edt_checkpoint_load(trainer, checkpoint, error))) {
        use_weights(trainer);
        return trainer;
    }
    edt_trainer_free(trainer);
    return NULL;
}

EdtTrainer *edt_trainer_new(const EdtTrainOptions *options, GError **error)
{
    return edt_trainer_resume(options, NULL, error);
}

void edt_trainer_free(EdtTrainer *trainer)
{
    EdtAdanArrays *a;

    if (trainer == NULL)
        return;
    a = &trainer->arrays;
    edt_network_free(trainer->network);
    edt_batch_clear(&trainer->batch);
    edt_resampler_free(trainer->resampler);
    edt_noise_schedule_free(trainer->schedule);
    edt_dataset_free(trainer->dataset);
    edt_parameters_free(trainer->parameters);
    edt_free(a->weights);
    edt_free(a->gradient);
    edt_free(a->first);
    edt_free(a->difference);
    edt_free(a->second);
    edt_free(a->previous);
    edt_free(a->average);
    edt_free(trainer->halves);
    g_free(trainer->order[0]);
    g_free(trainer->order[1]);
    g_strfreev(trainer->facts.skipped_names);
    g_free(trainer);
}

/* ---- facts ---- */

static char **copy_skipped(EdtDataset *dataset)
{
    GPtrArray *copy = g_ptr_array_new();
    g_mutex_lock(&dataset->lock);
    for (guint i = 0; i < dataset->skipped->len; i++)
        g_ptr_array_add(copy, g_strdup(dataset->skipped->pdata[i]));
    g_mutex_unlock(&dataset->lock);
    g_ptr_array_add(copy, NULL);
    return (char **)g_ptr_array_free(copy, FALSE);
}

const EdtTrainFacts *edt_trainer_facts(EdtTrainer *trainer)
{
    EdtTrainFacts *facts = &trainer->facts;
    gsize arrays = 7 * sizeof(float) + (trainer->halves ? sizeof(EdtHalf) : 0);

    g_strfreev(facts->skipped_names);
    *facts = (EdtTrainFacts){
        .pictures = trainer->dataset->count,
        .classes = trainer->dataset->n_classes,
        .class_names = trainer->dataset->class_names,
        .skipped_names = copy_skipped(trainer->dataset),
        .parameters = edt_variant_parameters(&trainer->v),
        .memory_bytes = edt_network_bytes(trainer->network) + arrays * trainer->parameters->count,
        .precision = trainer->precision,
        .threads = trainer->threads,
        .step = trainer->step,
    };
    facts->skipped = (int)g_strv_length(facts->skipped_names);
    return facts;
}

/* ---- a step ---- */

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

/* The resampler learns the sum of both passes, as the official code tells it. */
static void note_losses(EdtTrainer *trainer, EdtTrainReport *report)
{
    const EdtBatch *b = &trainer->batch;
    const double share = 1.0 / trainer->options.batch;
    g_autofree double *losses = g_new0(double, b->pictures);

    for (int row = 0; row < b->rows; row++) {
        const EdtLossTerms *terms = &b->terms[row];
        losses[row % b->pictures] += terms->loss;
        report->loss += share * terms->loss;
        *(row < b->pictures ? &report->mse : &report->masked_mse) += share * terms->mse;
        *(row < b->pictures ? &report->vb : &report->masked_vb) += share * terms->vb;
    }
    if (!trainer->options.uniform)
        edt_resampler_update(trainer->resampler, b->pictures, b->timestep, losses);
}

static gboolean run_part(EdtTrainer *trainer, int part, EdtTrainReport *report, GError **error)
{
    EdtBatch *b = &trainer->batch;
    EdtNetworkInput input = {b->x_t, b->timestep, b->label, NULL, {NULL, NULL}};

    if (trainer->options.masked)
        input =
            (EdtNetworkInput){b->x_t, b->timestep, b->label, b->middle, {b->down[0], b->down[1]}};
    if (!edt_batch_fill(trainer, part, error))
        return FALSE;
    edt_network_forward(trainer->network, trainer->arrays.weights, trainer->halves, &input, b->out);
    compute_losses(trainer);
    note_losses(trainer, report);
    edt_network_backward(trainer->network, b->d_out, trainer->arrays.gradient);
    return edt_network_check(trainer->network, error);
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

gboolean edt_trainer_step(EdtTrainer *trainer, EdtTrainReport *report, GError **error)
{
    const EdtTrainOptions *o = &trainer->options;
    const gsize n = trainer->parameters->count;
    gint64 since = g_get_monotonic_time();

    *report = (EdtTrainReport){.step = trainer->step, .rate = rate_at(o, trainer->step)};
    edt_threads_use(trainer->threads);
    memset(trainer->arrays.gradient, 0, n * sizeof(float));
    for (int part = 0; part < o->batch / o->micro; part++)
        if (!run_part(trainer, part, report, error))
            return FALSE;
    report->norm = edt_adan_norm(n, trainer->arrays.gradient, trainer->threads);
    if (!isfinite(report->loss) || !isfinite(report->norm)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    "At step %" G_GINT64_FORMAT " the loss is no number any more. Go on from the "
                    "last checkpoint with a lower learning rate, or with clipping.",
                    trainer->step + 1);
        return FALSE;
    }
    edt_adan_step(&trainer->adan, n, &trainer->arrays, (guint64)trainer->step + 1, report->rate,
                  report->norm, average_at(o, trainer->step), trainer->threads);
    use_weights(trainer);
    report->step = ++trainer->step;
    report->seconds = (double)(g_get_monotonic_time() - since) / 1e6;
    return TRUE;
}
