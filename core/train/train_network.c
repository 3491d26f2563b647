/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A training network is made here, and what all of its layers do: products of the rows of a job,
 * gradients of weights.  Next: network_plan.c for its plan, network_memory.c for its activations,
 * forward.c for its work.
 */
#include "train/layers.h"
#include "base/memory.h"

#include <omp.h>

void edt_train_jobs(EdtTrainNetwork *network, int n, EdtTrainJob job, gpointer data)
{
#pragma omp parallel num_threads(MIN(network->threads, n))
    {
        omp_set_num_threads(1); /* of this thread's own: a team of one is none to oneDNN */
#pragma omp for schedule(dynamic, 1)
        for (int i = 0; i < n; i++)
            job(network, i, omp_get_thread_num(), data);
    }
}

/* ---- linear layers ---- */

static const void *weight_of(const EdtTrainNetwork *network, const Linear *l)
{
    switch (l->type) {
    case EDT_F32:
        return network->weights + l->weight;
    case EDT_BF16:
        return network->halves + l->weight;
    EDT_CASE_OF_FILES:
        break;
    }
    return NULL;
}

static void pack_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Linear *l = network->linears->pdata[index];
    edt_product_pack(l->forward[EDT_ALL], thread, weight_of(network, l), l->forward_weight);
    edt_product_pack(l->backward[EDT_ALL], thread, weight_of(network, l), l->backward_weight);
}

void edt_train_network_use(EdtTrainNetwork *network, const float *weights, const EdtHalf *halves)
{
    network->weights = weights;
    network->halves = halves;
    edt_train_jobs(network, (int)network->linears->len, pack_job, NULL);
}

void edt_linear_forward(EdtTrainNetwork *network, const Linear *l, Length length, int thread,
                        const void *x, void *y)
{
    edt_product_run(l->forward[length], thread, x, l->forward_weight,
                    l->has_bias ? network->weights + l->bias : NULL, y);
}

void edt_linear_backward(EdtTrainNetwork *network, const Linear *l, Length length, int thread,
                         const void *dy, void *dx)
{
    edt_product_run(l->backward[length], thread, dy, l->backward_weight, NULL, dx);
}

/* The rows of one job; where it begins does not depend on how many tokens it has. */
static void job_gradient(EdtTrainNetwork *network, int thread, const Gradient *g, int job,
                         gsize first)
{
    const Linear *l = g->linear;
    const gsize size = edt_type_size(l->type), row = (gsize)job * (gsize)l->rows;
    const void *dy = (const char *)g->dy + (row * (gsize)l->N + first) * size;
    const void *x = (const char *)g->x + row * (gsize)l->K * size;
    gint64 rows = l->rows;
    Length length = EDT_ALL;

    if (l->stage >= 0) {
        const Stage *s = &network->stages[l->stage];
        const Span span = edt_train_span(network, s, l->hides, job);
        length = span.length;
        rows = (gint64)s->samples * span.T;
    }
    edt_product_run(l->gradient[length], thread, dy, x, NULL,
                    network->gradient + l->weight + first * (gsize)l->K);
    if (l->has_bias)
        network->kernels->column_sums(rows, l->unit, l->N, dy, l->type,
                                      network->gradient + l->bias + first);
}

/* One chunk: the rows of all jobs in order, so the sum has one order. */
static void chunk_gradient(EdtTrainNetwork *network, int thread, const Gradient *g, int chunk)
{
    const Linear *l = g->linear;
    const int jobs = l->stage < 0 ? 1 : network->stages[l->stage].jobs;

    for (int job = g->first_job; job < jobs; job++)
        job_gradient(network, thread, g, job, (gsize)(chunk * l->unit));
}

typedef struct {
    const Gradient *gradients;
    int n;
} Gradients;

static void gradient_job(EdtTrainNetwork *network, int index, int thread, gpointer data)
{
    const Gradients *all = data;
    for (int i = 0; i < all->n; i++) {
        int chunks = all->gradients[i].linear->chunks;
        if (index < chunks) {
            chunk_gradient(network, thread, &all->gradients[i], index);
            return;
        }
        index -= chunks;
    }
}

void edt_linear_gradients(EdtTrainNetwork *network, const Gradient *gradients, int n)
{
    Gradients all = {gradients, n};
    int jobs = 0;
    for (int i = 0; i < n; i++)
        jobs += gradients[i].linear->chunks;
    edt_train_jobs(network, jobs, gradient_job, &all);
}

/* With its plan, and no memory yet. */
static EdtTrainNetwork *planned_new(const EdtParameters *parameters, int N, EdtType act,
                                    int threads, GError **error)
{
    EdtTrainNetwork *network = g_new0(EdtTrainNetwork, 1);

    network->v = parameters->v;
    network->parameters = parameters;
    network->act = act;
    network->N = network->first_few = N;
    network->threads = threads;
    network->kernels = edt_train_kernels();
    network->n_stages = edt_variant_stages(&network->v);
    network->n_blocks = edt_variant_blocks(&network->v);
    network->blocks = g_new0(Block, network->n_blocks);
    network->linears = g_ptr_array_new();
    network->scratch = g_malloc0_n((gsize)threads, sizeof *network->scratch);
    network->products = edt_products_new(threads, error);
    if (network->products && edt_train_network_plan(network, error))
        return network;
    edt_train_network_free(network);
    return NULL;
}

EdtTrainNetwork *edt_train_network_new(const EdtParameters *parameters, int N, EdtType act,
                                       int threads, GError **error)
{
    EdtTrainNetwork *network = planned_new(parameters, N, act, threads, error);

    if (!network || edt_train_network_make_memory(network, error))
        return network;
    edt_train_network_free(network);
    return NULL;
}

gsize edt_train_network_needs(const EdtParameters *parameters, int N, EdtType act, int threads,
                              GError **error)
{
    EdtTrainNetwork *network = planned_new(parameters, N, act, threads, error);
    gsize bytes = 0;

    if (network) {
        edt_train_network_measure(network);
        bytes = network->bytes;
    }
    edt_train_network_free(network);
    return bytes;
}

void edt_train_network_free(EdtTrainNetwork *network)
{
    if (network == NULL)
        return;
    g_clear_error(&network->failure);
    edt_products_free(network->products);
    edt_free(network->memory);
    g_free(network->scratch);
    g_free(network->blocks);
    g_ptr_array_unref(network->linears);
    g_free(network);
}

gsize edt_train_network_bytes(const EdtTrainNetwork *network)
{
    return network->bytes;
}

gboolean edt_train_network_check(EdtTrainNetwork *network, GError **error)
{
    if (network->failure) {
        g_propagate_error(error, g_steal_pointer(&network->failure));
        return FALSE;
    }
    return edt_products_check(network->products, error);
}
