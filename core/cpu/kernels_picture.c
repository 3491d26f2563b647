/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernels of the VAE beside convolution: sums and application of group norm, addition.  Compiled
 * once per instruction level (cpu/meson.build).
 * The constant types passed to `static inline` functions make the compiler write one loop for each.
 */
#include "cpu/kernels.h"
#include "cpu/vector.h"

/* Runs call for the vectors of C channels: c the first of n channels. */
#define EACH_LANES(C, call)                                                                        \
    do {                                                                                           \
        int c = 0;                                                                                 \
        for (const int n = LANES; c + LANES <= (C); c += LANES)                                    \
            call;                                                                                  \
        if (c < (C)) {                                                                             \
            const int n = (C)-c;                                                                   \
            call;                                                                                  \
        }                                                                                          \
    } while (0)

/* ---- group norm ---- */

EDT_INLINE void sums_of(int C, int c, int n, const void *x, EdtType type, gint64 begin, gint64 end,
                        float *sum, float *squares)
{
    Vec s = {0}, q = {0};
    for (gint64 p = begin; p < end; p++) {
        Vec value = load_as(x, type, (gsize)p * (gsize)C + (gsize)c, n);
        s += value;
        q += value * value;
    }
    store_as(sum, EDT_F32, (gsize)c, n, s);
    store_as(squares, EDT_F32, (gsize)c, n, q);
}

static void channel_sums(int C, const void *x, EdtType type, gint64 begin, gint64 end, float *sum,
                         float *sum_of_squares)
{
    EDT_BY_TYPE(type, TYPE,
                EACH_LANES(C, sums_of(C, c, n, x, TYPE, begin, end, sum, sum_of_squares)));
}

EDT_INLINE void scale_shift_of(const EdtScaleShift *op, EdtType x_type, EdtType y_type,
                               gboolean silu, gint64 begin, gint64 end)
{
    const int C = op->C;
    const void *x = op->x;
    void *y = op->y;
    const float *a = op->a, *b = op->b;
    const gint64 x_pitch = op->x_pitch, y_pitch = op->y_pitch;

    for (gint64 p = begin; p < end; p++) {
        gsize from = (gsize)(p * x_pitch), to = (gsize)(p * y_pitch);
#pragma omp simd
        for (int c = 0; c < C; c++) {
            float value = load_one(x, x_type, from + (gsize)c) * a[c] + b[c];
            store_one(y, y_type, to + (gsize)c, silu ? edt_vector_silu(value) : value);
        }
    }
}

static void scale_shift(const EdtScaleShift *op, gint64 begin, gint64 end)
{
#define SCALE_SHIFT(SILU)                                                                          \
    EDT_BY_TYPE(op->x_type, X,                                                                     \
                EDT_BY_TYPE(op->y_type, Y, scale_shift_of(op, X, Y, SILU, begin, end)))
    if (op->silu)
        SCALE_SHIFT(TRUE);
    else
        SCALE_SHIFT(FALSE);
#undef SCALE_SHIFT
}

EDT_INLINE void add_of(gint64 count, void *x, const void *y, EdtType type)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++)
        store_one(x, type, (gsize)i, load_one(x, type, (gsize)i) + load_one(y, type, (gsize)i));
}

static void add(gint64 count, void *x, const void *y, EdtType type)
{
    EDT_BY_TYPE(type, TYPE, add_of(count, x, y, TYPE));
}

void EDT_AT_LEVEL(edt_kernels_picture_)(EdtCpuKernels *k)
{
    k->channel_sums = channel_sums;
    k->scale_shift = scale_shift;
    k->add = add;
}
