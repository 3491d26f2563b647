/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network on a device: its parts are loaded and given back here, its working memory is planned.
 * What a forward does is walk.c's.
 */
#include "network/network.h"
#include "network/walk.h"

struct EdtNetwork {
    EdtStream stream;
    EdtParts parts;
    EdtConditioner conditioner;
    int room; /* samples that there is working memory for */
    void *memory;
};

/* ---- loading ---- */

static gboolean load_block(EdtNetwork *m, EdtLoader *l, int i, int stage)
{
    EdtBlock *block = &m->parts.blocks[i];
    int D = m->parts.v.dims[stage], hidden = D * m->parts.v.mlp_ratio;
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
    block->bias = edt_load_bias_windows(l, name, edt_variant_grid(&m->parts.v, stage),
                                        m->parts.v.heads[stage]);
    if (block->bias == NULL)
        return FALSE;
    block->number = i;
    g_snprintf(name, sizeof name, "blocks.%d", i);
    return edt_conditioner_site(&m->conditioner, l, &block->site, name, 6 * D);
}

static gboolean load_joint(EdtNetwork *m, EdtLoader *l, EdtJoint *joint, const char *prefix,
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
    const EdtVariant *v = &m->parts.v;
    EdtType act = l->backend->act(l->dev);
    char name[64];

    for (int i = 0; i < 2; i++) { /* down i: stage i to i + 1, no bias */
        g_snprintf(name, sizeof name, "down_blocks.%d", i);
        if (!load_joint(m, l, &m->parts.joint[i + 1], name, "reduction", FALSE, 8 * v->dims[i],
                        v->dims[i + 1], 4 * v->dims[i], edt_variant_grid(v, i + 1)))
            return FALSE;
    }
    for (int i = 0; i < 2; i++) { /* up i and concat i: stage 2 + i to 3 + i */
        int D = v->dims[3 + i];
        g_snprintf(name, sizeof name, "concat_blocks.%d", i);
        if (!load_joint(m, l, &m->parts.joint[i + 3], name, "cat", TRUE, 4 * D, D, 2 * D,
                        edt_variant_grid(v, 3 + i)))
            return FALSE;
        g_snprintf(name, sizeof name, "up_blocks.%d.expand", i);
        m->parts.joint[i + 3].expand =
            edt_load_linear(l, name, 4 * D, v->dims[2 + i], FALSE, EDT_EPILOGUE_NONE, act, act);
        if (m->parts.joint[i + 3].expand == NULL)
            return FALSE;
    }
    return TRUE;
}

static gboolean load_ends(EdtNetwork *m, EdtLoader *l)
{
    const EdtVariant *v = &m->parts.v;
    int D = v->dims[0], area = v->patch * v->patch, T = v->grid * v->grid;

    /* the first layer carries the picture itself: f32, and cheap */
    m->parts.embed = edt_load_linear(l, "x_embedder.proj", D, v->channels * area, TRUE,
                                     EDT_EPILOGUE_NONE, EDT_F32, EDT_F32);
    if (m->parts.embed == NULL)
        return FALSE;
    m->parts.table = edt_load_table(l, "pos_embed", 3, (gint64[]){1, T, D});
    if (m->parts.table == NULL)
        return FALSE;
    m->parts.head = edt_load_linear(l, "final_layer.linear", v->out_channels * area, D, TRUE,
                                    EDT_EPILOGUE_NONE, l->backend->act(l->dev), EDT_F32);
    return m->parts.head &&
           edt_conditioner_site(&m->conditioner, l, &m->parts.final, "final_layer", 2 * D);
}

static gboolean load(EdtNetwork *m, EdtLoader *l)
{
    const EdtVariant *v = &m->parts.v;
    gboolean ok = edt_conditioner_load(&m->conditioner, l, v) && load_ends(m, l) &&
                  load_joints(m, l) &&
                  edt_amm_tables_load(&m->parts.amm, l->backend, l->dev, v, l->error);

    for (int i = 0; ok && i < edt_variant_blocks(v); i++)
        ok = load_block(m, l, i, edt_variant_stage_of_block(v, i));
    return ok;
}

EdtNetwork *edt_network_new(const EdtBackend *backend, EdtDevice *dev, const EdtVariant *variant,
                            EdtTensorSource *source, GError **error)
{
    EdtLoader loader = {backend, dev, source, error};
    EdtNetwork *m = g_new0(EdtNetwork, 1);

    m->stream = (EdtStream){.backend = backend, .dev = dev, .act = backend->act(dev)};
    m->parts.v = *variant;
    m->parts.blocks = g_new0(EdtBlock, edt_variant_blocks(variant));
    if (load(m, &loader))
        return m;
    edt_network_free(m);
    return NULL;
}

void edt_network_free(EdtNetwork *m)
{
    if (!m)
        return;
    const EdtBackend *b = m->stream.backend;
    EdtDevice *dev = m->stream.dev;
    EdtParts *parts = &m->parts;
    edt_conditioner_clear(&m->conditioner, b, dev);
    b->linear_free(dev, parts->embed);
    b->linear_free(dev, parts->head);
    b->free(dev, parts->table);
    for (int i = 0; i < edt_variant_blocks(&parts->v); i++) {
        EdtBlock *block = &parts->blocks[i];
        b->linear_free(dev, block->qkv);
        b->linear_free(dev, block->proj);
        b->linear_free(dev, block->fc1);
        b->linear_free(dev, block->fc2);
        b->free(dev, block->bias);
    }
    for (int i = 0; i < EDT_STAGES; i++) {
        b->linear_free(dev, parts->joint[i].linear);
        b->linear_free(dev, parts->joint[i].expand);
        b->free(dev, parts->joint[i].table);
    }
    b->free(dev, parts->amm.memory);
    b->free(dev, m->memory);
    g_free(parts->blocks);
    g_free(m);
}

const EdtVariant *edt_network_variant(const EdtNetwork *m)
{
    return &m->parts.v;
}

void edt_network_set_probe(EdtNetwork *m, EdtProbe probe, gpointer user_data)
{
    m->stream.probe = probe;
    m->stream.probe_data = user_data;
}

/* ---- working memory ---- */

static void carve(EdtStream *stream, EdtParts *parts, EdtArena *arena, int N)
{
    edt_walk_carve(parts, arena, N);
    edt_stream_carve(stream, arena, &parts->v, N);
}

gsize edt_network_workspace(const EdtNetwork *m, int N, int R)
{
    EdtStream stream = m->stream;
    EdtParts parts = m->parts;
    EdtArena arena = {0};

    carve(&stream, &parts, &arena, N);
    return arena.used + edt_conditioner_workspace(&m->conditioner, R);
}

static gboolean prepare_product(EdtNetwork *m, EdtLinear *linear, int N, int stage, GError **error)
{
    const EdtStream *s = &m->stream;
    const int T = edt_variant_stage(&m->parts.v, stage).T;

    return !linear || s->backend->linear_prepare(s->dev, linear, (gint64)N * T, error);
}

static gboolean prepare_products(EdtNetwork *m, int N, GError **error)
{
    EdtParts *parts = &m->parts;
    gboolean ok = prepare_product(m, parts->embed, N, 0, error) &&
                  prepare_product(m, parts->head, N, 0, error);

    for (int i = 0; ok && i < edt_variant_blocks(&parts->v); i++) {
        const EdtBlock *block = &parts->blocks[i];
        const int stage = edt_variant_stage_of_block(&parts->v, i);
        ok = prepare_product(m, block->qkv, N, stage, error) &&
             prepare_product(m, block->proj, N, stage, error) &&
             prepare_product(m, block->fc1, N, stage, error) &&
             prepare_product(m, block->fc2, N, stage, error);
    }
    for (int i = 1; ok && i < edt_variant_stages(&parts->v); i++)
        ok = prepare_product(m, parts->joint[i].expand, N, i - 1, error) &&
             prepare_product(m, parts->joint[i].linear, N, i, error);
    return ok;
}

gboolean edt_network_prepare(EdtNetwork *m, int N, int R, GError **error)
{
    EdtStream *s = &m->stream;

    if (N > m->room) {
        EdtArena arena = {0};
        carve(s, &m->parts, &arena, N);
        s->backend->free(s->dev, m->memory);
        m->room = 0;
        m->memory = s->backend->alloc(s->dev, arena.used, error);
        if (!m->memory)
            return FALSE;
        arena = (EdtArena){.base = m->memory};
        carve(s, &m->parts, &arena, N);
        m->room = N;
    }
    return prepare_products(m, N, error) &&
           edt_conditioner_prepare(&m->conditioner, s->backend, s->dev, R, error);
}

/* ---- work ---- */

void edt_network_modulate(EdtNetwork *m, int R, const float *timestep, const int *label,
                          const int *style)
{
    const EdtStream *s = &m->stream;

    edt_conditioner_run(&m->conditioner, s->backend, s->dev, R, timestep, label, style);
    if (s->probe)
        s->probe("c", m->conditioner.c, EDT_F32, R, m->parts.v.dims[0], s->probe_data);
}

void edt_network_forward(EdtNetwork *m, int N, const float *x, const int *row,
                         const EdtAmmPlan *amm, float *out)
{
    m->stream.N = N;
    m->stream.row = row;
    edt_walk_run(&m->parts, &m->stream, x, amm, out);
}

EdtNetworkKey edt_network_key(const EdtNetwork *m)
{
    return (EdtNetworkKey){m, m->memory, m->conditioner.memory, (gsize)m->room};
}
