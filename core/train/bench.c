/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How fast training is, on random weights and noise: what `edt bench --train` prints.
 */
#include "train/state.h"
#include "base/memory.h"
#include "base/threads.h"
#include "train/kernels.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct {
    EdtTrainer trainer; /* the parts that a forward, a backward and a step need */
    double *forward, *backward, *step, *both;
} Bench;

static gboolean make(Bench *bench, const EdtTrainBench *options, GError **error)
{
    EdtTrainer *t = &bench->trainer;
    EdtType act = t->precision == EDT_PRECISION_BF16 ? EDT_BF16 : EDT_F32;
    float **arrays[] = {&t->arrays.weights,    &t->arrays.gradient, &t->arrays.first,
                        &t->arrays.difference, &t->arrays.second,   &t->arrays.previous,
                        &t->arrays.average};
    EdtRandom random;

    t->parameters = edt_parameters_new(&t->v);
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        if ((*arrays[i] = edt_parameters_array(t->parameters, error)) == NULL)
            return FALSE;
    t->halves = edt_alloc(t->parameters->count * sizeof(EdtHalf), error);
    if (t->halves == NULL || !edt_batch_make(t, error))
        return FALSE;
    edt_random_seed(&random, 1);
    edt_random_normal(&random, t->arrays.weights, t->parameters->count);
    for (gsize i = 0; i < t->parameters->count; i++)
        t->arrays.weights[i] *= 0.02f;
    edt_train_convert((gint64)t->parameters->count, t->arrays.weights, t->halves, EDT_BF16);
    edt_random_normal(&random, t->batch.x_t, (gsize)t->batch.rows * t->batch.count);
    edt_random_normal(&random, t->batch.d_out, (gsize)t->batch.rows * t->batch.out_count);
    for (int i = 0; i < t->batch.rows; i++)
        t->batch.timestep[i] = t->batch.label[i] = i;
    t->network = edt_network_new(t->parameters, t->batch.rows, act, t->threads, error);
    return t->network != NULL;
}

static void clear(Bench *bench)
{
    EdtTrainer *t = &bench->trainer;
    edt_network_free(t->network);
    edt_batch_clear(&t->batch);
    edt_free(t->halves);
    edt_free(t->arrays.weights);
    edt_free(t->arrays.gradient);
    edt_free(t->arrays.first);
    edt_free(t->arrays.difference);
    edt_free(t->arrays.second);
    edt_free(t->arrays.previous);
    edt_free(t->arrays.average);
    if (t->parameters)
        edt_parameters_free(t->parameters);
    g_free(bench->forward);
    g_free(bench->backward);
    g_free(bench->step);
    g_free(bench->both);
}

static void measure(Bench *bench, int i)
{
    EdtTrainer *t = &bench->trainer;
    EdtBatch *b = &t->batch;
    EdtNetworkInput input = {b->x_t, b->timestep, b->label, NULL, {b->down[0], b->down[1]}};
    EdtAdan adan = EDT_ADAN_DEFAULT;
    gint64 times[4] = {g_get_monotonic_time()};

    edt_network_forward(t->network, t->arrays.weights, t->halves, &input, b->out);
    times[1] = g_get_monotonic_time();
    edt_network_backward(t->network, b->d_out, t->arrays.gradient);
    times[2] = g_get_monotonic_time();
    edt_adan_step(&adan, t->parameters->count, &t->arrays, (guint64)i + 1, 1e-4, 0, 0.9999,
                  t->threads);
    times[3] = g_get_monotonic_time();
    bench->forward[i] = (double)(times[1] - times[0]) / 1e3;
    bench->backward[i] = (double)(times[2] - times[1]) / 1e3;
    bench->both[i] = bench->forward[i] + bench->backward[i];
    bench->step[i] = (double)(times[3] - times[2]) / 1e3;
}

static double median(double *values, int n)
{
    qsort(values, (gsize)n, sizeof *values, by_size);
    return values[n / 2];
}

static gboolean run(Bench *bench, const EdtTrainBench *options, EdtTrainBenchResult *result,
                    GError **error)
{
    const EdtTrainer *t = &bench->trainer;
    const int n = options->repetitions;

    for (int i = 0; i < n; i++)
        measure(bench, i);
    *result = (EdtTrainBenchResult){
        .forward_ms = median(bench->forward, n),
        .backward_ms = median(bench->backward, n),
        .step_ms = median(bench->step, n),
        .gflop = 6e-9 * (double)edt_variant_macs(&t->v) * t->batch.rows,
        .memory_bytes = edt_network_bytes(t->network),
        .precision = t->precision,
        .threads = t->threads,
    };
    median(bench->both, n);
    result->best_ms = bench->both[0];
    result->samples_per_second = t->batch.pictures / result->best_ms * 1e3;
    return edt_network_check(t->network, error);
}

gboolean edt_train_bench(const EdtTrainBench *options, EdtTrainBenchResult *result, GError **error)
{
    Bench bench = {.trainer = {.options = {.micro = options->micro, .masked = options->masked},
                               .precision = edt_train_precision(options->precision),
                               .threads = edt_threads_resolve(options->threads)}};
    gboolean good;

    if (options->micro < 1 || options->repetitions < 1 ||
        !edt_variant_named(options->variant, options->image_size, &bench.trainer.v)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "There is no training step of %s at %d pixels with %d pictures, %d times.",
                    options->variant, options->image_size, options->micro, options->repetitions);
        return FALSE;
    }
    bench.forward = g_new(double, options->repetitions);
    bench.backward = g_new(double, options->repetitions);
    bench.step = g_new(double, options->repetitions);
    bench.both = g_new(double, options->repetitions);
    edt_threads_use(bench.trainer.threads);
    good = make(&bench, options, error) && run(&bench, options, result, error);
    clear(&bench);
    return good;
}
