/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plan of a training network, out of the description that inference walks by (network/shape.h,
 * network/layers.h): stages, blocks and what they are set beside, joints, and the products of every
 * layer.  Next: network_memory.c.
 */
#include "train/layers.h"

#define JOB_ROWS 256 /* tokens of a job where samples are small: they and the weights fit in L2 */
#define JOB_SAMPLES 8

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

/* ---- layers ---- */

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
    [EDT_PART_FC2] = {TRUE, TRUE, TRUE, 1},         [EDT_PART_SKIP] = {TRUE, FALSE, FALSE, 1},
    [EDT_PART_EXPAND] = {TRUE, TRUE, FALSE, 4},     [EDT_PART_MERGE] = {TRUE, FALSE, FALSE, 1},
};

/* Weights lie packed as the products of whole jobs want them, for both lengths. */
static void plan_ways(Planner *p, Linear *l, Length length, gint64 rows)
{
    const gint64 N = l->N, K = l->K;
    const gboolean few = length == EDT_FEW;
    EdtProductSpec forward = {.M = rows, .N = N, .K = K, .type = l->type, .packed = TRUE};
    EdtProductSpec backward = {.M = rows, .N = K, .K = N, .type = l->type, .packed = TRUE};

    forward.a_row = forward.b_column = K;
    forward.a_column = forward.b_row = backward.a_column = backward.b_column = 1;
    forward.c_row = backward.a_row = N;
    backward.b_row = backward.c_row = K;
    forward.c_type = l->y_type;
    backward.c_type = l->dx_type;
    forward.bias = l->has_bias;
    forward.packed_for = few ? l->forward[EDT_ALL] : NULL;
    backward.packed_for = few ? l->backward[EDT_ALL] : NULL;
    l->forward[length] = plan(p, &forward);
    l->backward[length] = plan(p, &backward);
}

static void plan_products(Planner *p, Linear *l, Length length, gint64 rows)
{
    plan_ways(p, l, length, rows);
    l->gradient[length] = plan(p, &(EdtProductSpec){.M = l->unit,
                                                    .N = l->K,
                                                    .K = rows,
                                                    .a_row = 1,
                                                    .a_column = l->N,
                                                    .b_row = l->K,
                                                    .b_column = 1,
                                                    .c_row = l->K,
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
        .stage = layer->stage,
        .rows = network->N,
        .type = ways[layer->part].x ? act : EDT_F32,
        .y_type = ways[layer->part].y ? act : EDT_F32,
        .dx_type = ways[layer->part].dx ? act : EDT_F32,
        .weight = weight->offset,
        .bias = bias ? bias->offset : 0,
        .has_bias = bias != NULL,
    };
    l->unit = N / l->chunks;
    if (layer->stage >= 0) {
        const Stage *s = &network->stages[layer->stage];
        l->rows = (gint64)s->samples * s->T;
        l->hides = s->hides && layer->owner == EDT_OWNER_BLOCK;
    }
    g_ptr_array_add(network->linears, l);
    plan_products(p, l, EDT_ALL, l->rows);
}

/* ---- stages ---- */

/* Largest number of samples that makes jobs of the wanted size and divides the batch; and, where
 * tokens are hidden, its half, since a job has samples of one pass. */
static int samples_of_job(const EdtTrainNetwork *network, int T)
{
    const int N = network->filling && network->N % 2 == 0 ? network->N / 2 : network->N;
    int samples = CLAMP(JOB_ROWS / T, 1, JOB_SAMPLES);
    while (N % samples)
        samples--;
    return samples;
}

static void plan_attention(Planner *p, const Stage *s, Attention *a, gint64 T)
{
    EdtType act = p->network->act;
    gint64 D = s->D, d = s->d, square = T * T;
    gint64 batch = s->heads_together > 1 ? s->heads_together : 0;

    a->scores = plan(p, &(EdtProductSpec){batch, T, T, d, 3 * D, 1, d, 1, 3 * D, d, T, square, act,
                                          EDT_F32, FALSE, FALSE, FALSE, NULL});
    a->mix = plan(p, &(EdtProductSpec){batch, T, d, T, T, 1, square, 3 * D, 1, d, D, d, act, act,
                                       FALSE, FALSE, FALSE, NULL});
    a->d_share = plan(p, &(EdtProductSpec){batch, T, T, d, D, 1, d, 1, 3 * D, d, T, square, act,
                                           EDT_F32, FALSE, FALSE, FALSE, NULL});
    a->d_value = plan(p, &(EdtProductSpec){batch, T, d, T, 1, T, square, D, 1, d, 3 * D, d, act,
                                           act, FALSE, FALSE, FALSE, NULL});
    a->d_query = plan(p, &(EdtProductSpec){batch, T, d, T, T, 1, square, 3 * D, 1, d, 3 * D, d, act,
                                           act, FALSE, FALSE, FALSE, NULL});
    a->d_key = plan(p, &(EdtProductSpec){batch, T, d, T, 1, T, square, 3 * D, 1, d, 3 * D, d, act,
                                         act, FALSE, FALSE, FALSE, NULL});
}

static void plan_stage(Planner *p, int i)
{
    EdtTrainNetwork *network = p->network;
    const EdtStage stage = edt_variant_stage(&network->v, i);
    Stage *s = &network->stages[i];

    s->n = stage.n;
    s->T = stage.T;
    s->D = stage.D;
    s->H = stage.H;
    s->d = stage.d;
    s->depth = stage.depth;
    s->first = i ? s[-1].first + s[-1].depth : 0;
    s->hides = i < network->filling;
    s->samples = samples_of_job(network, s->T);
    s->jobs = network->N / s->samples;
    s->heads_together = s->T <= 64 ? s->H : 1;
    plan_attention(p, s, &s->attention[EDT_ALL], s->T);
    for (int k = 0; k < s->depth; k++) {
        network->blocks[s->first + k].stage = i;
        network->blocks[s->first + k].hides = s->hides;
    }
}

static void plan_joints(EdtTrainNetwork *network)
{
    int waiting[EDT_STAGES_MAX], n = 0; /* last in, first out */

    for (int i = 0; i < network->n_stages; i++) {
        Joint *joint = &network->joints[i];
        joint->kind = edt_variant_stage(&network->v, i).joint;
        if (joint->kind == EDT_JOINT_UP)
            joint->partner = waiting[--n];
        if (i + 1 < network->n_stages &&
            edt_variant_stage(&network->v, i + 1).joint == EDT_JOINT_DOWN)
            waiting[n++] = i;
    }
}

/* ---- where each weight goes ---- */

static Linear *linear_of_ends(EdtTrainNetwork *network, EdtPart part)
{
    Linear *const places[EDT_PARTS] = {
        [EDT_PART_PATCHES] = &network->joints[0].merge, [EDT_PART_TIME_IN] = &network->mlp0,
        [EDT_PART_TIME_OUT] = &network->mlp2,           [EDT_PART_HEAD] = &network->head,
        [EDT_PART_SITE] = &network->final.linear,
    };
    return places[part];
}

static Linear *linear_of_block(Block *b, EdtPart part)
{
    Linear *const places[EDT_PARTS] = {
        [EDT_PART_QKV] = &b->qkv, [EDT_PART_PROJ] = &b->proj, [EDT_PART_FC1] = &b->fc1,
        [EDT_PART_FC2] = &b->fc2, [EDT_PART_SKIP] = &b->skip, [EDT_PART_SITE] = &b->site.linear,
    };
    return places[part];
}

static Linear *linear_of_joint(Joint *joint, EdtPart part)
{
    return part == EDT_PART_SITE    ? &joint->site.linear
           : part == EDT_PART_MERGE ? &joint->merge
                                    : &joint->expand;
}

static Block *block_of(EdtTrainNetwork *network, const EdtLayer *layer)
{
    return layer->owner == EDT_OWNER_SIDE ? &network->side : &network->blocks[layer->index];
}

static Linear *linear_of(EdtTrainNetwork *network, const EdtLayer *layer)
{
    switch (layer->owner) {
    case EDT_OWNER_ENDS:
        break;
    case EDT_OWNER_BLOCK:
    case EDT_OWNER_SIDE:
        return linear_of_block(block_of(network, layer), layer->part);
    case EDT_OWNER_JOINT:
        return linear_of_joint(&network->joints[layer->index], layer->part);
    }
    return linear_of_ends(network, layer->part);
}

/* What is no product. */
static void plan_table(EdtTrainNetwork *network, const EdtLayer *layer, gsize offset)
{
    Joint *joint = &network->joints[layer->owner == EDT_OWNER_JOINT ? layer->index : 0];

    switch (layer->part) {
    case EDT_PART_CLASSES:
        network->labels = offset;
        break;
    case EDT_PART_STYLES:
        network->styles = offset;
        break;
    case EDT_PART_MASK:
        network->mask = offset;
        break;
    case EDT_PART_POSITIONS:
        joint->learnt = TRUE;
        joint->positions = offset;
        break;
    default: /* windows */
        block_of(network, layer)->has_table = TRUE;
        block_of(network, layer)->table = offset;
    }
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
    if (edt_layer_is_linear(layer))
        plan_linear(p, linear_of(network, layer), weight, bias && bias->is_bias ? bias : NULL);
    else
        plan_table(network, layer, weight->offset);
}

/* Where the blocks lie in the layout: each at a stretch, all of them too. */
static void find_blocks(EdtTrainNetwork *network)
{
    const GPtrArray *all = network->parameters->parameters;

    for (guint i = all->len; i-- > 0;) {
        const EdtParameter *p = all->pdata[i];
        if (p->layer.owner == EDT_OWNER_BLOCK)
            network->blocks[p->layer.index].offset = p->offset;
        else if (!network->blocks[network->n_blocks - 1].offset)
            network->behind = p->offset;
    }
}

/* ---- modulations ---- */

static void add_site(EdtTrainNetwork *network, Site *site)
{
    if (!site->linear.N)
        return;
    site->columns = site->linear.N;
    network->sites[network->n_sites++] = site;
}

static void add_joint_site(EdtTrainNetwork *network, EdtJointKind kind, int number)
{
    for (int i = 0; i < network->n_stages; i++)
        if (network->joints[i].kind == kind && number-- == 0)
            add_site(network, &network->joints[i].site);
}

/* In this order their derivatives are summed. */
static void list_sites(EdtTrainNetwork *network)
{
    for (int i = 0; i < network->n_blocks; i++)
        add_site(network, &network->blocks[i].site);
    for (int i = 0; i < network->n_stages; i++) {
        add_joint_site(network, EDT_JOINT_DOWN, i);
        add_joint_site(network, EDT_JOINT_UP, i);
    }
    add_site(network, &network->side.site);
    add_site(network, &network->final);
}

/* ---- all ---- */

gboolean edt_train_network_plan(EdtTrainNetwork *network, GError **error)
{
    Planner p = {network, error, FALSE};

    network->filling = edt_variant_filling(&network->v);
    network->side.stage = network->filling;
    plan_joints(network);
    for (int i = 0; i < network->n_stages; i++)
        plan_stage(&p, i);
    for (guint i = 0; i < network->parameters->parameters->len; i++)
        plan_layer(&p, i);
    find_blocks(network);
    list_sites(network);
    return !p.failed && edt_products_prepare(network->products, error);
}

gboolean edt_train_network_plan_few(EdtTrainNetwork *network, GError **error)
{
    Planner p = {network, error, FALSE};

    for (int i = 0; i < network->filling; i++) {
        Stage *s = &network->stages[i];
        plan_attention(&p, s, &s->attention[EDT_FEW], network->few);
    }
    for (guint i = 0; i < network->linears->len; i++) {
        Linear *l = network->linears->pdata[i];
        if (l->hides)
            plan_products(&p, l, EDT_FEW, (gint64)network->stages[l->stage].samples * network->few);
    }
    return !p.failed && edt_products_prepare(network->products, error);
}
