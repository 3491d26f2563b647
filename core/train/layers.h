/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts of a training network: layers with their plans and kept activations.  Private to
 * train_network.c (which makes them, by network_plan.c and network_memory.c), forward.c and
 * joints.c, backward.c, joints_back.c and backward_condition.c (which use them).
 */
#pragma once

#include "train/kernels.h"
#include "train/train_network.h"
#include "train/product.h"

/* What a job has of the tokens of its samples: all, or those that are not hidden (EdtTrainInput's
 * seen).  Products are planned for a number of rows, so each has one for either. */
typedef enum { EDT_ALL, EDT_FEW, EDT_LENGTHS } Length;

/* y = x W^T + b for the rows of one job.  Its gradient is a sum over the jobs, one after the other,
 * computed in `chunks` of `unit` outputs. */
typedef struct {
    int K, N, unit, chunks;
    int stage;    /* whose jobs pass through it; -1: the conditioning, one job */
    gint64 rows;  /* of a job with all tokens */
    EdtType type; /* of x, W, dy */
    EdtType y_type, dx_type;
    gsize weight, bias;       /* offsets in the layout */
    gboolean has_bias, hides; /* hides: it sees only few of the tokens of some jobs */
    const EdtProduct *forward[EDT_LENGTHS], *backward[EDT_LENGTHS], *gradient[EDT_LENGTHS];
    void *forward_weight, *backward_weight; /* packed for these products */
} Linear;

/* Columns of adaLN of one place, [N, columns]. */
typedef struct {
    Linear linear;
    int columns;
    float *rows, *d_rows;
    gboolean done; /* the gradients of its weights */
} Site;

/* The six products of attention. */
typedef struct {
    const EdtProduct *scores, *mix; /* q k^T, p v */
    const EdtProduct *d_share, *d_value, *d_query, *d_key;
} Attention;

typedef struct {
    int n, T, D, H, d;
    int samples, jobs;  /* samples of a job; jobs of a batch */
    int heads_together; /* heads in one product: all where they are small */
    int first, depth;   /* its blocks */
    gboolean hides;     /* it comes before hidden tokens are filled in */
    Attention attention[EDT_LENGTHS];
} Stage;

/* Rows are [N*T, ...]; names as in the forward of edt_train_block_forward(). */
typedef struct {
    int stage;
    gboolean hides;
    Linear qkv, proj, fc1, fc2, skip;
    Site site;
    gsize offset;       /* of its first weight */
    gboolean has_table; /* position bias */
    gsize table;
    float *windows;      /* [H][2n-1][2n-1]; without a table zeros */
    const float *before; /* of the block before, or of the joint */
    const float *beside; /* with a skip: what it is set beside */
    float *d_beside;     /* the derivative by that */
    gboolean d_more;     /* which others have begun */
    float *d_left;       /* the derivative by x of whoever is set beside it; or NULL */
    void *pair;          /* act [2D] */
    float *merged;       /* f32 [D]: product of the pair */
    const float *x_in;   /* that, or before */
    float *x_middle, *x; /* f32 [D] */
    void *y1, *qkv_rows, *share, *mixed, *p1, *y2, *h, *u, *p2; /* act */
} Block;

/* How the stream comes into a stage; what it consists of depends on its kind (network/shape.h). */
typedef struct {
    EdtJointKind kind;
    Linear merge,
        expand; /* patches; down: four tokens; up: the up-sampling, then stream and skip */
    Site site;
    gboolean learnt; /* its position table is a weight, at: */
    gsize positions;
    float *table; /* else [T, D] */
    int partner;  /* up: the stage whose x it is set beside */
    void *coarse, *e,
        *y;         /* up, act: [N*T/4, D of below], [N*T/4, 4D], [N*T, 2D]; down: y [N*T, 4D] */
    float *patches; /* patches: [N*T, C p p] */
    float *filled;  /* table: [N*T, D] hidden tokens filled in */
    float *x;       /* f32 [N*T, D]: the stage's input; patches: with all tokens */
    float *d_skip;  /* of who is set beside x; or NULL */
} Joint;

#define SITES_MAX (EDT_BLOCKS_MAX + EDT_STAGES_MAX + 2)

struct EdtTrainNetwork {
    EdtVariant v;
    const EdtParameters *parameters;
    EdtType act;
    int N, threads;
    const EdtTrainKernels *kernels;
    EdtProducts *products;
    void *memory;
    gsize bytes;
    GError *failure; /* of a plan in the midst of a run */

    Stage stages[EDT_STAGES_MAX];
    int n_stages;
    Joint joints[EDT_STAGES_MAX]; /* by the stage they lead to */
    Block *blocks;
    int n_blocks;
    gsize behind; /* the offset behind the blocks' weights */
    Site *sites[SITES_MAX];
    int n_sites;

    GPtrArray *linears; /* all of them, for what is done to each */
    Linear mlp0, mlp2, head;
    Site final;
    gsize labels, styles; /* their tables; styles only where the variant has some */
    void *y;              /* act [N*T0, D0] the head's input */
    float *out_rows;
    float *timesteps;                                   /* [N] */
    float *waves, *hidden, *hidden_active, *c, *active; /* [N, 256], [N, D0] ... */
    float *no_windows;                                  /* zeros */

    /* where tokens can be hidden (EDT_HIDING_SIDE) */
    int filling;        /* the stage before which they are filled in, else 0 */
    Block side;         /* which fills them in */
    gsize mask;         /* the token that stands for one */
    float *seen_x;      /* [N*T, D] stage 0's input: what is seen of its joint's x */
    int *ids, *places;  /* [N, T] of the seen tokens of a sample; see kernels.h for places */
    int few, first_few; /* how many a sample has where some are hidden; the first such sample */
    int planned;        /* few that products are planned for */

    /* backward: gradients of the stream and of what enters each linear layer */
    float *d_stream[2];    /* f32, of the widest stage; the two ends of a joint */
    float *d_now, *d_next; /* which of d_stream holds what */
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

/* network_plan.c: all products; then those of jobs with network->few tokens a sample. */
gboolean edt_train_network_plan(EdtTrainNetwork *network, GError **error);
gboolean edt_train_network_plan_few(EdtTrainNetwork *network, GError **error);
/* network_memory.c; _measure only counts its bytes. */
void edt_train_network_measure(EdtTrainNetwork *network);
gboolean edt_train_network_make_memory(EdtTrainNetwork *network, GError **error);

/* job(network, index, thread, data) for 0 <= index < n, on all threads.  Every product is computed
 * in a job, also where there is only one, since oneDNN may divide what it does not find in one over
 * threads of its own. */
typedef void (*EdtTrainJob)(EdtTrainNetwork *network, int index, int thread, gpointer data);
void edt_train_jobs(EdtTrainNetwork *network, int n, EdtTrainJob job, gpointer data);

void edt_linear_forward(EdtTrainNetwork *network, const Linear *l, Length length, int thread,
                        const void *x, void *y);
void edt_linear_backward(EdtTrainNetwork *network, const Linear *l, Length length, int thread,
                         const void *dy, void *dx);

/* The samples first ... end-1 of a job: their T tokens lie one after the other from row on. */
typedef struct {
    int first, end, T;
    Length length;
    gint64 row;
} Span;
static inline Span edt_train_span(const EdtTrainNetwork *network, const Stage *s, gboolean hides,
                                  int job)
{
    const int first = job * s->samples;
    const gboolean few = hides && first >= network->first_few;
    return (Span){first, first + s->samples, few ? network->few : s->T, few ? EDT_FEW : EDT_ALL,
                  (gint64)first * s->T};
}
static inline gint64 edt_span_row(const Span *span, int sample)
{
    return span->row + (gint64)(sample - span->first) * span->T;
}

/* forward.c, backward.c: a block for the samples of one job. */
void edt_train_block_forward(EdtTrainNetwork *network, const Block *b, int job, int thread);
void edt_train_block_back(EdtTrainNetwork *network, const Block *b, int job, int thread);
void edt_train_block_windows(EdtTrainNetwork *network, const Block *b);
/* The gradients of its weights and of its position bias. */
void edt_train_block_gradients(EdtTrainNetwork *network, const Block *b, int first_sample);

/* joints.c, joints_back.c: the stream into a stage, and its derivative out of it. */
void edt_train_joint_forward(EdtTrainNetwork *network, int stage);
void edt_train_joint_back(EdtTrainNetwork *network, int stage);

/* backward_condition.c */
void edt_train_condition_back(EdtTrainNetwork *network);
void edt_train_tell(EdtTrainNetwork *network, gsize offset, gsize count);
void edt_train_tell_stage(EdtTrainNetwork *network, int stage);
void edt_train_tell_rest(EdtTrainNetwork *network);

/* The gradients of weights as jobs over chunks; of the rows of jobs first_job and later. */
typedef struct {
    const Linear *linear;
    const void *dy, *x;
    int first_job;
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
    const Stage *s = &network->stages[stage];
    return network->blocks[s->first + s->depth - 1].x;
}
static inline const float *edt_joint_positions(const EdtTrainNetwork *network, const Joint *joint)
{
    return joint->learnt ? network->weights + joint->positions : joint->table;
}
static inline void *edt_rows_at(const EdtTrainNetwork *network, const void *base, gint64 element)
{
    return (char *)base + element * (gint64)edt_type_size(network->act);
}
