/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Backward of the training network: forward.c from its end to its beginning.  d_stream is the
 * derivative of the loss by the residual stream; a block adds to it in place.
 * Next: joints_back.c, then backward_condition.c.
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

static void shares_back(EdtTrainNetwork *network, const Block *b, const Span *span, int sample,
                        int head, const void *share, const float *d_share, void *d_scores)
{
    const Stage *s = &network->stages[b->stage];
    const gint64 window = (2 * s->n - 1) * (2 * s->n - 1);
    const float scale = (float)(1.0 / sqrt((double)s->d));
    float *d_windows = sample_windows(network, s, sample) + head * window;

    if (span->length == EDT_FEW)
        network->kernels->softmax_few_back(span->T, s->n, network->places + sample * s->T, share,
                                           d_share, scale, d_scores, d_windows, network->act);
    else
        network->kernels->softmax_back(s->n, share, d_share, scale, d_scores, d_windows,
                                       network->act);
}

/* d_mixed [T, H d] of one sample to its rows of d_qkv and its position-bias windows. */
static void attention_back(EdtTrainNetwork *network, const Block *b, const Span *span, int thread,
                           int sample)
{
    const Stage *s = &network->stages[b->stage];
    const Attention *a = &s->attention[span->length];
    const gint64 T = span->T, D = s->D, square = T * T, whole = (gint64)s->T * s->T;
    const gint64 row = edt_span_row(span, sample), window = (2 * s->n - 1) * (2 * s->n - 1);
    float *d_share = network->scratch[thread].scores;
    void *d_scores = network->scratch[thread].d_scores;

    memset(sample_windows(network, s, sample), 0, (gsize)(s->H * window) * sizeof(float));
    for (int h = 0; h < s->H; h += s->heads_together) {
        gint64 q = row * 3 * D + h * s->d;
        const void *share = edt_rows_at(network, b->share, sample * s->H * whole + h * square);
        const void *d_mixed = edt_rows_at(network, network->d_wide, row * D + h * s->d);
        edt_product_run(a->d_share, thread, d_mixed, edt_rows_at(network, b->qkv_rows, q + 2 * D),
                        NULL, d_share);
        for (int i = 0; i < s->heads_together; i++)
            shares_back(network, b, span, sample, h + i, edt_rows_at(network, share, i * square),
                        d_share + i * square, edt_rows_at(network, d_scores, i * square));
        edt_product_run(a->d_value, thread, share, d_mixed, NULL,
                        edt_rows_at(network, network->d_qkv, q + 2 * D));
        edt_product_run(a->d_query, thread, d_scores, edt_rows_at(network, b->qkv_rows, q + D),
                        NULL, edt_rows_at(network, network->d_qkv, q));
        edt_product_run(a->d_key, thread, d_scores, edt_rows_at(network, b->qkv_rows, q), NULL,
                        edt_rows_at(network, network->d_qkv, q + D));
    }
}

static void mlp_back(EdtTrainNetwork *network, const Block *b, const Span *span, int thread)
{
    const int T = span->T, D = network->stages[b->stage].D;
    const gint64 row = span->row, rows = (gint64)(span->end - span->first) * T;
    float *wide = network->scratch[thread].wide, *d_stream = network->d_now;
    void *d_h = edt_rows_at(network, network->d_h, row * b->fc1.N);

    for (int i = span->first; i < span->end; i++) {
        gint64 at = edt_span_row(span, i) * D;
        network->kernels->gate_back(T, D, d_stream + at, edt_site_row(&b->site, i, 5 * D),
                                    edt_rows_at(network, b->p2, at),
                                    edt_rows_at(network, network->d_p2, at),
                                    edt_site_d_row(&b->site, i, 5 * D), network->act);
    }
    edt_linear_backward(network, &b->fc2, span->length, thread,
                        edt_rows_at(network, network->d_p2, row * D), wide);
    network->kernels->gelu_back(rows * b->fc1.N, edt_rows_at(network, b->h, row * b->fc1.N), wide,
                                d_h, network->act);
    edt_linear_backward(network, &b->fc1, span->length, thread, d_h, wide);
    for (int i = span->first; i < span->end; i++) {
        gint64 at = edt_span_row(span, i) * D;
        network->kernels->norm_back(
            T, D, b->x_middle + at, wide + at - row * D, edt_site_row(&b->site, i, 4 * D),
            d_stream + at, edt_site_d_row(&b->site, i, 3 * D), edt_site_d_row(&b->site, i, 4 * D));
    }
}

static void attend_back(EdtTrainNetwork *network, const Block *b, const Span *span, int thread)
{
    const int T = span->T, D = network->stages[b->stage].D;
    const gint64 row = span->row;
    float *wide = network->scratch[thread].wide, *d_stream = network->d_now;

    for (int i = span->first; i < span->end; i++) {
        gint64 at = edt_span_row(span, i) * D;
        network->kernels->gate_back(T, D, d_stream + at, edt_site_row(&b->site, i, 2 * D),
                                    edt_rows_at(network, b->p1, at),
                                    edt_rows_at(network, network->d_p1, at),
                                    edt_site_d_row(&b->site, i, 2 * D), network->act);
    }
    edt_linear_backward(network, &b->proj, span->length, thread,
                        edt_rows_at(network, network->d_p1, row * D),
                        edt_rows_at(network, network->d_wide, row * D));
    for (int i = span->first; i < span->end; i++)
        attention_back(network, b, span, thread, i);
    edt_linear_backward(network, &b->qkv, span->length, thread,
                        edt_rows_at(network, network->d_qkv, row * 3 * D), wide);
    for (int i = span->first; i < span->end; i++) {
        gint64 at = edt_span_row(span, i) * D;
        network->kernels->norm_back(T, D, b->x_in + at, wide + at - row * D,
                                    edt_site_row(&b->site, i, D), d_stream + at,
                                    edt_site_d_row(&b->site, i, 0), edt_site_d_row(&b->site, i, D));
    }
}

/* The derivative by the merged stream becomes those by the stream and what it was set beside. */
static void merge_back(EdtTrainNetwork *network, const Block *b, const Span *span, int thread)
{
    const int D = network->stages[b->stage].D, rows = (span->end - span->first) * span->T;
    const gint64 at = span->row * D;
    float *wide = network->scratch[thread].wide, *d_stream = network->d_now + at;
    void *d_merged = edt_rows_at(network, network->d_wide, at);

    network->kernels->convert((gint64)rows * D, d_stream, d_merged, network->act);
    edt_linear_backward(network, &b->skip, span->length, thread, d_merged, wide);
    network->kernels->pair_back(rows, D, wide, d_stream, b->d_beside + at, b->d_more);
}

void edt_train_block_back(EdtTrainNetwork *network, const Block *b, int job, int thread)
{
    const Stage *s = &network->stages[b->stage];
    const Span span = edt_train_span(network, s, b->hides, job);
    const gint64 at = span.row * s->D, count = (gint64)(span.end - span.first) * span.T * s->D;

    if (b->d_left) /* what was set beside its output */
        network->kernels->add_table(1, (int)count, b->d_left + at, network->d_now + at);
    mlp_back(network, b, &span, thread);
    attend_back(network, b, &span, thread);
    if (b->skip.N)
        merge_back(network, b, &span, thread);
}

static void sum_windows(EdtTrainNetwork *network, const Block *b, int first_sample)
{
    const Stage *s = &network->stages[b->stage];
    const int count = s->H * (2 * s->n - 1) * (2 * s->n - 1);
    float *sum = sample_windows(network, s, first_sample);

    if (!b->has_table)
        return;
    for (int sample = first_sample + 1; sample < network->N; sample++)
        network->kernels->add_table(1, count, sample_windows(network, s, sample), sum);
    network->kernels->windows_back(s->n, s->H, sum, network->gradient + b->table);
}

void edt_train_block_gradients(EdtTrainNetwork *network, const Block *b, int first_sample)
{
    const int job = first_sample / network->stages[b->stage].samples;

    edt_linear_gradients(network,
                         (const Gradient[]){{&b->fc2, network->d_p2, b->u, job},
                                            {&b->fc1, network->d_h, b->y2, job},
                                            {&b->qkv, network->d_qkv, b->y1, job},
                                            {&b->proj, network->d_p1, b->mixed, job},
                                            {&b->skip, network->d_wide, b->pair, job}},
                         b->skip.N ? 5 : 4);
    sum_windows(network, b, first_sample);
    edt_train_tell(network, 0, 0);
}

/* ---- stages ---- */

/* What the middle mask dropped did not reach block 4. */
static void mask_middle_back(EdtTrainNetwork *network)
{
    const gint64 D = network->stages[0].D, rows = (gint64)network->N * network->stages[0].T;
    const guint8 *keep = network->input->middle;
    for (gint64 t = 0; keep && t < rows; t++)
        if (!keep[t])
            memset(network->d_now + t * D, 0, (gsize)D * sizeof(float));
}

static void block_job(EdtTrainNetwork *network, int job, int thread, gpointer block)
{
    edt_train_block_back(network, block, job, thread);
}

static void stage_back(EdtTrainNetwork *network, int stage)
{
    const Stage *s = &network->stages[stage];
    for (int i = s->depth - 1; i >= 0; i--) {
        Block *b = &network->blocks[s->first + i];
        edt_train_jobs(network, s->jobs, block_job, b);
        edt_train_block_gradients(network, b, 0);
        if (stage == 0 && i == 4)
            mask_middle_back(network);
    }
}

/* ---- the end ---- */

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
    edt_linear_backward(network, &network->head, EDT_ALL, thread,
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
    edt_linear_gradients(network, &(Gradient){&network->head, network->d_rows, network->y, 0}, 1);
}

/* What is added to from the beginning. */
static void forget(EdtTrainNetwork *network)
{
    const Stage *s = network->stages;

    for (int i = 0; i < network->n_sites; i++) {
        network->sites[i]->done = FALSE;
        memset(network->sites[i]->d_rows, 0,
               (gsize)network->N * (gsize)network->sites[i]->columns * sizeof(float));
    }
    if (network->filling)
        memset(network->joints[0].d_skip, 0,
               (gsize)network->N * (gsize)(s->T * s->D) * sizeof(float));
}

void edt_train_network_backward(EdtTrainNetwork *network, const float *d_out, float *gradient)
{
    network->gradient = gradient;
    network->d_now = network->d_stream[0];
    network->d_next = network->d_stream[1];
    forget(network);
    head_back(network, d_out);
    for (int stage = network->n_stages - 1; stage >= 0; stage--) {
        stage_back(network, stage);
        edt_train_tell_stage(network, stage);
        edt_train_joint_back(network, stage);
    }
    edt_train_condition_back(network);
    edt_train_tell_rest(network);
}
