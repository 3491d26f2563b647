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

#define STREAM 4 /* vectors of channels that are summed side by side */

/* ---- group norm ---- */

/* Of `count` vectors of channels at once, which lie in one stream; n channels are in the last. */
EDT_INLINE void sums_of(int C, int c, int count, int n, const void *x, EdtType type, gint64 begin,
                        gint64 end, float *sum, float *squares)
{
    Vec s[STREAM] = {{0}}, q[STREAM] = {{0}};
    for (gint64 p = begin; p < end; p++)
        for (int i = 0; i < count; i++) {
            const gsize at = (gsize)(p * C + c + i * LANES);
            const Vec value = load_as(x, type, at, i < count - 1 ? LANES : n);
            s[i] += value;
            q[i] += value * value;
        }
    for (int i = 0; i < count; i++) {
        store_as(sum, EDT_F32, (gsize)(c + i * LANES), i < count - 1 ? LANES : n, s[i]);
        store_as(squares, EDT_F32, (gsize)(c + i * LANES), i < count - 1 ? LANES : n, q[i]);
    }
}

EDT_INLINE void channel_sums_of(int C, const void *x, EdtType type, gint64 begin, gint64 end,
                                float *sum, float *squares)
{
    int c = 0;
    for (; c + STREAM * LANES <= C; c += STREAM * LANES)
        sums_of(C, c, STREAM, LANES, x, type, begin, end, sum, squares);
    for (; c + LANES <= C; c += LANES)
        sums_of(C, c, 1, LANES, x, type, begin, end, sum, squares);
    if (c < C)
        sums_of(C, c, 1, C - c, x, type, begin, end, sum, squares);
}

static void channel_sums(int C, const void *x, EdtType type, gint64 begin, gint64 end, float *sum,
                         float *sum_of_squares)
{
    EDT_BY_TYPE(type, TYPE, channel_sums_of(C, x, TYPE, begin, end, sum, sum_of_squares));
}

/* n channels from c on of one pixel. */
EDT_INLINE void scale_shift_lanes(const EdtScaleShift *op, int c, int n, EdtType x_type,
                                  EdtType y_type, gboolean silu, gint64 pixel)
{
    const gsize from = (gsize)(pixel * op->x_pitch + c), to = (gsize)(pixel * op->y_pitch + c);
    const Vec value = load_as(op->x, x_type, from, n) * load_as(op->a, EDT_F32, (gsize)c, n) +
                      load_as(op->b, EDT_F32, (gsize)c, n);
    store_as(op->y, y_type, to, n, silu ? silu_of(value) : value);
}

EDT_INLINE void scale_shift_of(const EdtScaleShift *op, EdtType x_type, EdtType y_type,
                               gboolean silu, gint64 begin, gint64 end)
{
    for (gint64 p = begin; p < end; p++)
        EACH_LANES(op->C, scale_shift_lanes(op, c, n, x_type, y_type, silu, p));
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
