/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network for training: a forward that keeps what its backward needs, and that backward, by hand.
 * The inference engine's twin is network/network.c; the formulas are the same, but here every
 * sample has its own timestep, class and style, weights change every step, and there are masks.
 *
 * Work is cut into jobs of some samples or some weights, the same ones for every number of threads;
 * inside a job everything is in one order.  So results do not depend on the number of threads.
 */
#pragma once

#include "base/half.h"
#include "train/parameters.h"

typedef struct EdtTrainNetwork EdtTrainNetwork;

/* One batch; masks are 1 where a token is kept, NULL keeps all (paper section 3.3). */
typedef struct {
    const float *x;        /* [N,C,h,w] noisy pictures */
    const int *timestep;   /* [N] */
    const int *label;      /* [N]; n_classes is the null class */
    const int *style;      /* [N]; n_styles is the null style; NULL where there are none */
    const guint8 *middle;  /* [N,T0] before block 4 of stage 0: a dropped token is its table row */
    const guint8 *down[2]; /* [N,T0], [N,T1]: what down 0 and 1 take in */
    /* [N,T0] what MDT sees before its decoder: all in the first samples, then as many in each */
    const guint8 *seen;
} EdtTrainInput;

/* For batches of N samples; act: EDT_F32, or EDT_BF16 for products in bf16 with f32 sums.
 * Errors: EDT_ERROR_NO_MEMORY, _FAILED. */
EdtTrainNetwork *edt_train_network_new(const EdtParameters *parameters, int N, EdtType act,
                                       int threads, GError **error);
void edt_train_network_free(EdtTrainNetwork *network);
/* What such a network would work in, without making it; 0 with an error. */
gsize edt_train_network_needs(const EdtParameters *parameters, int N, EdtType act, int threads,
                              GError **error);
gsize edt_train_network_bytes(const EdtTrainNetwork *network); /* working memory */

/* weights: one array of the layout, f32; halves: the same as bf16 (NULL with act EDT_F32).  They
 * are packed here for the products, so this is to be said again whenever they have changed. */
void edt_train_network_use(EdtTrainNetwork *network, const float *weights, const EdtHalf *halves);

/* out: [N,C_out,h,w].  The input's arrays stay in use until edt_train_network_backward(). */
void edt_train_network_forward(EdtTrainNetwork *network, const EdtTrainInput *input, float *out);
/* Of the last forward, with the same weights: adds to gradient (of the layout) the derivatives of
 * a loss whose derivative by out is d_out. */
void edt_train_network_backward(EdtTrainNetwork *network, const float *d_out, float *gradient);

/* During the next backwards (ready NULL: no more), ready() hears which piece of the gradient is
 * final: a piece for each stage and two more, which cover the layout once, the last stage's first.
 * Between them it is called with count 0: a moment for whatever it has going on. */
typedef void (*EdtGradientReady)(gpointer data, gsize offset, gsize count);
void edt_train_network_tell(EdtTrainNetwork *network, EdtGradientReady ready, gpointer data);

/* FALSE when an operation failed since the last check. */
gboolean edt_train_network_check(EdtTrainNetwork *network, GError **error);
