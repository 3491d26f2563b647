/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The EDT network: five stages 16x16 -> 8x8 -> 4x4 -> 8x8 -> 16x16 of tokens with two skips.
 * The residual stream x is f32; what enters a matrix product is of the device's act type.  Every
 * row operation between two products (gate, residual, table, norm, modulate) is one pass
 * (EdtRowUpdate), so a block is: product, attention, product, row, product, product, row.
 */
#include "network/network.h"
#include "base/arena.h"
#include "network/condition.h"

#include <math.h>

typedef struct {
    EdtSite site; /* shift, scale, gate of attention; shift, scale, gate of MLP */
    EdtLinear *qkv, *proj, *fc1, *fc2;
    float *bias;  /* windows, [H][2n-1][2n-1] */
} Block;

typedef struct {
    EdtSite site;       /* shift, scale of the 4D (down) or 2D (concat) row */
    EdtLinear *linear;  /* reduction or cat */
    EdtLinear *expand;  /* concat only: the up-sampling in front of it */
    float *table;       /* positions, added behind */
} Joint;

struct EdtNetwork {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtVariant v;
    EdtConditioner conditioner;
    EdtLinear *embed, *head;
    float *table;
    EdtSite final;
    Block *blocks;
    Joint down[2], up[2];
    gboolean amm_block[EDT_BLOCKS_MAX];
    float *amm[EDT_STAGES]; /* [2n-1][2n-1] */
    EdtProbe probe;
    gpointer probe_data;

    /* working memory for `room` samples */
    int room;
    void *memory;
    float *patches;         /* [N*T, C*p*p] in, [N*T, C_out*p*p] out */
    float *skip[2];         /* inputs of stages 0 and 1 */
    float *x;               /* [N*T, D] residual stream */
    void *y;                /* [N*T, 2D] act: input of the next product */
    void *wide;             /* [N*T, 4D] act: q, k, v and attention's result, or the MLP's middle */
    void *p;                /* [N*T, D] act: result of a product */
    int *row;               /* [N] modulation row of each sample */
};

/* ---- loading ---- */

static gboolean load_block(EdtNetwork *m, EdtLoader *l, int i, int stage)
{
    Block *block = &m->blocks[i];
    int D = m->v.dims[stage], hidden = D * m->v.mlp_ratio;
    EdtType act = l->backend->act(l->dev);
    char name[128];

#define LAYER(field, suffix, N, K, epilogue)                                                       \
    g_snprintf(name, sizeof name, "blocks.%d." suffix, i);                                         \
    block->field = edt_load_linear(l, name, N, K, TRUE, epilogue, act, act);                       \
    if (block->field == NULL)                                                                      \
        return FALSE;
    LAYER(qkv, "attn.qkv", 3 * D, D, EDT_EPILOGUE_NONE)
    LAYER(proj, "attn.proj", D, D, EDT_EPILOGUE_NONE)
    LAYER(fc1, "mlp.fc1", hidden, D, EDT_EPILOGUE_GELU)
    LAYER(fc2, "mlp.fc2", D, hidden, EDT_EPILOGUE_NONE)
#undef LAYER
    g_snprintf(name, sizeof name, "blocks.%d.attn.rel_pos_bias.relative_position_bias_table", i);
    block->bias = edt_load_bias_windows(l, name, edt_variant_grid(&m->v, stage), m->v.heads[stage]);
    if (block->bias == NULL)
        return FALSE;
    g_snprintf(name, sizeof name, "blocks.%d", i);
    return edt_conditioner_site(&m->conditioner, l, &block->site, name, 6 * D);
}

static gboolean load_joint(EdtNetwork *m, EdtLoader *l, Joint *joint, const char *prefix,
                           const char *layer, gboolean bias, int columns, int N, int K, int n)
{
    EdtType act = l->backend->act(l->dev);
    g_autofree char *linear = g_strconcat(prefix, ".", layer, NULL);
    g_autofree char *table = g_strconcat(prefix, ".pos_embed", NULL);

    joint->linear = edt_load_linear(l, linear, N, K, bias, EDT_EPILOGUE_NONE, act, act);
    if (joint->linear == NULL)
        return FALSE;
    joint->table = edt_load_table(l, table, 3, (gint64[]){1, n * n, N});
    return joint->table && edt_conditioner_site(&m->conditioner, l, &joint->site, prefix, columns);
}

static gboolean load_joints(EdtNetwork *m, EdtLoader *l)
{
    const EdtVariant *v = &m->v;
    EdtType act = l->backend->act(l->dev);
    char name[64];

    for (int i = 0; i < 2; i++) { /* down i: stage i to i + 1, no bias */
        g_snprintf(name, sizeof name, "down_blocks.%d", i);
        if (!load_joint(m, l, &m->down[i], name, "reduction", FALSE, 8 * v->dims[i], v->dims[i + 1],
                        4 * v->dims[i], edt_variant_grid(v, i + 1)))
            return FALSE;
    }
    for (int i = 0; i < 2; i++) { /* up i and concat i: stage 2 + i to 3 + i */
        int D = v->dims[3 + i];
        g_snprintf(name, sizeof name, "concat_blocks.%d", i);
        if (!load_joint(m, l, &m->up[i], name, "cat", TRUE, 4 * D, D, 2 * D,
                        edt_variant_grid(v, 3 + i)))
            return FALSE;
        g_snprintf(name, sizeof name, "up_blocks.%d.expand", i);
        m->up[i].expand = edt_load_linear(l, name, 4 * D, v->dims[2 + i], FALSE, EDT_EPILOGUE_NONE,
                                          act, act);
        if (m->up[i].expand == NULL)
            return FALSE;
    }
    return TRUE;
}

static gboolean load_ends(EdtNetwork *m, EdtLoader *l)
{
    const EdtVariant *v = &m->v;
    int D = v->dims[0], area = v->patch * v->patch, T = v->grid * v->grid;

    /* the first layer carries the picture itself: f32, and cheap */
    m->embed = edt_load_linear(l, "x_embedder.proj", D, v->channels * area, TRUE,
                               EDT_EPILOGUE_NONE, EDT_F32, EDT_F32);
    if (m->embed == NULL)
        return FALSE;
    m->table = edt_load_table(l, "pos_embed", 3, (gint64[]){1, T, D});
    if (m->table == NULL)
        return FALSE;
    m->head = edt_load_linear(l, "final_layer.linear", v->out_channels * area, D, TRUE,
                              EDT_EPILOGUE_NONE, l->backend->act(l->dev), EDT_F32);
    return m->head && edt_conditioner_site(&m->conditioner, l, &m->final, "final_layer", 2 * D);
}

EdtNetwork *edt_network_new(const EdtBackend *backend, EdtDevice *dev, const EdtVariant *variant,
                            EdtTensorSource *source, GError **error)
{
    EdtLoader loader = {backend, dev, source, error};
    EdtNetwork *m = g_new0(EdtNetwork, 1);
    gboolean done;

    m->backend = backend;
    m->dev = dev;
    m->v = *variant;
    m->blocks = g_new0(Block, edt_variant_blocks(variant));
    done = edt_conditioner_load(&m->conditioner, &loader, variant) && load_ends(m, &loader) &&
           load_joints(m, &loader);
    for (int i = 0; done && i < edt_variant_blocks(variant); i++)
        done = load_block(m, &loader, i, edt_variant_stage_of_block(variant, i));
    for (int s = 0; done && s < EDT_STAGES; s++) {
        gsize side = 2 * (gsize)edt_variant_grid(variant, s) - 1;
        m->amm[s] = backend->alloc(dev, side * side * sizeof(float), error);
        done = m->amm[s] != NULL;
    }
    if (done)
        return m;
    edt_network_free(m);
    return NULL;
}

void edt_network_free(EdtNetwork *m)
{
    if (m == NULL)
        return;
    const EdtBackend *b = m->backend;
    EdtDevice *dev = m->dev;
    edt_conditioner_clear(&m->conditioner, b, dev);
    b->linear_free(dev, m->embed);
    b->linear_free(dev, m->head);
    b->free(dev, m->table);
    for (int i = 0; i < edt_variant_blocks(&m->v); i++) {
        Block *block = &m->blocks[i];
        b->linear_free(dev, block->qkv);
        b->linear_free(dev, block->proj);
        b->linear_free(dev, block->fc1);
        b->linear_free(dev, block->fc2);
        b->free(dev, block->bias);
    }
    for (int i = 0; i < 4; i++) {
        Joint *joint = i < 2 ? &m->down[i] : &m->up[i - 2];
        b->linear_free(dev, joint->linear);
        b->linear_free(dev, joint->expand);
        b->free(dev, joint->table);
    }
    for (int s = 0; s < EDT_STAGES; s++)
        b->free(dev, m->amm[s]);
    b->free(dev, m->memory);
    g_free(m->blocks);
    g_free(m);
}

const EdtVariant *edt_network_variant(const EdtNetwork *m)
{
    return &m->v;
}

void edt_network_set_amm(EdtNetwork *m, const EdtAmmPlan *plan)
{
    static const EdtAmmPlan off;
    plan = plan ? plan : &off;
    memcpy(m->amm_block, plan->block, sizeof m->amm_block);
    for (int s = 0; s < EDT_STAGES; s++) {
        int n = edt_variant_grid(&m->v, s);
        gsize bytes = (gsize)(2 * n - 1) * (gsize)(2 * n - 1) * sizeof(float);
        float *table = g_malloc0(bytes);
        if (n > 1)
            edt_amm_table(plan->matrix, n, table);
        m->backend->upload(m->dev, m->amm[s], table, bytes);
        g_free(table);
    }
}

void edt_network_set_probe(EdtNetwork *m, EdtProbe probe, gpointer user_data)
{
    m->probe = probe;
    m->probe_data = user_data;
}

/* ---- working memory ---- */

static int tokens(const EdtNetwork *m, int stage)
{
    int n = edt_variant_grid(&m->v, stage);
    return n * n;
}

static void carve(EdtNetwork *m, EdtArena *arena, int N)
{
    const EdtVariant *v = &m->v;
    gsize f32 = sizeof(float), act = edt_type_size(m->backend->act(m->dev)), widest = 0;
    gsize channels = (gsize)MAX(v->channels, v->out_channels);

    for (int s = 0; s < EDT_STAGES; s++)
        widest = MAX(widest, (gsize)tokens(m, s) * (gsize)v->dims[s]);
    widest *= (gsize)N;
    m->patches = edt_arena_take(arena, (gsize)N * (gsize)(v->latent_size * v->latent_size) *
                                           channels * f32);
    m->skip[0] = edt_arena_take(arena, (gsize)N * (gsize)tokens(m, 0) * (gsize)v->dims[0] * f32);
    m->skip[1] = edt_arena_take(arena, (gsize)N * (gsize)tokens(m, 1) * (gsize)v->dims[1] * f32);
    m->x = edt_arena_take(arena, widest * f32);
    m->y = edt_arena_take(arena, 2 * widest * act);
    m->wide = edt_arena_take(arena, MAX(4, (gsize)v->mlp_ratio) * widest * act);
    m->p = edt_arena_take(arena, widest * act);
    m->row = edt_arena_take(arena, (gsize)N * sizeof(int));
}

gsize edt_network_workspace(const EdtNetwork *m, int N, int R)
{
    EdtNetwork plan = *m;
    EdtArena arena = {0};
    carve(&plan, &arena, N);
    return arena.used + edt_conditioner_workspace(&m->conditioner, R);
}

static gboolean prepare_products(EdtNetwork *m, int N, GError **error)
{
    const EdtBackend *b = m->backend;
    gboolean done = b->linear_prepare(m->dev, m->embed, (gint64)N * tokens(m, 0), error) &&
                    b->linear_prepare(m->dev, m->head, (gint64)N * tokens(m, 0), error);
    for (int i = 0; done && i < edt_variant_blocks(&m->v); i++) {
        gint64 M = (gint64)N * tokens(m, edt_variant_stage_of_block(&m->v, i));
        Block *block = &m->blocks[i];
        done = b->linear_prepare(m->dev, block->qkv, M, error) &&
               b->linear_prepare(m->dev, block->proj, M, error) &&
               b->linear_prepare(m->dev, block->fc1, M, error) &&
               b->linear_prepare(m->dev, block->fc2, M, error);
    }
    for (int i = 0; done && i < 2; i++)
        done = b->linear_prepare(m->dev, m->down[i].linear, (gint64)N * tokens(m, i + 1), error) &&
               b->linear_prepare(m->dev, m->up[i].expand, (gint64)N * tokens(m, i + 2), error) &&
               b->linear_prepare(m->dev, m->up[i].linear, (gint64)N * tokens(m, i + 3), error);
    return done;
}

gboolean edt_network_prepare(EdtNetwork *m, int N, int R, GError **error)
{
    if (N > m->room) {
        EdtArena arena = {0};
        carve(m, &arena, N);
        m->backend->free(m->dev, m->memory);
        m->room = 0;
        m->memory = m->backend->alloc(m->dev, arena.used, error);
        if (m->memory == NULL)
            return FALSE;
        arena = (EdtArena){.base = m->memory};
        carve(m, &arena, N);
        m->room = N;
    }
    return prepare_products(m, N, error) &&
           edt_conditioner_prepare(&m->conditioner, m->backend, m->dev, R, error);
}

/* ---- forward ---- */

void edt_network_modulate(EdtNetwork *m, int R, const float *timestep, const int *label)
{
    edt_conditioner_run(&m->conditioner, m->backend, m->dev, R, timestep, label);
    if (m->probe)
        m->probe("c", m->conditioner.c, EDT_F32, R, m->v.dims[0], m->probe_data);
}

/* Tells the probe, under the reference's module name: group.i.part, group.i or group. */
static void station(EdtNetwork *m, const char *group, int i, const char *part, const void *data,
                    EdtType type, int rows, int D)
{
    char name[64];
    if (m->probe == NULL)
        return;
    if (i < 0)
        g_strlcpy(name, group, sizeof name);
    else
        g_snprintf(name, sizeof name, "%s.%d%s%s", group, i, part ? "." : "", part ? part : "");
    m->probe(name, data, type, rows, D, m->probe_data);
}

static EdtModulation modulation(const EdtNetwork *m, const EdtSite *site)
{
    return (EdtModulation){site->rows, site->columns, m->row};
}

/* What the row pass behind a stage's last block prepares. */
typedef enum { NEXT_NOTHING, NEXT_PLAIN, NEXT_FINAL } Next;

/* One block.  x_in: where the stream comes from (a skip, kept; or x itself).  On entry y is
 * norm-modulated for attention; on exit y is what `follow` (the next block) or `next` wants. */
static void run_block(EdtNetwork *m, int N, int i, int stage, const float *x_in,
                      const Block *follow, Next next)
{
    const EdtBackend *b = m->backend;
    const Block *block = &m->blocks[i];
    const int D = m->v.dims[stage], T = tokens(m, stage), H = m->v.heads[stage], d = D / H;
    const gint64 M = (gint64)N * T;
    EdtType act = b->act(m->dev);
    void *attended = (char *)m->wide + (gsize)(3 * M * D) * edt_type_size(act);
    EdtModulation own = modulation(m, &block->site);
    EdtModulation after = modulation(m, follow ? &follow->site : &m->final);

    b->linear(m->dev, block->qkv, M, m->y, m->wide);
    b->attention(m->dev, &(EdtAttention){
                             .N = N,
                             .T = T,
                             .H = H,
                             .d = d,
                             .n = edt_variant_grid(&m->v, stage),
                             .scale = (float)(1.0 / sqrt((double)d)),
                             .qkv = m->wide,
                             .out = attended,
                             .bias = block->bias,
                             .amm = m->amm_block[i] ? m->amm[stage] : NULL,
                         });
    b->linear(m->dev, block->proj, M, attended, m->p);
    station(m, "blocks", i, "attn", m->p, act, (int)M, D);
    b->update(m->dev, &(EdtRowUpdate){
                          .N = N,
                          .T = T,
                          .D = D,
                          .x_in = x_in,
                          .x = m->x,
                          .p = m->p,
                          .p_type = act,
                          .y = m->y,
                          .norm = TRUE,
                          .mod_p = own,
                          .gate = 2 * D,
                          .mod_y = own,
                          .shift = 3 * D,
                          .scale = 4 * D,
                      });
    b->linear(m->dev, block->fc1, M, m->y, m->wide);
    b->linear(m->dev, block->fc2, M, m->wide, m->p);
    station(m, "blocks", i, "mlp", m->p, act, (int)M, D);
    b->update(m->dev, &(EdtRowUpdate){
                          .N = N,
                          .T = T,
                          .D = D,
                          .x_in = m->x,
                          .x = m->x,
                          .p = m->p,
                          .p_type = act,
                          .y = follow || next != NEXT_NOTHING ? m->y : NULL,
                          .norm = follow != NULL || next == NEXT_FINAL,
                          .mod_p = own,
                          .gate = 5 * D,
                          .mod_y = after,
                          .shift = 0,
                          .scale = D,
                      });
    station(m, "blocks", i, NULL, m->x, EDT_F32, (int)M, D);
}

/* The stream of a stage begins: x = p + table, and y for the stage's first block. */
static void begin_stage(EdtNetwork *m, int N, int stage, int first, const void *p, EdtType p_type,
                        const float *table, float *x)
{
    int D = m->v.dims[stage];
    m->backend->update(m->dev, &(EdtRowUpdate){
                                   .N = N,
                                   .T = tokens(m, stage),
                                   .D = D,
                                   .x = x,
                                   .p = p,
                                   .p_type = p_type,
                                   .table = table,
                                   .y = m->y,
                                   .norm = TRUE,
                                   .gate = EDT_NO_COLUMN,
                                   .mod_y = modulation(m, &m->blocks[first].site),
                                   .shift = 0,
                                   .scale = D,
                               });
}

/* Blocks of one stage; x_in is the stage's input.  Returns the index of the next block. */
static int run_stage(EdtNetwork *m, int N, int stage, int first, const float *x_in)
{
    /* what leaves the stage: down reads x, up wants x as it is, the head wants it normed */
    Next next = stage < 2 ? NEXT_NOTHING : stage < EDT_STAGES - 1 ? NEXT_PLAIN : NEXT_FINAL;
    int last = first + m->v.depths[stage] - 1;
    for (int i = first; i <= last; i++)
        run_block(m, N, i, stage, i == first ? x_in : m->x, i < last ? &m->blocks[i + 1] : NULL,
                  next);
    return last + 1;
}

/* x of stage `stage` to the stream of the stage below, in `x`. */
static void run_down(EdtNetwork *m, int N, int stage, int first, float *x)
{
    const EdtBackend *b = m->backend;
    const Joint *down = &m->down[stage];
    int D = m->v.dims[stage];

    b->merge(m->dev, &(EdtMerge){
                         .N = N,
                         .n = edt_variant_grid(&m->v, stage),
                         .D = D,
                         .x = m->x,
                         .y = m->y,
                         .mod = modulation(m, &down->site),
                         .shift = 0,
                         .scale = 4 * D,
                     });
    b->linear(m->dev, down->linear, (gint64)N * tokens(m, stage + 1), m->y, m->p);
    begin_stage(m, N, stage + 1, first, m->p, b->act(m->dev), down->table, x);
    station(m, "down_blocks", stage, NULL, x, EDT_F32, N * tokens(m, stage + 1),
            m->v.dims[stage + 1]);
}

/* y of stage 2 + i and a skip to the stream of stage 3 + i. */
static void run_up(EdtNetwork *m, int N, int i, int first)
{
    const EdtBackend *b = m->backend;
    const Joint *up = &m->up[i];
    int stage = 3 + i, D = m->v.dims[stage];

    b->linear(m->dev, up->expand, (gint64)N * tokens(m, stage - 1), m->y, m->p);
    station(m, "up_blocks", i, NULL, m->p, b->act(m->dev), N * tokens(m, stage), D);
    b->split_concat(m->dev, &(EdtSplitConcat){
                                .N = N,
                                .n = edt_variant_grid(&m->v, stage),
                                .D = D,
                                .e = m->p,
                                .e_type = b->act(m->dev),
                                .skip = m->skip[1 - i], /* last in, first out */
                                .y = m->y,
                                .mod = modulation(m, &up->site),
                                .shift = 0,
                                .scale = 2 * D,
                            });
    b->linear(m->dev, up->linear, (gint64)N * tokens(m, stage), m->y, m->p);
    begin_stage(m, N, stage, first, m->p, b->act(m->dev), up->table, m->x);
    station(m, "concat_blocks", i, NULL, m->x, EDT_F32, N * tokens(m, stage), D);
}

static void run_forward(EdtNetwork *m, int N, const float *x, float *out)
{
    const EdtBackend *b = m->backend;
    const EdtVariant *v = &m->v;
    gint64 M = (gint64)N * tokens(m, 0);
    int next = 0;

    b->patchify(m->dev, N, v->channels, v->latent_size, v->patch, x, m->patches);
    b->linear(m->dev, m->embed, M, m->patches, m->x);
    begin_stage(m, N, 0, 0, m->x, EDT_F32, m->table, m->skip[0]);
    station(m, "x_embed_plus_pos", -1, NULL, m->skip[0], EDT_F32, (int)M, v->dims[0]);

    next = run_stage(m, N, 0, next, m->skip[0]);
    run_down(m, N, 0, next, m->skip[1]);
    next = run_stage(m, N, 1, next, m->skip[1]);
    run_down(m, N, 1, next, m->x);
    next = run_stage(m, N, 2, next, m->x);
    run_up(m, N, 0, next);
    next = run_stage(m, N, 3, next, m->x);
    run_up(m, N, 1, next);
    run_stage(m, N, 4, next, m->x);

    b->linear(m->dev, m->head, M, m->y, m->patches);
    station(m, "final_layer", -1, NULL, m->patches, EDT_F32, (int)M,
            v->patch * v->patch * v->out_channels);
    b->unpatchify(m->dev, N, v->out_channels, v->latent_size, v->patch, m->patches, out);
}

/* What a forward's operations depend on beside the contents of memory (backend.h, step_begin). */
typedef struct {
    const void *model, *memory, *rows, *x, *out;
    int N, room;
    gboolean amm_block[EDT_BLOCKS_MAX];
    EdtNetworkTail tail;
} StepKey;

static StepKey step_key(const EdtNetwork *m, int N, const float *x, const float *out,
                        const EdtNetworkTail *tail)
{
    StepKey key;
    memset(&key, 0, sizeof key); /* padding too: the key is compared byte by byte */
    key.model = m;
    key.memory = m->memory;
    key.rows = m->conditioner.memory;
    key.x = x;
    key.out = out;
    key.N = N;
    key.room = m->room;
    memcpy(key.amm_block, m->amm_block, sizeof key.amm_block);
    if (tail)
        memcpy(&key.tail, tail, sizeof key.tail);
    return key;
}

static void run_tail(EdtNetwork *m, int N, float *out, const EdtNetworkTail *tail)
{
    const EdtVariant *v = &m->v;

    if (tail->guided)
        m->backend->guide(m->dev, N, v->out_channels, tail->guided,
                          v->latent_size * v->latent_size, tail->guidance, out);
    m->backend->advance(m->dev, &tail->sampler);
}

static void step(EdtNetwork *m, int N, const float *x, const int *row, float *out,
                 const EdtNetworkTail *tail)
{
    const EdtBackend *b = m->backend;
    const StepKey key = step_key(m, N, x, out, tail);
    const gboolean record = b->step_begin && m->probe == NULL;

    b->upload(m->dev, m->row, row, (gsize)N * sizeof(int));
    if (record && b->step_begin(m->dev, &key, sizeof key))
        return;
    run_forward(m, N, x, out);
    if (tail)
        run_tail(m, N, out, tail);
    if (record)
        b->step_end(m->dev);
}

void edt_network_forward(EdtNetwork *m, int N, const float *x, const int *row, float *out)
{
    step(m, N, x, row, out, NULL);
}

void edt_network_step(EdtNetwork *m, int N, const int *row, float *out, const EdtNetworkTail *tail)
{
    step(m, N, tail->sampler.x, row, out, tail);
}
