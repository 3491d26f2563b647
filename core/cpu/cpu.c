/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CPU side of the seam: fills the backend table.  This file splits the work of each operation
 * over the threads; what happens inside one thread is in kernels_*.c, matrix products are in
 * linear.c, convolutions in conv.c, the VAE's operations in decoder.c, the device in device.c.
 */
#include "cpu/cpu.h"
#include "cpu/device.h"
#include "base/memory.h"

#include <omp.h>

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

#define SPLIT_ROWS(dev, count, bytes, call)                                                        \
    do {                                                                                           \
        double since = edt_cpu_begin(dev);                                                         \
        _Pragma("omp parallel num_threads((dev)->threads)")                                        \
        {                                                                                          \
            gint64 begin, end;                                                                     \
            share(count, omp_get_thread_num(), omp_get_num_threads(), &begin, &end);               \
            call;                                                                                  \
        }                                                                                          \
        edt_cpu_end_moving(dev, EDT_PROFILE_ROWS, since, bytes);                                   \
    } while (0)

/* Bytes of so many numbers of each: f32, and of the type of activations. */
static double bytes_of(const EdtDevice *dev, double numbers, double of_f32, double of_act)
{
    return numbers * (of_f32 * sizeof(float) + of_act * (double)edt_type_size(dev->act));
}

static double update_bytes(const EdtDevice *dev, const EdtRowUpdate *op)
{
    const int x = (op->x_in != NULL) + (op->p != NULL) + (op->y && op->beside);
    const int y = !op->y ? 0 : op->beside ? 2 : 1;
    const double numbers = (double)op->N * op->T * op->D;
    return bytes_of(dev, numbers, x, y) +
           (op->p ? numbers * (double)edt_type_size(op->p_type) : 0) +
           (op->table ? (double)op->T * op->D * sizeof(float) : 0);
}

static void update(EdtDevice *dev, const EdtRowUpdate *op)
{
    SPLIT_ROWS(dev, (gint64)op->N * op->T, update_bytes(dev, op),
               dev->kernels->update(op, dev->act, begin, end));
}

static void merge(EdtDevice *dev, const EdtMerge *op)
{
    SPLIT_ROWS(dev, (gint64)op->N * (op->n / 2) * (op->n / 2),
               bytes_of(dev, (double)op->N * op->n * op->n * op->D, 1, 1),
               dev->kernels->merge(op, dev->act, begin, end));
}

static void split_concat(EdtDevice *dev, const EdtSplitConcat *op)
{
    const double numbers = (double)op->N * op->n * op->n * op->D;
    SPLIT_ROWS(dev, (gint64)op->N * op->n * op->n,
               bytes_of(dev, numbers, 1, 2) + numbers * (double)edt_type_size(op->e_type),
               dev->kernels->split_concat(op, dev->act, begin, end));
}

static void silu(EdtDevice *dev, gint64 count, const float *x, void *y, EdtType y_type)
{
    SPLIT_ROWS(dev, count, (double)count * (double)(sizeof(float) + edt_type_size(y_type)),
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
    /* x, the last estimate and this one, and what the network says for each group */
    edt_cpu_end_moving(dev, EDT_PROFILE_OTHER, since,
                       (double)(op->N * op->hw * edt_step_groups(op)) * (2 * op->C + op->C_out) *
                           sizeof(float));
}

/* ---- attention ---- */

/* Query rows of one task: enough tasks for many cores, few enough to pack. */
#define QUERY_BLOCK 64

/* Packed keys and values; each thread's scratch comes to them, which is small. */
static gsize packed_bytes(const EdtAttention *op, const EdtAttentionPlan *plan)
{
    return (plan->key_bytes + plan->value_bytes) * (gsize)op->N * (gsize)op->H;
}

static gsize attention_room(const EdtAttention *op, EdtType act)
{
    EdtAttentionPlan plan;
    edt_cpu_kernels_here()->attention_plan(op, act, &plan);
    return packed_bytes(op, &plan);
}

static void attention(EdtDevice *dev, const EdtAttention *op)
{
    double since = edt_cpu_begin(dev);
    const EdtCpuKernels *k = dev->kernels;
    EdtAttentionPlan plan;
    k->attention_plan(op, dev->act, &plan);

    int heads = op->N * op->H, blocks = (op->T + QUERY_BLOCK - 1) / QUERY_BLOCK;
    gsize head_bytes = plan.key_bytes + plan.value_bytes;
    gsize bytes = packed_bytes(op, &plan) + plan.scratch_bytes * (gsize)dev->threads;
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
    const double numbers = (double)op->N * op->H * op->T * op->d;
    edt_cpu_end(dev, EDT_PROFILE_ATTENTION, since,
                (EdtProfileWork){
                    .factors = edt_cpu_factors(dev->act),
                    .flops = 4 * numbers * op->T,
                    .bytes = 4 * numbers * (double)edt_type_size(dev->act), /* q, k, v, out */
                });
}

static const EdtBackend cpu = {
    .name = "cpu",
    .open = edt_cpu_open,
    .close = edt_cpu_close,
    .act = edt_cpu_act,
    .alloc = alloc,
    .free = release,
    .upload = copy,
    .download = copy,
    .peek = peek,
    .sync = edt_cpu_sync,
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
    .attention_room = attention_room,
    .conv_room = edt_cpu_conv_room,
    .group_norm = edt_cpu_group_norm,
    .add = edt_cpu_add,
    .convert = edt_cpu_convert,
    .to_nhwc = edt_cpu_to_nhwc,
    .to_nchw = edt_cpu_to_nchw,
    .advance = advance,
    .peak = edt_cpu_peak,
    .units = edt_cpu_units,
    .profile = edt_cpu_profile,
    .profile_rows = edt_cpu_profile_rows,
};

const EdtBackend *edt_backend_cpu(void)
{
    return &cpu;
}
