/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Norm, modulation, gate and the two resamplings, forward and backward; see kernels.h.
 */
#include "train/kernels.h"
#include "cpu/vector.h"

#define WIDTH_MAX 16384 /* 4 D of the widest stage that variant.c accepts */

EDT_INLINE void *at_out(void *base, gint64 element, EdtType type)
{
    return (char *)base + element * (gint64)edt_type_size(type);
}

EDT_INLINE void convert_as(gint64 count, const float *restrict x, void *restrict y, EdtType type)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++)
        store_one(y, type, (gsize)i, x[i]);
}

static void convert(gint64 count, const float *x, void *y, EdtType act)
{
    EDT_BY_TYPE(act, TYPE, convert_as(count, x, y, TYPE));
}

EDT_INLINE void norm_row(int D, const float *restrict x, const float *restrict shift,
                         const float *restrict scale, void *restrict y, EdtType type, gint64 at)
{
    EdtMoments m = edt_vector_moments(D, x);
#pragma omp simd
    for (int i = 0; i < D; i++)
        store_one(y, type, (gsize)(at + i),
                  (x[i] - m.mean) * m.inverse * (1.0f + scale[i]) + shift[i]);
}

/* With a = (x - mean) / deviation and g = dy (1 + scale):
 *     dx = (g - mean(g) - a mean(g a)) / deviation, added where `more` */
EDT_INLINE void norm_row_back(int D, const float *restrict x, const float *restrict dy,
                              const float *restrict scale, float *restrict dx,
                              float *restrict d_shift, float *restrict d_scale, gboolean more)
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
        float d = (g - sum - a * product) * m.inverse;
        dx[i] = more ? dx[i] + d : d;
    }
}

static void norm(int T, int D, const float *x, const float *shift, const float *scale, void *y,
                 EdtType act)
{
    for (gint64 at = 0; at < (gint64)T * D; at += D)
        EDT_BY_TYPE(act, TYPE, norm_row(D, x + at, shift, scale, y, TYPE, at));
}

EDT_INLINE void update_as(int T, int D, const float *x, const float *gate, const void *p,
                          float *out, const float *shift, const float *scale, void *y, EdtType type)
{
    for (gint64 at = 0; at < (gint64)T * D; at += D) {
#pragma omp simd
        for (int i = 0; i < D; i++)
            out[at + i] = x[at + i] + gate[i] * load_one(p, type, (gsize)(at + i));
        if (y)
            norm_row(D, out + at, shift, scale, y, type, at);
    }
}

static void update(int T, int D, const float *x, const float *gate, const void *p, float *out,
                   const float *shift, const float *scale, void *y, EdtType act)
{
    EDT_BY_TYPE(act, TYPE, update_as(T, D, x, gate, p, out, shift, scale, y, TYPE));
}

static void norm_back(int T, int D, const float *x, const float *dy, const float *scale, float *dx,
                      float *d_shift, float *d_scale)
{
    for (gint64 at = 0; at < (gint64)T * D; at += D)
        norm_row_back(D, x + at, dy + at, scale, dx + at, d_shift, d_scale, TRUE);
}

EDT_INLINE void gate_back_as(int T, int D, const float *dx, const float *gate, const void *p,
                             void *dp, float *restrict d_gate, EdtType type)
{
    for (gint64 at = 0; at < (gint64)T * D; at += D)
#pragma omp simd
        for (int i = 0; i < D; i++) {
            float g = dx[at + i];
            d_gate[i] += g * load_one(p, type, (gsize)(at + i));
            store_one(dp, type, (gsize)(at + i), g * gate[i]);
        }
}

static void gate_back(int T, int D, const float *dx, const float *gate, const void *p, void *dp,
                      float *d_gate, EdtType act)
{
    EDT_BY_TYPE(act, TYPE, gate_back_as(T, D, dx, gate, p, dp, d_gate, TYPE));
}

static void add_table(int T, int D, const float *table, float *x)
{
#pragma omp simd
    for (int i = 0; i < T * D; i++)
        x[i] += table[i];
}

/* ---- pairs ---- */

EDT_INLINE void pair_as(int T, int D, const float *x, const float *skip, void *y, EdtType type)
{
    for (int t = 0; t < T; t++) {
        const gint64 from = (gint64)t * D, to = 2 * from;
#pragma omp simd
        for (int i = 0; i < D; i++) {
            store_one(y, type, (gsize)(to + i), x[from + i]);
            store_one(y, type, (gsize)(to + D + i), skip[from + i]);
        }
    }
}

static void pair(int T, int D, const float *x, const float *skip, void *y, EdtType act)
{
    EDT_BY_TYPE(act, TYPE, pair_as(T, D, x, skip, y, TYPE));
}

static void pair_back(int T, int D, const float *dy, float *dx, float *d_skip, gboolean more)
{
    for (int t = 0; t < T; t++) {
        const float *row = dy + 2 * (gint64)t * D;
        float *skip = d_skip + (gint64)t * D;
        memcpy(dx + (gint64)t * D, row, (gsize)D * sizeof(float));
#pragma omp simd
        for (int i = 0; i < D; i++)
            skip[i] = more ? skip[i] + row[D + i] : row[D + i];
    }
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
    float row[WIDTH_MAX], out[WIDTH_MAX];
    for (int t = 0; t < n * n / 4; t++) {
        gather(n, D, t, x, row);
        norm_row(4 * D, row, shift, scale, out, EDT_F32, 0);
        drop(n, D, t, keep, out);
        convert(4 * D, out, at_out(y, (gint64)t * 4 * D, act), act);
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
        norm_row_back(4 * D, row, kept, scale, d_row, d_shift, d_scale, FALSE);
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

EDT_INLINE void widen(int D, const void *e, EdtType type, gint64 from, float *restrict row)
{
#pragma omp simd
    for (int i = 0; i < D; i++)
        row[i] = load_one(e, type, (gsize)(from + i));
}

EDT_INLINE void beside(int n, int D, int t, const void *e, const float *skip, float *row,
                       EdtType act)
{
    const gint64 from = dealt_from(n, D, t);
    EDT_BY_TYPE(act, TYPE, widen(D, e, TYPE, from, row));
    memcpy(row + D, skip + (gint64)t * D, (gsize)D * sizeof(float));
}

static void concat(int n, int D, const void *e, const float *skip, const float *shift,
                   const float *scale, void *y, EdtType act)
{
    float row[WIDTH_MAX];
    for (int t = 0; t < n * n; t++) {
        beside(n, D, t, e, skip, row, act);
        EDT_BY_TYPE(act, TYPE, norm_row(2 * D, row, shift, scale, y, TYPE, (gint64)t * 2 * D));
    }
}

static void concat_back(int n, int D, const void *e, const float *skip, const float *dy,
                        const float *scale, void *de, float *d_skip, float *d_shift, float *d_scale,
                        EdtType act)
{
    float row[WIDTH_MAX], d_row[WIDTH_MAX];
    for (int t = 0; t < n * n; t++) {
        beside(n, D, t, e, skip, row, act);
        norm_row_back(2 * D, row, dy + (gint64)t * 2 * D, scale, d_row, d_shift, d_scale, FALSE);
        convert(D, d_row, at_out(de, dealt_from(n, D, t), act), act);
        memcpy(d_skip + (gint64)t * D, d_row + D, (gsize)D * sizeof(float));
    }
}

/* ---- sums ---- */

#define COLUMNS 1024 /* summed together; each part by itself first: closer to the exact sum */

EDT_INLINE void column_sums_as(gint64 rows, int n, gint64 stride, const void *y, EdtType type,
                               gint64 first, float *restrict sums)
{
    float part[COLUMNS] = {0};
    for (gint64 r = 0; r < rows; r++)
#pragma omp simd
        for (int i = 0; i < n; i++)
            part[i] += load_one(y, type, (gsize)(r * stride + first + i));
    for (int i = 0; i < n; i++)
        sums[i] += part[i];
}

static void column_sums(gint64 rows, int N, gint64 stride, const void *y, EdtType act, float *sums)
{
    for (int first = 0; first < N; first += COLUMNS)
        EDT_BY_TYPE(
            act, TYPE,
            column_sums_as(rows, MIN(N - first, COLUMNS), stride, y, TYPE, first, sums + first));
}

#define SQUARE 16

/* The first n_rows x n_columns of x, whose rows are x_pitch bytes long. */
EDT_INLINE void turn(int n_rows, int n_columns, gsize x_pitch, const char *restrict x,
                     gsize y_pitch, char *restrict y, gsize size)
{
    for (int c = 0; c < n_columns; c++)
        for (int r = 0; r < n_rows; r++)
            memcpy(y + (gsize)c * y_pitch + (gsize)r * size,
                   x + (gsize)r * x_pitch + (gsize)c * size, size);
}

/* Square by square; whole ones have sizes that the compiler knows. */
EDT_INLINE void transpose_as(int rows, int columns, const char *restrict x, char *restrict y,
                             gsize size)
{
    const gsize x_pitch = (gsize)columns * size, y_pitch = (gsize)rows * size;
    for (int r = 0; r < rows; r += SQUARE)
        for (int c = 0; c < columns; c += SQUARE) {
            const char *from = x + (gsize)r * x_pitch + (gsize)c * size;
            char *to = y + (gsize)c * y_pitch + (gsize)r * size;
            if (r + SQUARE <= rows && c + SQUARE <= columns)
                turn(SQUARE, SQUARE, x_pitch, from, y_pitch, to, size);
            else
                turn(MIN(SQUARE, rows - r), MIN(SQUARE, columns - c), x_pitch, from, y_pitch, to,
                     size);
        }
}

static void transpose(int rows, int columns, const void *x, void *y, EdtType act)
{
    EDT_BY_TYPE(act, TYPE, transpose_as(rows, columns, x, y, edt_type_size(TYPE)));
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
    for (int t = 0; t < h / p * (h / p); t++) {
        void *row = at_out(rows, (gint64)t * p * p * C, act);
        EACH_PIXEL(t, C, h, p, column, pixel)
        store_one(row, act, (gsize)column, dx[pixel]);
    }
}

void EDT_AT_LEVEL(edt_train_kernels_rows_)(EdtTrainKernels *k)
{
    k->norm = norm;
    k->update = update;
    k->norm_back = norm_back;
    k->gate_back = gate_back;
    k->add_table = add_table;
    k->pair = pair;
    k->pair_back = pair_back;
    k->merge = merge;
    k->merge_back = merge_back;
    k->concat = concat;
    k->concat_back = concat_back;
    k->column_sums = column_sums;
    k->transpose = transpose;
    k->convert = convert;
    k->patchify = patchify;
    k->unpatchify = unpatchify;
    k->unpatchify_back = unpatchify_back;
}
