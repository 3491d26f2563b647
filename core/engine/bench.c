/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The stopwatch behind `edt bench`: one network of random weights on one device, warmed up, run a
 * number of times.  Times depend on sizes alone, so no model file is needed.
 */
#include "machine.h"
#include "base/median.h"
#include "base/memory.h"
#include "base/threads.h"
#include "compute/backend.h"
#include "network/layers.h"
#include "sample/step.h"
#include "vae/vae.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define SLICE 25 /* steps whose conditioning is computed together, as in a run of 25 steps */

static double now_ms(void)
{
    return (double)g_get_monotonic_time() * 1e-3;
}

/* ---- weights ---- */

/* Any tensor that a network asks for: its shape by name, its values from one random pool. */
typedef struct {
    EdtTensorSource source;
    GHashTable *shapes; /* name -> EdtTensorView */
    float *pool;
    gsize pool_count;
    GError *error;
} RandomSource;

static void add_shape(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    RandomSource *random = user_data;
    EdtTensorView *view = g_new0(EdtTensorView, 1);
    gsize count = 1;
    view->type = EDT_F32;
    view->rank = rank;
    for (int i = 0; i < rank; i++) {
        view->shape[i] = shape[i];
        count *= (gsize)shape[i];
    }
    random->pool_count = MAX(random->pool_count, count);
    g_hash_table_insert(random->shapes, g_strdup(name), view);
}

static gboolean find_random(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    RandomSource *random = (RandomSource *)source;
    const EdtTensorView *shape = g_hash_table_lookup(random->shapes, name);
    if (!shape)
        return FALSE;
    *view = *shape;
    view->data = random->pool;
    return TRUE;
}

static void done_random(EdtTensorSource *source, const char *name)
{
}

static gboolean fill_pool(RandomSource *random, GError **error)
{
    guint32 state = 1;
    random->pool = edt_alloc(random->pool_count * sizeof(float), error);
    for (gsize i = 0; random->pool && i < random->pool_count; i++) {
        state = state * 1664525u + 1013904223u;
        random->pool[i] = ((float)(state >> 8) * 0x1p-24f - 0.5f) * 0.05f;
    }
    return random->pool != NULL;
}

/* ---- memory ---- */

/* Linux forgets the highest resident size when told to; elsewhere it only grows. */
static void forget_peak(void)
{
    malloc_trim(0); /* what the case before gave back counts no more */
    FILE *refs = fopen("/proc/self/clear_refs", "we");
    if (refs) {
        fputs("5", refs);
        fclose(refs);
    }
}

static guint64 peak_bytes(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[128];
    guint64 kib = 0;
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %" G_GUINT64_FORMAT, &kib) == 1)
            break;
    if (status)
        fclose(status);
    return kib * 1024;
}

/* ---- running ---- */

typedef struct {
    const EdtBackend *backend;
    EdtDeviceOptions options;
    EdtDevice *dev;
    const EdtBenchCase *bench;
    EdtBenchResult *result;
    RandomSource random;
    EdtVariant variant;
    EdtNetwork *network;
    EdtVae *vae;
    EdtStep step;
    void *step_host, *step_device; /* its memories */
    int rows;                      /* of conditioning */
    float *timestep;               /* [rows] */
    int *label;                    /* [rows] */
    float *host;                   /* of the VAE: two latents, then a picture */
    GError **error;
} Bench;

/* The autoencoder that is measured. */
static const EdtVaeShape *shape_of(const Bench *b)
{
    return b->bench->small ? &edt_vae_small : &edt_vae_standard;
}

/* Numbers of a latent, and of its picture. */
static gsize latent_count(const Bench *b)
{
    gsize side = (gsize)b->variant.latent_size;
    return (gsize)shape_of(b)->latent * side * side;
}

static gsize picture_count(const Bench *b)
{
    gsize side = (gsize)(b->variant.latent_size * shape_of(b)->factor);
    return (gsize)shape_of(b)->pixels * side * side;
}

static gboolean run_once(Bench *b)
{
    int side = b->variant.latent_size;
    gsize latent = latent_count(b);
    switch (b->bench->work) {
    case EDT_BENCH_STEP:
        edt_step_take(&b->step);
        return b->backend->sync(b->dev, b->error);
    case EDT_BENCH_DECODE:
        return edt_vae_decode(b->vae, side, side, b->host, b->host + 2 * latent, b->error);
    case EDT_BENCH_ENCODE:
        return edt_vae_encode(b->vae, side, side, b->host + 2 * latent, b->host, b->host + latent,
                              b->error);
    }
    return FALSE;
}

static EdtBenchRow row_of(const EdtProfileRow *row)
{
    EdtBenchRow seen = {.what = row->what, .ms = row->seconds * 1e3, .calls = row->calls};
    for (int i = 0; i < EDT_FACTORS_COUNT; i++) {
        seen.gflop[i] = row->flops[i] * 1e-9;
        seen.gflops += seen.gflop[i] / row->seconds;
    }
    for (int i = 0; i < EDT_REACHES; i++)
        seen.gbyte[i] = row->bytes[i] * 1e-9;
    return seen;
}

/* The device's own account of one more run. */
static gboolean break_down(Bench *b)
{
    b->backend->profile(b->dev, TRUE);
    gboolean ok = run_once(b);
    b->backend->profile(b->dev, FALSE);
    const EdtProfileRow *row = b->backend->profile_rows(b->dev);
    for (; ok && row->what && b->result->n_rows < EDT_BENCH_ROWS; row++)
        if (row->calls)
            b->result->rows[b->result->n_rows++] = row_of(row);
    return ok;
}

static gboolean take_times(Bench *b, gboolean (*once)(Bench *b), double *median, double *best)
{
    int repetitions = MAX(b->bench->repetitions, 1);
    g_autofree double *times = g_new(double, repetitions);
    for (int i = -b->bench->warm_up; i < repetitions; i++) {
        double since = now_ms();
        if (!once(b))
            return FALSE;
        if (i >= 0)
            times[i] = now_ms() - since;
    }
    *median = edt_median(times, repetitions);
    *best = times[0];
    return TRUE;
}

/* The rows of SLICE steps. */
static gboolean condition(Bench *b)
{
    edt_network_modulate(b->network, b->rows, b->timestep, b->label, NULL);
    return b->backend->sync(b->dev, b->error);
}

static gboolean measure(Bench *b)
{
    EdtBenchResult *r = b->result;
    double best;

    if (b->rows && !take_times(b, condition, &r->modulate_ms, &best))
        return FALSE;
    r->modulate_ms /= SLICE;
    return take_times(b, run_once, &r->median_ms, &r->best_ms) && break_down(b);
}

static gboolean load_network(Bench *b)
{
    edt_variant_tensors(&b->variant, add_shape, &b->random);
    if (!fill_pool(&b->random, b->error))
        return FALSE;
    b->network = edt_network_new(b->backend, b->dev, &b->variant, &b->random.source, b->error);
    return b->network != NULL;
}

/* Both memories; x is noise, and the step leaves it as it is. */
static gboolean fill_step(Bench *b)
{
    EdtArena host = {0}, device = {0};
    const int N = edt_step_samples(&b->step), classes = N / b->step.pictures;
    const gsize count = (gsize)(N * b->step.C * b->step.hw);

    edt_step_carve(&b->step, &host, &device);
    b->step_host = edt_alloc(host.used, b->error);
    b->step_device = b->step_host ? b->backend->alloc(b->dev, device.used, b->error) : NULL;
    if (!b->step_device)
        return FALSE;
    host = (EdtArena){.base = b->step_host};
    device = (EdtArena){.base = b->step_device};
    edt_step_carve(&b->step, &host, &device);
    *b->step.host.how = (EdtStepCoefficients){.guidance = 4, .of_x = 1, .of_rest = 1};
    for (int i = 0; i < N; i++)
        b->step.host.row[i] = i * classes / N;
    g_autofree float *x = g_new(float, count);
    for (gsize i = 0; i < count; i++)
        x[i] = b->random.pool[i % b->random.pool_count] * 40;
    b->backend->upload(b->dev, b->step.x, x, count * sizeof(float));
    return TRUE;
}

static void fill_rows(Bench *b)
{
    const int classes = b->rows / SLICE;

    b->timestep = g_new(float, b->rows);
    b->label = g_new(int, b->rows);
    for (int i = 0; i < b->rows; i++) {
        b->timestep[i] = (float)(i / classes * 999 / SLICE);
        b->label[i] = i % classes;
    }
}

static gboolean prepare_step(Bench *b)
{
    const EdtVariant *v = &b->variant;
    const gboolean guided = b->bench->guided;

    if (!load_network(b))
        return FALSE;
    b->step = (EdtStep){
        .network = b->network,
        .backend = b->backend,
        .dev = b->dev,
        .amm = edt_amm_plan(v, EDT_AMM_AUTO, guided ? 4.0 : 1.0),
        .pictures = b->bench->pictures,
        .C = v->channels,
        .C_out = v->out_channels,
        .hw = v->latent_size * v->latent_size,
        .guided = guided ? MIN(3, v->channels) : 0,
    };
    b->rows = SLICE * (guided ? 2 : 1);
    if (!edt_network_prepare(b->network, edt_step_samples(&b->step), b->rows, b->error) ||
        !fill_step(b))
        return FALSE;
    fill_rows(b);
    const guint64 macs = edt_variant_macs(v) - edt_variant_row_macs(v); /* what a step's time has */
    b->result->gflop = 2e-9 * (double)macs * edt_step_samples(&b->step);
    return b->backend->sync(b->dev, b->error);
}

static gboolean prepare_vae(Bench *b)
{
    int side = b->variant.latent_size;
    EdtVaeParts half = b->bench->work == EDT_BENCH_ENCODE ? EDT_VAE_ENCODER : EDT_VAE_DECODER;
    gsize latent = latent_count(b), picture = picture_count(b);

    edt_vae_tensors(shape_of(b), EDT_VAE_DECODER | EDT_VAE_ENCODER, add_shape, &b->random);
    if (!fill_pool(&b->random, b->error))
        return FALSE;
    b->vae = edt_vae_new(b->backend, b->dev, &b->random.source, half, b->error);
    if (!b->vae)
        return FALSE;
    b->host = edt_alloc((2 * latent + picture) * sizeof(float), b->error);
    if (!b->host)
        return FALSE;
    float *in = b->host, *out = in + 2 * latent;
    for (gsize i = 0; i < latent; i++)
        in[i] = b->random.pool[i % b->random.pool_count] * 40;
    for (gsize i = 0; i < picture; i++)
        out[i] = b->random.pool[i % b->random.pool_count] * 40;
    b->result->gflop = 2e-9 * (double)edt_vae_macs(shape_of(b), side, side, half);
    return TRUE;
}

static void finish(Bench *b)
{
    edt_network_free(b->network);
    edt_vae_free(b->vae);
    if (b->dev) {
        b->backend->free(b->dev, b->step_device);
        b->backend->close(b->dev);
    }
    edt_free(b->step_host);
    edt_free(b->host);
    g_free(b->timestep);
    g_free(b->label);
    edt_free(b->random.pool);
    g_hash_table_unref(b->random.shapes);
}

gboolean edt_bench_work(const EdtBenchCase *bench, double *gflop, guint64 *parameters)
{
    EdtVariant v;
    if (!edt_variant_named(bench->variant, bench->image_size, &v))
        return FALSE;
    *gflop = 2e-9 * (double)edt_variant_macs(&v) * bench->pictures * (bench->guided ? 2 : 1);
    *parameters = edt_variant_parameters(&v);
    return TRUE;
}

gboolean edt_bench_run(const EdtBenchCase *bench, EdtBenchResult *result, GError **error)
{
    Bench b = {.bench = bench, .result = result, .error = error};
    gboolean ok = FALSE;

    *result = (EdtBenchResult){0};
    if (!edt_variant_named(bench->variant, bench->image_size, &b.variant) || bench->pictures < 1) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "There is no model size “%s” at %d pixels. Sizes: EDT-S/2, EDT-B/2, EDT-XL/2, "
                    "EDT-Ti/4, EDT-Ti/2, at multiples of 64 pixels; DiT-S/2 to DiT-XL/8, MDTv2-S/2 "
                    "to MDTv2-XL/2.",
                    bench->variant, bench->image_size);
        return FALSE;
    }
    b.backend = edt_backend_choose(&bench->options, &b.options, NULL, error);
    if (!b.backend)
        return FALSE;
    forget_peak();
    b.random.source = (EdtTensorSource){find_random, done_random};
    b.random.shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    edt_threads_use(b.options.threads);
    b.dev = b.backend->open(&b.options, error);
    double since = now_ms();
    if (b.dev && (bench->work == EDT_BENCH_STEP ? prepare_step(&b) : prepare_vae(&b))) {
        result->load_ms = now_ms() - since;
        result->precision = b.options.precision;
        result->threads = b.options.threads;
        ok = measure(&b);
        result->peak_bytes = peak_bytes();
    }
    finish(&b);
    return ok;
}
