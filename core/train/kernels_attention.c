/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softmax with position bias, GELU and SiLU, forward and backward; see kernels.h.
 */
#include "train/kernels.h"
#include "train/rows.h"

#define TOKENS_MAX 16384 /* grid 128 */
#define PIECE 512        /* elements converted at a time; they stay in L1 */

static void softmax(int n, const float *s, float scale, const float *window, void *p, EdtType act)
{
    const int T = n * n, side = 2 * n - 1;
    float buffer[TOKENS_MAX];
    for (int q = 0; q < T; q++) {
        const float *in = s + (gint64)q * T;
        void *row = edt_at_out(p, (gint64)q * T, act);
        float *out = edt_row_to_write(row, act, buffer), most = -G_MAXFLOAT, sum = 0;
        for (int ky = 0; ky < n; ky++) {
            const float *bias = window + (q / n - ky + n - 1) * side + n - 1 - q % n;
#pragma omp simd reduction(max : most)
            for (int kx = 0; kx < n; kx++) {
                float logit = in[ky * n + kx] * scale + bias[kx];
                out[ky * n + kx] = logit;
                most = logit > most ? logit : most;
            }
        }
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < T; k++)
            sum += out[k] = edt_vector_exp(out[k] - most);
        sum = 1.0f / sum;
#pragma omp simd
        for (int k = 0; k < T; k++)
            out[k] *= sum;
        edt_write_row(row, act, T, out);
    }
}

static void softmax_back(int n, const void *p, const float *dp, float scale, void *ds,
                         float *d_window, EdtType act)
{
    const int T = n * n, side = 2 * n - 1;
    float in[TOKENS_MAX], out[TOKENS_MAX];
    for (int q = 0; q < T; q++) {
        const float *share = edt_read_row(edt_at(p, (gint64)q * T, act), act, T, in);
        const float *d_share = dp + (gint64)q * T;
        void *row = edt_at_out(ds, (gint64)q * T, act);
        float *d_logit = edt_row_to_write(row, act, out), sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < T; k++)
            sum += share[k] * d_share[k];
        for (int ky = 0; ky < n; ky++) {
            float *d_bias = d_window + (q / n - ky + n - 1) * side + n - 1 - q % n;
#pragma omp simd
            for (int kx = 0; kx < n; kx++) {
                float d = share[ky * n + kx] * (d_share[ky * n + kx] - sum);
                d_bias[kx] += d;
                d_logit[ky * n + kx] = d * scale;
            }
        }
        edt_write_row(row, act, T, d_logit);
    }
}

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

/* GELU(h) = h s(h) with s = sigmoid(2 sqrt(2/pi) (h + 0.044715 h^3)): the tanh form, since
 * (1 + tanh z) / 2 = sigmoid(2 z). */
#define GELU_SLOPE 1.5957691216057308f
#define GELU_CUBIC 0.044715f

EDT_INLINE float gelu_sigmoid(float h)
{
    return 1.0f / (1.0f + edt_vector_exp(-GELU_SLOPE * (h + GELU_CUBIC * h * h * h)));
}

static void gelu(gint64 count, const void *h, void *u, EdtType act)
{
    float in[PIECE], buffer[PIECE];
    for (gint64 at = 0; at < count; at += PIECE) {
        int n = (int)MIN(PIECE, count - at);
        const float *x = edt_read_row(edt_at(h, at, act), act, n, in);
        void *row = edt_at_out(u, at, act);
        float *out = edt_row_to_write(row, act, buffer);
#pragma omp simd
        for (int i = 0; i < n; i++)
            out[i] = x[i] * gelu_sigmoid(x[i]);
        edt_write_row(row, act, n, out);
    }
}

static void gelu_back(gint64 count, const void *h, const void *du, void *dh, EdtType act)
{
    float in[PIECE], d_in[PIECE], buffer[PIECE];
    for (gint64 at = 0; at < count; at += PIECE) {
        int n = (int)MIN(PIECE, count - at);
        const float *x = edt_read_row(edt_at(h, at, act), act, n, in);
        const float *d = edt_read_row(edt_at(du, at, act), act, n, d_in);
        void *row = edt_at_out(dh, at, act);
        float *out = edt_row_to_write(row, act, buffer);
#pragma omp simd
        for (int i = 0; i < n; i++) {
            float s = gelu_sigmoid(x[i]);
            float slope = GELU_SLOPE * (1.0f + 3.0f * GELU_CUBIC * x[i] * x[i]);
            out[i] = d[i] * (s + x[i] * s * (1.0f - s) * slope);
        }
        edt_write_row(row, act, n, out);
    }
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
    k->windows = windows;
    k->windows_back = windows_back;
    k->gelu = gelu;
    k->gelu_back = gelu_back;
    k->silu = silu;
    k->silu_back = silu_back;
}
