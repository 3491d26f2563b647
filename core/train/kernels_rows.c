/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Norm, modulation, gate and the two resamplings, forward and backward; see kernels.h.
 */
#include "train/kernels.h"
#include "train/rows.h"

#define WIDTH_MAX 16384 /* 4 D of the widest stage that variant.c accepts */

EDT_INLINE void norm_row(int D, const float *restrict x, const float *restrict shift,
                         const float *restrict scale, float *restrict y)
{
    EdtMoments m = edt_vector_moments(D, x);
#pragma omp simd
    for (int i = 0; i < D; i++)
        y[i] = (x[i] - m.mean) * m.inverse * (1.0f + scale[i]) + shift[i];
}

/* With a = (x - mean) / deviation and g = dy (1 + scale):
 *     dx = (g - mean(g) - a mean(g a)) / deviation */
EDT_INLINE void norm_row_back(int D, const float *restrict x, const float *restrict dy,
                              const float *restrict scale, float *restrict dx,
                              float *restrict d_shift, float *restrict d_scale)
{
    EdtMoments m = edt_vector_moments(D, x);
    float sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (int i = 0; i < D; i++) {
        float a = (x[i] - m.mean) * m.inverse, g = dy[i] * (1.0f + scale[i]);
        d_shift[i] += dy[i];
        d_scale[i] += dy[i] * a;
        sum += g;
        product += g * a;
    }
    sum /= (float)D;
    product /= (float)D;
#pragma omp simd
    for (int i = 0; i < D; i++) {
        float a = (x[i] - m.mean) * m.inverse, g = dy[i] * (1.0f + scale[i]);
        dx[i] = (g - sum - a * product) * m.inverse;
    }
}

static void norm(int T, int D, const float *x, const float *shift, const float *scale, void *y,
                 EdtType act)
{
    float buffer[WIDTH_MAX];
    for (int t = 0; t < T; t++) {
        void *row = edt_at_out(y, (gint64)t * D, act);
        float *out = edt_row_to_write(row, act, buffer);
        norm_row(D, x + (gint64)t * D, shift, scale, out);
        edt_write_row(row, act, D, out);
    }
}

static void update(int T, int D, const float *x, const float *gate, const void *p, float *out,
                   const float *shift, const float *scale, void *y, EdtType act)
{
    float buffer[WIDTH_MAX];
    for (int t = 0; t < T; t++) {
        gint64 at = (gint64)t * D;
        const float *branch = edt_read_row(edt_at(p, at, act), act, D, buffer), *in = x + at;
        float *sum = out + at;
#pragma omp simd
        for (int i = 0; i < D; i++)
            sum[i] = in[i] + gate[i] * branch[i];
        if (y) {
            void *row = edt_at_out(y, at, act);
            float *normed = edt_row_to_write(row, act, buffer);
            norm_row(D, sum, shift, scale, normed);
            edt_write_row(row, act, D, normed);
        }
    }
}

static void norm_back(int T, int D, const float *x, const float *dy, const float *scale, float *dx,
                      float *d_shift, float *d_scale)
{
    float row[WIDTH_MAX];
    for (int t = 0; t < T; t++) {
        gint64 at = (gint64)t * D;
        float *out = dx + at;
        norm_row_back(D, x + at, dy + at, scale, row, d_shift, d_scale);
#pragma omp simd
        for (int i = 0; i < D; i++)
            out[i] += row[i];
    }
}

static void gate_back(int T, int D, const float *dx, const float *gate, const void *p, void *dp,
                      float *d_gate, EdtType act)
{
    float in[WIDTH_MAX], out[WIDTH_MAX];
    for (int t = 0; t < T; t++) {
        gint64 at = (gint64)t * D;
        const float *branch = edt_read_row(edt_at(p, at, act), act, D, in), *g = dx + at;
        void *row = edt_at_out(dp, at, act);
        float *d_branch = edt_row_to_write(row, act, out);
#pragma omp simd
        for (int i = 0; i < D; i++) {
            d_gate[i] += g[i] * branch[i];
            d_branch[i] = g[i] * gate[i];
        }
        edt_write_row(row, act, D, d_branch);
    }
}

static void add_table(int T, int D, const float *table, float *x)
{
#pragma omp simd
    for (int i = 0; i < T * D; i++)
        x[i] += table[i];
}

/* ---- down ---- */

/* official DownSample: x0 (0,0), x1 (1,0), x2 (0,1), x3 (1,1) as (row, col) */
EDT_INLINE int neighbour(int n, int t, int k)
{
    int half = n / 2;
    return (t / half * 2 + (k & 1)) * n + t % half * 2 + (k >> 1);
}

EDT_INLINE void gather(int n, int D, int t, const float *x, float *row)
{
    for (int k = 0; k < 4; k++)
        memcpy(row + k * D, x + (gint64)neighbour(n, t, k) * D, (gsize)D * sizeof(float));
}

/* Masked after the modulation, as officially: a dropped token is zero, not its shift. */
EDT_INLINE void drop(int n, int D, int t, const guint8 *keep, float *row)
{
    for (int k = 0; keep && k < 4; k++)
        if (!keep[neighbour(n, t, k)])
            memset(row + k * D, 0, (gsize)D * sizeof(float));
}

static void merge(int n, int D, const float *x, const float *shift, const float *scale,
                  const guint8 *keep, void *y, EdtType act)
{
    float row[WIDTH_MAX], buffer[WIDTH_MAX];
    for (int t = 0; t < n * n / 4; t++) {
        void *to = edt_at_out(y, (gint64)t * 4 * D, act);
        float *out = edt_row_to_write(to, act, buffer);
        gather(n, D, t, x, row);
        norm_row(4 * D, row, shift, scale, out);
        drop(n, D, t, keep, out);
        edt_write_row(to, act, 4 * D, out);
    }
}

static void merge_back(int n, int D, const float *x, const float *dy, const float *scale,
                       const guint8 *keep, float *dx, float *d_shift, float *d_scale)
{
    float row[WIDTH_MAX], kept[WIDTH_MAX], d_row[WIDTH_MAX];
    for (int t = 0; t < n * n / 4; t++) {
        gather(n, D, t, x, row);
        memcpy(kept, dy + (gint64)t * 4 * D, 4 * (gsize)D * sizeof(float));
        drop(n, D, t, keep, kept);
        norm_row_back(4 * D, row, kept, scale, d_row, d_shift, d_scale);
        for (int k = 0; k < 4; k++)
            memcpy(dx + (gint64)neighbour(n, t, k) * D, d_row + k * D, (gsize)D * sizeof(float));
    }
}

/* ---- up ---- */

/* official UpSample: (p1 p2 c) with p1 the row, p2 the column; unlike DownSample */
EDT_INLINE gint64 dealt_from(int n, int D, int t)
{
    int half = n / 2, y = t / n, x = t % n;
    return ((gint64)(y / 2) * half + x / 2) * 4 * D + ((y & 1) * 2 + (x & 1)) * D;
}

EDT_INLINE void beside(int n, int D, int t, const void *e, const float *skip, float *row,
                       EdtType act)
{
    const void *from = edt_at(e, dealt_from(n, D, t), act);
    const float *up = edt_read_row(from, act, D, row);
    if (up != row)
        memcpy(row, up, (gsize)D * sizeof(float));
    memcpy(row + D, skip + (gint64)t * D, (gsize)D * sizeof(float));
}

static void concat(int n, int D, const void *e, const float *skip, const float *shift,
                   const float *scale, void *y, EdtType act)
{
    float row[WIDTH_MAX], buffer[WIDTH_MAX];
    for (int t = 0; t < n * n; t++) {
        void *to = edt_at_out(y, (gint64)t * 2 * D, act);
        float *out = edt_row_to_write(to, act, buffer);
        beside(n, D, t, e, skip, row, act);
        norm_row(2 * D, row, shift, scale, out);
        edt_write_row(to, act, 2 * D, out);
    }
}

static void concat_back(int n, int D, const void *e, const float *skip, const float *dy,
                        const float *scale, void *de, float *d_skip, float *d_shift, float *d_scale,
                        EdtType act)
{
    float row[WIDTH_MAX], d_row[WIDTH_MAX];
    for (int t = 0; t < n * n; t++) {
        void *to = edt_at_out(de, dealt_from(n, D, t), act);
        beside(n, D, t, e, skip, row, act);
        norm_row_back(2 * D, row, dy + (gint64)t * 2 * D, scale, d_row, d_shift, d_scale);
        if (act == EDT_F32)
            memcpy(to, d_row, (gsize)D * sizeof(float));
        else
            edt_write_row(to, act, D, d_row);
        memcpy(d_skip + (gint64)t * D, d_row + D, (gsize)D * sizeof(float));
    }
}

/* ---- sums and conversions ---- */

#define COLUMNS 1024 /* summed together; each part by itself first: closer to the exact sum */

static void column_sums(gint64 rows, int N, gint64 stride, const void *y, EdtType act, float *sums)
{
    float buffer[COLUMNS], part[COLUMNS];
    for (int first = 0; first < N; first += COLUMNS) {
        const int n = MIN(COLUMNS, N - first);
        memset(part, 0, (gsize)n * sizeof *part);
        for (gint64 r = 0; r < rows; r++) {
            const float *row = edt_read_row(edt_at(y, r * stride + first, act), act, n, buffer);
#pragma omp simd
            for (int i = 0; i < n; i++)
                part[i] += row[i];
        }
        for (int i = 0; i < n; i++)
            sums[first + i] += part[i];
    }
}

static void convert(gint64 count, const float *x, void *y, EdtType act)
{
    if (act == EDT_F32)
        memcpy(y, x, (gsize)count * sizeof(float));
    else
        edt_write_row(y, act, count, x);
}

static void patchify(int C, int h, int p, const float *x, float *rows)
{
    int n = h / p, K = C * p * p;
    for (int t = 0; t < n * n; t++)
        for (int c = 0; c < C; c++)
            for (int y = 0; y < p; y++)
                memcpy(rows + (gint64)t * K + (c * p + y) * p,
                       x + ((gint64)c * h + t / n * p + y) * h + t % n * p,
                       (gsize)p * sizeof(float));
}

/* Visits the pixels of token t: column (py, px, c) of its row, and the pixel's index. */
#define EACH_PIXEL(t, C, h, p, column, pixel)                                                      \
    for (int q_ = 0, n_ = (h) / (p); q_ < (p) * (p); q_++)                                         \
        for (int c_ = 0, column = q_ * (C),                                                        \
                 pixel = ((t) / n_ * (p) + q_ / (p)) * (h) + (t) % n_ * (p) + q_ % (p);            \
             c_ < (C); c_++, column++, pixel += (h) * (h))

static void unpatchify(int C, int h, int p, const float *rows, float *x)
{
    for (int t = 0; t < h / p * (h / p); t++) {
        const float *row = rows + (gint64)t * p * p * C;
        EACH_PIXEL(t, C, h, p, column, pixel)
        x[pixel] = row[column];
    }
}

static void unpatchify_back(int C, int h, int p, const float *dx, void *rows, EdtType act)
{
    float buffer[WIDTH_MAX];
    for (int t = 0; t < h / p * (h / p); t++) {
        void *row = edt_at_out(rows, (gint64)t * p * p * C, act);
        float *out = edt_row_to_write(row, act, buffer);
        EACH_PIXEL(t, C, h, p, column, pixel)
        out[column] = dx[pixel];
        edt_write_row(row, act, p * p * C, out);
    }
}

void EDT_AT_LEVEL(edt_train_kernels_rows_)(EdtTrainKernels *k)
{
    k->norm = norm;
    k->update = update;
    k->norm_back = norm_back;
    k->gate_back = gate_back;
    k->add_table = add_table;
    k->merge = merge;
    k->merge_back = merge_back;
    k->concat = concat;
    k->concat_back = concat_back;
    k->column_sums = column_sums;
    k->convert = convert;
    k->patchify = patchify;
    k->unpatchify = unpatchify;
    k->unpatchify_back = unpatchify_back;
}
