/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How fast a training step is, on random weights and noise: what `edt bench --train` prints.
 */
#include "train/state.h"
#include "base/median.h"
#include "base/threads.h"
#include "train/hiding.h"

#include <string.h>

#define PARTS 3
#define OPTIMISER 2
/* What it reads and writes of each parameter: seven arrays, of which it changes six, and the
 * gradient once more for its norm (adan.h). */
#define NUMBERS_OF_A_STEP (7 + 6 + 1)

/* ---- the parts ---- */

typedef struct {
    EdtTrainer trainer;       /* the parts that a forward, a backward and a step need */
    double *times[PARTS + 1]; /* of forward, backward, optimiser; of all three */
} Bench;

/* ---- how much work ---- */

/* Tokens that a masked pass sees before hidden ones are filled in: of the middle of the ratios. */
static int seen_of(const EdtVariant *v)
{
    const EdtTraining *training = edt_variant_training(v);
    return edt_hiding_seen(v->grid * v->grid, training->least, training->most, 0.5f);
}

typedef struct {
    int filling; /* stages before it see few tokens; 0: all see all */
    int seen;
    double macs;
} Work;

static void count_layer(const EdtLayer *layer, gpointer user_data)
{
    Work *work = user_data;
    const gboolean few = layer->owner == EDT_OWNER_BLOCK && layer->stage < work->filling;
    const int T = few && layer->stage >= 0 ? work->seen : layer->T;

    if (edt_layer_is_linear(layer) && (!layer->training || work->filling))
        work->macs += (double)(layer->K * layer->N) * T;
}

/* Multiply-adds of a forward of one sample, plain or masked (edt_variant_macs). */
static double macs_of(const EdtVariant *v, gboolean masked)
{
    const int filling = masked ? edt_variant_filling(v) : 0;
    Work work = {filling, seen_of(v), 0};

    edt_layers(v, count_layer, &work);
    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage s = edt_variant_stage(v, i);
        const double T = i < filling ? work.seen : s.T,
                     blocks = s.depth + (filling && i == filling);
        work.macs += 2 * blocks * T * T * s.D;
    }
    return work.macs;
}

static gboolean is_masked(const EdtVariant *v, gboolean wish)
{
    return wish && edt_variant_training(v)->hiding != EDT_HIDING_NONE;
}

/* GFLOP of the forward of a batch. */
static double forward_of(const EdtVariant *v, int pictures, gboolean masked)
{
    const double both = macs_of(v, FALSE) + (is_masked(v, masked) ? macs_of(v, TRUE) : 0);
    return 2e-9 * both * pictures;
}

/* ---- making ---- */

static void hide(EdtTrainer *t, EdtRandom *random)
{
    const gsize T = (gsize)t->v.grid * (gsize)t->v.grid;
    g_autofree float *noise = g_new(float, T);

    for (int row = t->batch.pictures; row < t->batch.rows && edt_variant_filling(&t->v); row++) {
        edt_random_uniform(random, noise, T);
        edt_hiding_choose((int)T, noise, seen_of(&t->v), t->batch.seen + (gsize)row * T);
    }
}

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
    hide(t, &random);
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
    const EdtTrainInput input = edt_batch_input(t);
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
    const double forward = forward_of(&t->v, options->micro, options->masked);
    const double gflop[PARTS] = {forward, 2 * forward, 0};
    const EdtFactors factors =
        edt_train_act(t->precision) == EDT_BF16 ? EDT_FACTORS_BF16 : EDT_FACTORS_F32;

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
        result->rows[i] =
            (EdtBenchRow){.what = names[i], .ms = ms, .gflops = gflop[i] / ms * 1e3, .calls = 1};
        result->rows[i].gflop[factors] = gflop[i];
    }
    result->rows[OPTIMISER].gbyte[EDT_REACHES - 1] =
        1e-9 * sizeof(float) * NUMBERS_OF_A_STEP * (double)t->parameters->count;
    return edt_train_network_check(t->network, error);
}

/* With the arrays of the optimiser. */
static guint64 bytes_of(gsize network, gsize count, EdtType act)
{
    gsize number = 7 * sizeof(float) + (act == EDT_BF16 ? sizeof(EdtHalf) : 0);
    return network + number * count;
}

static gboolean find(const EdtTrainBench *options, EdtVariant *v, GError **error)
{
    if (options->micro >= 1 && options->repetitions >= 1 &&
        edt_variant_named(options->variant, options->image_size, v))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "There is no training step of %s at %d pixels with %d pictures, %d times.",
                options->variant, options->image_size, options->micro, options->repetitions);
    return FALSE;
}

gboolean edt_train_bench_work(const EdtTrainBench *options, EdtTrainWork *work, GError **error)
{
    const EdtType act = edt_train_act(edt_train_precision(options->precision));
    EdtVariant v;

    if (!find(options, &v, error))
        return FALSE;
    const gboolean masked = is_masked(&v, options->masked);
    EdtParameters *parameters = edt_parameters_new(&v);
    const gsize needs = edt_train_network_needs(parameters, options->micro * (masked ? 2 : 1), act,
                                                edt_threads_resolve(options->threads), error);
    *work = (EdtTrainWork){.gflop = 3 * forward_of(&v, options->micro, masked),
                           .parameters = edt_variant_parameters(&v),
                           .bytes = bytes_of(needs, parameters->count, act)};
    edt_parameters_free(parameters);
    return needs > 0;
}

gboolean edt_train_bench(const EdtTrainBench *options, EdtBenchResult *result, GError **error)
{
    Bench bench = {.trainer = {.options = {.micro = options->micro},
                               .threads = edt_threads_resolve(options->threads)}};
    EdtTrainer *t = &bench.trainer;
    gint64 since = g_get_monotonic_time();
    gboolean good;

    *result = (EdtBenchResult){0};
    t->precision = edt_train_precision(options->precision);
    if (!find(options, &t->v, error))
        return FALSE;
    t->options.masked = is_masked(&t->v, options->masked);
    for (int i = 0; i <= PARTS; i++)
        bench.times[i] = g_new(double, options->repetitions);
    edt_threads_use(t->threads);
    good = make(&bench, error);
    if (good) {
        result->load_ms = (double)(g_get_monotonic_time() - since) / 1e3;
        result->peak_bytes = bytes_of(edt_train_network_bytes(t->network), t->parameters->count,
                                      edt_train_act(t->precision));
        good = run(&bench, options, result, error);
    }
    clear(&bench);
    return good;
}
