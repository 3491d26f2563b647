/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Around a product of bytes: rows become bytes with a scale of their own, and its sums become
 * numbers again.  Each row by itself, so that a picture does not depend on those beside it.
 * Compiled once per instruction level.  Next: linear_int8.c.
 */
#include "cpu/kernels.h"
#include "cpu/vector.h"

#define MAGIC 12582912.0f /* 1.5 * 2^23: added to a number below 2^22 it rounds it to the units */

EDT_INLINE guint32 bits_of(float x)
{
    guint32 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The largest |x|; as bits, which order as the numbers do. */
EDT_INLINE float largest_of(int K, const void *x, EdtType type)
{
    guint32 most = 0;
    float value;
#pragma omp simd reduction(max : most)
    for (int i = 0; i < K; i++) {
        const guint32 bits = bits_of(load_one(x, type, (gsize)i)) & 0x7fffffffu;
        most = bits > most ? bits : most;
    }
    memcpy(&value, &most, sizeof value);
    return value;
}

EDT_INLINE float quantise_as(int K, const void *x, EdtType type, guint8 *restrict y)
{
    const float most = largest_of(K, x, type);
    const float inverse = most > 0 ? EDT_BYTE_MOST / most : 0;
#pragma omp simd
    for (int i = 0; i < K; i++)
        y[i] = (guint8)(bits_of(load_one(x, type, (gsize)i) * inverse + MAGIC) + EDT_BYTE_ZERO);
    return most / EDT_BYTE_MOST;
}

static void quantise(const EdtQuantise *op, gint64 begin, gint64 end)
{
    for (gint64 r = begin; r < end; r++) {
        const char *x = (const char *)op->x + (gsize)(r * op->K) * edt_type_size(op->x_type);
        EDT_BY_TYPE(op->x_type, TYPE,
                    op->scale[r] = quantise_as(op->K, x, TYPE, op->y + r * op->K));
    }
}

/* n numbers of a row from column i on; scale is the row's. */
EDT_INLINE void dequantise_some(const EdtDequantise *op, void *y, EdtType type, float scale, int i,
                                int n, gboolean with_gelu)
{
    const gsize at = (gsize)i;
    const Vec by = scale * load_as(op->scale, EDT_F32, at, n);
    const Vec value = load_as(y, type, at, n) * by + load_as(op->bias, EDT_F32, at, n);
    store_as(y, type, at, n, with_gelu ? gelu_of(value) : value);
}

EDT_INLINE void dequantise_as(const EdtDequantise *op, gint64 r, EdtType type, gboolean with_gelu)
{
    void *y = (char *)op->y + (gsize)(r * op->N) * edt_type_size(type);
    const float scale = op->row_scale[r];
    const int whole = op->N / LANES * LANES;

#pragma GCC unroll 4
    for (int i = 0; i < whole; i += LANES)
        dequantise_some(op, y, type, scale, i, LANES, with_gelu);
    if (whole < op->N)
        dequantise_some(op, y, type, scale, whole, op->N - whole, with_gelu);
}

static void dequantise(const EdtDequantise *op, gint64 begin, gint64 end)
{
    for (gint64 r = begin; r < end; r++)
        if (op->epilogue == EDT_EPILOGUE_GELU)
            EDT_BY_TYPE(op->y_type, TYPE, dequantise_as(op, r, TYPE, TRUE));
        else
            EDT_BY_TYPE(op->y_type, TYPE, dequantise_as(op, r, TYPE, FALSE));
}

void EDT_AT_LEVEL(edt_kernels_int8_)(EdtCpuKernels *k)
{
    k->quantise = quantise;
    k->dequantise = dequantise;
}
