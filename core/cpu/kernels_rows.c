/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Row kernels of the transformer: residual + gate + norm + modulate, the two resamplings, SiLU and
 * conversions.  Compiled once per instruction level (cpu/meson.build); a row stays in L1 between
 * its passes.  Next: kernels_attention.c.
 */
#include "cpu/kernels.h"
#include "base/vector.h"

#define LN_WIDTH_MAX 16384

static inline const float *modulation(const EdtModulation *mod, int sample, int column)
{
    return mod->base + mod->slot[sample] * mod->stride + column;
}

/* y = LN(x) * (1 + scale) + shift over one row of D. */
static inline void normalise(int D, const float *restrict x, const float *restrict scale,
                             const float *restrict shift, void *restrict y, EdtType type)
{
    const EdtMoments m = edt_vector_moments(D, x);
    if (type == EDT_F32) {
        float *restrict out = y;
#pragma omp simd
        for (int i = 0; i < D; i++)
            out[i] = (x[i] - m.mean) * m.inverse * (1.0f + scale[i]) + shift[i];
    } else {
        EdtHalf *restrict out = y;
#pragma omp simd
        for (int i = 0; i < D; i++)
            out[i] = edt_vector_bf16((x[i] - m.mean) * m.inverse * (1.0f + scale[i]) + shift[i]);
    }
}

static inline void copy_as(int D, const float *restrict x, void *restrict y, EdtType type)
{
    if (type == EDT_F32) {
        memcpy(y, x, (gsize)D * sizeof(float));
    } else {
        EdtHalf *restrict out = y;
#pragma omp simd
        for (int i = 0; i < D; i++)
            out[i] = edt_vector_bf16(x[i]);
    }
}

/* x = x_in + gate * p for one row; any of x_in, gate may be NULL.  x may be x_in. */
static inline void gated(int D, float *x, const float *x_in, const float *gate, const void *p,
                         EdtType type)
{
#define GATED(P)                                                                                   \
    if (x_in && gate) {                                                                            \
        _Pragma("omp simd") for (int i = 0; i < D; i++) x[i] = x_in[i] + gate[i] * (P);            \
    } else if (x_in) {                                                                             \
        _Pragma("omp simd") for (int i = 0; i < D; i++) x[i] = x_in[i] + (P);                      \
    } else if (gate) {                                                                             \
        _Pragma("omp simd") for (int i = 0; i < D; i++) x[i] = gate[i] * (P);                      \
    } else {                                                                                       \
        _Pragma("omp simd") for (int i = 0; i < D; i++) x[i] = (P);                                \
    }
    if (type == EDT_F32) {
        const float *values = p;
        GATED(values[i])
    } else {
        const EdtHalf *values = p;
        GATED(edt_bf16_to_f32(values[i]))
    }
#undef GATED
}

static void update(const EdtRowUpdate *op, EdtType act, gint64 begin, gint64 end)
{
    const int D = op->D, width = op->beside ? 2 * D : D; /* of y */
    for (gint64 r = begin; r < end; r++) {
        int sample = (int)(r / op->T);
        const float *x = op->x_in ? op->x_in + r * D : NULL;
        if (op->p) {
            float *out = op->x + r * D;
            const float *gate =
                op->gate == EDT_NO_COLUMN ? NULL : modulation(&op->mod_p, sample, op->gate);
            gated(D, out, x, gate, (const char *)op->p + (gsize)(r * D) * edt_type_size(op->p_type),
                  op->p_type);
            if (op->table) {
                const float *table = op->table + (r % op->T) * D;
#pragma omp simd
                for (int i = 0; i < D; i++)
                    out[i] += table[i];
            }
            x = out;
        }
        if (op->y) {
            char *y = (char *)op->y + (gsize)(r * width) * edt_type_size(act);
            if (op->norm)
                normalise(D, x, modulation(&op->mod_y, sample, op->scale),
                          modulation(&op->mod_y, sample, op->shift), y, act);
            else
                copy_as(D, x, y, act);
            if (op->beside)
                copy_as(D, op->beside + r * D, y + (gsize)D * edt_type_size(act), act);
        }
    }
}

static void merge(const EdtMerge *op, EdtType act, gint64 begin, gint64 end)
{
    /* official DownSample: x0 (0,0), x1 (1,0), x2 (0,1), x3 (1,1) as (row, col) */
    static const int row_of[4] = {0, 1, 0, 1}, col_of[4] = {0, 0, 1, 1};
    const int D = op->D, n = op->n, half = n / 2;
    float row[LN_WIDTH_MAX];

    for (gint64 r = begin; r < end; r++) {
        int sample = (int)(r / (half * half)), t = (int)(r % (half * half));
        int y0 = t / half * 2, x0 = t % half * 2;
        for (int k = 0; k < 4; k++)
            memcpy(row + k * D,
                   op->x + ((gint64)sample * n * n + (y0 + row_of[k]) * n + x0 + col_of[k]) * D,
                   (gsize)D * sizeof(float));
        normalise(4 * D, row, modulation(&op->mod, sample, op->scale),
                  modulation(&op->mod, sample, op->shift),
                  (char *)op->y + (gsize)(r * 4 * D) * edt_type_size(act), act);
    }
}

static void split_concat(const EdtSplitConcat *op, EdtType act, gint64 begin, gint64 end)
{
    const int D = op->D, n = op->n, half = n / 2;
    float row[LN_WIDTH_MAX];

    for (gint64 r = begin; r < end; r++) {
        int sample = (int)(r / (n * n)), t = (int)(r % (n * n));
        int y = t / n, x = t % n;
        /* official UpSample: (p1 p2 c) with p1 the row, p2 the column; unlike DownSample */
        int part = (y & 1) * 2 + (x & 1);
        gint64 from = (((gint64)sample * half + y / 2) * half + x / 2) * 4 * D + part * D;
        gated(D, row, NULL, NULL, (const char *)op->e + (gsize)from * edt_type_size(op->e_type),
              op->e_type);
        memcpy(row + D, op->skip + r * D, (gsize)D * sizeof(float));
        normalise(2 * D, row, modulation(&op->mod, sample, op->scale),
                  modulation(&op->mod, sample, op->shift),
                  (char *)op->y + (gsize)(r * 2 * D) * edt_type_size(act), act);
    }
}

static void silu(gint64 count, const float *x, void *y, EdtType y_type)
{
    if (y_type == EDT_F32) {
        float *out = y;
#pragma omp simd
        for (gint64 i = 0; i < count; i++)
            out[i] = edt_vector_silu(x[i]);
    } else {
        EdtHalf *out = y;
#pragma omp simd
        for (gint64 i = 0; i < count; i++)
            out[i] = edt_vector_bf16(edt_vector_silu(x[i]));
    }
}

static void convert(gint64 count, const void *x, EdtType x_type, void *y, EdtType y_type)
{
    if (x_type == y_type) {
        memcpy(y, x, (gsize)count * edt_type_size(x_type));
    } else if (x_type == EDT_F32) {
        const float *in = x;
        EdtHalf *out = y;
#pragma omp simd
        for (gint64 i = 0; i < count; i++)
            out[i] = edt_vector_bf16(in[i]);
    } else {
        const EdtHalf *in = x;
        float *out = y;
#pragma omp simd
        for (gint64 i = 0; i < count; i++)
            out[i] = edt_bf16_to_f32(in[i]);
    }
}

void EDT_AT_LEVEL(edt_kernels_rows_)(EdtCpuKernels *k)
{
    k->update = update;
    k->merge = merge;
    k->split_concat = split_concat;
    k->silu = silu;
    k->convert = convert;
}
