/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See parts.h.
 */
#include "network/parts.h"

/* ---- the array ---- */

static void count(const EdtLayer *layer, gpointer user_data)
{
    *(int *)user_data += !layer->training;
}

static EdtGroup *owner_of(EdtParts *parts, const EdtLayer *layer)
{
    switch (layer->owner) {
    case EDT_OWNER_ENDS:
    case EDT_OWNER_SIDE:
        break;
    case EDT_OWNER_BLOCK:
        return &parts->blocks[layer->index];
    case EDT_OWNER_JOINT:
        return &parts->joint[layer->index];
    }
    return &parts->ends;
}

static void place(const EdtLayer *layer, gpointer user_data)
{
    EdtParts *parts = user_data;

    if (layer->training)
        return;
    EdtWeight *weight = &parts->weights[parts->n_weights++];
    weight->layer = *layer;
    owner_of(parts, layer)->part[layer->part] = weight;
}

void edt_parts_plan(EdtParts *parts, const EdtVariant *v)
{
    int n = 0;

    *parts = (EdtParts){.v = *v};
    edt_layers(v, count, &n);
    parts->weights = g_new0(EdtWeight, n);
    parts->blocks = g_new0(EdtGroup, edt_variant_blocks(v));
    edt_layers(v, place, parts);
}

/* ---- on a device ---- */

/* From the windows of the backend (EdtAttention) to the reference's table: its row is
 * (qy-ky+n-1)(2n-1) + qx-kx+n-1, a column a head; ours go by head, and mirror x.  Rows that are
 * never used stay behind. */
static gsize in_windows(gsize i, gconstpointer data)
{
    const EdtLayer *layer = data;
    const gsize side = (gsize)layer->side, H = (gsize)layer->N;
    const gsize head = i / (side * side), y = i / side % side, x = i % side;

    return head < H ? (y * side + side - 1 - x) * H + head : i;
}

static gboolean load(EdtWeight *weight, EdtLoader *l)
{
    const EdtLayer *layer = &weight->layer;
    const EdtType act = l->backend->act(l->dev);
    gint64 shape[EDT_RANK_MAX];
    const int rank = edt_layer_shape(layer, shape);

    if (edt_layer_is_linear(layer))
        weight->linear = edt_load_linear(l, layer->name, rank, shape, layer->bias,
                                         (EdtLinearSpec){
                                             .K = layer->K,
                                             .N = layer->N,
                                             .epilogue = layer->epilogue,
                                             .x_type = layer->x_act ? act : EDT_F32,
                                             .y_type = layer->y_act ? act : EDT_F32,
                                             .inner = layer->inner,
                                         });
    else if (layer->kind == EDT_LAYER_WINDOWS)
        weight->table = edt_load_reordered(l, layer->name, rank, shape, in_windows, layer);
    else
        weight->table = edt_load_table(l, layer->name, rank, shape);
    return weight->linear || weight->table;
}

gboolean edt_parts_load(EdtParts *parts, EdtLoader *l)
{
    gboolean ok = edt_amm_tables_load(&parts->amm, l->backend, l->dev, &parts->v, l->error);

    for (int i = 0; ok && i < parts->n_weights; i++)
        ok = load(&parts->weights[i], l);
    return ok;
}

void edt_parts_clear(EdtParts *parts, const EdtBackend *backend, EdtDevice *dev)
{
    for (int i = 0; backend && i < parts->n_weights; i++) {
        backend->linear_free(dev, parts->weights[i].linear);
        backend->free(dev, parts->weights[i].table);
    }
    if (backend)
        backend->free(dev, parts->amm.memory);
    g_free(parts->weights);
    g_free(parts->blocks);
    *parts = (EdtParts){0};
}

gboolean edt_parts_prepare(const EdtParts *parts, const EdtBackend *backend, EdtDevice *dev, int N,
                           int R, GError **error)
{
    gboolean ok = TRUE;

    for (int i = 0; ok && i < parts->n_weights; i++) {
        const EdtWeight *weight = &parts->weights[i];
        const int samples = weight->layer.stage < 0 ? R : N;
        if (weight->linear)
            ok = backend->linear_prepare(dev, weight->linear, (gint64)samples * weight->layer.T,
                                         error);
    }
    return ok;
}
