/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network on a device: its parts, and the working memory that successive forwards share.  What a
 * forward does is walk.c's.
 */
#include "network/network.h"
#include "network/block.h"
#include "network/condition.h"
#include "network/walk.h"

struct EdtNetwork {
    EdtParts parts;
    EdtConditioner conditioner;
    EdtStream stream;
    EdtWalk walk;
    int room; /* samples that there is working memory for */
    void *memory;
};

EdtNetwork *edt_network_new(const EdtBackend *backend, EdtDevice *dev, const EdtVariant *variant,
                            EdtTensorSource *source, GError **error)
{
    EdtLoader loader = {backend, dev, source, error};
    EdtNetwork *m = g_new0(EdtNetwork, 1);

    m->stream = (EdtStream){.backend = backend, .dev = dev, .act = backend->act(dev)};
    edt_parts_plan(&m->parts, variant);
    if (edt_parts_load(&m->parts, &loader))
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
    edt_conditioner_clear(&m->conditioner, b, dev);
    edt_parts_clear(&m->parts, b, dev);
    b->free(dev, m->memory);
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

static void carve(EdtNetwork *m, EdtArena *arena, int N)
{
    edt_walk_carve(&m->walk, arena, &m->parts.v, m->stream.act, N);
    edt_stream_carve(&m->stream, arena, &m->parts.v, N);
}

/* The same carving as below, of a network without a device. */
gsize edt_network_workspace(const EdtVariant *v, EdtType act, int N, int R)
{
    EdtNetwork plan = {.stream.act = act};
    EdtArena arena = {0};

    edt_parts_plan(&plan.parts, v);
    carve(&plan, &arena, N);
    edt_conditioner_carve(&plan.conditioner, &plan.parts, &arena, R);
    edt_parts_clear(&plan.parts, NULL, NULL);
    return arena.used;
}

gsize edt_network_room(const EdtVariant *v, EdtType act, int N)
{
    gsize most = 0;

    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage stage = edt_variant_stage(v, i);
        const EdtAttention op = edt_block_attention(&stage, N);
        most = MAX(most, edt_backend_host()->attention_room(&op, act));
    }
    return most;
}

static gboolean make_room(EdtNetwork *m, int N, GError **error)
{
    const EdtStream *s = &m->stream;
    EdtArena arena = {0};

    if (N <= m->room)
        return TRUE;
    carve(m, &arena, N);
    s->backend->free(s->dev, m->memory);
    m->room = 0;
    m->memory = s->backend->alloc(s->dev, arena.used, error);
    if (!m->memory)
        return FALSE;
    arena = (EdtArena){.base = m->memory};
    carve(m, &arena, N);
    m->room = N;
    return TRUE;
}

gboolean edt_network_prepare(EdtNetwork *m, int N, int R, GError **error)
{
    const EdtStream *s = &m->stream;

    return make_room(m, N, error) &&
           edt_conditioner_prepare(&m->conditioner, &m->parts, s->backend, s->dev, R, error) &&
           edt_parts_prepare(&m->parts, s->backend, s->dev, N, R, error);
}

/* ---- work ---- */

void edt_network_modulate(EdtNetwork *m, int R, const float *timestep, const int *label,
                          const int *style)
{
    const EdtStream *s = &m->stream;

    edt_conditioner_run(&m->conditioner, &m->parts, s->backend, s->dev, R, timestep, label, style);
    if (s->probe)
        s->probe("c", m->conditioner.c, EDT_F32, R, edt_variant_stage(&m->parts.v, 0).D,
                 s->probe_data);
}

void edt_network_forward(EdtNetwork *m, int N, const float *x, const int *row,
                         const EdtAmmPlan *amm, gboolean reuses, float *out)
{
    m->stream.N = N;
    m->stream.row = row;
    edt_walk_run(&m->walk, &m->parts, &m->stream, x, amm, reuses, out);
}

EdtNetworkKey edt_network_key(const EdtNetwork *m)
{
    return (EdtNetworkKey){m, m->memory, m->conditioner.memory, (gsize)m->room};
}
