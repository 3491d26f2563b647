/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A trainer is made here, out of data, weights and a network.  Next: step.c, what it does.
 */
#include "train/state.h"
#include "machine.h"
#include "base/memory.h"
#include "base/threads.h"
#include "train/kernels.h"

#include <string.h>

#define HISTORY 10 /* losses that the resampler remembers of a timestep */
#define UNIFORM 0.001

/* ---- making ---- */

EdtPrecision edt_train_precision(EdtPrecision wish)
{
    if (wish != EDT_PRECISION_AUTO)
        return wish;
    return edt_cpu_has_bf16() ? EDT_PRECISION_BF16 : EDT_PRECISION_F32;
}

EdtType edt_train_act(EdtPrecision precision)
{
    return precision == EDT_PRECISION_BF16 && edt_cpu_has_bf16() ? EDT_BF16 : EDT_F32;
}

static EdtDataset *open_latents(const EdtLatentOptions *latents, GError **error)
{
    if (latents->cache)
        return edt_latents_open(latents, error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "A folder for the latents of the pictures must be given.");
    return NULL;
}

static EdtDataset *open_data(const EdtTrainer *trainer, GError **error)
{
    const EdtTrainOptions *o = &trainer->options;
    EdtPictureOptions pictures = {.side = o->image_size,
                                  .channels = trainer->v.channels,
                                  .flip = o->flip,
                                  .affine = o->affine,
                                  .hue = o->hue};
    EdtLatentOptions latents = {.pictures = o->pictures,
                                .vae = o->vae,
                                .cache = o->latents,
                                .image_size = o->image_size,
                                .latent_size = trainer->v.latent_size,
                                .channels = trainer->v.channels,
                                .flip = o->flip,
                                .affine = o->affine,
                                .hue = o->hue,
                                .codings = o->codings,
                                .mean = o->vae_mean,
                                .threads = trainer->threads,
                                .progress = o->progress,
                                .data = o->progress_data};
    if (o->vae)
        return open_latents(&latents, error);
    return o->pictures ? edt_pictures_open(o->pictures, &pictures, error)
                       : edt_features_open(o->features, trainer->v.channels, trainer->v.latent_size,
                                           o->n_classes, error);
}

enum { ARRAYS = 7 };

static void list_arrays(EdtAdanArrays *a, float **all[ARRAYS])
{
    float **const list[ARRAYS] = {&a->weights, &a->gradient, &a->first,  &a->difference,
                                  &a->second,  &a->previous, &a->average};
    memcpy(all, list, sizeof list);
}

gboolean edt_train_arrays_make(EdtTrainer *trainer, GError **error)
{
    float **all[ARRAYS];
    if (!edt_memory_fits(ARRAYS * sizeof(float) * trainer->parameters->count, error))
        return FALSE;
    list_arrays(&trainer->arrays, all);
    for (int i = 0; i < ARRAYS; i++)
        if (!(*all[i] = edt_parameters_array(trainer->parameters, error)))
            return FALSE;
    if (edt_train_act(trainer->precision) == EDT_BF16)
        trainer->halves = edt_alloc(trainer->parameters->count * sizeof(EdtHalf), error);
    return trainer->halves || edt_train_act(trainer->precision) != EDT_BF16;
}

void edt_train_arrays_clear(EdtTrainer *trainer)
{
    float **all[ARRAYS];
    list_arrays(&trainer->arrays, all);
    for (int i = 0; i < ARRAYS; i++)
        edt_free(*all[i]);
    edt_free(trainer->halves);
}

static gboolean make_arrays(EdtTrainer *trainer, GError **error)
{
    EdtAdanArrays *a = &trainer->arrays;
    EdtRandom random;

    if (!edt_train_arrays_make(trainer, error))
        return FALSE;
    edt_train_random(&random, trainer->options.seed, EDT_DRAW_WEIGHTS, 0, 0);
    edt_parameters_initialise(trainer->parameters, &random, a->weights);
    if (trainer->options.open_gates)
        edt_parameters_open_gates(trainer->parameters, &random, a->weights);
    if (trainer->options.start && !edt_start_load(trainer, trainer->options.start, error))
        return FALSE;
    memcpy(a->average, a->weights, trainer->parameters->count * sizeof(float));
    return TRUE;
}

/* Where x0 is predicted its small errors at the last timesteps weigh by their signal-to-noise ratio
 * in the variational term: hundreds of bits at t = 1 against tenths in the squared error.  And a
 * variance learnt from it, even with a share of 0.001, goes far beyond its bounds there, which few
 * steps of ddpm turn into noise; without it v stays 0, in the middle of them. */
static double variational_share(const EdtTrainOptions *o)
{
    if (o->variational >= 0)
        return o->variational;
    return o->prediction == EDT_PREDICT_NOISE ? 1.0 : 0.0;
}

/* Before the pictures are encoded, which may take hours. */
static gboolean know_latents(EdtTrainer *trainer, const char *checkpoint, GError **error)
{
    EdtForeign *vae;

    if (!trainer->options.vae)
        return TRUE;
    vae = edt_foreign_vae_open(trainer->options.vae, EDT_VAE_ENCODER, error);
    trainer->latents = vae ? edt_export_latents(vae) : NULL;
    trainer->vae_sum = vae ? edt_foreign_sha256(vae, error) : NULL;
    edt_foreign_close(vae);
    return trainer->latents && trainer->vae_sum && edt_share_check_vae(trainer, error) &&
           (!checkpoint || edt_checkpoint_check_latents(checkpoint, trainer->latents, error));
}

/* Listing them takes moments. */
static gboolean know_names(const EdtTrainer *trainer, const char *checkpoint, GError **error)
{
    const EdtTrainOptions *o = &trainer->options;
    const EdtPictureOptions listed = {.side = o->image_size, .channels = 4, .listed = TRUE};

    if (!o->vae || !checkpoint)
        return TRUE;
    EdtDataset *pictures = edt_pictures_open(o->pictures, &listed, error);
    const gboolean ok = pictures && edt_checkpoint_check_names(checkpoint, pictures, error);
    edt_dataset_free(pictures);
    return ok;
}

static gboolean make(EdtTrainer *trainer, const char *checkpoint, GError **error)
{
    const EdtTrainOptions *o = &trainer->options;

    if (!edt_train_options_check(o, &trainer->v, error) || !edt_share_check(trainer, error) ||
        !know_latents(trainer, checkpoint, error) || !know_names(trainer, checkpoint, error))
        return FALSE;
    trainer->options.masked =
        o->masked && edt_variant_training(&trainer->v)->hiding != EDT_HIDING_NONE;
    trainer->precision = edt_train_precision(o->precision);
    trainer->options.precision = trainer->precision; /* who resumes elsewhere keeps it */
    trainer->threads = edt_threads_resolve(o->threads);
    trainer->dataset = open_data(trainer, error);
    if (trainer->dataset == NULL)
        return FALSE;
    trainer->v.n_classes = trainer->dataset->n_classes;
    trainer->options.n_classes = trainer->v.n_classes;
    trainer->v.n_styles = trainer->dataset->n_styles;
    trainer->draw = edt_picture_draw_new(trainer->dataset, o->by_class, o->seed);
    trainer->parameters = edt_parameters_new(&trainer->v);
    trainer->schedule = edt_noise_schedule_new(o->schedule, EDT_RESPACE_EVEN, EDT_TIMESTEPS, error);
    trainer->resampler = edt_resampler_new(EDT_TIMESTEPS, HISTORY, UNIFORM);
    trainer->resampler->alike = o->uniform; /* a run that goes on may have learnt otherwise */
    trainer->adan = (EdtAdan)EDT_ADAN_DEFAULT;
    trainer->adan.weight_decay = o->weight_decay;
    trainer->adan.max_norm = o->clip;
    trainer->adan.no_prox = o->no_prox;
    if (trainer->schedule == NULL || !edt_batch_make(trainer, error) ||
        !make_arrays(trainer, error))
        return FALSE;
    trainer->loss = (EdtLoss){trainer->schedule,         o->prediction,       o->weighting, TRUE,
                              (int)trainer->batch.count, variational_share(o)};
    trainer->network =
        edt_train_network_new(trainer->parameters, trainer->batch.rows,
                              edt_train_act(trainer->precision), trainer->threads, error);
    return trainer->network != NULL;
}

void edt_train_use_weights(EdtTrainer *trainer)
{
    const gint64 n = (gint64)trainer->parameters->count, piece = 1 << 16;
#pragma omp parallel for schedule(static) num_threads(trainer->threads)
    for (gint64 at = 0; at < n; at += piece)
        if (trainer->halves)
            edt_train_kernels()->convert(MIN(piece, n - at), trainer->arrays.weights + at,
                                         trainer->halves + at, EDT_BF16);
    edt_train_network_use(trainer->network, trainer->arrays.weights, trainer->halves);
}

static void own_texts(EdtTrainOptions *o)
{
    o->variant = g_intern_string(o->variant);
    o->pictures = g_intern_string(o->pictures);
    o->features = g_intern_string(o->features);
    o->start = g_intern_string(o->start);
    o->vae = g_intern_string(o->vae);
    o->latents = g_intern_string(o->latents);
    o->title = g_intern_string(o->title);
    o->licence = g_intern_string(o->licence);
}

EdtTrainer *edt_trainer_resume(const EdtTrainOptions *options, const char *checkpoint,
                               GError **error)
{
    EdtTrainer *trainer = g_new0(EdtTrainer, 1);

    trainer->options = *options;
    own_texts(&trainer->options);
    if (checkpoint)
        trainer->options.start = NULL; /* the run has begun */
    g_mutex_init(&trainer->whole);
    if (make(trainer, checkpoint, error) &&
        (checkpoint == NULL || edt_checkpoint_load(trainer, checkpoint, error)) &&
        edt_share_make(trainer, error)) {
        edt_train_use_weights(trainer);
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
    if (!trainer)
        return;
    edt_train_network_free(trainer->network);
    edt_batch_clear(&trainer->batch);
    edt_resampler_free(trainer->resampler);
    edt_noise_schedule_free(trainer->schedule);
    edt_dataset_free(trainer->dataset);
    edt_parameters_free(trainer->parameters);
    edt_train_arrays_clear(trainer);
    edt_picture_draw_free(trainer->draw);
    g_strfreev(trainer->facts.skipped_names);
    g_free(trainer->latents);
    g_free(trainer->vae_sum);
    g_free(trainer->told);
    g_mutex_clear(&trainer->whole);
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
        .pictures_sum = trainer->dataset->sum,
        .classes = trainer->dataset->n_classes,
        .class_names = trainer->dataset->classes.names,
        .styles = trainer->dataset->n_styles,
        .skipped_names = copy_skipped(trainer->dataset),
        .parameters = edt_variant_parameters(&trainer->v),
        .memory_bytes =
            edt_train_network_bytes(trainer->network) + arrays * trainer->parameters->count,
        .precision = trainer->precision,
        .threads = trainer->threads,
        .step = trainer->step,
    };
    facts->skipped = (int)g_strv_length(facts->skipped_names);
    return facts;
}
