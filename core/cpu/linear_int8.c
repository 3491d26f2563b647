/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See linear_int8.h.  Next: linear.c, which has the product.
 */
#include "cpu/linear_int8.h"
#include "base/int8.h"
#include "base/memory.h"
#include "base/number.h"

#include <omp.h>
#include <string.h>

#define ALIGNMENT 64

gboolean edt_int8_is_for(const EdtDevice *dev, const EdtLinearSpec *spec)
{
    return dev->int8 && spec->inner;
}

/* ---- weights ---- */

/* Row n of [N,K], by way of `row` [K]. */
static void quantise_row(const EdtInt8 *int8, const EdtLinearSpec *spec, gint64 n, float *row)
{
    const gsize K = (gsize)spec->K, at = (gsize)n * K * edt_type_size(spec->weight_type);
    gint8 *bytes = int8->bytes + (gsize)n * K;
    gint64 sum = 0;

    edt_numbers_to_f32(spec->weight_type, (const char *)spec->weight + at, K, row);
    int8->scale[n] = edt_int8_from_f32(K, row, bytes);
    for (gsize k = 0; k < K; k++)
        sum += bytes[k];
    int8->offset[n] = (float)(-EDT_BYTE_ZERO * sum);
}

static gboolean quantise(EdtDevice *dev, EdtInt8 *int8, const EdtLinearSpec *spec, GError **error)
{
    const gsize K = (gsize)spec->K;
    float *rows = edt_alloc((gsize)dev->threads * K * sizeof *rows, error);

    int8->bytes = rows ? edt_alloc((gsize)spec->N * K, error) : NULL;
    if (int8->bytes) {
#pragma omp parallel for schedule(static) num_threads(dev->threads)
        for (gint64 n = 0; n < spec->N; n++)
            quantise_row(int8, spec, n, rows + (gsize)omp_get_thread_num() * K);
    }
    edt_free(rows);
    return int8->bytes != NULL;
}

gboolean edt_int8_init(EdtDevice *dev, EdtInt8 *int8, const EdtLinearSpec *spec, GError **error)
{
    const gsize N = (gsize)spec->N;

    int8->memory = edt_alloc(3 * N * sizeof(float), error);
    if (!int8->memory)
        return FALSE;
    memset(int8->memory, 0, 3 * N * sizeof(float));
    int8->scale = int8->memory;
    int8->bias = int8->memory + N;
    int8->offset = int8->memory + 2 * N;
    if (spec->bias)
        edt_numbers_to_f32(spec->bias_type, spec->bias, N, int8->bias);
    return !spec->weight || quantise(dev, int8, spec, error);
}

void edt_int8_forget_bytes(EdtInt8 *int8)
{
    edt_free(int8->bytes);
    int8->bytes = NULL;
}

void edt_int8_clear(EdtInt8 *int8)
{
    edt_int8_forget_bytes(int8);
    edt_free(int8->memory);
}

/* ---- rows ---- */

static gsize bytes_of(gint64 M, gint64 K)
{
    return ((gsize)(M * K) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static float *row_scales(const EdtDevice *dev, gint64 M, gint64 K)
{
    return (float *)(gpointer)((guint8 *)dev->wide + bytes_of(M, K));
}

gboolean edt_int8_prepare(EdtDevice *dev, gint64 M, gint64 K, GError **error)
{
    return edt_cpu_need_wide(dev, bytes_of(M, K) + (gsize)M * sizeof(float), error);
}

const void *edt_int8_begin(EdtDevice *dev, gint64 M, gint64 K, const void *x, EdtType x_type)
{
    const EdtQuantise op = {(int)K, x, x_type, dev->wide, row_scales(dev, M, K)};
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (gint64 m = 0; m < M; m++)
        dev->kernels->quantise(&op, m, m + 1);
    return dev->wide;
}

void edt_int8_end(EdtDevice *dev, const EdtInt8 *int8, gint64 M, gint64 K, EdtDequantise op)
{
    op.row_scale = row_scales(dev, M, K);
    op.scale = int8->scale;
    op.bias = int8->bias;
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (gint64 m = 0; m < M; m++)
        dev->kernels->dequantise(&op, m, m + 1);
}
