/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A training network is made here: its products are planned.  Next: network_memory.c for its
 * activations, forward.c for its work.
 */
#include "train/layers.h"
#include "base/memory.h"

#include <omp.h>

#define JOB_ROWS 256 /* tokens of a job where samples are small: they and the weights fit in L2 */
#define JOB_SAMPLES 8

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
    edt_product_pack(l->forward, thread, weight_of(network, l), l->forward_weight);
    edt_product_pack(l->backward, thread, weight_of(network, l), l->backward_weight);
}

void edt_train_network_use(EdtTrainNetwork *network, const float *weights, const EdtHalf *halves)
{
    network->weights = weights;
    network->halves = halves;
    edt_train_jobs(network, (int)network->linears->len, pack_job, NULL);
}

void edt_linear_forward(EdtTrainNetwork *network, const Linear *l, int thread, const void *x,
                        void *y)
{
    edt_product_run(l->forward, thread, x, l->forward_weight,
                    l->has_bias ? network->weights + l->bias : NULL, y);
}

void edt_linear_backward(EdtTrainNetwork *network, const Linear *l, int thread, const void *dy,
                         void *dx)
{
    edt_product_run(l->backward, thread, dy, l->backward_weight, NULL, dx);
}

/* One chunk: the rows of all jobs in order, so the sum has one order. */
static void chunk_gradient(EdtTrainNetwork *network, int thread, const Gradient *g, int chunk)
{
    const Linear *l = g->linear;
    const gsize size = edt_type_size(l->type), first = (gsize)(chunk * l->unit);
    float *d_weight = network->gradient + l->weight + first * (gsize)l->K;

    for (int i = 0; i < l->jobs; i++) {
        const gsize row = (gsize)i * (gsize)l->rows;
        const void *dy = (const char *)g->dy + (row * (gsize)l->N + first) * size;
        edt_product_run(l->gradient, thread, dy, (const char *)g->x + row * (gsize)l->K * size,
                        NULL, d_weight);
        if (l->has_bias)
            network->kernels->column_sums(l->rows, l->unit, l->N, dy, l->type,
                                          network->gradient + l->bias + first);
    }
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

/* ---- plans ---- */

typedef struct {
    EdtTrainNetwork *network;
    GError **error;
    gboolean failed;
} Planner;

static const EdtProduct *plan(Planner *p, const EdtProductSpec *spec)
{
    const EdtProduct *product =
        p->failed ? NULL : edt_products_plan(p->network->products, spec, p->error);
    p->failed = product == NULL;
    return product;
}

/* What the trainer makes of a part: which types are act (x, y, and dx of backward; else f32), and
 * into how many chunks the gradient is cut; few large ones read their inputs less often than many
 * small ones. */
static const struct {
    gboolean x, y, dx;
    int chunks;
} ways[EDT_PARTS] = {
    [EDT_PART_PATCHES] = {FALSE, FALSE, FALSE, 1},  [EDT_PART_TIME_IN] = {FALSE, FALSE, FALSE, 1},
    [EDT_PART_TIME_OUT] = {FALSE, FALSE, FALSE, 1}, [EDT_PART_SITE] = {FALSE, FALSE, FALSE, 1},
    [EDT_PART_HEAD] = {TRUE, FALSE, FALSE, 1},      [EDT_PART_QKV] = {TRUE, TRUE, FALSE, 1},
    [EDT_PART_PROJ] = {TRUE, TRUE, TRUE, 1},        [EDT_PART_FC1] = {TRUE, TRUE, FALSE, 2},
    [EDT_PART_FC2] = {TRUE, TRUE, TRUE, 1},         [EDT_PART_EXPAND] = {TRUE, TRUE, FALSE, 4},
    [EDT_PART_MERGE] = {TRUE, FALSE, FALSE, 1},
};

static void plan_products(Planner *p, Linear *l, EdtType y_type, EdtType dx_type)
{
    const gint64 N = l->N, K = l->K;

    l->forward = plan(p, &(EdtProductSpec){.M = l->rows,
                                           .N = N,
                                           .K = K,
                                           .a_row = K,
                                           .a_column = 1,
                                           .b_row = 1,
                                           .b_column = K,
                                           .c_row = N,
                                           .type = l->type,
                                           .c_type = y_type,
                                           .packed = TRUE,
                                           .bias = l->has_bias});
    l->backward = plan(p, &(EdtProductSpec){.M = l->rows,
                                            .N = K,
                                            .K = N,
                                            .a_row = N,
                                            .a_column = 1,
                                            .b_row = K,
                                            .b_column = 1,
                                            .c_row = K,
                                            .type = l->type,
                                            .c_type = dx_type,
                                            .packed = TRUE});
    l->gradient = plan(p, &(EdtProductSpec){.M = l->unit,
                                            .N = K,
                                            .K = l->rows,
                                            .a_row = 1,
                                            .a_column = N,
                                            .b_row = K,
                                            .b_column = 1,
                                            .c_row = K,
                                            .type = l->type,
                                            .c_type = EDT_F32,
                                            .accumulate = TRUE});
}

static void plan_linear(Planner *p, Linear *l, const EdtParameter *weight, const EdtParameter *bias)
{
    EdtTrainNetwork *network = p->network;
    const EdtLayer *layer = &weight->layer;
    const EdtType act = network->act;
    const int N = (int)layer->N, chunks = ways[layer->part].chunks;

    *l = (Linear){
        .K = (int)layer->K,
        .N = N,
        .chunks = N % chunks ? 1 : chunks,
        .rows = network->N,
        .jobs = 1,
        .type = ways[layer->part].x ? act : EDT_F32,
        .weight = weight->offset,
        .bias = bias ? bias->offset : 0,
        .has_bias = bias != NULL,
    };
    l->unit = N / l->chunks;
    if (layer->stage >= 0) {
        const Stage *s = &network->stages[layer->stage];
        l->rows = (gint64)s->samples * s->T;
        l->jobs = s->jobs;
    }
    g_ptr_array_add(network->linears, l);
    plan_products(p, l, ways[layer->part].y ? act : EDT_F32, ways[layer->part].dx ? act : EDT_F32);
}

/* Largest number of samples that makes jobs of the wanted size and divides the batch. */
static int samples_of_job(int N, int T)
{
    int samples = CLAMP(JOB_ROWS / T, 1, JOB_SAMPLES);
    while (N % samples)
        samples--;
    return samples;
}

static void plan_attention(Planner *p, Stage *s)
{
    EdtType act = p->network->act;
    gint64 T = s->T, D = s->D, d = s->d, square = T * T;
    gint64 batch = s->heads_together > 1 ? s->heads_together : 0;

    s->scores = plan(p, &(EdtProductSpec){batch, T, T, d, 3 * D, 1, d, 1, 3 * D, d, T, square, act,
                                          EDT_F32, FALSE, FALSE, FALSE});
    s->mix = plan(p, &(EdtProductSpec){batch, T, d, T, T, 1, square, 3 * D, 1, d, D, d, act, act,
                                       FALSE, FALSE, FALSE});
    s->d_share = plan(p, &(EdtProductSpec){batch, T, T, d, D, 1, d, 1, 3 * D, d, T, square, act,
                                           EDT_F32, FALSE, FALSE, FALSE});
    s->d_value = plan(p, &(EdtProductSpec){batch, T, d, T, 1, T, square, D, 1, d, 3 * D, d, act,
                                           act, FALSE, FALSE, FALSE});
    s->d_query = plan(p, &(EdtProductSpec){batch, T, d, T, T, 1, square, 3 * D, 1, d, 3 * D, d, act,
                                           act, FALSE, FALSE, FALSE});
    s->d_key = plan(p, &(EdtProductSpec){batch, T, d, T, 1, T, square, 3 * D, 1, d, 3 * D, d, act,
                                         act, FALSE, FALSE, FALSE});
}

static void plan_stage(Planner *p, int i)
{
    const EdtStage stage = edt_variant_stage(&p->network->v, i);
    Stage *s = &p->network->stages[i];

    s->n = stage.n;
    s->T = stage.T;
    s->D = stage.D;
    s->H = stage.H;
    s->d = stage.d;
    s->samples = samples_of_job(p->network->N, s->T);
    s->jobs = p->network->N / s->samples;
    s->heads_together = s->T <= 64 ? s->H : 1;
    plan_attention(p, s);
}

static Linear *linear_of_ends(EdtTrainNetwork *network, EdtPart part)
{
    Linear *const places[EDT_PARTS] = {
        [EDT_PART_PATCHES] = &network->embed,     [EDT_PART_TIME_IN] = &network->mlp0,
        [EDT_PART_TIME_OUT] = &network->mlp2,     [EDT_PART_HEAD] = &network->head,
        [EDT_PART_SITE] = &network->final.linear,
    };
    return places[part];
}

static Linear *linear_of_block(Block *b, EdtPart part)
{
    Linear *const places[EDT_PARTS] = {
        [EDT_PART_QKV] = &b->qkv, [EDT_PART_PROJ] = &b->proj,        [EDT_PART_FC1] = &b->fc1,
        [EDT_PART_FC2] = &b->fc2, [EDT_PART_SITE] = &b->site.linear,
    };
    return places[part];
}

static Linear *linear_of_joint(EdtTrainNetwork *network, int stage, EdtPart part)
{
    if (edt_variant_stage(&network->v, stage).joint == EDT_JOINT_DOWN) {
        Down *down = &network->down[stage - 1];
        return part == EDT_PART_SITE ? &down->site.linear : &down->linear;
    }
    Up *up = &network->up[stage - 3];
    return part == EDT_PART_SITE    ? &up->site.linear
           : part == EDT_PART_MERGE ? &up->cat
                                    : &up->expand;
}

static Linear *linear_of(EdtTrainNetwork *network, const EdtLayer *layer)
{
    switch (layer->owner) {
    case EDT_OWNER_ENDS:
    case EDT_OWNER_SIDE:
        break;
    case EDT_OWNER_BLOCK:
        return linear_of_block(&network->blocks[layer->index], layer->part);
    case EDT_OWNER_JOINT:
        return linear_of_joint(network, layer->index, layer->part);
    }
    return linear_of_ends(network, layer->part);
}

/* Weight i of the layout, with the bias that may follow it. */
static void plan_layer(Planner *p, guint i)
{
    EdtTrainNetwork *network = p->network;
    const GPtrArray *all = network->parameters->parameters;
    const EdtParameter *weight = all->pdata[i], *bias = i + 1 < all->len ? all->pdata[i + 1] : NULL;
    const EdtLayer *layer = &weight->layer;

    if (weight->is_bias)
        return;
    if (layer->part == EDT_PART_CLASSES)
        network->labels = weight->offset;
    else if (layer->part == EDT_PART_STYLES)
        network->styles = weight->offset;
    else if (layer->part == EDT_PART_WINDOWS)
        network->blocks[layer->index].table = weight->offset;
    else
        plan_linear(p, linear_of(network, layer), weight, bias && bias->is_bias ? bias : NULL);
}

static void add_site(EdtTrainNetwork *network, Site *site)
{
    site->columns = site->linear.N;
    network->sites[network->n_sites++] = site;
}

/* In this order their derivatives are summed. */
static void list_sites(EdtTrainNetwork *network)
{
    for (int i = 0; i < network->n_blocks; i++)
        add_site(network, &network->blocks[i].site);
    for (int i = 0; i < 2; i++) {
        add_site(network, &network->down[i].site);
        add_site(network, &network->up[i].site);
    }
    add_site(network, &network->final);
}

static gboolean plan_all(EdtTrainNetwork *network, GError **error)
{
    Planner p = {network, error, FALSE};
    for (int i = 0; i < network->n_stages; i++)
        plan_stage(&p, i);
    for (int i = 0; i < network->n_blocks; i++)
        network->blocks[i].stage = edt_variant_stage_of_block(&network->v, i);
    for (guint i = 0; i < network->parameters->parameters->len; i++)
        plan_layer(&p, i);
    list_sites(network);
    return !p.failed && edt_products_prepare(network->products, error);
}

gboolean edt_train_knows(const EdtVariant *v)
{
    return v->family == EDT_FAMILY_EDT;
}

EdtTrainNetwork *edt_train_network_new(const EdtParameters *parameters, int N, EdtType act,
                                       int threads, GError **error)
{
    EdtTrainNetwork *network = g_new0(EdtTrainNetwork, 1);

    network->v = parameters->v;
    network->parameters = parameters;
    network->act = act;
    network->N = N;
    network->threads = threads;
    network->kernels = edt_train_kernels();
    network->n_stages = edt_variant_stages(&network->v);
    network->n_blocks = edt_variant_blocks(&network->v);
    network->blocks = g_new0(Block, network->n_blocks);
    network->linears = g_ptr_array_new();
    network->scratch = g_malloc0_n((gsize)threads, sizeof *network->scratch);
    network->products = edt_products_new(threads, error);
    if (network->products && plan_all(network, error) &&
        edt_train_network_make_memory(network, error))
        return network;
    edt_train_network_free(network);
    return NULL;
}

void edt_train_network_free(EdtTrainNetwork *network)
{
    if (network == NULL)
        return;
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
    return edt_products_check(network->products, error);
}
