/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The end of backward: timestep, class, style and the modulations of all places.  And the word to
 * whoever waits for gradients (other machines): which of them are final, long before the last one
 * is.
 */
#include "train/layers.h"

#include <string.h>

/* ---- conditioning ---- */

static void site_weights(EdtTrainNetwork *network, int index, int thread)
{
    Site *site = network->sites[index];
    const Linear *l = &site->linear;

    if (site->done)
        return;
    edt_product_run(l->gradient[EDT_ALL], thread, site->d_rows, network->active, NULL,
                    network->gradient + l->weight);
    network->kernels->column_sums(network->N, l->N, l->N, site->d_rows, EDT_F32,
                                  network->gradient + l->bias);
    site->done = TRUE;
}

/* Job 0 sums the derivative by SiLU(c) over all places; the others are weights. */
static void site_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    if (index > 0) {
        site_weights(network, index - 1, thread);
        return;
    }
    const gint64 count = (gint64)network->N * network->v.dims[0];
    memset(network->d_active, 0, (gsize)count * sizeof(float));
    for (int i = 0; i < network->n_sites; i++) {
        edt_linear_backward(network, &network->sites[i]->linear, EDT_ALL, thread,
                            network->sites[i]->d_rows, network->d_hidden);
        network->kernels->add_table(1, (int)count, network->d_hidden, network->d_active);
    }
}

/* To the rows of a table of labels that the samples took. */
static void labels_back(EdtTrainNetwork *network, const float *d_c, gsize table, const int *label)
{
    const int D = network->v.dims[0];
    for (int s = 0; s < network->N; s++)
        network->kernels->add_table(1, D, d_c + (gint64)s * D,
                                    network->gradient + table + (gsize)label[s] * (gsize)D);
}

/* From c to what the first layer of timesteps gave. */
static void hidden_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const gint64 count = (gint64)network->N * network->v.dims[0];
    edt_linear_backward(network, &network->mlp2, EDT_ALL, thread, network->d_active,
                        network->d_hidden);
    network->kernels->silu_back(count, network->hidden, network->d_hidden, network->d_hidden);
}

void edt_train_condition_back(EdtTrainNetwork *network)
{
    float *d_c = network->d_active;

    edt_train_jobs(network, network->n_sites + 1, site_job, NULL);
    network->kernels->silu_back((gint64)network->N * network->v.dims[0], network->c, d_c, d_c);
    labels_back(network, d_c, network->labels, network->input->label);
    if (network->v.n_styles)
        labels_back(network, d_c, network->styles, network->input->style);
    edt_train_jobs(network, 1, hidden_job, NULL);
    edt_linear_gradients(network,
                         (const Gradient[]){{&network->mlp2, d_c, network->hidden_active, 0},
                                            {&network->mlp0, network->d_hidden, network->waves, 0}},
                         2);
}

/* ---- what is final ---- */

void edt_train_tell(EdtTrainNetwork *network, gsize offset, gsize count)
{
    if (network->ready)
        network->ready(network->ready_data, offset, count);
}

static void stage_site_job(EdtTrainNetwork *network, int index, int thread, gpointer first)
{
    site_weights(network, GPOINTER_TO_INT(first) + index, thread);
}

/* The blocks of a stage lie together in the layout. */
static gsize block_offset(const EdtTrainNetwork *network, int block)
{
    return block < network->n_blocks ? network->blocks[block].offset : network->behind;
}

/* The modulations of a stage's blocks could wait for edt_train_condition_back(), but then nothing
 * of the stage would be final before. */
void edt_train_tell_stage(EdtTrainNetwork *network, int stage)
{
    const int first = network->stages[stage].first, blocks = network->stages[stage].depth;
    gsize from = block_offset(network, first);

    if (network->ready == NULL)
        return;
    edt_train_jobs(network, blocks, stage_site_job, GINT_TO_POINTER(first));
    edt_train_tell(network, from, block_offset(network, first + blocks) - from);
}

void edt_train_tell_rest(EdtTrainNetwork *network)
{
    gsize blocks = block_offset(network, 0), end = block_offset(network, network->n_blocks);

    edt_train_tell(network, 0, blocks);
    edt_train_tell(network, end, network->parameters->count - end);
}

void edt_train_network_tell(EdtTrainNetwork *network, EdtGradientReady ready, gpointer data)
{
    network->ready = ready;
    network->ready_data = data;
}
