/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One walk through a decoder or an encoder serves every purpose: to name its tensors, to load them,
 * to measure the memory it takes, to prepare shapes, and to run; so they cannot disagree.  A kind
 * of autoencoder is a way (walk_kl.c, walk_small.c) over the operations of walk.c.  Private to
 * vae/.
 */
#pragma once

#include "compute/weights.h"
#include "vae/shape.h"

typedef struct EdtVae EdtVae;

/* The working memory: the picture x, and what a block needs beside it.  A block that changes the
 * width of the picture leaves the new one in `beside`, and the two change names. */
typedef enum { EDT_VAE_X, EDT_VAE_BESIDE, EDT_VAE_BETWEEN, EDT_VAE_SLOTS } EdtVaeSlot;

/* What one operation has on the device; NULL where it has none. */
typedef struct {
    EdtConv *conv;
    float *weight, *bias; /* of a norm, [C] */
    EdtLinear *qkv, *out; /* of an attention */
} EdtVaeLayer;

struct EdtVae {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtType act;
    EdtVaeParts parts;
    EdtVaeShape shape;
    GArray *decoder, *encoder; /* EdtVaeLayer, in the order of the way */
    void *slots[EDT_VAE_SLOTS];
    gsize slot_bytes[EDT_VAE_SLOTS];
    float *staging; /* host: latents or pixels as the network has them */
    gsize staging_bytes;
};

typedef enum {
    EDT_VAE_NAME,    /* tells every tensor to `each` */
    EDT_VAE_LOAD,    /* makes the layers from what `loader` finds */
    EDT_VAE_MEASURE, /* adds up need, room and macs */
    EDT_VAE_PREPARE, /* lets the backend see every shape */
    EDT_VAE_RUN,
} EdtVaePurpose;

typedef struct {
    const EdtVaeShape *shape;
    EdtVaePurpose purpose;
    EdtType act;
    int h, w;       /* of the picture at this point */
    char place[96]; /* of the names of the tensors to come */

    EdtVaeTensor each; /* NAME */
    gpointer user_data;

    EdtVae *vae;    /* LOAD, PREPARE, RUN */
    GArray *layers; /* of this half */
    guint at;       /* the next of them */
    EdtLoader *loader; /* LOAD */

    int order[EDT_VAE_SLOTS];  /* which slot plays which part */
    gsize need[EDT_VAE_SLOTS]; /* MEASURE: bytes of each slot */
    gsize room;                /* MEASURE: what the machine's own operations take beside them */
    guint64 macs;              /* MEASURE: multiply-adds by definition */
    const float *in;           /* RUN: host planes */
    float *out[2];
    gboolean ok;
    GError **error;
} EdtVaeWalk;

/* ---- operations (walk.c) ---- */

/* A convolution; its channels, and what the backend's EdtConvSpec says of the same names. */
typedef struct {
    const char *name; /* behind walk->place */
    int C_in, C_out, kernel;
    gboolean halves; /* stride 2 ... */
    gboolean front;  /* ... with its padding in front, not behind */
    gboolean upsample, accumulate, from_norm, relu, unbiased;
    EdtType x_type, y_type;
} EdtVaeConv;

void edt_vae_place(EdtVaeWalk *walk, const char *format, ...) G_GNUC_PRINTF(2, 3);
void edt_vae_conv(EdtVaeWalk *walk, const EdtVaeConv *conv, EdtVaeSlot from, EdtVaeSlot to);
/* Group norm, SiLU if asked; what reads it is the convolution `ahead` layers further (1: the next),
 * or not a convolution (0). */
void edt_vae_norm(EdtVaeWalk *walk, const char *name, int C, int groups, gboolean silu, int ahead,
                  EdtVaeSlot from, EdtVaeSlot to, EdtType y_type);
/* x += out(softmax(q k^T / sqrt(C)) v) over all pixels, one head as wide as the picture is deep;
 * `beside` holds the normed picture. */
void edt_vae_attention(EdtVaeWalk *walk, int C);
/* The picture of C channels in another type, for what reads it directly: x itself where that is the
 * same, else a copy in `between`. */
EdtVaeSlot edt_vae_cast(EdtVaeWalk *walk, int C, EdtType from, EdtType to);
/* What a slot holds becomes the picture. */
void edt_vae_swap(EdtVaeWalk *walk, EdtVaeSlot with);
/* Planes [C,h,w] of the host become x, of that type. */
void edt_vae_enter(EdtVaeWalk *walk, int C, EdtType type);
/* What lies beside, f32 of n * C channels, becomes n times planes of the host. */
void edt_vae_leave(EdtVaeWalk *walk, int C, int n);

/* ---- layers (weights.c): FALSE and the loader's error, naming the tensor ---- */

EdtConvSpec edt_vae_conv_spec(const EdtVaeConv *conv); /* without weights */
gboolean edt_vae_load_conv(EdtVaeWalk *walk, const EdtVaeConv *conv, EdtVaeLayer *layer);
gboolean edt_vae_load_norm(EdtVaeWalk *walk, const char *name, int C, int groups,
                           EdtVaeLayer *layer);
gboolean edt_vae_load_attention(EdtVaeWalk *walk, int C, EdtVaeLayer *layer);
void edt_vae_unload(EdtVae *vae, GArray *layers);

/* ---- ways: latents [C,h,w] to pixels, pixels to means (and variances) ---- */

void edt_vae_kl_decode(EdtVaeWalk *walk);
void edt_vae_kl_encode(EdtVaeWalk *walk);
void edt_vae_small_decode(EdtVaeWalk *walk);
void edt_vae_small_encode(EdtVaeWalk *walk);
