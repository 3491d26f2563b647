/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Backward of the training network: forward.c from its end to its beginning.  d_stream is the
 * derivative of the loss by the residual stream; a block adds to it in place.
 * Next: backward_condition.c.
 */
#include "train/layers.h"

#include <math.h>
#include <string.h>

/* ---- blocks ---- */

static float *sample_windows(const EdtTrainNetwork *network, const Stage *s, int sample)
{
    gint64 window = (2 * s->n - 1) * (2 * s->n - 1);
    return network->d_windows + sample * s->H * window;
}

/* d_mixed [T, H d] of one sample to its rows of d_qkv and its position-bias windows. */
static void attention_back(EdtTrainNetwork *network, const Block *b, int thread, int sample)
{
    const Stage *s = &network->stages[b->stage];
    const gint64 T = s->T, D = s->D, square = T * T, window = (2 * s->n - 1) * (2 * s->n - 1);
    const EdtType act = network->act;
    float *d_share = network->scratch[thread].scores, scale = (float)(1.0 / sqrt((double)s->d));
    void *d_scores = network->scratch[thread].d_scores;
    float *d_windows = sample_windows(network, s, sample);

    memset(d_windows, 0, (gsize)(s->H * window) * sizeof(float));
    for (int h = 0; h < s->H; h += s->heads_together) {
        gint64 q = sample * T * 3 * D + h * s->d;
        const void *share = edt_rows_at(network, b->share, (sample * s->H + h) * square);
        const void *d_mixed = edt_rows_at(network, network->d_wide, sample * T * D + h * s->d);
        edt_product_run(s->d_share, thread, d_mixed, edt_rows_at(network, b->qkv_rows, q + 2 * D),
                        NULL, d_share);
        for (int i = 0; i < s->heads_together; i++)
            network->kernels->softmax_back(
                s->n, edt_rows_at(network, share, i * square), d_share + i * square, scale,
                edt_rows_at(network, d_scores, i * square), d_windows + (h + i) * window, act);
        edt_product_run(s->d_value, thread, share, d_mixed, NULL,
                        edt_rows_at(network, network->d_qkv, q + 2 * D));
        edt_product_run(s->d_query, thread, d_scores, edt_rows_at(network, b->qkv_rows, q + D),
                        NULL, edt_rows_at(network, network->d_qkv, q));
        edt_product_run(s->d_key, thread, d_scores, edt_rows_at(network, b->qkv_rows, q), NULL,
                        edt_rows_at(network, network->d_qkv, q + D));
    }
}

static void mlp_back(EdtTrainNetwork *network, const Block *b, float *d_stream, int job, int thread)
{
    const Stage *s = &network->stages[b->stage];
    const int T = s->T, D = s->D, first = job * s->samples, end = first + s->samples;
    const gint64 row = (gint64)first * T;
    float *wide = network->scratch[thread].wide;
    void *d_h = edt_rows_at(network, network->d_h, row * b->fc1.N);

    for (int i = first; i < end; i++) {
        gint64 at = (gint64)i * T * D;
        network->kernels->gate_back(T, D, d_stream + at, edt_site_row(&b->site, i, 5 * D),
                                    edt_rows_at(network, b->p2, at),
                                    edt_rows_at(network, network->d_p2, at),
                                    edt_site_d_row(&b->site, i, 5 * D), network->act);
    }
    edt_linear_backward(network, &b->fc2, thread, edt_rows_at(network, network->d_p2, row * D),
                        wide);
    network->kernels->gelu_back(b->fc1.rows * b->fc1.N, edt_rows_at(network, b->h, row * b->fc1.N),
                                wide, d_h, network->act);
    edt_linear_backward(network, &b->fc1, thread, d_h, wide);
    for (int i = first; i < end; i++) {
        gint64 at = (gint64)i * T * D;
        network->kernels->norm_back(
            T, D, b->x_middle + at, wide + at - row * D, edt_site_row(&b->site, i, 4 * D),
            d_stream + at, edt_site_d_row(&b->site, i, 3 * D), edt_site_d_row(&b->site, i, 4 * D));
    }
}

static void block_job(EdtTrainNetwork *network, int job, int thread, gpointer data)
{
    const Block *b = data;
    const Stage *s = &network->stages[b->stage];
    const int T = s->T, D = s->D, first = job * s->samples, end = first + s->samples;
    const gint64 row = (gint64)first * T;
    float *wide = network->scratch[thread].wide, *d_stream = network->d_now;

    mlp_back(network, b, d_stream, job, thread);
    for (int i = first; i < end; i++) {
        gint64 at = (gint64)i * T * D;
        network->kernels->gate_back(T, D, d_stream + at, edt_site_row(&b->site, i, 2 * D),
                                    edt_rows_at(network, b->p1, at),
                                    edt_rows_at(network, network->d_p1, at),
                                    edt_site_d_row(&b->site, i, 2 * D), network->act);
    }
    edt_linear_backward(network, &b->proj, thread, edt_rows_at(network, network->d_p1, row * D),
                        edt_rows_at(network, network->d_wide, row * D));
    for (int i = first; i < end; i++)
        attention_back(network, b, thread, i);
    edt_linear_backward(network, &b->qkv, thread, edt_rows_at(network, network->d_qkv, row * 3 * D),
                        wide);
    for (int i = first; i < end; i++) {
        gint64 at = (gint64)i * T * D;
        network->kernels->norm_back(T, D, b->x_in + at, wide + at - row * D,
                                    edt_site_row(&b->site, i, D), d_stream + at,
                                    edt_site_d_row(&b->site, i, 0), edt_site_d_row(&b->site, i, D));
    }
}

static void sum_windows(EdtTrainNetwork *network, const Block *b)
{
    const Stage *s = &network->stages[b->stage];
    const int count = s->H * (2 * s->n - 1) * (2 * s->n - 1);
    float *sum = sample_windows(network, s, 0);
    for (int sample = 1; sample < network->N; sample++)
        network->kernels->add_table(1, count, sample_windows(network, s, sample), sum);
    network->kernels->windows_back(s->n, s->H, sum, network->gradient + b->table);
}

/* What the middle mask dropped did not reach block 4. */
static void mask_middle_back(EdtTrainNetwork *network)
{
    const gint64 D = network->stages[0].D, rows = (gint64)network->N * network->stages[0].T;
    const guint8 *keep = network->input->middle;
    for (gint64 t = 0; keep && t < rows; t++)
        if (!keep[t])
            memset(network->d_now + t * D, 0, (gsize)D * sizeof(float));
}

static void stage_back(EdtTrainNetwork *network, int stage, int first)
{
    const int jobs = network->stages[stage].jobs;
    for (int i = network->v.depths[stage] - 1; i >= 0; i--) {
        Block *b = &network->blocks[first + i];
        edt_train_jobs(network, jobs, block_job, b);
        edt_linear_gradients(network,
                             (const Gradient[]){{&b->fc2, network->d_p2, b->u},
                                                {&b->fc1, network->d_h, b->y2},
                                                {&b->qkv, network->d_qkv, b->y1},
                                                {&b->proj, network->d_p1, b->mixed}},
                             4);
        sum_windows(network, b);
        edt_train_tell(network, 0, 0);
        if (stage == 0 && i == 4)
            mask_middle_back(network);
    }
}

/* ---- ends and joints ---- */

static void head_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Stage *s = &network->stages[network->n_stages - 1];
    const EdtVariant *v = &network->v;
    const float *x = edt_train_stage_output(network, network->n_stages - 1), *d_out = data;
    const gint64 picture = (gint64)v->out_channels * v->latent_size * v->latent_size;
    const gint64 token_rows = (gint64)s->T * network->head.N;
    float *wide = network->scratch[thread].wide;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->unpatchify_back(
            v->out_channels, v->latent_size, v->patch, d_out + i * picture,
            edt_rows_at(network, network->d_rows, i * token_rows), network->act);
    edt_linear_backward(network, &network->head, thread,
                        edt_rows_at(network, network->d_rows, index * s->samples * token_rows),
                        wide);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++) {
        gint64 at = (gint64)i * s->T * s->D;
        memset(network->d_now + at, 0, (gsize)(s->T * s->D) * sizeof(float));
        network->kernels->norm_back(
            s->T, s->D, x + at, wide + at - (gint64)index * s->samples * s->T * s->D,
            edt_site_row(&network->final, i, s->D), network->d_now + at,
            edt_site_d_row(&network->final, i, 0), edt_site_d_row(&network->final, i, s->D));
    }
}

static void head_back(EdtTrainNetwork *network, const float *d_out)
{
    const int jobs = network->stages[network->n_stages - 1].jobs;
    edt_train_jobs(network, jobs, head_job, (gpointer)d_out);
    edt_linear_gradients(network, &(Gradient){&network->head, network->d_rows, network->y}, 1);
}

static void concat_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const int level = GPOINTER_TO_INT(data);
    const Up *up = &network->up[level];
    const Stage *s = &network->stages[3 + level];
    const float *skip = level == 0 ? network->down[0].x : network->x;
    float *d_skip = network->d_skip[1 - level], *wide = network->scratch[thread].wide;
    const gint64 picture = (gint64)s->T * s->D, at = index * s->samples * picture;
    void *d_x = edt_rows_at(network, network->d_wide, at);

    network->kernels->convert(s->samples * picture, network->d_now + at, d_x, network->act);
    edt_linear_backward(network, &up->cat, thread, d_x, wide);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->concat_back(
            s->n, s->D, edt_rows_at(network, up->e, i * picture), skip + i * picture,
            wide + 2 * (i * picture - at), edt_site_row(&up->site, i, 2 * s->D),
            edt_rows_at(network, network->d_rows, i * picture), d_skip + i * picture,
            edt_site_d_row(&up->site, i, 0), edt_site_d_row(&up->site, i, 2 * s->D), network->act);
}

static void expand_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Linear *expand = data;
    edt_linear_backward(network, expand, thread,
                        edt_rows_at(network, network->d_rows, index * expand->rows * expand->N),
                        network->d_next + index * expand->rows * expand->K);
}

static void turn(EdtTrainNetwork *network)
{
    float *now = network->d_now;
    network->d_now = network->d_next;
    network->d_next = now;
}

/* From the input of stage 3 + level to the output of the stage before it. */
static void up_back(EdtTrainNetwork *network, int level)
{
    Up *up = &network->up[level];
    const int jobs = network->stages[3 + level].jobs, coarse_jobs = network->stages[2 + level].jobs;

    edt_train_jobs(network, jobs, concat_job, GINT_TO_POINTER(level));
    edt_train_jobs(network, coarse_jobs, expand_job, &up->expand);
    edt_linear_gradients(network,
                         (const Gradient[]){{&up->cat, network->d_wide, up->y},
                                            {&up->expand, network->d_rows, up->coarse}},
                         2);
    turn(network);
}

/* d_skip joins the stream where the skip left it. */
static void join_skip(EdtTrainNetwork *network, int level, int first, int samples)
{
    const gint64 picture = (gint64)network->stages[level].T * network->stages[level].D;
    network->kernels->add_table(1, (int)(samples * picture),
                                network->d_skip[level] + first * picture,
                                network->d_now + first * picture);
}

static void down_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const int level = GPOINTER_TO_INT(data);
    const Down *down = &network->down[level];
    const Stage *fine = &network->stages[level], *s = &network->stages[level + 1];
    const float *x = edt_train_stage_output(network, level);
    const guint8 *keep = network->input->down[level];
    const gint64 at = index * down->linear.rows, picture = (gint64)fine->T * fine->D;
    const int first = index * s->samples;
    float *wide = network->scratch[thread].wide;
    void *d_x = edt_rows_at(network, network->d_wide, at * s->D);

    if (level == 0)
        join_skip(network, 1, first, s->samples);
    network->kernels->convert(down->linear.rows * s->D, network->d_now + at * s->D, d_x,
                              network->act);
    edt_linear_backward(network, &down->linear, thread, d_x, wide);
    for (int i = first; i < first + s->samples; i++)
        network->kernels->merge_back(
            fine->n, fine->D, x + i * picture, wide + (i - first) * picture,
            edt_site_row(&down->site, i, 4 * fine->D), keep ? keep + (gint64)i * fine->T : NULL,
            network->d_next + i * picture, edt_site_d_row(&down->site, i, 0),
            edt_site_d_row(&down->site, i, 4 * fine->D));
}

static void down_back(EdtTrainNetwork *network, int level)
{
    Down *down = &network->down[level];
    const int jobs = network->stages[level + 1].jobs;
    edt_train_jobs(network, jobs, down_job, GINT_TO_POINTER(level));
    edt_linear_gradients(network, &(Gradient){&down->linear, network->d_wide, down->y}, 1);
    turn(network);
}

static void embed_back(EdtTrainNetwork *network)
{
    join_skip(network, 0, 0, network->N);
    edt_linear_gradients(network, &(Gradient){&network->embed, network->d_now, network->patches},
                         1);
}

void edt_train_network_backward(EdtTrainNetwork *network, const float *d_out, float *gradient)
{
    int first = network->n_blocks;

    network->gradient = gradient;
    network->d_now = network->d_stream[0];
    network->d_next = network->d_stream[1];
    for (int i = 0; i < network->n_sites; i++) {
        network->sites[i]->done = FALSE;
        memset(network->sites[i]->d_rows, 0,
               (gsize)network->N * (gsize)network->sites[i]->columns * sizeof(float));
    }
    head_back(network, d_out);
    for (int stage = network->n_stages - 1; stage >= 0; stage--) {
        first -= network->v.depths[stage];
        stage_back(network, stage, first);
        edt_train_tell_stage(network, stage, first);
        if (stage > 2)
            up_back(network, stage - 3);
        else if (stage > 0)
            down_back(network, stage - 1);
    }
    embed_back(network);
    edt_train_condition_back(network);
    edt_train_tell_rest(network);
}
