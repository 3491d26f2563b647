/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CPU side of the seam: fills the backend table.  This file splits the work of each operation
 * over the threads; what happens inside one thread is in kernels_*.c, matrix products are in
 * linear.c, convolutions in conv.c.
 */
#include "cpu/cpu.h"
#include "machine.h"
#include "cpu/device.h"
#include "base/memory.h"
#include "base/threads.h"

#include <glib/gi18n-lib.h>
#include <omp.h>

/* ---- device ---- */

static void close_device(EdtDevice *dev)
{
    if (dev == NULL)
        return;
    dnnl_memory_destroy(dev->scratch_memory);
    dnnl_stream_destroy(dev->stream);
    dnnl_engine_destroy(dev->engine);
    edt_free(dev->scratch);
    edt_free(dev->work);
    edt_free(dev->wide);
    g_clear_error(&dev->error);
    g_free(dev);
}

static EdtDevice *open_device(const EdtDeviceOptions *options, GError **error)
{
    static const char *const names[EDT_PROFILE_COUNT] = {"linear", "attention",  "rows",
                                                         "conv",   "group norm", "other"};
    EdtDevice *dev = g_new0(EdtDevice, 1);
    dev->threads = options->threads;
    gboolean bf16 = options->precision == EDT_PRECISION_BF16;
    dev->act = bf16 && edt_cpu_has_bf16() ? EDT_BF16 : EDT_F32;
    dev->rounded = bf16 && dev->act == EDT_F32;
    dev->kernels = edt_cpu_kernels_here();
    for (int i = 0; i < EDT_PROFILE_COUNT; i++)
        dev->profile[i].what = names[i];
    edt_threads_use(dev->threads);
    if (dnnl_engine_create(&dev->engine, dnnl_cpu, 0) ||
        dnnl_stream_create(&dev->stream, dev->engine, dnnl_stream_default_flags)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("oneDNN could not open the CPU."));
        close_device(dev);
        return NULL;
    }
    if (!edt_cpu_need_scratch(dev, 64, error)) {
        close_device(dev);
        return NULL;
    }
    return dev;
}

static EdtType act(const EdtDevice *dev)
{
    return dev->act;
}

gboolean edt_cpu_need_scratch(EdtDevice *dev, gsize bytes, GError **error)
{
    dnnl_memory_desc_t desc = NULL;
    if (bytes <= dev->scratch_bytes)
        return TRUE;
    void *data = edt_alloc(bytes, error);
    if (data == NULL)
        return FALSE;
    dnnl_memory_t memory = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &desc, 1, (dnnl_dims_t){(dnnl_dim_t)bytes}, dnnl_u8, dnnl_a);
    if (!status)
        status = dnnl_memory_create(&memory, desc, dev->engine, data);
    dnnl_memory_desc_destroy(desc);
    if (status) {
        edt_free(data);
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("oneDNN could not take scratch memory."));
        return FALSE;
    }
    dnnl_memory_destroy(dev->scratch_memory);
    edt_free(dev->scratch);
    dev->scratch = data;
    dev->scratch_memory = memory;
    dev->scratch_bytes = bytes;
    return TRUE;
}

static gboolean grow(void **room, gsize *room_bytes, gsize bytes, GError **error)
{
    if (bytes <= *room_bytes)
        return TRUE;
    void *data = edt_alloc(bytes, error);
    if (data == NULL)
        return FALSE;
    edt_free(*room);
    *room = data;
    *room_bytes = bytes;
    return TRUE;
}

gboolean edt_cpu_need_work(EdtDevice *dev, gsize bytes, GError **error)
{
    return grow(&dev->work, &dev->work_bytes, bytes, error);
}

gboolean edt_cpu_need_wide(EdtDevice *dev, gsize bytes, GError **error)
{
    return grow(&dev->wide, &dev->wide_bytes, bytes, error);
}

void edt_cpu_fail_error(EdtDevice *dev, GError *error)
{
    if (dev->error == NULL)
        dev->error = error;
    else
        g_clear_error(&error);
}

void edt_cpu_fail(EdtDevice *dev, const char *what, dnnl_status_t status)
{
    edt_cpu_fail_error(
        dev, g_error_new(EDT_ERROR,
                         status == dnnl_out_of_memory ? EDT_ERROR_NO_MEMORY : EDT_ERROR_FAILED,
                         _("oneDNN failed at %s (status %d)."), _(what), (int)status));
}

static gboolean sync_device(EdtDevice *dev, GError **error)
{
    dnnl_stream_wait(dev->stream);
    if (dev->error == NULL)
        return TRUE;
    g_propagate_error(error, dev->error);
    dev->error = NULL;
    return FALSE;
}

/* ---- profile ---- */

double edt_cpu_begin(const EdtDevice *dev)
{
    return dev->profiling ? omp_get_wtime() : 0;
}

void edt_cpu_end(EdtDevice *dev, EdtProfileKind kind, double since, double flops)
{
    if (!dev->profiling)
        return;
    dev->profile[kind].seconds += omp_get_wtime() - since;
    dev->profile[kind].flops += flops;
    dev->profile[kind].calls++;
}

static void profile(EdtDevice *dev, gboolean on)
{
    dev->profiling = on;
    for (int i = 0; on && i < EDT_PROFILE_COUNT; i++) {
        dev->profile[i].seconds = dev->profile[i].flops = 0;
        dev->profile[i].calls = 0;
    }
}

static const EdtProfileRow *profile_rows(EdtDevice *dev)
{
    return dev->profile;
}

#define BURN_ROUNDS 2000000
#define BURN_TILE_ROUNDS 100000 /* each is longer */
#define BURN_TRIALS 12

static double burn(const EdtDevice *dev)
{
    if (dev->act == EDT_BF16 && dev->kernels->burn_tiles)
        return dev->kernels->burn_tiles(BURN_TILE_ROUNDS);
    return dev->kernels->burn(dev->act, BURN_ROUNDS);
}

/* All threads burn at once; the best of several trials, for the machine may be busy. */
static double peak(EdtDevice *dev)
{
    double best = 0;
    for (int trial = 0; trial < BURN_TRIALS; trial++) {
        double flops = 0, since = omp_get_wtime();
#pragma omp parallel num_threads(dev->threads) reduction(+ : flops)
        flops += burn(dev);
        best = MAX(best, flops / (omp_get_wtime() - since));
    }
    return best;
}

/* ---- memory ---- */

static void *alloc(EdtDevice *dev, gsize bytes, GError **error)
{
    return edt_alloc(bytes, error);
}

static void release(EdtDevice *dev, void *data)
{
    edt_free(data);
}

static void copy(EdtDevice *dev, void *to, const void *from, gsize bytes)
{
    if (to != from)
        memcpy(to, from, bytes);
}

static const void *peek(EdtDevice *dev, const void *from, gsize bytes)
{
    return from;
}

/* ---- rows ---- */

/* The part of [0, count) that thread i of n works on. */
static void share(gint64 count, int i, int n, gint64 *begin, gint64 *end)
{
    *begin = count * i / n;
    *end = count * (i + 1) / n;
}

#define SPLIT_ROWS(dev, count, call)                                                               \
    do {                                                                                           \
        double since = edt_cpu_begin(dev);                                                         \
        _Pragma("omp parallel num_threads((dev)->threads)")                                        \
        {                                                                                          \
            gint64 begin, end;                                                                     \
            share(count, omp_get_thread_num(), omp_get_num_threads(), &begin, &end);               \
            call;                                                                                  \
        }                                                                                          \
        edt_cpu_end(dev, EDT_PROFILE_ROWS, since, 0);                                              \
    } while (0)

static void update(EdtDevice *dev, const EdtRowUpdate *op)
{
    SPLIT_ROWS(dev, (gint64)op->N * op->T, dev->kernels->update(op, dev->act, begin, end));
}

static void merge(EdtDevice *dev, const EdtMerge *op)
{
    SPLIT_ROWS(dev, (gint64)op->N * (op->n / 2) * (op->n / 2),
               dev->kernels->merge(op, dev->act, begin, end));
}

static void split_concat(EdtDevice *dev, const EdtSplitConcat *op)
{
    SPLIT_ROWS(dev, (gint64)op->N * op->n * op->n,
               dev->kernels->split_concat(op, dev->act, begin, end));
}

static void silu(EdtDevice *dev, gint64 count, const float *x, void *y, EdtType y_type)
{
    SPLIT_ROWS(dev, count,
               dev->kernels->silu(end - begin, x + begin,
                                  (char *)y + (gsize)begin * edt_type_size(y_type), y_type));
}

static void add_rows(EdtDevice *dev, gint64 R, int D, float *x, const float *table, const int *row)
{
    for (gint64 r = 0; r < R; r++)
        for (int i = 0; i < D; i++)
            x[r * D + i] += table[(gint64)row[r] * D + i];
}

/* PatchEmbed is a convolution with stride p: rows of C*p*p in the order of its weights. */
static void patchify(EdtDevice *dev, int N, int C, int h, int p, const float *x, float *rows)
{
    int n = h / p;
    for (int s = 0; s < N; s++)
        for (int t = 0; t < n * n; t++)
            for (int c = 0; c < C; c++)
                for (int i = 0; i < p; i++)
                    for (int j = 0; j < p; j++)
                        *rows++ = x[((gsize)(s * C + c) * h + t / n * p + i) * h + t % n * p + j];
}

/* Rows of p*p*C, channel fastest (official unpatchify: nhwpqc -> nchpwq). */
static void unpatchify(EdtDevice *dev, int N, int C, int h, int p, const float *rows, float *x)
{
    int n = h / p;
    for (int s = 0; s < N; s++)
        for (int t = 0; t < n * n; t++)
            for (int i = 0; i < p; i++)
                for (int j = 0; j < p; j++)
                    for (int c = 0; c < C; c++)
                        x[((gsize)(s * C + c) * h + t / n * p + i) * h + t % n * p + j] = *rows++;
}

static void advance(EdtDevice *dev, const EdtSamplerStep *op)
{
    double since = edt_cpu_begin(dev);
    edt_step_run(op);
    edt_cpu_end(dev, EDT_PROFILE_OTHER, since, 0);
}

/* ---- attention ---- */

#define QUERY_BLOCK 64 /* query rows of one task: enough tasks for many cores, few enough to pack */

static void attention(EdtDevice *dev, const EdtAttention *op)
{
    double since = edt_cpu_begin(dev);
    const EdtCpuKernels *k = dev->kernels;
    EdtAttentionPlan plan;
    k->attention_plan(op, dev->act, &plan);

    int heads = op->N * op->H, blocks = (op->T + QUERY_BLOCK - 1) / QUERY_BLOCK;
    gsize head_bytes = plan.key_bytes + plan.value_bytes;
    gsize bytes = head_bytes * (gsize)heads + plan.scratch_bytes * (gsize)dev->threads;
    GError *error = NULL;
    if (!edt_cpu_need_work(dev, bytes, &error)) { /* grows at the first pass only */
        edt_cpu_fail_error(dev, error);
        return;
    }
    char *packed = dev->work, *scratch = packed + head_bytes * (gsize)heads;

#pragma omp parallel num_threads(dev->threads)
    {
        void *own = scratch + plan.scratch_bytes * (gsize)omp_get_thread_num();
        /* Whole heads per thread while there are enough: keys stay in that core's cache. */
#pragma omp for schedule(static)
        for (int i = 0; i < heads; i++) {
            char *keys = packed + head_bytes * (gsize)i;
            k->attention_pack(op, dev->act, &plan, i / op->H, i % op->H, keys,
                              keys + plan.key_bytes);
        }
#pragma omp for schedule(static)
        for (int i = 0; i < heads * blocks; i++) {
            int head = i / blocks, begin = i % blocks * QUERY_BLOCK;
            const char *keys = packed + head_bytes * (gsize)head;
            k->attention_rows(op, dev->act, &plan, head / op->H, head % op->H, begin,
                              MIN(begin + QUERY_BLOCK, op->T), keys, keys + plan.key_bytes, own);
        }
    }
    edt_cpu_end(dev, EDT_PROFILE_ATTENTION, since,
                4.0 * op->N * op->H * (double)op->T * op->T * op->d);
}

static const EdtBackend cpu = {
    .name = "cpu",
    .open = open_device,
    .close = close_device,
    .act = act,
    .alloc = alloc,
    .free = release,
    .upload = copy,
    .download = copy,
    .peek = peek,
    .sync = sync_device,
    .linear_new = edt_cpu_linear_new,
    .linear_prepare = edt_cpu_linear_prepare,
    .linear = edt_cpu_linear,
    .linear_free = edt_cpu_linear_free,
    .conv_new = edt_cpu_conv_new,
    .conv_prepare = edt_cpu_conv_prepare,
    .conv = edt_cpu_conv,
    .conv_free = edt_cpu_conv_free,
    .conv_planes = edt_cpu_conv_planes,
    .patchify = patchify,
    .unpatchify = unpatchify,
    .add_rows = add_rows,
    .silu = silu,
    .update = update,
    .merge = merge,
    .split_concat = split_concat,
    .attention = attention,
    .group_norm = edt_cpu_group_norm,
    .add = edt_cpu_add,
    .convert = edt_cpu_convert,
    .to_nhwc = edt_cpu_to_nhwc,
    .to_nchw = edt_cpu_to_nchw,
    .advance = advance,
    .peak = peak,
    .profile = profile,
    .profile_rows = profile_rows,
};

const EdtBackend *edt_backend_cpu(void)
{
    return &cpu;
}
