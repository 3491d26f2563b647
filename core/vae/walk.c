/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way through decoder and encoder, operation by operation (diffusers' AutoencoderKL).  One walk
 * serves three purposes: to measure the memory it takes, to prepare shapes, and to run; so they
 * cannot disagree.  Called from vae.c.
 */
#include "vae/coder.h"

#include <math.h>

/* ---- operations ---- */

static void *slot(const EdtVaeWalk *walk, EdtVaeSlot part)
{
    return walk->vae->slots[walk->order[part]];
}

static void need(EdtVaeWalk *walk, EdtVaeSlot part, gsize channels, EdtType type)
{
    gsize bytes = (gsize)walk->h * (gsize)walk->w * channels * edt_type_size(type);
    gsize *most = &walk->need[walk->order[part]];
    *most = MAX(*most, bytes);
}

/* What a slot holds becomes the picture. */
static void swap(EdtVaeWalk *walk, EdtVaeSlot with)
{
    int x = walk->order[EDT_VAE_X];
    walk->order[EDT_VAE_X] = walk->order[with];
    walk->order[with] = x;
}

static void conv(EdtVaeWalk *walk, const EdtVaeConv *c, EdtVaeSlot from, EdtVaeSlot to)
{
    const EdtVae *vae = walk->vae;
    int h = walk->h, w = walk->w;

    if (c->stride == 2) {
        walk->h /= 2;
        walk->w /= 2;
    } else if (c->upsample) {
        walk->h *= 2;
        walk->w *= 2;
    }
    if (walk->purpose == EDT_VAE_MEASURE) {
        need(walk, to, (gsize)c->C_out, EDT_F32);
        walk->macs += (guint64)walk->h * (guint64)walk->w * (guint64)(c->kernel * c->kernel) *
                      (guint64)c->C_in * (guint64)c->C_out;
    } else if (walk->purpose == EDT_VAE_PREPARE) {
        walk->ok = walk->ok &&
                   vae->backend->conv_prepare(vae->dev, c->conv, 1, h, w, walk->error);
    } else {
        vae->backend->conv(vae->dev, c->conv, 1, h, w, slot(walk, from), slot(walk, to));
    }
}

/* What convolutions put out is f32 in every precision: x is added to some twenty times, and bf16
 * would round it each time. */
static void norm(EdtVaeWalk *walk, const EdtVaeNorm *n, EdtVaeSlot from, EdtVaeSlot to,
                 gboolean silu, const EdtVaeConv *next)
{
    const EdtVae *vae = walk->vae;
    EdtType y_type = next ? next->x_type : vae->act;
    if (walk->purpose == EDT_VAE_MEASURE)
        need(walk, to, (gsize)n->C, y_type);
    if (walk->purpose != EDT_VAE_RUN)
        return;
    vae->backend->group_norm(vae->dev, &(EdtGroupNorm){
                                           .N = 1, .hw = walk->h * walk->w, .C = n->C,
                                           .groups = EDT_VAE_GROUPS,
                                           .planes = next ? vae->backend->conv_planes(
                                                                vae->dev, next->conv)
                                                          : 1,
                                           .x = slot(walk, from),
                                           .x_type = EDT_F32,
                                           .y = slot(walk, to), .y_type = y_type,
                                           .weight = n->weight, .bias = n->bias, .silu = silu,
                                       });
}

/* The picture of C channels as act, for a product that reads it directly: x itself in f32, else a
 * copy in `between`. */
static EdtVaeSlot narrow(EdtVaeWalk *walk, int C)
{
    const EdtVae *vae = walk->vae;
    if (vae->act == EDT_F32)
        return EDT_VAE_X;
    if (walk->purpose == EDT_VAE_MEASURE)
        need(walk, EDT_VAE_BETWEEN, (gsize)C, vae->act);
    else if (walk->purpose == EDT_VAE_RUN)
        vae->backend->convert(vae->dev, (gint64)walk->h * walk->w * C, slot(walk, EDT_VAE_X),
                              EDT_F32, slot(walk, EDT_VAE_BETWEEN), vae->act);
    return EDT_VAE_BETWEEN;
}

static void linear(EdtVaeWalk *walk, EdtLinear *l, int K, int N, EdtVaeSlot from, EdtVaeSlot to,
                   EdtType y_type)
{
    const EdtVae *vae = walk->vae;
    gint64 M = (gint64)walk->h * walk->w;
    if (walk->purpose == EDT_VAE_MEASURE) {
        need(walk, to, (gsize)N, y_type);
        walk->macs += (guint64)M * (guint64)K * (guint64)N;
    } else if (walk->purpose == EDT_VAE_PREPARE) {
        walk->ok = walk->ok && vae->backend->linear_prepare(vae->dev, l, M, walk->error);
    } else {
        vae->backend->linear(vae->dev, l, M, slot(walk, from), slot(walk, to));
    }
}

/* ---- blocks ---- */

static void resnet(EdtVaeWalk *walk, const EdtVaeResnet *r)
{
    norm(walk, &r->norm1, EDT_VAE_X, EDT_VAE_BESIDE, TRUE, &r->conv1);
    conv(walk, &r->conv1, EDT_VAE_BESIDE, EDT_VAE_BETWEEN);
    norm(walk, &r->norm2, EDT_VAE_BETWEEN, EDT_VAE_BESIDE, TRUE, &r->conv2);
    if (r->shortcut.conv) {
        conv(walk, &r->shortcut, EDT_VAE_X, EDT_VAE_BETWEEN);
        swap(walk, EDT_VAE_BETWEEN);
    }
    conv(walk, &r->conv2, EDT_VAE_BESIDE, EDT_VAE_X); /* adds to x */
}

static void attention(EdtVaeWalk *walk, const EdtVaeAttention *a)
{
    const EdtVae *vae = walk->vae;
    int C = a->norm.C, T = walk->h * walk->w;

    norm(walk, &a->norm, EDT_VAE_X, EDT_VAE_BESIDE, FALSE, NULL);
    linear(walk, a->qkv, C, 3 * C, EDT_VAE_BESIDE, EDT_VAE_BETWEEN, vae->act);
    if (walk->purpose == EDT_VAE_RUN)
        vae->backend->attention(vae->dev, &(EdtAttention){
                                              .N = 1, .T = T, .H = 1, .d = C,
                                              .scale = 1.0f / sqrtf((float)C),
                                              .qkv = slot(walk, EDT_VAE_BETWEEN),
                                              .out = slot(walk, EDT_VAE_BESIDE),
                                          });
    walk->macs += 2 * (guint64)T * (guint64)T * (guint64)C;
    linear(walk, a->out, C, C, EDT_VAE_BESIDE, EDT_VAE_BETWEEN, EDT_F32);
    if (walk->purpose == EDT_VAE_RUN)
        vae->backend->add(vae->dev, (gint64)T * C, slot(walk, EDT_VAE_X),
                          slot(walk, EDT_VAE_BETWEEN), EDT_F32);
}

static void middle(EdtVaeWalk *walk, const EdtVaeCoder *coder)
{
    resnet(walk, &coder->middle[0]);
    attention(walk, &coder->attention);
    resnet(walk, &coder->middle[1]);
}

static void stages(EdtVaeWalk *walk, const EdtVaeCoder *coder)
{
    for (int i = 0; i < coder->n_stages; i++) {
        const EdtVaeStage *stage = &coder->stages[i];
        for (int r = 0; r < stage->n_resnets; r++)
            resnet(walk, &stage->resnets[r]);
        if (stage->sampler.conv) {
            conv(walk, &stage->sampler, narrow(walk, stage->sampler.C_in), EDT_VAE_BESIDE);
            swap(walk, EDT_VAE_BESIDE);
        }
    }
}

/* ---- ends ---- */

/* Planes [C,h,w] of the host become x. */
static void enter(EdtVaeWalk *walk, int C, const float *planes)
{
    const EdtVae *vae = walk->vae;
    int hw = walk->h * walk->w;
    if (walk->purpose == EDT_VAE_MEASURE) {
        need(walk, EDT_VAE_BETWEEN, (gsize)C, EDT_F32);
        need(walk, EDT_VAE_X, (gsize)C, EDT_F32);
    }
    if (walk->purpose != EDT_VAE_RUN)
        return;
    vae->backend->upload(vae->dev, slot(walk, EDT_VAE_BETWEEN), planes,
                         (gsize)C * (gsize)hw * sizeof(float));
    vae->backend->to_nhwc(vae->dev, 1, C, hw, slot(walk, EDT_VAE_BETWEEN), slot(walk, EDT_VAE_X),
                          EDT_F32);
}

/* What lies beside, f32, becomes planes in `between`. */
static const float *leave(EdtVaeWalk *walk, int C)
{
    const EdtVae *vae = walk->vae;
    if (walk->purpose == EDT_VAE_MEASURE)
        need(walk, EDT_VAE_BETWEEN, (gsize)C, EDT_F32);
    if (walk->purpose != EDT_VAE_RUN)
        return NULL;
    vae->backend->to_nchw(vae->dev, 1, C, walk->h * walk->w, slot(walk, EDT_VAE_BESIDE), EDT_F32,
                          slot(walk, EDT_VAE_BETWEEN));
    return slot(walk, EDT_VAE_BETWEEN);
}

static void download(EdtVaeWalk *walk, float *host, const float *from, int C)
{
    if (walk->purpose == EDT_VAE_RUN)
        walk->vae->backend->download(walk->vae->dev, host, from,
                                     (gsize)C * (gsize)walk->h * (gsize)walk->w * sizeof(float));
}

void edt_vae_walk_decode(EdtVaeWalk *walk, const float *latent, float *pixels)
{
    const EdtVaeCoder *decoder = &walk->vae->decoder;

    enter(walk, decoder->quant.C_in, latent);
    conv(walk, &decoder->quant, EDT_VAE_X, EDT_VAE_BETWEEN);
    conv(walk, &decoder->conv_in, EDT_VAE_BETWEEN, EDT_VAE_X);
    middle(walk, decoder);
    stages(walk, decoder);
    norm(walk, &decoder->norm_out, EDT_VAE_X, EDT_VAE_BETWEEN, TRUE, &decoder->conv_out);
    conv(walk, &decoder->conv_out, EDT_VAE_BETWEEN, EDT_VAE_BESIDE);
    download(walk, pixels, leave(walk, decoder->conv_out.C_out), decoder->conv_out.C_out);
}

void edt_vae_walk_encode(EdtVaeWalk *walk, const float *pixels, float *mean, float *logvar)
{
    const EdtVaeCoder *encoder = &walk->vae->encoder;
    int channels = walk->vae->channels;

    enter(walk, encoder->conv_in.C_in, pixels);
    conv(walk, &encoder->conv_in, EDT_VAE_X, EDT_VAE_BESIDE);
    swap(walk, EDT_VAE_BESIDE);
    stages(walk, encoder);
    middle(walk, encoder);
    norm(walk, &encoder->norm_out, EDT_VAE_X, EDT_VAE_BESIDE, TRUE, &encoder->conv_out);
    conv(walk, &encoder->conv_out, EDT_VAE_BESIDE, EDT_VAE_BETWEEN);
    conv(walk, &encoder->quant, EDT_VAE_BETWEEN, EDT_VAE_BESIDE);
    const float *moments = leave(walk, 2 * channels);
    download(walk, mean, moments, channels);
    download(walk, logvar, moments ? moments + (gsize)channels * (gsize)(walk->h * walk->w) : NULL,
             channels);
}
