/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Row kernels of the transformer: residual + gate + norm + modulate, the two resamplings, SiLU and
 * conversions.  Compiled once per instruction level (cpu/meson.build); a row stays in L1 between
 * its passes.  Next: kernels_attention.c.
 */
#include "cpu/kernels.h"
#include "cpu/vector.h"

#define LN_WIDTH_MAX 16384

static inline const float *modulation(const EdtModulation *mod, int sample, int column)
{
    return mod->base + mod->slot[sample] * mod->stride + column;
}

EDT_INLINE void normalise_as(int D, const float *restrict x, EdtMoments m,
                             const float *restrict scale, const float *restrict shift,
                             void *restrict y, EdtType type)
{
#pragma omp simd
    for (int i = 0; i < D; i++)
        store_one(y, type, (gsize)i, (x[i] - m.mean) * m.inverse * (1.0f + scale[i]) + shift[i]);
}

/* y = LN(x) * (1 + scale) + shift over one row of D. */
static inline void normalise(int D, const float *restrict x, const float *restrict scale,
                             const float *restrict shift, void *restrict y, EdtType type)
{
    const EdtMoments m = edt_vector_moments(D, x);
    EDT_BY_TYPE(type, TYPE, normalise_as(D, x, m, scale, shift, y, TYPE));
}

EDT_INLINE void convert_as(gint64 count, const void *x, EdtType x_type, void *y, EdtType y_type)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++)
        store_one(y, y_type, (gsize)i, load_one(x, x_type, (gsize)i));
}

static void convert(gint64 count, const void *x, EdtType x_type, void *y, EdtType y_type)
{
    if (x_type == y_type)
        memcpy(y, x, (gsize)count * edt_type_size(x_type));
    else
        EDT_BY_TYPE(x_type, X, EDT_BY_TYPE(y_type, Y, convert_as(count, x, X, y, Y)));
}

EDT_INLINE void gated_as(int D, float *x, const float *x_in, const float *gate, const void *p,
                         EdtType type)
{
#define GATED(value) _Pragma("omp simd") for (int i = 0; i < D; i++) x[i] = value
    if (x_in && gate)
        GATED(x_in[i] + gate[i] * load_one(p, type, (gsize)i));
    else if (x_in)
        GATED(x_in[i] + load_one(p, type, (gsize)i));
    else if (gate)
        GATED(gate[i] * load_one(p, type, (gsize)i));
    else
        GATED(load_one(p, type, (gsize)i));
#undef GATED
}

/* x = x_in + gate * p for one row; any of x_in, gate may be NULL.  x may be x_in. */
static inline void gated(int D, float *x, const float *x_in, const float *gate, const void *p,
                         EdtType type)
{
    EDT_BY_TYPE(type, TYPE, gated_as(D, x, x_in, gate, p, TYPE));
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
                convert(D, x, EDT_F32, y, act);
            if (op->beside)
                convert(D, op->beside + r * D, EDT_F32, y + (gsize)D * edt_type_size(act), act);
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

EDT_INLINE void silu_as(gint64 count, const float *x, void *y, EdtType type)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++)
        store_one(y, type, (gsize)i, edt_vector_silu(x[i]));
}

static void silu(gint64 count, const float *x, void *y, EdtType y_type)
{
    EDT_BY_TYPE(y_type, TYPE, silu_as(count, x, y, TYPE));
}

static void gelu(int rows, int N, float *y, gint64 pitch)
{
    const int whole = N / LANES * LANES;
    for (int r = 0; r < rows; r++, y += pitch) {
        for (int i = 0; i < whole; i += LANES)
            store(y + i, gelu_of(load(y + i)));
        if (whole < N)
            store_as(y, EDT_F32, (gsize)whole, N - whole,
                     gelu_of(load_as(y, EDT_F32, (gsize)whole, N - whole)));
    }
}

void EDT_AT_LEVEL(edt_kernels_rows_)(EdtCpuKernels *k)
{
    k->update = update;
    k->merge = merge;
    k->split_concat = split_concat;
    k->gelu = gelu;
    k->silu = silu;
    k->convert = convert;
}
