/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the trainer computes between matrix products, forward beside backward, for the rows of one
 * sample on the calling thread.  "act" is the type of what enters a product; gradients of the
 * residual stream, modulations and their gradients are f32.  Formulas: LN without affine, eps 1e-6;
 * y = LN(x) (1 + scale) + shift; GELU in its tanh form.
 *
 * Gradients of modulations are added to; they are sums over the T rows of the sample.
 *
 * kernels_*.c are compiled once per instruction level (cpu/meson.build); each level has a table.
 */
#pragma once

#include "base/type.h"
#include "cpu/isa.h"

/* KL of two normals as loss.c splits it: e = range * (v + 1) / 2. */
typedef struct {
    float range;
    float mean_scale; /* of the difference of means, over the true deviation */
    float d_scale;    /* of the derivative by v */
} EdtDivergence;

/* One step of Adan, see adan.c. */
typedef struct {
    float clip, beta1, beta2, beta3, epsilon;
    float root; /* of the correction of the second moment, inverted */
    float step, step_difference;
    float before, after; /* factors of weight decay */
    gboolean first_step;
} EdtAdanFactors;

typedef struct {
    /* y [T,D] act = modulate(LN(x [T,D])) */
    void (*norm)(int T, int D, const float *x, const float *shift, const float *scale, void *y,
                 EdtType act);
    /* out = x + gate * p, [T,D]; then y = modulate(LN(out)) unless y is NULL. */
    void (*update)(int T, int D, const float *x, const float *gate, const void *p, float *out,
                   const float *shift, const float *scale, void *y, EdtType act);
    /* Of the norm: dx [T,D] += ...; x is what was normed. */
    void (*norm_back)(int T, int D, const float *x, const float *dy, const float *scale, float *dx,
                      float *d_shift, float *d_scale);
    /* Of gate * p: dp = gate * dx; d_gate += sum dx * p. */
    void (*gate_back)(int T, int D, const float *dx, const float *gate, const void *p, void *dp,
                      float *d_gate, EdtType act);

    void (*gelu)(gint64 count, const void *h, void *u, EdtType act);
    /* dh = du * GELU'(h); dh may be du. */
    void (*gelu_back)(gint64 count, const void *h, const void *du, void *dh, EdtType act);

    /* x [T,D] = x + table */
    void (*add_table)(int T, int D, const float *table, float *x);

    /* Down: y [T/4, 4D] act = keep * modulate(LN(four neighbours of x [T,D])).  keep [T]: 0 drops a
     * token's D columns; NULL keeps all. */
    void (*merge)(int n, int D, const float *x, const float *shift, const float *scale,
                  const guint8 *keep, void *y, EdtType act);
    /* dx [T,D] = ... (every token has one neighbourhood). */
    void (*merge_back)(int n, int D, const float *x, const float *dy, const float *scale,
                       const guint8 *keep, float *dx, float *d_shift, float *d_scale);

    /* Up: y [T, 2D] act = modulate(LN([e dealt out, skip])); e [T/4, 4D] act, skip [T,D]. */
    void (*concat)(int n, int D, const void *e, const float *skip, const float *shift,
                   const float *scale, void *y, EdtType act);
    /* de [T/4, 4D] act = ..., d_skip [T,D] = ... */
    void (*concat_back)(int n, int D, const void *e, const float *skip, const float *dy,
                        const float *scale, void *de, float *d_skip, float *d_shift, float *d_scale,
                        EdtType act);

    /* y [T, 2D] act = [x, skip], both [T,D]; and back: dx = the first half of dy, d_skip = the
     * second, or grows by it where there is more. */
    void (*pair)(int T, int D, const float *x, const float *skip, void *y, EdtType act);
    void (*pair_back)(int T, int D, const float *dy, float *dx, float *d_skip, gboolean more);

    /* One head: p [T,T] act = softmax(s * scale + bias); bias as a window, see windows. */
    void (*softmax)(int n, const float *s, float scale, const float *window, void *p, EdtType act);
    /* ds [T,T] act = scale * softmax'(dp); d_window += the unscaled gradient by offset. */
    void (*softmax_back)(int n, const void *p, const float *dp, float scale, void *ds,
                         float *d_window, EdtType act);
    /* The same of T tokens of the grid, by their places [T]: x - y (2n-1) of each. */
    void (*softmax_few)(int T, int n, const int *places, const float *s, float scale,
                        const float *window, void *p, EdtType act);
    void (*softmax_few_back)(int T, int n, const int *places, const void *p, const float *dp,
                             float scale, void *ds, float *d_window, EdtType act);
    /* The reference's table [(2n-1)^2, H], index (qy-ky+n-1)(2n-1) + (qx-kx+n-1), to windows
     * [H][2n-1][2n-1] with x mirrored: entry [dy][dx], dx = kx-qx+n-1, so that the keys of a grid
     * row are neighbours; and back (added). */
    void (*windows)(int n, int H, const float *table, float *windows);
    void (*windows_back)(int n, int H, const float *d_windows, float *d_table);

    /* sums [N] += column sums of y [rows, N] of stride `stride` */
    void (*column_sums)(gint64 rows, int N, gint64 stride, const void *y, EdtType act, float *sums);
    /* y [columns, rows] = x [rows, columns] transposed */
    void (*transpose)(int rows, int columns, const void *x, void *y, EdtType act);
    void (*convert)(gint64 count, const float *x, void *y, EdtType act);
    void (*silu)(gint64 count, const float *x, float *y);
    void (*silu_back)(gint64 count, const float *x, const float *dy, float *dx); /* dx may be dy */

    /* [C,h,h] <-> [T, C*p*p] (columns c, py, px) and [T, p*p*C] (columns py, px, c: unpatchify). */
    void (*patchify)(int C, int h, int p, const float *x, float *rows);
    void (*unpatchify)(int C, int h, int p, const float *rows, float *x);
    void (*unpatchify_back)(int C, int h, int p, const float *dx, void *rows, EdtType act);

    /* the loss: x_t = signal x0 + share noise; mean squared difference, d = factor * difference;
     * divergence and its derivative by v */
    void (*noise)(int count, float signal, float share, const float *x0, const float *noise,
                  float *x_t);
    double (*squared)(int count, const float *out, const float *target, float factor, float *d);
    double (*divergence)(int count, const float *out, const float *target, const float *v,
                         EdtDivergence k, float *d_v);

    /* the optimiser: sum of squares; weights w by gradients g and moments; the average of weights
     */
    double (*squares)(int n, const float *g);
    void (*adan)(const EdtAdanFactors *f, int n, float *w, const float *g, float *m, float *v,
                 float *s, float *previous);
    void (*follow)(float decay, int n, const float *w, float *average);
} EdtTrainKernels;

const EdtTrainKernels *edt_train_kernels(void); /* of this machine's level */

#if defined(EDT_LEVEL) /* the parts of one level */
void EDT_AT_LEVEL(edt_train_kernels_rows_)(EdtTrainKernels *k);
void EDT_AT_LEVEL(edt_train_kernels_attention_)(EdtTrainKernels *k);
void EDT_AT_LEVEL(edt_train_kernels_loss_)(EdtTrainKernels *k);
void EDT_AT_LEVEL(edt_train_kernels_adan_)(EdtTrainKernels *k);
#endif
#define EDT_DECLARE_TRAIN_LEVEL(LEVEL, level) void edt_train_kernels_##level(EdtTrainKernels *k);
EDT_LEVELS(EDT_DECLARE_TRAIN_LEVEL)
