/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Forward of the training network: noisy pictures to prediction and variance, everything that the
 * backward needs being kept.  Quirks of the official code have their comments in network/.
 * Next: joints.c, the ways into the stages; then backward.c, which walks the same way back.
 */
#include "train/layers.h"
#include "network/condition.h"

#include <math.h>
#include <string.h>

/* ---- conditioning: [N] rows, in f32 ---- */

static void site_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Site *site = network->sites[index];
    edt_linear_forward(network, &site->linear, EDT_ALL, thread, network->active, site->rows);
}

/* Adds each sample's row of a table of labels. */
static void add_labels(EdtTrainNetwork *network, gsize table, const int *label)
{
    const int D = network->v.dims[0];
    for (int s = 0; s < network->N; s++)
        for (int i = 0; i < D; i++)
            network->c[(gint64)s * D + i] +=
                network->weights[table + (gsize)label[s] * (gsize)D + (gsize)i];
}

static void timestep_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    edt_linear_forward(network, &network->mlp0, EDT_ALL, thread, network->waves, network->hidden);
    network->kernels->silu((gint64)network->N * network->v.dims[0], network->hidden,
                           network->hidden_active);
    edt_linear_forward(network, &network->mlp2, EDT_ALL, thread, network->hidden_active,
                       network->c);
}

static void condition(EdtTrainNetwork *network)
{
    const EdtTrainInput *in = network->input;

    for (int s = 0; s < network->N; s++)
        network->timesteps[s] = (float)in->timestep[s];
    edt_timestep_waves(network->N, network->timesteps, network->waves);
    edt_train_jobs(network, 1, timestep_job, NULL);
    add_labels(network, network->labels, in->label);
    if (network->v.n_styles)
        add_labels(network, network->styles, in->style);
    network->kernels->silu((gint64)network->N * network->v.dims[0], network->c, network->active);
    edt_train_jobs(network, network->n_sites, site_job, NULL);
}

/* ---- blocks ---- */

/* Heads of one sample: qkv rows [T, 3, H, d] to mixed [T, H d]; the shares are kept. */
static void attention(EdtTrainNetwork *network, const Block *b, const Span *span, int thread,
                      int sample)
{
    const Stage *s = &network->stages[b->stage];
    const Attention *a = &s->attention[span->length];
    const gint64 T = span->T, D = s->D, square = T * T, whole = (gint64)s->T * s->T;
    const gint64 row = edt_span_row(span, sample), window = (2 * s->n - 1) * (2 * s->n - 1);
    float *scores = network->scratch[thread].scores, scale = (float)(1.0 / sqrt((double)s->d));

    for (int h = 0; h < s->H; h += s->heads_together) {
        gint64 q = row * 3 * D + h * s->d;
        void *share = edt_rows_at(network, b->share, sample * s->H * whole + h * square);
        edt_product_run(a->scores, thread, edt_rows_at(network, b->qkv_rows, q),
                        edt_rows_at(network, b->qkv_rows, q + D), NULL, scores);
        for (int i = 0; i < s->heads_together; i++) {
            const float *windows = b->windows + (b->has_table ? (h + i) * window : 0);
            void *to = edt_rows_at(network, share, i * square);
            if (span->length == EDT_FEW)
                network->kernels->softmax_few((int)T, s->n, network->places + sample * s->T,
                                              scores + i * square, scale, windows, to,
                                              network->act);
            else
                network->kernels->softmax(s->n, scores + i * square, scale, windows, to,
                                          network->act);
        }
        edt_product_run(a->mix, thread, share, edt_rows_at(network, b->qkv_rows, q + 2 * D), NULL,
                        edt_rows_at(network, b->mixed, row * D + h * s->d));
    }
}

/* The stream becomes a product of itself and what the block is set beside. */
static void merge_beside(EdtTrainNetwork *network, const Block *b, const Span *span, int thread)
{
    const int D = network->stages[b->stage].D;
    const gint64 at = span->row * D;
    void *pair = edt_rows_at(network, b->pair, 2 * at);

    network->kernels->pair((span->end - span->first) * span->T, D, b->before + at, b->beside + at,
                           pair, network->act);
    edt_linear_forward(network, &b->skip, span->length, thread, pair, b->merged + at);
}

static void attend(EdtTrainNetwork *network, const Block *b, const Span *span, int thread)
{
    const int T = span->T, D = network->stages[b->stage].D;
    const gint64 row = span->row;

    for (int i = span->first; i < span->end; i++) {
        gint64 at = edt_span_row(span, i) * D;
        network->kernels->norm(T, D, b->x_in + at, edt_site_row(&b->site, i, 0),
                               edt_site_row(&b->site, i, D), edt_rows_at(network, b->y1, at),
                               network->act);
    }
    edt_linear_forward(network, &b->qkv, span->length, thread, edt_rows_at(network, b->y1, row * D),
                       edt_rows_at(network, b->qkv_rows, row * 3 * D));
    for (int i = span->first; i < span->end; i++)
        attention(network, b, span, thread, i);
    edt_linear_forward(network, &b->proj, span->length, thread,
                       edt_rows_at(network, b->mixed, row * D),
                       edt_rows_at(network, b->p1, row * D));
    for (int i = span->first; i < span->end; i++) {
        gint64 at = edt_span_row(span, i) * D;
        network->kernels->update(T, D, b->x_in + at, edt_site_row(&b->site, i, 2 * D),
                                 edt_rows_at(network, b->p1, at), b->x_middle + at,
                                 edt_site_row(&b->site, i, 3 * D), edt_site_row(&b->site, i, 4 * D),
                                 edt_rows_at(network, b->y2, at), network->act);
    }
}

static void think(EdtTrainNetwork *network, const Block *b, const Span *span, int thread)
{
    const int T = span->T, D = network->stages[b->stage].D;
    const gint64 row = span->row, rows = (gint64)(span->end - span->first) * T;
    void *h = edt_rows_at(network, b->h, row * b->fc1.N),
         *u = edt_rows_at(network, b->u, row * b->fc1.N);

    edt_linear_forward(network, &b->fc1, span->length, thread, edt_rows_at(network, b->y2, row * D),
                       h);
    network->kernels->gelu(rows * b->fc1.N, h, u, network->act);
    edt_linear_forward(network, &b->fc2, span->length, thread, u,
                       edt_rows_at(network, b->p2, row * D));
    for (int i = span->first; i < span->end; i++) {
        gint64 at = edt_span_row(span, i) * D;
        network->kernels->update(T, D, b->x_middle + at, edt_site_row(&b->site, i, 5 * D),
                                 edt_rows_at(network, b->p2, at), b->x + at, NULL, NULL, NULL,
                                 network->act);
    }
}

void edt_train_block_forward(EdtTrainNetwork *network, const Block *b, int job, int thread)
{
    const Span span = edt_train_span(network, &network->stages[b->stage], b->hides, job);

    if (b->skip.N)
        merge_beside(network, b, &span, thread);
    attend(network, b, &span, thread);
    think(network, b, &span, thread);
}

void edt_train_block_windows(EdtTrainNetwork *network, const Block *b)
{
    const Stage *s = &network->stages[b->stage];
    if (b->has_table)
        network->kernels->windows(s->n, s->H, network->weights + b->table, b->windows);
}

/* ---- stages ---- */

/* The middle mask of XL-sized models: x = x m + (1 - m) table, before block 4. */
static void mask_middle(EdtTrainNetwork *network, float *x, int first, int samples)
{
    const int T = network->stages[0].T, D = network->stages[0].D;
    const guint8 *keep = network->input->middle;
    const float *table = edt_joint_positions(network, &network->joints[0]);
    for (gint64 t = (gint64)first * T; keep && t < (gint64)(first + samples) * T; t++)
        if (!keep[t])
            memcpy(x + t * D, table + t % T * D, (gsize)D * sizeof(float));
}

static void stage_job(EdtTrainNetwork *network, int index, int thread, gpointer stage)
{
    const int number = GPOINTER_TO_INT(stage);
    const Stage *s = &network->stages[number];
    for (int i = 0; i < s->depth; i++) {
        if (number == 0 && i == 4)
            mask_middle(network, network->blocks[3].x, index * s->samples, s->samples);
        edt_train_block_forward(network, &network->blocks[s->first + i], index, thread);
    }
}

static void run_stage(EdtTrainNetwork *network, int stage)
{
    const Stage *s = &network->stages[stage];
    for (int i = 0; i < s->depth; i++)
        edt_train_block_windows(network, &network->blocks[s->first + i]);
    edt_train_jobs(network, s->jobs, stage_job, GINT_TO_POINTER(stage));
}

/* ---- the end ---- */

static void head_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Stage *s = &network->stages[network->n_stages - 1];
    const EdtVariant *v = &network->v;
    const float *x = edt_train_stage_output(network, network->n_stages - 1);
    const gint64 rows = network->head.rows, row_width = network->head.N;
    const gint64 picture = (gint64)v->out_channels * v->latent_size * v->latent_size;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->norm(
            s->T, s->D, x + (gint64)i * s->T * s->D, edt_site_row(&network->final, i, 0),
            edt_site_row(&network->final, i, s->D),
            edt_rows_at(network, network->y, (gint64)i * s->T * s->D), network->act);
    edt_linear_forward(network, &network->head, EDT_ALL, thread,
                       edt_rows_at(network, network->y, index * rows * s->D),
                       network->out_rows + index * rows * row_width);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->unpatchify(v->out_channels, v->latent_size, v->patch,
                                     network->out_rows + (gint64)i * s->T * row_width,
                                     (float *)data + i * picture);
}

/* ---- what is seen ---- */

/* The tokens that a sample shows; how many. */
static int find_seen(EdtTrainNetwork *network, int sample)
{
    const Stage *s = &network->stages[0];
    const gint64 at = (gint64)sample * s->T;
    int n = 0;

    for (int t = 0; t < s->T; t++)
        if (network->input->seen[at + t]) {
            network->ids[at + n] = t;
            network->places[at + n++] = t % s->n - t / s->n * (2 * s->n - 1);
        }
    return n;
}

/* Finds which samples hide tokens and how many they show; products for that many may be new. */
static void look(EdtTrainNetwork *network)
{
    const int T = network->stages[0].T;

    network->few = T;
    network->first_few = network->N;
    if (!network->filling || !network->input->seen)
        return;
    for (int i = network->N - 1; i >= 0; i--) {
        const int seen = find_seen(network, i);
        if (seen == T)
            break;
        network->few = seen;
        network->first_few = i;
    }
    if (network->few == T || network->few == network->planned)
        return;
    g_clear_error(&network->failure);
    network->planned = 0;
    if (edt_train_network_plan_few(network, &network->failure))
        network->planned = network->few;
    else /* _check() tells it */
        network->first_few = network->N;
}

void edt_train_network_forward(EdtTrainNetwork *network, const EdtTrainInput *input, float *out)
{
    network->input = input;
    look(network);
    condition(network);
    for (int stage = 0; stage < network->n_stages; stage++) {
        edt_train_joint_forward(network, stage);
        run_stage(network, stage);
    }
    edt_train_jobs(network, network->stages[network->n_stages - 1].jobs, head_job, out);
}
