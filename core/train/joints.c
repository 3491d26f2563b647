/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the stream comes into the stages of a training network: out of patches, down to half the
 * grid, up to twice the grid and beside a skip, or with hidden tokens filled in and a position
 * table added (MDT's side interpolater).  Next: joints_back.c, the same ways back.
 */
#include "train/layers.h"

#include <string.h>

/* What a job works on. */
typedef struct {
    int stage;
    Joint *joint;
    const Stage *to, *from; /* from: of the stage before, or NULL */
} Entry;

static void add_positions(EdtTrainNetwork *network, const Entry *e, float *x)
{
    network->kernels->add_table(e->to->T, e->to->D, edt_joint_positions(network, e->joint), x);
}

/* What was merged becomes the stream of the stage. */
static void begin(EdtTrainNetwork *network, const Entry *e, int index, int thread, const void *y)
{
    const Stage *s = e->to;
    const gint64 rows = e->joint->merge.rows;

    edt_linear_forward(network, &e->joint->merge, EDT_ALL, thread, y,
                       e->joint->x + index * rows * s->D);
    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        add_positions(network, e, e->joint->x + (gint64)i * s->T * s->D);
}

/* ---- patches ---- */

/* The tokens of a job that are seen, one after the other. */
static void pick_seen(EdtTrainNetwork *network, const Entry *e, int index)
{
    const Stage *s = e->to;
    const Span span = edt_train_span(network, s, TRUE, index);

    for (int i = span.first; i < span.end; i++) {
        const float *from = e->joint->x + (gint64)i * s->T * s->D;
        float *to = network->seen_x + edt_span_row(&span, i) * s->D;
        for (int t = 0; t < span.T; t++) {
            const int id = span.length == EDT_FEW ? network->ids[(gint64)i * s->T + t] : t;
            memcpy(to + (gint64)t * s->D, from + (gint64)id * s->D, (gsize)s->D * sizeof(float));
        }
    }
}

static void patches_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Stage *s = e->to;
    const EdtVariant *v = &network->v;
    const gint64 picture = (gint64)v->channels * v->latent_size * v->latent_size;
    const gint64 rows = e->joint->merge.rows, K = e->joint->merge.K;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->patchify(v->channels, v->latent_size, v->patch,
                                   network->input->x + i * picture,
                                   e->joint->patches + (gint64)i * s->T * K);
    begin(network, e, index, thread, e->joint->patches + index * rows * K);
    if (network->filling)
        pick_seen(network, e, index);
}

/* ---- down and up ---- */

static void down_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Stage *fine = e->from, *s = e->to;
    const Site *site = &e->joint->site;
    const float *x = edt_train_stage_output(network, e->stage - 1);
    const guint8 *keep = network->input->down[e->stage - 1];
    const gint64 rows = e->joint->merge.rows;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->merge(
            fine->n, fine->D, x + (gint64)i * fine->T * fine->D, edt_site_row(site, i, 0),
            edt_site_row(site, i, 4 * fine->D), keep ? keep + (gint64)i * fine->T : NULL,
            edt_rows_at(network, e->joint->y, (gint64)i * s->T * 4 * fine->D), network->act);
    begin(network, e, index, thread, edt_rows_at(network, e->joint->y, index * rows * 4 * fine->D));
}

static void expand_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Linear *expand = &e->joint->expand;
    const gint64 rows = expand->rows, at = index * rows * expand->K;
    void *coarse = edt_rows_at(network, e->joint->coarse, at);

    network->kernels->convert(rows * expand->K, edt_train_stage_output(network, e->stage - 1) + at,
                              coarse, network->act);
    edt_linear_forward(network, expand, EDT_ALL, thread, coarse,
                       edt_rows_at(network, e->joint->e, index * rows * expand->N));
}

static void concat_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Stage *s = e->to;
    const Site *site = &e->joint->site;
    const float *skip = network->joints[e->joint->partner].x;
    const gint64 rows = e->joint->merge.rows, picture = (gint64)s->T * s->D;

    for (int i = index * s->samples; i < (index + 1) * s->samples; i++)
        network->kernels->concat(s->n, s->D, edt_rows_at(network, e->joint->e, i * picture),
                                 skip + i * picture, edt_site_row(site, i, 0),
                                 edt_site_row(site, i, 2 * s->D),
                                 edt_rows_at(network, e->joint->y, 2 * i * picture), network->act);
    begin(network, e, index, thread, edt_rows_at(network, e->joint->y, index * rows * 2 * s->D));
}

/* ---- with hidden tokens filled in ---- */

/* All tokens in their places: those that were seen as they are, the others as the mask token. */
static void fill_in(EdtTrainNetwork *network, const Entry *e, const Span *seen, int sample)
{
    const Stage *s = e->to;
    const gsize row = (gsize)s->D * sizeof(float);
    const float *from =
        edt_train_stage_output(network, e->stage - 1) + edt_span_row(seen, sample) * s->D;
    const guint8 *shown = network->input->seen + (gint64)sample * s->T;
    float *to = e->joint->filled + (gint64)sample * s->T * s->D;

    for (int t = 0; t < s->T; t++) {
        memcpy(to + (gint64)t * s->D, shown[t] ? from : network->weights + network->mask, row);
        from += shown[t] ? s->D : 0;
    }
    add_positions(network, e, to);
}

/* Hidden tokens go on as the side block made them. */
static void choose(EdtTrainNetwork *network, const Entry *e, int sample)
{
    const Stage *s = e->to;
    const guint8 *shown = network->input->seen + (gint64)sample * s->T;

    for (int t = 0; t < s->T; t++) {
        const gint64 at = ((gint64)sample * s->T + t) * s->D;
        memcpy(e->joint->x + at, (shown[t] ? e->joint->filled : network->side.x) + at,
               (gsize)s->D * sizeof(float));
    }
}

static void table_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Entry *e = data;
    const Span seen = edt_train_span(network, e->from, TRUE, index);
    const gint64 picture = (gint64)e->to->T * e->to->D;

    for (int i = seen.first; i < seen.end; i++) {
        if (seen.length == EDT_FEW) {
            fill_in(network, e, &seen, i);
            continue;
        }
        memcpy(e->joint->x + i * picture,
               edt_train_stage_output(network, e->stage - 1) + i * picture,
               (gsize)picture * sizeof(float));
        add_positions(network, e, e->joint->x + i * picture);
    }
    if (seen.length == EDT_ALL)
        return;
    edt_train_block_forward(network, &network->side, index, thread);
    for (int i = seen.first; i < seen.end; i++)
        choose(network, e, i);
}

/* ---- all ---- */

void edt_train_joint_forward(EdtTrainNetwork *network, int stage)
{
    const Stage *to = &network->stages[stage], *from = stage ? to - 1 : NULL;
    Entry e = {stage, &network->joints[stage], to, from};

    switch (e.joint->kind) {
    case EDT_JOINT_PATCHES:
        edt_train_jobs(network, to->jobs, patches_job, &e);
        break;
    case EDT_JOINT_DOWN:
        edt_train_jobs(network, to->jobs, down_job, &e);
        break;
    case EDT_JOINT_UP:
        edt_train_jobs(network, from->jobs, expand_job, &e);
        edt_train_jobs(network, to->jobs, concat_job, &e);
        break;
    case EDT_JOINT_THROUGH:
        break;
    case EDT_JOINT_TABLE:
        edt_train_block_windows(network, &network->side);
        edt_train_jobs(network, to->jobs, table_job, &e);
        break;
    }
}
