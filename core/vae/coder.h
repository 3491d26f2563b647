/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts of an AutoencoderKL as they lie on the device, and the walk through them.  Decoder and
 * encoder have the same parts in a different order; both are an EdtVaeCoder.  Private to vae/.
 * Next: weights.c fills it, walk.c goes through it.
 */
#pragma once

#include "vae/vae.h"

#define EDT_VAE_GROUPS 32 /* of every group norm */
#define EDT_VAE_STAGES_MAX 8
#define EDT_VAE_RESNETS_MAX 8

typedef struct {
    int C;
    float *weight, *bias; /* device, [C] */
} EdtVaeNorm;

typedef struct {
    EdtConv *conv; /* NULL: there is none */
    int C_in, C_out, kernel, stride;
    gboolean upsample;
    EdtType x_type;
} EdtVaeConv;

/* x + conv2(silu(norm2(conv1(silu(norm1(x)))))); shortcut(x) instead of x where widths differ */
typedef struct {
    EdtVaeNorm norm1, norm2;
    EdtVaeConv conv1, conv2, shortcut;
} EdtVaeResnet;

/* x + out(softmax(q k^T / sqrt(C)) v) over all pixels, one head as wide as the picture is deep */
typedef struct {
    EdtVaeNorm norm;
    EdtLinear *qkv, *out;
} EdtVaeAttention;

typedef struct {
    int n_resnets;
    EdtVaeResnet resnets[EDT_VAE_RESNETS_MAX];
    EdtVaeConv sampler; /* up or down */
} EdtVaeStage;

typedef struct {
    EdtVaeConv quant; /* post_quant_conv before the decoder, quant_conv after the encoder */
    EdtVaeConv conv_in, conv_out;
    EdtVaeResnet middle[2];
    EdtVaeAttention attention;
    int n_stages;
    EdtVaeStage stages[EDT_VAE_STAGES_MAX];
    EdtVaeNorm norm_out;
    int factor; /* pixels per latent pixel */
} EdtVaeCoder;

/* The working memory: the picture x, and what a block needs beside it.  A block that changes the
 * width of the picture leaves the new one in `beside`, and the two change names. */
typedef enum { EDT_VAE_X, EDT_VAE_BESIDE, EDT_VAE_BETWEEN, EDT_VAE_SLOTS } EdtVaeSlot;

struct EdtVae {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtType act;
    EdtVaeParts parts;
    int channels; /* of the latent */
    EdtVaeCoder decoder, encoder;
    void *slots[EDT_VAE_SLOTS];
    gsize slot_bytes[EDT_VAE_SLOTS];
};

/* weights.c */
gboolean edt_vae_load(EdtVae *vae, EdtTensorSource *source, GError **error);
void edt_vae_unload(EdtVae *vae);

/* walk.c: the same walk measures, prepares and runs. */
typedef enum { EDT_VAE_MEASURE, EDT_VAE_PREPARE, EDT_VAE_RUN } EdtVaePurpose;

typedef struct {
    const EdtVae *vae;
    EdtVaePurpose purpose;
    int h, w;                   /* of the picture at this point */
    int order[EDT_VAE_SLOTS];   /* which slot plays which part */
    gsize need[EDT_VAE_SLOTS];  /* MEASURE: bytes of each slot */
    guint64 macs;               /* MEASURE: multiply-adds by definition */
    gboolean ok;
    GError **error;
} EdtVaeWalk;

/* latent: [C,h,w]; pixels: [3,H,W]; moments: [2C,h,w]; host, only touched by RUN. */
void edt_vae_walk_decode(EdtVaeWalk *walk, const float *latent, float *pixels);
void edt_vae_walk_encode(EdtVaeWalk *walk, const float *pixels, float *mean, float *logvar);
