/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joints.c backward: from the derivative by a stage's input, in d_now, to that by the output of the
 * stage before it.  Where the two differ in shape it goes to d_next, and both turn.
 */
#include "train/layers.h"

#include <string.h>

typedef struct {
    int stage;
    Joint *joint;
    const Stage *to, *from;
} Entry;

static void turn(EdtTrainNetwork *network)
{
    float *now = network->d_now;
    network->d_now = network->d_next;
    network->d_next = now;
}

/* What was set beside the joint's x joins the stream there. */
static void join_skip(EdtTrainNetwork *network, const Entry *e, int first, int samples)
{
    const gint64 picture = (gint64)e->to->T * e->to->D;
    if (e->joint->d_skip)
        network->kernels->add_table(1, (int)(samples * picture), e->joint->d_skip + first * picture,
                                    network->d_now + first * picture);
}

/* Of a table that is learnt, from the derivative by what it was added to. */
static void positions_back(EdtTrainNetwork *network, const Entry *e, const float *d_x)
{
    const gint64 picture = (gint64)e->to->T * e->to->D;
    for (int i = 0; e->joint->learnt && i < network->N; i++)
        network->kernels->add_table(e->to->T, e->to->D, d_x + i * picture,
                                    network->gradient + e->joint->positions);
}

/* d_now to what was merged: the rows of the job, in the thread's memory. */
static const float *merge_back(EdtTrainNetwork *network, const Entry *e, int index, int thread)
{
    const Linear *merge = &e->joint->merge;
    const gint64 at = index * merge->rows * e->to->D;
    float *wide = network->scratch[thread].wide;
    void *d_x = edt_rows_at(network, network->d_wide, at);

    network->kernels->convert(merge->rows * e->to->D, network->d_now + at, d_x, network->act);
    edt_linear_backward(network, merge, EDT_ALL, thread, d_x, wide);
    return wide;
}

/* ---- up ---- */

static void concat_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Stage *s = e->to;
    const Joint *up = e->joint, *partner = &network->joints[up->partner];
    const gint64 picture = (gint64)s->T * s->D, at = index * s->samples * picture;
    const float *wide = merge_back(network, e, index, thread);

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->concat_back(
            s->n, s->D, edt_rows_at(network, up->e, i * picture), partner->x + i * picture,
            wide + 2 * (i * picture - at), edt_site_row(&up->site, i, 2 * s->D),
            edt_rows_at(network, network->d_rows, i * picture), partner->d_skip + i * picture,
            edt_site_d_row(&up->site, i, 0), edt_site_d_row(&up->site, i, 2 * s->D), network->act);
}

static void expand_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Linear *expand = &e->joint->expand;
    edt_linear_backward(network, expand, EDT_ALL, thread,
                        edt_rows_at(network, network->d_rows, index * expand->rows * expand->N),
                        network->d_next + index * expand->rows * expand->K);
}

static void up_back(EdtTrainNetwork *network, Entry *e)
{
    Joint *up = e->joint;

    edt_train_jobs(network, e->to->jobs, concat_job, e);
    edt_train_jobs(network, e->from->jobs, expand_job, e);
    edt_linear_gradients(network,
                         (const Gradient[]){{&up->merge, network->d_wide, up->y, 0},
                                            {&up->expand, network->d_rows, up->coarse, 0}},
                         2);
    turn(network);
}

/* ---- down ---- */

static void down_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Stage *fine = e->from, *s = e->to;
    const Joint *down = e->joint;
    const float *x = edt_train_stage_output(network, e->stage - 1), *wide;
    const guint8 *keep = network->input->down[e->stage - 1];
    const gint64 picture = (gint64)fine->T * fine->D;
    const int first = index * s->samples;

    join_skip(network, e, first, s->samples);
    wide = merge_back(network, e, index, thread);
    for (int i = first; i < first + s->samples; i++)
        network->kernels->merge_back(
            fine->n, fine->D, x + i * picture, wide + (i - first) * picture,
            edt_site_row(&down->site, i, 4 * fine->D), keep ? keep + (gint64)i * fine->T : NULL,
            network->d_next + i * picture, edt_site_d_row(&down->site, i, 0),
            edt_site_d_row(&down->site, i, 4 * fine->D));
}

static void down_back(EdtTrainNetwork *network, Entry *e)
{
    Joint *down = e->joint;
    edt_train_jobs(network, e->to->jobs, down_job, e);
    edt_linear_gradients(network, &(Gradient){&down->merge, network->d_wide, down->y, 0}, 1);
    turn(network);
}

/* ---- with hidden tokens filled in ---- */

/* d_now parts: what came by the side block stays, what passed it goes to d_next. */
static void part(EdtTrainNetwork *network, const Entry *e, int sample)
{
    const int D = e->to->D;
    for (int t = 0; t < e->to->T; t++) {
        const gint64 row = (gint64)sample * e->to->T + t;
        const gboolean shown = network->input->seen[row];
        float *now = network->d_now + row * D, *next = network->d_next + row * D;
        if (shown)
            memcpy(next, now, (gsize)D * sizeof(float));
        memset(shown ? now : next, 0, (gsize)D * sizeof(float));
    }
}

/* d_now, by all tokens, to d_next, by those that were seen. */
static void pick_back(EdtTrainNetwork *network, const Entry *e, const Span *seen, int sample)
{
    const gint64 D = e->to->D, whole = (gint64)sample * e->to->T;
    float *to = network->d_next + edt_span_row(seen, sample) * D;
    for (int t = 0; t < seen->T; t++)
        memcpy(to + t * D,
               network->d_now +
                   (whole + (seen->length == EDT_FEW ? network->ids[whole + t] : t)) * D,
               (gsize)D * sizeof(float));
}

/* jobs of samples that hide tokens; index counts these. */
static void side_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const int job = network->first_few / e->to->samples + index, first = job * e->to->samples;
    const gint64 picture = (gint64)e->to->T * e->to->D;

    for (int i = first; i < first + e->to->samples; i++)
        part(network, e, i);
    edt_train_block_back(network, &network->side, job, thread);
    network->kernels->add_table(1, (int)(e->to->samples * picture),
                                network->d_next + first * picture,
                                network->d_now + first * picture);
}

static void pick_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Span seen = edt_train_span(network, e->from, TRUE, index);
    for (int i = seen.first; i < seen.end; i++)
        pick_back(network, e, &seen, i);
}

static void mask_back(EdtTrainNetwork *network, const Entry *e)
{
    const int D = e->to->D;
    const gint64 first = (gint64)network->first_few * e->to->T, end = (gint64)network->N * e->to->T;
    for (gint64 row = first; row < end; row++)
        if (!network->input->seen[row])
            network->kernels->add_table(1, D, network->d_now + row * D,
                                        network->gradient + network->mask);
}

static void table_back(EdtTrainNetwork *network, Entry *e)
{
    if (network->first_few < network->N) {
        edt_train_jobs(network, e->to->jobs - network->first_few / e->to->samples, side_job, e);
        edt_train_block_gradients(network, &network->side, network->first_few);
        mask_back(network, e);
    }
    positions_back(network, e, network->d_now);
    edt_train_jobs(network, e->to->jobs, pick_job, e);
    turn(network);
}

/* ---- patches ---- */

/* From the tokens that were seen to all of them, beside what is there. */
static void spread_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Span seen = edt_train_span(network, e->to, TRUE, index);
    const int T = e->to->T, D = e->to->D;

    for (int i = seen.first; i < seen.end; i++)
        for (int t = 0; t < seen.T; t++) {
            const int id = seen.length == EDT_FEW ? network->ids[(gint64)i * T + t] : t;
            network->kernels->add_table(1, D, network->d_now + (edt_span_row(&seen, i) + t) * D,
                                        e->joint->d_skip + ((gint64)i * T + id) * D);
        }
}

static void patches_back(EdtTrainNetwork *network, Entry *e)
{
    const float *d_x = network->d_now;

    if (network->filling) {
        edt_train_jobs(network, e->to->jobs, spread_job, e);
        d_x = e->joint->d_skip;
    } else {
        join_skip(network, e, 0, network->N);
    }
    positions_back(network, e, d_x);
    edt_linear_gradients(network, &(Gradient){&e->joint->merge, d_x, e->joint->patches, 0}, 1);
}

/* ---- all ---- */

void edt_train_joint_back(EdtTrainNetwork *network, int stage)
{
    Entry e = {stage, &network->joints[stage], &network->stages[stage],
               stage ? &network->stages[stage - 1] : NULL};

    switch (e.joint->kind) {
    case EDT_JOINT_PATCHES:
        patches_back(network, &e);
        break;
    case EDT_JOINT_DOWN:
        down_back(network, &e);
        break;
    case EDT_JOINT_UP:
        up_back(network, &e);
        break;
    case EDT_JOINT_THROUGH:
        break;
    case EDT_JOINT_TABLE:
        table_back(network, &e);
        break;
    }
}
