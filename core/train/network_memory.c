/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory of a training network, planned and carved in one piece: what a forward keeps for its
 * backward, what the stages share, what each thread needs.
 */
#include "train/layers.h"
#include "base/arena.h"
#include "base/memory.h"
#include "network/condition.h"

static float *take_f32(EdtArena *arena, gint64 rows, gint64 width)
{
    return edt_arena_take(arena, (gsize)(rows * width) * sizeof(float));
}

static void *take_act(const EdtTrainNetwork *network, EdtArena *arena, gint64 rows, gint64 width)
{
    return edt_arena_take(arena, (gsize)(rows * width) * edt_type_size(network->act));
}

static void carve_block(EdtTrainNetwork *network, EdtArena *a, Block *b, const float *x_in)
{
    const Stage *s = &network->stages[b->stage];
    gint64 rows = (gint64)network->N * s->T, D = s->D, side = 2 * s->n - 1;

    b->x_in = x_in;
    b->windows = take_f32(a, s->H, side * side);
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

static void carve_resampling(EdtTrainNetwork *network, EdtArena *a, int i)
{
    const Stage *fine = &network->stages[i], *below = &network->stages[i + 1];
    const Stage *above = &network->stages[2 + i], *up = &network->stages[3 + i];
    gint64 N = network->N;

    network->down[i].table = take_f32(a, below->T, below->D);
    network->down[i].y = take_act(network, a, N * below->T, 4 * fine->D);
    network->down[i].x = take_f32(a, N * below->T, below->D);
    network->up[i].table = take_f32(a, up->T, up->D);
    network->up[i].coarse = take_act(network, a, N * above->T, above->D);
    network->up[i].e = take_act(network, a, N * above->T, 4 * up->D);
    network->up[i].y = take_act(network, a, N * up->T, 2 * up->D);
    network->up[i].x = take_f32(a, N * up->T, up->D);
    network->d_skip[i] = take_f32(a, N * fine->T, fine->D);
}

static void carve_ends(EdtTrainNetwork *network, EdtArena *a)
{
    const Stage *s = &network->stages[0];
    gint64 N = network->N, rows = N * s->T, D = s->D;

    network->table = take_f32(a, s->T, D);
    network->patches = take_f32(a, rows, network->embed.K);
    network->x = take_f32(a, rows, D);
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
}

/* Buffers of the backward and of threads serve all stages: each as large as the largest needs. */
static void carve_shared(EdtTrainNetwork *network, EdtArena *a)
{
    gint64 N = network->N, row_width = network->head.N * (gint64)network->stages[0].T, windows = 0;
    gint64 scores = 0, job_rows = 0, widest = 0;

    for (int i = 0; i < network->n_stages; i++) {
        const Stage *s = &network->stages[i];
        gint64 side = 2 * s->n - 1;
        row_width = MAX(row_width, (gint64)s->T * s->D);
        windows = MAX(windows, s->H * side * side);
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
        l->forward_weight = edt_arena_take(a, edt_product_packed_bytes(l->forward));
        l->backward_weight = edt_arena_take(a, edt_product_packed_bytes(l->backward));
    }
}

static void carve(EdtTrainNetwork *network, EdtArena *a)
{
    const float *x = NULL;
    int first = 0;

    carve_weights(network, a);
    carve_ends(network, a);
    carve_resampling(network, a, 0);
    carve_resampling(network, a, 1);
    for (int s = 0; s < network->n_stages; s++) {
        x = s == 0 ? network->x : s <= 2 ? network->down[s - 1].x : network->up[s - 3].x;
        for (int i = 0; i < network->v.depths[s]; i++, first++) {
            carve_block(network, a, &network->blocks[first], x);
            x = network->blocks[first].x;
        }
    }
    carve_shared(network, a);
}

gboolean edt_train_network_make_memory(EdtTrainNetwork *network, GError **error)
{
    EdtArena arena = {0};
    const EdtVariant *v = &network->v;

    carve(network, &arena);
    network->bytes = arena.used;
    network->memory = edt_alloc(arena.used, error);
    if (network->memory == NULL)
        return FALSE;
    arena = (EdtArena){.base = network->memory};
    carve(network, &arena);
    edt_position_table(network->stages[0].n, v->dims[0], network->table);
    for (int i = 0; i < 2; i++) {
        edt_position_table(network->stages[i + 1].n, v->dims[i + 1], network->down[i].table);
        edt_position_table(network->stages[i + 3].n, v->dims[i + 3], network->up[i].table);
    }
    return TRUE;
}
