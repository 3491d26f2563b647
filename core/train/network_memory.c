/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory of a training network, planned and carved in one piece: what a forward keeps for its
 * backward, what the stages share, what each thread needs.
 */
#include "train/layers.h"
#include "base/arena.h"
#include "base/memory.h"
#include "network/condition.h"

#include <string.h>

static float *take_f32(EdtArena *arena, gint64 rows, gint64 width)
{
    return edt_arena_take(arena, (gsize)(rows * width) * sizeof(float));
}

static void *take_act(const EdtTrainNetwork *network, EdtArena *arena, gint64 rows, gint64 width)
{
    return edt_arena_take(arena, (gsize)(rows * width) * edt_type_size(network->act));
}

static gint64 windows_of(const Stage *s)
{
    return (gint64)s->H * (2 * s->n - 1) * (2 * s->n - 1);
}

/* ---- blocks ---- */

static void carve_block(EdtTrainNetwork *network, EdtArena *a, Block *b, const float *before)
{
    const Stage *s = &network->stages[b->stage];
    gint64 rows = (gint64)network->N * s->T, D = s->D;

    b->before = b->x_in = before;
    if (b->skip.N) {
        b->pair = take_act(network, a, rows, 2 * D);
        b->x_in = b->merged = take_f32(a, rows, D);
    }
    b->windows = b->has_table ? take_f32(a, 1, windows_of(s)) : network->no_windows;
    b->x_middle = take_f32(a, rows, D);
    b->x = take_f32(a, rows, D);
    b->y1 = take_act(network, a, rows, D);
    b->qkv_rows = take_act(network, a, rows, 3 * D);
    b->share = take_act(network, a, rows, (gint64)s->H * s->T);
    b->mixed = take_act(network, a, rows, D);
    b->p1 = take_act(network, a, rows, D);
    b->y2 = take_act(network, a, rows, D);
    b->h = take_act(network, a, rows, b->fc1.N);
    b->u = take_act(network, a, rows, b->fc1.N);
    b->p2 = take_act(network, a, rows, D);
}

/* What a block is set beside, by the skip of its stage; k: its place there. */
static void connect(EdtTrainNetwork *network, EdtArena *a, const Stage *s, int k)
{
    Block *b = &network->blocks[s->first + k];
    Joint *beginning = &network->joints[0];

    switch (edt_variant_stage(&network->v, b->stage).skip) {
    case EDT_SKIP_NONE:
        break;
    case EDT_SKIP_MIRROR: { /* its twin lies as far before the middle as it lies behind */
        Block *twin = &network->blocks[s->first - 1 - k];
        b->beside = twin->x;
        b->d_beside = twin->d_left = take_f32(a, (gint64)network->N * s->T, s->D);
        break;
    }
    case EDT_SKIP_TOKENS:
        b->beside = beginning->x;
        b->d_beside = beginning->d_skip;
        b->d_more = TRUE;
        break;
    }
}

static void carve_stage(EdtTrainNetwork *network, EdtArena *a, int i)
{
    const Stage *s = &network->stages[i];
    const float *x = i == 0 && network->filling ? network->seen_x : network->joints[i].x;

    for (int k = 0; k < s->depth; k++) {
        Block *b = &network->blocks[s->first + k];
        carve_block(network, a, b, x);
        connect(network, a, s, k);
        x = b->x;
    }
}

/* ---- joints ---- */

/* Only a joint whose x another one or blocks are set beside has a derivative of that kind; and
 * where tokens are hidden it gathers what comes from those that are seen. */
static void carve_skip(EdtTrainNetwork *network, EdtArena *a, int i)
{
    const Stage *s = &network->stages[i];
    gboolean wanted = i == 0 && network->filling;

    for (int k = i + 1; k < network->n_stages; k++)
        wanted |= network->joints[k].kind == EDT_JOINT_UP && network->joints[k].partner == i;
    if (wanted)
        network->joints[i].d_skip = take_f32(a, (gint64)network->N * s->T, s->D);
}

static void carve_joint(EdtTrainNetwork *network, EdtArena *a, int i)
{
    Joint *joint = &network->joints[i];
    const Stage *s = &network->stages[i];
    const gint64 N = network->N, rows = N * s->T;

    if (joint->kind == EDT_JOINT_THROUGH) {
        joint->x = edt_train_stage_output(network, i - 1);
        return;
    }
    joint->x = take_f32(a, rows, s->D);
    if (!joint->learnt)
        joint->table = take_f32(a, s->T, s->D);
    switch (joint->kind) {
    case EDT_JOINT_PATCHES:
        joint->patches = take_f32(a, rows, joint->merge.K);
        break;
    case EDT_JOINT_DOWN:
        joint->y = take_act(network, a, rows, joint->merge.K);
        break;
    case EDT_JOINT_UP:
        joint->coarse = take_act(network, a, N * s[-1].T, s[-1].D);
        joint->e = take_act(network, a, N * s[-1].T, joint->expand.N);
        joint->y = take_act(network, a, rows, joint->merge.K);
        break;
    case EDT_JOINT_TABLE:
        joint->filled = take_f32(a, rows, s->D);
        carve_block(network, a, &network->side, joint->filled);
        break;
    case EDT_JOINT_THROUGH:
        break;
    }
    carve_skip(network, a, i);
}

/* ---- the rest ---- */

static void carve_ends(EdtTrainNetwork *network, EdtArena *a)
{
    const Stage *s = &network->stages[0];
    gint64 N = network->N, rows = N * s->T, D = s->D;

    network->no_windows = take_f32(a, 1, windows_of(s));
    network->y = take_act(network, a, rows, D);
    network->out_rows = take_f32(a, rows, network->head.N);
    network->timesteps = take_f32(a, N, 1);
    network->waves = take_f32(a, N, EDT_TIMESTEP_WIDTH);
    network->hidden = take_f32(a, N, D);
    network->hidden_active = take_f32(a, N, D);
    network->c = take_f32(a, N, D);
    network->active = take_f32(a, N, D);
    network->d_active = take_f32(a, N, D);
    network->d_hidden = take_f32(a, N, D);
    for (int i = 0; i < network->n_sites; i++) {
        network->sites[i]->rows = take_f32(a, N, network->sites[i]->columns);
        network->sites[i]->d_rows = take_f32(a, N, network->sites[i]->columns);
    }
    if (!network->filling)
        return;
    network->seen_x = take_f32(a, rows, D);
    network->ids = edt_arena_take(a, (gsize)rows * sizeof(int));
    network->places = edt_arena_take(a, (gsize)rows * sizeof(int));
}

/* Buffers of the backward and of threads serve all stages: each as large as the largest needs. */
static void carve_shared(EdtTrainNetwork *network, EdtArena *a)
{
    gint64 N = network->N, row_width = network->head.N * (gint64)network->stages[0].T, windows = 0;
    gint64 scores = 0, job_rows = 0, widest = 0;

    for (int i = 0; i < network->n_stages; i++) {
        const Stage *s = &network->stages[i];
        row_width = MAX(row_width, (gint64)s->T * s->D);
        windows = MAX(windows, windows_of(s));
        scores = MAX(scores, (gint64)s->heads_together * s->T * s->T);
        job_rows = MAX(job_rows, (gint64)s->samples * s->T);
        widest = MAX(widest, s->D);
    }
    network->d_stream[0] = take_f32(a, N, row_width);
    network->d_stream[1] = take_f32(a, N, row_width);
    network->d_qkv = take_act(network, a, N, 3 * row_width);
    network->d_p1 = take_act(network, a, N, row_width);
    network->d_h = take_act(network, a, N, network->v.mlp_ratio * row_width);
    network->d_p2 = take_act(network, a, N, row_width);
    network->d_wide = take_act(network, a, N, row_width);
    network->d_rows = take_act(network, a, N, row_width);
    network->d_windows = take_f32(a, N, windows);
    for (int i = 0; i < network->threads; i++) {
        network->scratch[i].scores = take_f32(a, 1, scores);
        network->scratch[i].d_scores = take_act(network, a, 1, scores);
        network->scratch[i].wide = take_f32(a, job_rows, MAX(4, network->v.mlp_ratio) * widest);
    }
}

static void carve_weights(EdtTrainNetwork *network, EdtArena *a)
{
    for (guint i = 0; i < network->linears->len; i++) {
        Linear *l = network->linears->pdata[i];
        l->forward_weight = edt_arena_take(a, edt_product_packed_bytes(l->forward[EDT_ALL]));
        l->backward_weight = edt_arena_take(a, edt_product_packed_bytes(l->backward[EDT_ALL]));
    }
}

static void carve(EdtTrainNetwork *network, EdtArena *a)
{
    carve_weights(network, a);
    carve_ends(network, a);
    for (int i = 0; i < network->n_stages; i++) {
        carve_joint(network, a, i);
        carve_stage(network, a, i);
    }
    carve_shared(network, a);
}

void edt_train_network_measure(EdtTrainNetwork *network)
{
    EdtArena arena = {0};

    carve(network, &arena);
    network->bytes = arena.used;
}

gboolean edt_train_network_make_memory(EdtTrainNetwork *network, GError **error)
{
    const Stage *s = network->stages;

    edt_train_network_measure(network);
    network->memory =
        edt_memory_fits(network->bytes, error) ? edt_alloc(network->bytes, error) : NULL;
    if (network->memory == NULL)
        return FALSE;
    EdtArena arena = {.base = network->memory};
    carve(network, &arena);
    memset(network->no_windows, 0, (gsize)windows_of(s) * sizeof(float));
    for (int i = 0; i < network->n_stages; i++)
        if (network->joints[i].table)
            edt_position_table(s[i].n, s[i].D, network->joints[i].table);
    return TRUE;
}
