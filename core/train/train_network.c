/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A training network is made here: its products are planned.  Next: network_memory.c for its
 * activations, forward.c for its work.
 */
#include "train/layers.h"
#include "base/memory.h"
#include "network/condition.h"

#include <omp.h>

#define JOB_ROWS 256 /* tokens of a job where samples are small: they and the weights fit in L2 */
#define JOB_SAMPLES 8

void edt_train_jobs(EdtTrainNetwork *network, int n, EdtTrainJob job, gpointer data)
{
#pragma omp parallel for schedule(dynamic, 1) num_threads(network->threads)
    for (int i = 0; i < n; i++)
        job(network, i, omp_get_thread_num(), data);
}

/* ---- linear layers ---- */

static const void *weight_of(const EdtTrainNetwork *network, const Linear *l)
{
    return l->type == EDT_F32 ? (const void *)(network->weights + l->weight)
                              : (const void *)(network->halves + l->weight);
}

void edt_linear_forward(EdtTrainNetwork *network, const Linear *l, int thread, const void *x,
                        void *y)
{
    edt_product_run(l->forward, thread, x, weight_of(network, l),
                    l->has_bias ? network->weights + l->bias : NULL, y);
}

void edt_linear_backward(EdtTrainNetwork *network, const Linear *l, int thread, const void *dy,
                         void *dx)
{
    edt_product_run(l->backward, thread, dy, weight_of(network, l), NULL, dx);
}

/* One chunk: the rows of all jobs in order, so the sum has one order. */
static void chunk_gradient(EdtTrainNetwork *network, int thread, const Gradient *g, int chunk)
{
    const Linear *l = g->linear;
    gsize size = edt_type_size(l->type), first = (gsize)(chunk * l->unit);
    float *d_weight = network->gradient + l->weight + first * (gsize)l->K;

    for (int part = 0; part < g->parts; part++) {
        gsize row = (gsize)part * (gsize)l->rows;
        const void *dy = (const char *)g->dy + (row * (gsize)l->N + first) * size;
        edt_product_run(l->gradient, thread, dy, (const char *)g->x + row * (gsize)l->K * size,
                        NULL, d_weight);
        if (l->has_bias)
            edt_train_column_sums(l->rows, l->unit, l->N, dy, l->type,
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

static gsize offset_of(Planner *p, const char *prefix, const char *suffix, gboolean *exists)
{
    g_autofree char *name = g_strconcat(prefix, suffix, NULL);
    const EdtParameter *parameter = edt_parameters_get(p->network->parameters, name);
    if (exists)
        *exists = parameter != NULL;
    return parameter ? parameter->offset : 0;
}

/* y_type, dx_type: of the results of forward and backward. */
static void plan_linear(Planner *p, Linear *l, const char *prefix, int K, int N, int unit,
                        gint64 rows, EdtType type, EdtType y_type, EdtType dx_type)
{
    *l = (Linear){.K = K, .N = N, .unit = unit, .chunks = N / unit, .rows = rows, .type = type};
    l->weight = offset_of(p, prefix, ".weight", NULL);
    l->bias = offset_of(p, prefix, ".bias", &l->has_bias);
    l->forward = plan(p, &(EdtProductSpec){.M = rows,
                                           .N = N,
                                           .K = K,
                                           .a_row = K,
                                           .a_column = 1,
                                           .b_row = 1,
                                           .b_column = K,
                                           .c_row = N,
                                           .type = type,
                                           .c_type = y_type,
                                           .bias = l->has_bias});
    l->backward = plan(p, &(EdtProductSpec){.M = rows,
                                            .N = K,
                                            .K = N,
                                            .a_row = N,
                                            .a_column = 1,
                                            .b_row = K,
                                            .b_column = 1,
                                            .c_row = K,
                                            .type = type,
                                            .c_type = dx_type});
    l->gradient = plan(p, &(EdtProductSpec){.M = unit,
                                            .N = K,
                                            .K = rows,
                                            .a_row = 1,
                                            .a_column = N,
                                            .b_row = K,
                                            .b_column = 1,
                                            .c_row = K,
                                            .type = type,
                                            .c_type = EDT_F32,
                                            .accumulate = TRUE});
}

static void plan_site(Planner *p, Site *site, const char *prefix, int columns)
{
    EdtTrainNetwork *network = p->network;
    g_autofree char *name = g_strconcat(prefix, ".adaLN_modulation.1", NULL);
    site->columns = columns;
    plan_linear(p, &site->linear, name, network->v.dims[0], columns, columns, network->N, EDT_F32,
                EDT_F32, EDT_F32);
    network->sites[network->n_sites++] = site;
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
                                          EDT_F32, FALSE, FALSE});
    s->mix = plan(p, &(EdtProductSpec){batch, T, d, T, T, 1, square, 3 * D, 1, d, D, d, act, act,
                                       FALSE, FALSE});
    s->d_share = plan(p, &(EdtProductSpec){batch, T, T, d, D, 1, d, 1, 3 * D, d, T, square, act,
                                           EDT_F32, FALSE, FALSE});
    s->d_value = plan(p, &(EdtProductSpec){batch, T, d, T, 1, T, square, D, 1, d, 3 * D, d, act,
                                           act, FALSE, FALSE});
    s->d_query = plan(p, &(EdtProductSpec){batch, T, d, T, T, 1, square, 3 * D, 1, d, 3 * D, d, act,
                                           act, FALSE, FALSE});
    s->d_key = plan(p, &(EdtProductSpec){batch, T, d, T, 1, T, square, 3 * D, 1, d, 3 * D, d, act,
                                         act, FALSE, FALSE});
}

static void plan_stage(Planner *p, int i)
{
    const EdtVariant *v = &p->network->v;
    Stage *s = &p->network->stages[i];

    s->n = edt_variant_grid(v, i);
    s->T = s->n * s->n;
    s->D = v->dims[i];
    s->H = v->heads[i];
    s->d = s->D / s->H;
    s->samples = samples_of_job(p->network->N, s->T);
    s->jobs = p->network->N / s->samples;
    s->heads_together = s->T <= 64 ? s->H : 1;
    plan_attention(p, s);
}

static void plan_block(Planner *p, int i)
{
    EdtTrainNetwork *network = p->network;
    Block *b = &network->blocks[i];
    b->stage = edt_variant_stage_of_block(&network->v, i);
    const Stage *s = &network->stages[b->stage];
    int D = s->D, hidden = D * network->v.mlp_ratio;
    gint64 rows = (gint64)s->samples * s->T;
    EdtType act = network->act;
    g_autofree char *prefix = g_strdup_printf("blocks.%d", i);
    g_autofree char *qkv = g_strconcat(prefix, ".attn.qkv", NULL);
    g_autofree char *proj = g_strconcat(prefix, ".attn.proj", NULL);
    g_autofree char *fc1 = g_strconcat(prefix, ".mlp.fc1", NULL);
    g_autofree char *fc2 = g_strconcat(prefix, ".mlp.fc2", NULL);

    /* few large gradients read their inputs less often than many small ones */
    plan_linear(p, &b->qkv, qkv, D, 3 * D, 3 * D, rows, act, act, EDT_F32);
    plan_linear(p, &b->proj, proj, D, D, D, rows, act, act, act);
    plan_linear(p, &b->fc1, fc1, D, hidden, hidden % 2 ? hidden : hidden / 2, rows, act, act,
                EDT_F32);
    plan_linear(p, &b->fc2, fc2, hidden, D, D, rows, act, act, act);
    plan_site(p, &b->site, prefix, 6 * D);
    b->table = offset_of(p, prefix, ".attn.rel_pos_bias.relative_position_bias_table", NULL);
}

static void plan_resampling(Planner *p, int i)
{
    EdtTrainNetwork *network = p->network;
    const Stage *fine = &network->stages[i], *below = &network->stages[i + 1];
    const Stage *above = &network->stages[2 + i], *up = &network->stages[3 + i];
    EdtType act = network->act;
    g_autofree char *down_name = g_strdup_printf("down_blocks.%d", i);
    g_autofree char *reduction = g_strconcat(down_name, ".reduction", NULL);
    g_autofree char *concat_name = g_strdup_printf("concat_blocks.%d", i);
    g_autofree char *cat = g_strconcat(concat_name, ".cat", NULL);
    g_autofree char *expand = g_strdup_printf("up_blocks.%d.expand", i);

    plan_linear(p, &network->down[i].linear, reduction, 4 * fine->D, below->D, below->D,
                (gint64)below->samples * below->T, act, EDT_F32, EDT_F32);
    plan_site(p, &network->down[i].site, down_name, 8 * fine->D);
    plan_linear(p, &network->up[i].expand, expand, above->D, 4 * up->D, up->D,
                (gint64)above->samples * above->T, act, act, EDT_F32);
    plan_linear(p, &network->up[i].cat, cat, 2 * up->D, up->D, up->D, (gint64)up->samples * up->T,
                act, EDT_F32, EDT_F32);
    plan_site(p, &network->up[i].site, concat_name, 4 * up->D);
}

static void plan_ends(Planner *p)
{
    EdtTrainNetwork *network = p->network;
    const EdtVariant *v = &network->v;
    const Stage *s = &network->stages[0], *last = &network->stages[EDT_STAGES - 1];
    int D = s->D, area = v->patch * v->patch;

    plan_linear(p, &network->embed, "x_embedder.proj", v->channels * area, D, D,
                (gint64)s->samples * s->T, EDT_F32, EDT_F32, EDT_F32);
    plan_linear(p, &network->mlp0, "t_embedder.mlp.0", EDT_TIMESTEP_WIDTH, D, D, network->N,
                EDT_F32, EDT_F32, EDT_F32);
    plan_linear(p, &network->mlp2, "t_embedder.mlp.2", D, D, D, network->N, EDT_F32, EDT_F32,
                EDT_F32);
    plan_linear(p, &network->head, "final_layer.linear", D, area * v->out_channels,
                area * v->out_channels, (gint64)last->samples * last->T, network->act, EDT_F32,
                EDT_F32);
    plan_site(p, &network->final, "final_layer", 2 * D);
    network->labels = offset_of(p, "y_embedder.embedding_table", ".weight", NULL);
}

static gboolean plan_all(EdtTrainNetwork *network, GError **error)
{
    Planner p = {network, error, FALSE};
    for (int i = 0; i < EDT_STAGES; i++)
        plan_stage(&p, i);
    for (int i = 0; i < network->n_blocks; i++)
        plan_block(&p, i);
    plan_resampling(&p, 0);
    plan_resampling(&p, 1);
    plan_ends(&p);
    return !p.failed && edt_products_prepare(network->products, error);
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
    network->n_blocks = edt_variant_blocks(&network->v);
    network->blocks = g_new0(Block, network->n_blocks);
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
