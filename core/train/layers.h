/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts of a training network: layers with their plans and kept activations.  Private to
 * train_network.c (which makes them), network_memory.c, forward.c, backward.c and
 * backward_condition.c (which use them).
 */
#pragma once

#include "train/kernels.h"
#include "train/train_network.h"
#include "train/product.h"

/* y = x W^T + b for the rows of one job.  Its gradient is a sum over the jobs, one after the other,
 * computed in `chunks` of `unit` outputs. */
typedef struct {
    int K, N, unit, chunks;
    int jobs;
    gint64 rows;        /* of a job */
    EdtType type;       /* of x, W, dy */
    gsize weight, bias; /* offsets in the layout */
    gboolean has_bias;
    const EdtProduct *forward, *backward, *gradient;
    void *forward_weight, *backward_weight; /* packed for these products */
} Linear;

/* Columns of adaLN of one place, [N, columns]. */
typedef struct {
    Linear linear;
    int columns;
    float *rows, *d_rows;
    gboolean done; /* the gradients of its weights */
} Site;

typedef struct {
    int n, T, D, H, d;
    int samples, jobs;              /* samples of a job; jobs of a batch */
    int heads_together;             /* heads in one product: all where they are small */
    const EdtProduct *scores, *mix; /* q k^T, p v */
    const EdtProduct *d_share, *d_value, *d_query, *d_key;
} Stage;

/* Rows are [N*T, ...]; names as in the forward of block_forward(). */
typedef struct {
    int stage;
    Linear qkv, proj, fc1, fc2;
    Site site;
    gsize table;         /* position bias */
    float *windows;      /* [H][2n-1][2n-1] */
    const float *x_in;   /* of the block before, or of the stage */
    float *x_middle, *x; /* f32 [D] */
    void *y1, *qkv_rows, *share, *mixed, *p1, *y2, *h, *u, *p2; /* act */
} Block;

typedef struct {
    Linear linear;
    Site site;
    float *table; /* [T', D'] */
    void *y;      /* act [N*T', 4D] */
    float *x;     /* f32 [N*T', D']: the next stage's input */
} Down;

typedef struct {
    Linear expand, cat;
    Site site;
    float *table;
    void *coarse, *e, *y; /* act: [N*T/4, D of below], [N*T/4, 4D], [N*T, 2D] */
    float *x;
} Up;

#define SITES_MAX (EDT_BLOCKS_MAX + 5)

struct EdtTrainNetwork {
    EdtVariant v;
    const EdtParameters *parameters;
    EdtType act;
    int N, threads;
    const EdtTrainKernels *kernels;
    EdtProducts *products;
    void *memory;
    gsize bytes;

    Stage stages[EDT_STAGES_MAX];
    int n_stages;
    Block *blocks;
    int n_blocks;
    Down down[2];
    Up up[2];
    Site *sites[SITES_MAX];
    int n_sites;

    GPtrArray *linears; /* all of them, for what is done to each */
    Linear embed, mlp0, mlp2, head;
    Site final;
    gsize labels, styles; /* their tables; styles only where the variant has some */
    float *table;         /* [T0, D0] */
    float *patches;       /* [N*T0, C p p] */
    float *x;             /* [N*T0, D0] stage 0's input, the outer skip */
    void *y;              /* act [N*T0, D0] the head's input */
    float *out_rows;
    float *timesteps;                                   /* [N] */
    float *waves, *hidden, *hidden_active, *c, *active; /* [N, 256], [N, D0] ... */

    /* backward: gradients of the stream and of what enters each linear layer */
    float *d_stream[2];    /* f32, of the widest stage; the two ends of a resampling */
    float *d_now, *d_next; /* which of d_stream holds what */
    float *d_skip[2];
    void *d_qkv, *d_p1, *d_h, *d_p2, *d_wide, *d_rows; /* act */
    float *d_windows;                                  /* [N][H][2n-1][2n-1] */
    float *d_active, *d_hidden;
    /* per thread */
    struct {
        float *scores;  /* f32 [heads_together, T, T] */
        void *d_scores; /* act */
        float *wide;    /* f32 [rows, widest] */
    } * scratch;

    /* of the running forward and backward */
    const float *weights;
    const EdtHalf *halves;
    const EdtTrainInput *input;
    float *gradient;
    EdtGradientReady ready; /* or NULL */
    gpointer ready_data;
};

/* network_memory.c */
gboolean edt_train_network_make_memory(EdtTrainNetwork *network, GError **error);

/* job(network, index, thread, data) for 0 <= index < n, on all threads.  Every product is computed
 * in a job, also where there is only one, since oneDNN may divide what it does not find in one over
 * threads of its own. */
typedef void (*EdtTrainJob)(EdtTrainNetwork *network, int index, int thread, gpointer data);
void edt_train_jobs(EdtTrainNetwork *network, int n, EdtTrainJob job, gpointer data);

void edt_linear_forward(EdtTrainNetwork *network, const Linear *l, int thread, const void *x,
                        void *y);
void edt_linear_backward(EdtTrainNetwork *network, const Linear *l, int thread, const void *dy,
                         void *dx);

/* backward_condition.c */
void edt_train_condition_back(EdtTrainNetwork *network);
void edt_train_tell(EdtTrainNetwork *network, gsize offset, gsize count);
void edt_train_tell_stage(EdtTrainNetwork *network, int stage, int first);
void edt_train_tell_rest(EdtTrainNetwork *network);

/* The gradients of weights as jobs over chunks. */
typedef struct {
    const Linear *linear;
    const void *dy, *x;
} Gradient;
void edt_linear_gradients(EdtTrainNetwork *network, const Gradient *gradients, int n);

/* Row `sample` of a site, from column on. */
static inline float *edt_site_row(const Site *site, int sample, int column)
{
    return site->rows + (gint64)sample * site->columns + column;
}
static inline float *edt_site_d_row(const Site *site, int sample, int column)
{
    return site->d_rows + (gint64)sample * site->columns + column;
}
/* The stream behind the last block of a stage. */
static inline float *edt_train_stage_output(const EdtTrainNetwork *network, int stage)
{
    int blocks = 0;
    for (int i = 0; i <= stage; i++)
        blocks += network->v.depths[i];
    return network->blocks[blocks - 1].x;
}
static inline void *edt_rows_at(const EdtTrainNetwork *network, const void *base, gint64 element)
{
    return (char *)base + element * (gint64)edt_type_size(network->act);
}
