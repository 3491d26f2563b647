/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernels of the VAE beside convolution: sums and application of group norm, addition.  Compiled
 * once per instruction level (cpu/meson.build).
 * The constant types passed to `static inline` functions make the compiler write one loop for each.
 */
#include "cpu/kernels.h"
#include "cpu/kernels_math.h"

#define INLINE static inline __attribute__((always_inline))

/* A vector of the level, in GCC's notation. */
#if defined EDT_LEVEL_AVX512 || defined EDT_LEVEL_AVX512BF16
#define LANES 16
#elif defined EDT_LEVEL_AVX2
#define LANES 8
#else
#define LANES 4
#endif

typedef float Lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef guint32 Words __attribute__((vector_size(4 * LANES)));
typedef EdtHalf Halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

INLINE float load(const void *x, EdtType type, gsize i)
{
    return type == EDT_F32 ? ((const float *)x)[i] : edt_bf16_to_f32(((const EdtHalf *)x)[i]);
}

INLINE void store(void *y, EdtType type, gsize i, float value)
{
    if (type == EDT_F32)
        ((float *)y)[i] = value;
    else
        ((EdtHalf *)y)[i] = edt_kernel_bf16(value);
}

/* The same with a vector of values, or its first n and zeros; n == LANES costs no branch. */
INLINE Lanes load_lanes(const void *x, EdtType type, gsize i, int n)
{
    Lanes value = {0};
    if (n < LANES) {
        for (int c = 0; c < n; c++)
            value[c] = load(x, type, i + (gsize)c);
        return value;
    }
    if (type == EDT_F32)
        return *(const Lanes *)((const float *)x + i);
    return (Lanes)(__builtin_convertvector(*(const Halves *)((const EdtHalf *)x + i), Words) << 16);
}

INLINE void store_lanes(void *y, EdtType type, gsize i, int n, Lanes value)
{
    if (n < LANES) {
        for (int c = 0; c < n; c++)
            store(y, type, i + (gsize)c, value[c]);
    } else if (type == EDT_F32) {
        *(Lanes *)((float *)y + i) = value;
    } else { /* as edt_kernel_bf16 */
        Words bits = (Words)value;
        bits = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
        *(Halves *)((EdtHalf *)y + i) = __builtin_convertvector(bits, Halves);
    }
}

/* Runs call for the vectors of C channels: c the first of n channels. */
#define EACH_LANES(C, call)                                                                        \
    do {                                                                                           \
        int c = 0;                                                                                 \
        for (const int n = LANES; c + LANES <= (C); c += LANES)                                    \
            call;                                                                                  \
        if (c < (C)) {                                                                             \
            const int n = (C) - c;                                                                 \
            call;                                                                                  \
        }                                                                                          \
    } while (0)

/* ---- group norm ---- */

INLINE void sums_of(int C, int c, int n, const void *x, EdtType type, gint64 begin, gint64 end,
                    float *sum, float *squares)
{
    Lanes s = {0}, q = {0};
    for (gint64 p = begin; p < end; p++) {
        Lanes value = load_lanes(x, type, (gsize)p * (gsize)C + (gsize)c, n);
        s += value;
        q += value * value;
    }
    store_lanes(sum, EDT_F32, (gsize)c, n, s);
    store_lanes(squares, EDT_F32, (gsize)c, n, q);
}

static void channel_sums(int C, const void *x, EdtType type, gint64 begin, gint64 end, float *sum,
                         float *sum_of_squares)
{
    if (type == EDT_F32)
        EACH_LANES(C, sums_of(C, c, n, x, EDT_F32, begin, end, sum, sum_of_squares));
    else
        EACH_LANES(C, sums_of(C, c, n, x, EDT_BF16, begin, end, sum, sum_of_squares));
}

INLINE void scale_shift_of(int C, gint64 x_pitch, const void *x, EdtType x_type, gint64 y_pitch,
                           void *y, EdtType y_type, gint64 begin, gint64 end, const float *a,
                           const float *b, gboolean silu)
{
    for (gint64 p = begin; p < end; p++) {
        gsize from = (gsize)(p * x_pitch), to = (gsize)(p * y_pitch);
#pragma omp simd
        for (int c = 0; c < C; c++) {
            float value = load(x, x_type, from + (gsize)c) * a[c] + b[c];
            store(y, y_type, to + (gsize)c, silu ? edt_kernel_silu(value) : value);
        }
    }
}

static void scale_shift(int C, gint64 x_pitch, const void *x, EdtType x_type, gint64 y_pitch,
                        void *y, EdtType y_type, gint64 begin, gint64 end, const float *a,
                        const float *b, gboolean silu)
{
#define CASE(X, Y, SILU)                                                                           \
    if (x_type == X && y_type == Y && !silu == !SILU) {                                            \
        scale_shift_of(C, x_pitch, x, X, y_pitch, y, Y, begin, end, a, b, SILU);                                   \
        return;                                                                                    \
    }
    CASE(EDT_F32, EDT_F32, TRUE)
    CASE(EDT_F32, EDT_BF16, TRUE)
    CASE(EDT_BF16, EDT_F32, TRUE)
    CASE(EDT_BF16, EDT_BF16, TRUE)
    CASE(EDT_F32, EDT_F32, FALSE)
    CASE(EDT_F32, EDT_BF16, FALSE)
    CASE(EDT_BF16, EDT_F32, FALSE)
    CASE(EDT_BF16, EDT_BF16, FALSE)
#undef CASE
}

INLINE void add_of(gint64 count, void *x, const void *y, EdtType type)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++)
        store(x, type, (gsize)i, load(x, type, (gsize)i) + load(y, type, (gsize)i));
}

static void add(gint64 count, void *x, const void *y, EdtType type)
{
    if (type == EDT_F32)
        add_of(count, x, y, EDT_F32);
    else
        add_of(count, x, y, EDT_BF16);
}

void EDT_PASTE(edt_kernels_picture_, EDT_LEVEL)(EdtCpuKernels *k)
{
    k->channel_sums = channel_sums;
    k->scale_shift = scale_shift;
    k->add = add;
}
