/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Forward of the training network: noisy pictures to prediction and variance, everything that the
 * backward needs being kept.  Quirks of the official code have their comments in network/network.c.
 * Next: backward.c, which walks the same way back.
 */
#include "train/layers.h"
#include "network/condition.h"

#include <math.h>
#include <string.h>

/* ---- conditioning: [N] rows, in f32 ---- */

static void site_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Site *site = network->sites[index];
    edt_linear_forward(network, &site->linear, thread, network->active, site->rows);
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
    edt_linear_forward(network, &network->mlp0, thread, network->waves, network->hidden);
    network->kernels->silu((gint64)network->N * network->v.dims[0], network->hidden,
                           network->hidden_active);
    edt_linear_forward(network, &network->mlp2, thread, network->hidden_active, network->c);
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
static void attention(EdtTrainNetwork *network, const Block *b, int thread, int sample)
{
    const Stage *s = &network->stages[b->stage];
    const gint64 T = s->T, D = s->D, square = T * T, window = (2 * s->n - 1) * (2 * s->n - 1);
    float *scores = network->scratch[thread].scores, scale = (float)(1.0 / sqrt((double)s->d));

    for (int h = 0; h < s->H; h += s->heads_together) {
        gint64 q = sample * T * 3 * D + h * s->d;
        void *share = edt_rows_at(network, b->share, (sample * s->H + h) * square);
        edt_product_run(s->scores, thread, edt_rows_at(network, b->qkv_rows, q),
                        edt_rows_at(network, b->qkv_rows, q + D), NULL, scores);
        for (int i = 0; i < s->heads_together; i++)
            network->kernels->softmax(s->n, scores + i * square, scale,
                                      b->windows + (h + i) * window,
                                      edt_rows_at(network, share, i * square), network->act);
        edt_product_run(s->mix, thread, share, edt_rows_at(network, b->qkv_rows, q + 2 * D), NULL,
                        edt_rows_at(network, b->mixed, sample * T * D + h * s->d));
    }
}

static void block_forward(EdtTrainNetwork *network, const Block *b, int job, int thread)
{
    const Stage *s = &network->stages[b->stage];
    const int T = s->T, D = s->D, first = job * s->samples, end = first + s->samples;
    const EdtType act = network->act;
    const gint64 row = (gint64)first * T;

    for (int i = first; i < end; i++)
        network->kernels->norm(T, D, b->x_in + (gint64)i * T * D, edt_site_row(&b->site, i, 0),
                               edt_site_row(&b->site, i, D),
                               edt_rows_at(network, b->y1, (gint64)i * T * D), act);
    edt_linear_forward(network, &b->qkv, thread, edt_rows_at(network, b->y1, row * D),
                       edt_rows_at(network, b->qkv_rows, row * 3 * D));
    for (int i = first; i < end; i++)
        attention(network, b, thread, i);
    edt_linear_forward(network, &b->proj, thread, edt_rows_at(network, b->mixed, row * D),
                       edt_rows_at(network, b->p1, row * D));
    for (int i = first; i < end; i++) {
        gint64 at = (gint64)i * T * D;
        network->kernels->update(T, D, b->x_in + at, edt_site_row(&b->site, i, 2 * D),
                                 edt_rows_at(network, b->p1, at), b->x_middle + at,
                                 edt_site_row(&b->site, i, 3 * D), edt_site_row(&b->site, i, 4 * D),
                                 edt_rows_at(network, b->y2, at), act);
    }
    void *h = edt_rows_at(network, b->h, row * b->fc1.N),
         *u = edt_rows_at(network, b->u, row * b->fc1.N);
    edt_linear_forward(network, &b->fc1, thread, edt_rows_at(network, b->y2, row * D), h);
    network->kernels->gelu(b->fc1.rows * b->fc1.N, h, u, act);
    edt_linear_forward(network, &b->fc2, thread, u, edt_rows_at(network, b->p2, row * D));
    for (int i = first; i < end; i++) {
        gint64 at = (gint64)i * T * D;
        network->kernels->update(T, D, b->x_middle + at, edt_site_row(&b->site, i, 5 * D),
                                 edt_rows_at(network, b->p2, at), b->x + at, NULL, NULL, NULL, act);
    }
}

/* The middle mask of XL-sized models: x = x m + (1 - m) table, before block 4. */
static void mask_middle(EdtTrainNetwork *network, float *x, int first, int samples)
{
    const int T = network->stages[0].T, D = network->stages[0].D;
    const guint8 *keep = network->input->middle;
    for (gint64 t = (gint64)first * T; keep && t < (gint64)(first + samples) * T; t++)
        if (!keep[t])
            memcpy(x + t * D, network->table + t % T * D, (gsize)D * sizeof(float));
}

typedef struct {
    int stage, first; /* its first block */
} Range;

static void stage_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Range *range = data;
    const Stage *s = &network->stages[range->stage];
    for (int i = 0; i < network->v.depths[range->stage]; i++) {
        Block *b = &network->blocks[range->first + i];
        if (range->stage == 0 && i == 4)
            mask_middle(network, network->blocks[3].x, index * s->samples, s->samples);
        block_forward(network, b, index, thread);
    }
}

static void run_stage(EdtTrainNetwork *network, int stage, int first)
{
    Range range = {stage, first};
    const Stage *s = &network->stages[stage];
    for (int i = first; i < first + network->v.depths[stage]; i++)
        network->kernels->windows(s->n, s->H, network->weights + network->blocks[i].table,
                                  network->blocks[i].windows);
    edt_train_jobs(network, s->jobs, stage_job, &range);
}

/* ---- ends and joints ---- */

static void embed_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Stage *s = &network->stages[0];
    const EdtVariant *v = &network->v;
    const gint64 picture = (gint64)v->channels * v->latent_size * v->latent_size;
    const gint64 rows = network->embed.rows, K = network->embed.K;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->patchify(v->channels, v->latent_size, v->patch,
                                   network->input->x + i * picture,
                                   network->patches + (gint64)i * s->T * K);
    edt_linear_forward(network, &network->embed, thread, network->patches + index * rows * K,
                       network->x + index * rows * s->D);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->add_table(s->T, s->D, network->table,
                                    network->x + (gint64)i * s->T * s->D);
}

static void down_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const int level = GPOINTER_TO_INT(data);
    const Stage *fine = &network->stages[level], *s = &network->stages[level + 1];
    const Down *down = &network->down[level];
    const float *x = edt_train_stage_output(network, level);
    const guint8 *keep = network->input->down[level];
    const gint64 rows = down->linear.rows;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->merge(
            fine->n, fine->D, x + (gint64)i * fine->T * fine->D, edt_site_row(&down->site, i, 0),
            edt_site_row(&down->site, i, 4 * fine->D), keep ? keep + (gint64)i * fine->T : NULL,
            edt_rows_at(network, down->y, (gint64)i * s->T * 4 * fine->D), network->act);
    edt_linear_forward(network, &down->linear, thread,
                       edt_rows_at(network, down->y, index * rows * 4 * fine->D),
                       down->x + index * rows * s->D);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->add_table(s->T, s->D, down->table, down->x + (gint64)i * s->T * s->D);
}

static void expand_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const int level = GPOINTER_TO_INT(data);
    const Up *up = &network->up[level];
    const gint64 rows = up->expand.rows, at = index * rows * up->expand.K;
    void *coarse = edt_rows_at(network, up->coarse, at);

    network->kernels->convert(rows * up->expand.K, edt_train_stage_output(network, 2 + level) + at,
                              coarse, network->act);
    edt_linear_forward(network, &up->expand, thread, coarse,
                       edt_rows_at(network, up->e, index * rows * up->expand.N));
}

static void concat_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const int level = GPOINTER_TO_INT(data);
    const Up *up = &network->up[level];
    const Stage *s = &network->stages[3 + level];
    const float *skip = level == 0 ? network->down[0].x : network->x; /* last in, first out */
    const gint64 rows = up->cat.rows, picture = (gint64)s->T * s->D;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->concat(s->n, s->D, edt_rows_at(network, up->e, i * picture),
                                 skip + i * picture, edt_site_row(&up->site, i, 0),
                                 edt_site_row(&up->site, i, 2 * s->D),
                                 edt_rows_at(network, up->y, 2 * i * picture), network->act);
    edt_linear_forward(network, &up->cat, thread,
                       edt_rows_at(network, up->y, index * rows * 2 * s->D),
                       up->x + index * rows * s->D);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->add_table(s->T, s->D, up->table, up->x + i * picture);
}

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
    edt_linear_forward(network, &network->head, thread,
                       edt_rows_at(network, network->y, index * rows * s->D),
                       network->out_rows + index * rows * row_width);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->unpatchify(v->out_channels, v->latent_size, v->patch,
                                     network->out_rows + (gint64)i * s->T * row_width,
                                     (float *)data + i * picture);
}

void edt_train_network_forward(EdtTrainNetwork *network, const EdtTrainInput *input, float *out)
{
    const Stage *s = network->stages;
    int first = 0;

    network->input = input;
    condition(network);
    edt_train_jobs(network, s[0].jobs, embed_job, NULL);
    for (int stage = 0; stage < network->n_stages; stage++) {
        run_stage(network, stage, first);
        first += network->v.depths[stage];
        if (stage < 2) {
            edt_train_jobs(network, s[stage + 1].jobs, down_job, GINT_TO_POINTER(stage));
        } else if (stage < network->n_stages - 1) {
            edt_train_jobs(network, s[stage].jobs, expand_job, GINT_TO_POINTER(stage - 2));
            edt_train_jobs(network, s[stage + 1].jobs, concat_job, GINT_TO_POINTER(stage - 2));
        }
    }
    edt_train_jobs(network, s[network->n_stages - 1].jobs, head_job, out);
}
