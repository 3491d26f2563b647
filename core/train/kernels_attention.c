/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softmax with position bias, GELU and SiLU, forward and backward; see kernels.h.
 */
#include "train/kernels.h"
#include "cpu/vector.h"

#define TOKENS_MAX 16384 /* grid 128 */

/* n as a constant for the usual grids: their rows are whole vectors. */
#define BY_GRID(n, SIDE, call)                                                                     \
    switch (n) {                                                                                   \
    case 4: {                                                                                      \
        const int SIDE = 4;                                                                        \
        call;                                                                                      \
        break;                                                                                     \
    }                                                                                              \
    case 8: {                                                                                      \
        const int SIDE = 8;                                                                        \
        call;                                                                                      \
        break;                                                                                     \
    }                                                                                              \
    case 16: {                                                                                     \
        const int SIDE = 16;                                                                       \
        call;                                                                                      \
        break;                                                                                     \
    }                                                                                              \
    default: {                                                                                     \
        const int SIDE = n;                                                                        \
        call;                                                                                      \
    }                                                                                              \
    }

/* Where the window of query q begins for its first row of keys; those behind lie 2n-1 before. */
EDT_INLINE gint64 window_of(int n, int q)
{
    return (q / n + n - 1) * (2 * n - 1) + n - 1 - q % n;
}

/* ---- softmax ---- */

EDT_INLINE void logits(int n, const float *restrict s, float scale, const float *restrict window,
                       float *restrict out)
{
    for (int ky = 0; ky < n; ky++)
#pragma omp simd
        for (int kx = 0; kx < n; kx++)
            out[ky * n + kx] = s[ky * n + kx] * scale + window[kx - ky * (2 * n - 1)];
}

/* x = e^(x - most); returns the sum. */
EDT_INLINE float exponentials(int T, float *x)
{
    float most = -G_MAXFLOAT, sum = 0;
#pragma omp simd reduction(max : most)
    for (int k = 0; k < T; k++)
        most = x[k] > most ? x[k] : most;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < T; k++)
        sum += x[k] = edt_vector_exp(x[k] - most);
    return sum;
}

EDT_INLINE void store_shares(int T, const float *restrict x, float factor, void *p, EdtType type,
                             gint64 at)
{
#pragma omp simd
    for (int k = 0; k < T; k++)
        store_one(p, type, (gsize)(at + k), x[k] * factor);
}

static void softmax(int n, const float *s, float scale, const float *window, void *p, EdtType act)
{
    const int T = n * n;
    float row[TOKENS_MAX];
    for (int q = 0; q < T; q++) {
        const gint64 at = (gint64)q * T;
        BY_GRID(n, SIDE, logits(SIDE, s + at, scale, window + window_of(n, q), row))
        const float factor = 1.0f / exponentials(T, row);
        EDT_BY_TYPE(act, TYPE, store_shares(T, row, factor, p, TYPE, at));
    }
}

/* Shares as f32; returns the sum of shares times d. */
EDT_INLINE float load_shares(int T, const void *p, EdtType type, gint64 at, const float *restrict d,
                             float *restrict shares)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < T; k++) {
        shares[k] = load_one(p, type, (gsize)(at + k));
        sum += shares[k] * d[k];
    }
    return sum;
}

/* Shares become derivatives by scores. */
EDT_INLINE void logits_back(int n, const float *restrict d_share, float sum, float scale,
                            float *restrict shares, float *restrict d_window)
{
    for (int ky = 0; ky < n; ky++)
#pragma omp simd
        for (int kx = 0; kx < n; kx++) {
            float d = shares[ky * n + kx] * (d_share[ky * n + kx] - sum);
            d_window[kx - ky * (2 * n - 1)] += d;
            shares[ky * n + kx] = d * scale;
        }
}

static void softmax_back(int n, const void *p, const float *dp, float scale, void *ds,
                         float *d_window, EdtType act)
{
    const int T = n * n;
    float row[TOKENS_MAX], sum = 0;
    for (int q = 0; q < T; q++) {
        const gint64 at = (gint64)q * T;
        EDT_BY_TYPE(act, TYPE, sum = load_shares(T, p, TYPE, at, dp + at, row));
        BY_GRID(n, SIDE, logits_back(SIDE, dp + at, sum, scale, row, d_window + window_of(n, q)))
        EDT_BY_TYPE(act, TYPE, store_shares(T, row, 1.0f, ds, TYPE, at));
    }
}

/* ---- softmax of some tokens ---- */

/* Where the window of query q begins for these places. */
EDT_INLINE gint64 window_at(int n, int place)
{
    return (gint64)(n - 1) * (2 * n - 1) + n - 1 - place;
}

static void softmax_few(int T, int n, const int *places, const float *s, float scale,
                        const float *window, void *p, EdtType act)
{
    float row[TOKENS_MAX];
    for (int q = 0; q < T; q++) {
        const gint64 at = (gint64)q * T;
        const float *own = window + window_at(n, places[q]);
#pragma omp simd
        for (int k = 0; k < T; k++)
            row[k] = s[at + k] * scale + own[places[k]];
        const float factor = 1.0f / exponentials(T, row);
        EDT_BY_TYPE(act, TYPE, store_shares(T, row, factor, p, TYPE, at));
    }
}

/* Places differ, so no two keys of a query add to the same number. */
EDT_INLINE void few_logits_back(int T, const int *restrict places, const float *restrict d_share,
                                float sum, float scale, float *restrict shares,
                                float *restrict d_window)
{
#pragma omp simd
    for (int k = 0; k < T; k++) {
        float d = shares[k] * (d_share[k] - sum);
        d_window[places[k]] += d;
        shares[k] = d * scale;
    }
}

static void softmax_few_back(int T, int n, const int *places, const void *p, const float *dp,
                             float scale, void *ds, float *d_window, EdtType act)
{
    float row[TOKENS_MAX], sum = 0;
    for (int q = 0; q < T; q++) {
        const gint64 at = (gint64)q * T;
        EDT_BY_TYPE(act, TYPE, sum = load_shares(T, p, TYPE, at, dp + at, row));
        few_logits_back(T, places, dp + at, sum, scale, row, d_window + window_at(n, places[q]));
        EDT_BY_TYPE(act, TYPE, store_shares(T, row, 1.0f, ds, TYPE, at));
    }
}

/* ---- windows, GELU, SiLU ---- */

static void windows(int n, int H, const float *table, float *windows)
{
    const int side = 2 * n - 1;
    for (int h = 0; h < H; h++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
                windows[(h * side + y) * side + x] = table[(y * side + (side - 1 - x)) * H + h];
}

static void windows_back(int n, int H, const float *d_windows, float *d_table)
{
    const int side = 2 * n - 1;
    for (int h = 0; h < H; h++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
                d_table[(y * side + (side - 1 - x)) * H + h] +=
                    d_windows[(h * side + y) * side + x];
}

EDT_INLINE void gelu_as(gint64 count, const void *h, void *u, EdtType type)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++) {
        float x = load_one(h, type, (gsize)i);
        store_one(u, type, (gsize)i, x * edt_vector_gelu_sigmoid(x));
    }
}

static void gelu(gint64 count, const void *h, void *u, EdtType act)
{
    EDT_BY_TYPE(act, TYPE, gelu_as(count, h, u, TYPE));
}

EDT_INLINE void gelu_back_as(gint64 count, const void *h, const void *du, void *dh, EdtType type)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++) {
        float x = load_one(h, type, (gsize)i), s = edt_vector_gelu_sigmoid(x);
        float slope = EDT_GELU_SLOPE * (1.0f + 3.0f * EDT_GELU_CUBIC * x * x);
        store_one(dh, type, (gsize)i,
                  load_one(du, type, (gsize)i) * (s + x * s * (1.0f - s) * slope));
    }
}

static void gelu_back(gint64 count, const void *h, const void *du, void *dh, EdtType act)
{
    EDT_BY_TYPE(act, TYPE, gelu_back_as(count, h, du, dh, TYPE));
}

static void silu(gint64 count, const float *x, float *y)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++)
        y[i] = edt_vector_silu(x[i]);
}

static void silu_back(gint64 count, const float *x, const float *dy, float *dx)
{
#pragma omp simd
    for (gint64 i = 0; i < count; i++) {
        float s = 1.0f / (1.0f + edt_vector_exp(-x[i]));
        dx[i] = dy[i] * (s + x[i] * s * (1.0f - s));
    }
}

void EDT_AT_LEVEL(edt_train_kernels_attention_)(EdtTrainKernels *k)
{
    k->softmax = softmax;
    k->softmax_back = softmax_back;
    k->softmax_few = softmax_few;
    k->softmax_few_back = softmax_few_back;
    k->windows = windows;
    k->windows_back = windows_back;
    k->gelu = gelu;
    k->gelu_back = gelu_back;
    k->silu = silu;
    k->silu_back = silu_back;
}
