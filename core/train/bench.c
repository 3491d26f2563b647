/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How fast a training step is, on random weights and noise: what `edt bench --train` prints.
 */
#include "train/state.h"
#include "base/median.h"
#include "base/threads.h"

#include <string.h>

#define PARTS 3

typedef struct {
    EdtTrainer trainer;       /* the parts that a forward, a backward and a step need */
    double *times[PARTS + 1]; /* of forward, backward, optimiser; of all three */
} Bench;

static gboolean make(Bench *bench, GError **error)
{
    EdtTrainer *t = &bench->trainer;
    EdtType act = edt_train_act(t->precision);
    EdtRandom random;

    t->parameters = edt_parameters_new(&t->v);
    if (!edt_train_arrays_make(t, error) || !edt_batch_make(t, error))
        return FALSE;
    edt_random_seed(&random, 1);
    edt_random_normal(&random, t->arrays.weights, t->parameters->count);
    for (gsize i = 0; i < t->parameters->count; i++)
        t->arrays.weights[i] *= 0.02f;
    edt_random_normal(&random, t->batch.x_t, (gsize)t->batch.rows * t->batch.count);
    edt_random_normal(&random, t->batch.d_out, (gsize)t->batch.rows * t->batch.out_count);
    for (int i = 0; i < t->batch.rows; i++)
        t->batch.timestep[i] = t->batch.label[i] = i;
    t->network = edt_train_network_new(t->parameters, t->batch.rows, act, t->threads, error);
    if (!t->network)
        return FALSE;
    edt_train_use_weights(t);
    return TRUE;
}

static void clear(Bench *bench)
{
    EdtTrainer *t = &bench->trainer;
    edt_train_network_free(t->network);
    edt_batch_clear(&t->batch);
    edt_train_arrays_clear(t);
    if (t->parameters)
        edt_parameters_free(t->parameters);
    for (int i = 0; i <= PARTS; i++)
        g_free(bench->times[i]);
}

/* i < 0: warming up. */
static void measure(Bench *bench, int i)
{
    EdtTrainer *t = &bench->trainer;
    EdtBatch *b = &t->batch;
    EdtTrainInput input = {
        .x = b->x_t, .timestep = b->timestep, .label = b->label, .down = {b->down[0], b->down[1]}};
    EdtAdan adan = EDT_ADAN_DEFAULT;
    gint64 at[PARTS + 1] = {g_get_monotonic_time()};

    memset(t->arrays.gradient, 0, t->parameters->count * sizeof(float));
    edt_train_network_forward(t->network, &input, b->out);
    at[1] = g_get_monotonic_time();
    edt_train_network_backward(t->network, b->d_out, t->arrays.gradient);
    at[2] = g_get_monotonic_time();
    edt_adan_step(&adan, t->parameters->count, &t->arrays, (guint64)MAX(i, 0) + 1, 1e-4,
                  edt_adan_norm(t->parameters->count, t->arrays.gradient, t->threads), 0.9999,
                  t->threads);
    edt_train_use_weights(t);
    at[3] = g_get_monotonic_time();
    for (int part = 0; part < PARTS && i >= 0; part++)
        bench->times[part][i] = (double)(at[part + 1] - at[part]) / 1e3;
    if (i >= 0)
        bench->times[PARTS][i] = (double)(at[PARTS] - at[0]) / 1e3;
}

static gboolean run(Bench *bench, const EdtTrainBench *options, EdtBenchResult *result,
                    GError **error)
{
    static const char *const names[PARTS] = {"forward", "backward", "optimiser"};
    const EdtTrainer *t = &bench->trainer;
    const int n = options->repetitions;
    const double forward = 2e-9 * (double)edt_variant_macs(&t->v) * t->batch.rows;
    const double gflop[PARTS] = {forward, 2 * forward, 0};

    for (int i = -options->warm_up; i < n; i++)
        measure(bench, i);
    result->median_ms = edt_median(bench->times[PARTS], n);
    result->best_ms = bench->times[PARTS][0];
    result->gflop = 3 * forward;
    result->precision = t->precision;
    result->threads = t->threads;
    result->n_rows = PARTS;
    for (int i = 0; i < PARTS; i++) {
        double ms = edt_median(bench->times[i], n);
        result->rows[i] = (EdtBenchRow){names[i], ms, gflop[i] / ms * 1e3, 1};
    }
    return edt_train_network_check(t->network, error);
}

static guint64 bytes_of(const EdtTrainer *t)
{
    gsize number = 7 * sizeof(float) + (t->halves ? sizeof(EdtHalf) : 0);
    return edt_train_network_bytes(t->network) + number * t->parameters->count;
}

gboolean edt_train_bench(const EdtTrainBench *options, EdtBenchResult *result, GError **error)
{
    Bench bench = {.trainer = {.options = {.micro = options->micro, .masked = options->masked},
                               .threads = edt_threads_resolve(options->threads)}};
    EdtTrainer *t = &bench.trainer;
    gint64 since = g_get_monotonic_time();
    gboolean good;

    *result = (EdtBenchResult){0};
    t->precision = edt_train_precision(options->precision);
    if (options->micro < 1 || options->repetitions < 1 ||
        !edt_variant_named(options->variant, options->image_size, &t->v) ||
        !edt_train_knows(&t->v)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "There is no training step of %s at %d pixels with %d pictures, %d times.",
                    options->variant, options->image_size, options->micro, options->repetitions);
        return FALSE;
    }
    for (int i = 0; i <= PARTS; i++)
        bench.times[i] = g_new(double, options->repetitions);
    edt_threads_use(t->threads);
    good = make(&bench, error);
    if (good) {
        result->load_ms = (double)(g_get_monotonic_time() - since) / 1e3;
        result->peak_bytes = bytes_of(t);
        good = run(&bench, options, result, error);
    }
    clear(&bench);
    return good;
}
