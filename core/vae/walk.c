/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operations of a walk, each for every purpose; see walk.h.  Next: walk_kl.c, walk_small.c.
 */
#include "vae/walk.h"

#include <math.h>

static void *slot(const EdtVaeWalk *walk, EdtVaeSlot part)
{
    return walk->vae->slots[walk->order[part]];
}

static void need(EdtVaeWalk *walk, EdtVaeSlot part, int channels, EdtType type)
{
    gsize bytes = (gsize)walk->h * (gsize)walk->w * (gsize)channels * edt_type_size(type);
    gsize *most = &walk->need[walk->order[part]];
    *most = MAX(*most, bytes);
}

void edt_vae_swap(EdtVaeWalk *walk, EdtVaeSlot with)
{
    int x = walk->order[EDT_VAE_X];
    walk->order[EDT_VAE_X] = walk->order[with];
    walk->order[with] = x;
}

void edt_vae_place(EdtVaeWalk *walk, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_vsnprintf(walk->place, sizeof walk->place, format, args);
    va_end(args);
}

/* The layer of this operation: a new one while loading. */
static EdtVaeLayer *take_layer(EdtVaeWalk *walk)
{
    if (walk->purpose == EDT_VAE_LOAD)
        g_array_set_size(walk->layers, walk->at + 1);
    return &g_array_index(walk->layers, EdtVaeLayer, walk->at++);
}

/* ---- names ---- */

static void tell(EdtVaeWalk *walk, const char *name, const char *suffix, int rank,
                 const gint64 *shape)
{
    g_autofree char *full = g_strconcat(walk->place, name, suffix, NULL);
    walk->each(full, rank, shape, walk->user_data);
}

static void tell_conv(EdtVaeWalk *walk, const EdtVaeConv *c)
{
    tell(walk, c->name, ".weight", 4, (gint64[]){c->C_out, c->C_in, c->kernel, c->kernel});
    if (!c->unbiased)
        tell(walk, c->name, ".bias", 1, (gint64[]){c->C_out});
}

static void tell_norm(EdtVaeWalk *walk, const char *name, int C)
{
    tell(walk, name, ".weight", 1, (gint64[]){C});
    tell(walk, name, ".bias", 1, (gint64[]){C});
}

static void tell_attention(EdtVaeWalk *walk, int C)
{
    static const char *const names[] = {"to_q", "to_k", "to_v", "to_out.0"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        tell(walk, names[i], ".weight", 2, (gint64[]){C, C});
        tell(walk, names[i], ".bias", 1, (gint64[]){C});
    }
}

/* ---- convolution ---- */

static void resize(EdtVaeWalk *walk, const EdtVaeConv *c)
{
    walk->h = c->halves ? walk->h / 2 : c->upsample ? walk->h * 2 : walk->h;
    walk->w = c->halves ? walk->w / 2 : c->upsample ? walk->w * 2 : walk->w;
}

/* Of an h x w picture, which is resized by now. */
static void measure_conv(EdtVaeWalk *walk, const EdtVaeConv *c, int h, int w, EdtVaeSlot to)
{
    const EdtConvSpec spec = edt_vae_conv_spec(c);
    walk->room = MAX(walk->room, edt_backend_host()->conv_room(&spec, 1, h, w));
    need(walk, to, c->C_out, c->y_type);
    walk->macs += (guint64)walk->h * (guint64)walk->w * (guint64)(c->kernel * c->kernel) *
                  (guint64)c->C_in * (guint64)c->C_out;
}

void edt_vae_conv(EdtVaeWalk *walk, const EdtVaeConv *c, EdtVaeSlot from, EdtVaeSlot to)
{
    const EdtVae *vae = walk->vae;
    int h = walk->h, w = walk->w;

    resize(walk, c);
    switch (walk->purpose) {
    case EDT_VAE_NAME:
        tell_conv(walk, c);
        break;
    case EDT_VAE_LOAD:
        walk->ok = walk->ok && edt_vae_load_conv(walk, c, take_layer(walk));
        break;
    case EDT_VAE_MEASURE:
        measure_conv(walk, c, h, w, to);
        break;
    case EDT_VAE_PREPARE:
        walk->ok = walk->ok && vae->backend->conv_prepare(vae->dev, take_layer(walk)->conv, 1, h, w,
                                                          walk->error);
        break;
    case EDT_VAE_RUN:
        vae->backend->conv(vae->dev, take_layer(walk)->conv, 1, h, w, slot(walk, from),
                           slot(walk, to));
        break;
    }
}

/* ---- norm ---- */

static void run_norm(EdtVaeWalk *walk, const EdtVaeLayer *layer, const EdtConv *reader, int C,
                     int groups, gboolean silu, EdtVaeSlot from, EdtVaeSlot to, EdtType y_type)
{
    const EdtVae *vae = walk->vae;
    vae->backend->group_norm(vae->dev,
                             &(EdtGroupNorm){
                                 .N = 1,
                                 .hw = walk->h * walk->w,
                                 .C = C,
                                 .groups = groups,
                                 .planes = reader ? vae->backend->conv_planes(vae->dev, reader) : 1,
                                 .x = slot(walk, from),
                                 .x_type = EDT_F32,
                                 .y = slot(walk, to),
                                 .y_type = y_type,
                                 .weight = layer->weight,
                                 .bias = layer->bias,
                                 .silu = silu,
                             });
}

void edt_vae_norm(EdtVaeWalk *walk, const char *name, int C, int groups, gboolean silu, int ahead,
                  EdtVaeSlot from, EdtVaeSlot to, EdtType y_type)
{
    EdtVaeLayer *layer;

    switch (walk->purpose) {
    case EDT_VAE_NAME:
        tell_norm(walk, name, C);
        break;
    case EDT_VAE_LOAD:
        walk->ok = walk->ok && edt_vae_load_norm(walk, name, C, groups, take_layer(walk));
        break;
    case EDT_VAE_MEASURE:
        need(walk, to, C, y_type);
        break;
    case EDT_VAE_PREPARE:
        take_layer(walk);
        break;
    case EDT_VAE_RUN:
        layer = take_layer(walk);
        run_norm(walk, layer, layer[ahead].conv, C, groups, silu, from, to, y_type);
        break;
    }
}

/* ---- attention ---- */

static EdtAttention attention_of(const EdtVaeWalk *walk, int C)
{
    return (EdtAttention){
        .N = 1, .T = walk->h * walk->w, .H = 1, .d = C, .scale = 1.0f / sqrtf((float)C)};
}

static void measure_attention(EdtVaeWalk *walk, int C)
{
    const EdtAttention op = attention_of(walk, C);
    const guint64 T = (guint64)op.T, D = (guint64)C;
    walk->room = MAX(walk->room, edt_backend_host()->attention_room(&op, walk->act));
    need(walk, EDT_VAE_BETWEEN, 3 * C, walk->act); /* q, k, v */
    need(walk, EDT_VAE_BETWEEN, C, EDT_F32);       /* what is added to x */
    walk->macs += T * D * 4 * D + 2 * T * T * D;
}

static void run_attention(EdtVaeWalk *walk, const EdtVaeLayer *layer, int C)
{
    const EdtVae *vae = walk->vae;
    int T = walk->h * walk->w;
    EdtAttention op = attention_of(walk, C);
    op.qkv = slot(walk, EDT_VAE_BETWEEN);
    op.out = slot(walk, EDT_VAE_BESIDE);
    vae->backend->linear(vae->dev, layer->qkv, T, slot(walk, EDT_VAE_BESIDE),
                         slot(walk, EDT_VAE_BETWEEN));
    vae->backend->attention(vae->dev, &op);
    vae->backend->linear(vae->dev, layer->out, T, slot(walk, EDT_VAE_BESIDE),
                         slot(walk, EDT_VAE_BETWEEN));
    vae->backend->add(vae->dev, (gint64)T * C, slot(walk, EDT_VAE_X), slot(walk, EDT_VAE_BETWEEN),
                      EDT_F32);
}

static gboolean prepare_attention(EdtVaeWalk *walk, const EdtVaeLayer *layer)
{
    const EdtVae *vae = walk->vae;
    gint64 T = (gint64)walk->h * walk->w;
    return vae->backend->linear_prepare(vae->dev, layer->qkv, T, walk->error) &&
           vae->backend->linear_prepare(vae->dev, layer->out, T, walk->error);
}

void edt_vae_attention(EdtVaeWalk *walk, int C)
{
    switch (walk->purpose) {
    case EDT_VAE_NAME:
        tell_attention(walk, C);
        break;
    case EDT_VAE_LOAD:
        walk->ok = walk->ok && edt_vae_load_attention(walk, C, take_layer(walk));
        break;
    case EDT_VAE_MEASURE:
        measure_attention(walk, C);
        break;
    case EDT_VAE_PREPARE:
        walk->ok = walk->ok && prepare_attention(walk, take_layer(walk));
        break;
    case EDT_VAE_RUN:
        run_attention(walk, take_layer(walk), C);
        break;
    }
}

/* ---- types and ends ---- */

EdtVaeSlot edt_vae_cast(EdtVaeWalk *walk, int C, EdtType from, EdtType to)
{
    const EdtVae *vae = walk->vae;
    if (from == to)
        return EDT_VAE_X;
    if (walk->purpose == EDT_VAE_MEASURE)
        need(walk, EDT_VAE_BETWEEN, C, to);
    else if (walk->purpose == EDT_VAE_RUN)
        vae->backend->convert(vae->dev, (gint64)walk->h * walk->w * C, slot(walk, EDT_VAE_X), from,
                              slot(walk, EDT_VAE_BETWEEN), to);
    return EDT_VAE_BETWEEN;
}

void edt_vae_enter(EdtVaeWalk *walk, int C, EdtType type)
{
    const EdtVae *vae = walk->vae;
    int hw = walk->h * walk->w;
    if (walk->purpose == EDT_VAE_MEASURE) {
        need(walk, EDT_VAE_BETWEEN, C, EDT_F32);
        need(walk, EDT_VAE_X, C, type);
    }
    if (walk->purpose != EDT_VAE_RUN)
        return;
    vae->backend->upload(vae->dev, slot(walk, EDT_VAE_BETWEEN), walk->in,
                         (gsize)C * (gsize)hw * sizeof(float));
    vae->backend->to_nhwc(vae->dev, 1, C, hw, slot(walk, EDT_VAE_BETWEEN), slot(walk, EDT_VAE_X),
                          type);
}

void edt_vae_leave(EdtVaeWalk *walk, int C, int n)
{
    const EdtVae *vae = walk->vae;
    const gsize count = (gsize)C * (gsize)walk->h * (gsize)walk->w;
    if (walk->purpose == EDT_VAE_MEASURE)
        need(walk, EDT_VAE_BETWEEN, n * C, EDT_F32);
    if (walk->purpose != EDT_VAE_RUN)
        return;
    vae->backend->to_nchw(vae->dev, 1, n * C, walk->h * walk->w, slot(walk, EDT_VAE_BESIDE),
                          EDT_F32, slot(walk, EDT_VAE_BETWEEN));
    for (int i = 0; i < n; i++)
        vae->backend->download(vae->dev, walk->out[i],
                               (const float *)slot(walk, EDT_VAE_BETWEEN) + (gsize)i * count,
                               count * sizeof(float));
}
