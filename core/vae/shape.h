/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which autoencoders there are, and what an autoencoder of a kind may differ in; everything is read
 * from tensors.  The tensors themselves are what the walk meets on its way (vae.h).  Next: walk.h.
 */
#pragma once

#include "edt.h"
#include "base/type.h"

#define EDT_VAE_LEVELS_MAX 8
#define EDT_VAE_BLOCKS_MAX 16 /* of a level */

typedef enum {
    EDT_VAE_KL,    /* Stable Diffusion's AutoencoderKL */
    EDT_VAE_TAESD, /* a small one for the latents of another: TAESD, diffusers' AutoencoderTiny */
    EDT_VAE_CODEC, /* the same network with latents of its own: ours */
    EDT_VAE_KINDS
} EdtVaeKind;

/* What all autoencoders of a kind have in common: its row. */
typedef struct {
    gboolean
        unit_pixels; /* the network's pixels are 0..1; else -1..1, as everybody else has them */
    float bound;     /* latents are kept within by bound * tanh(z / bound); 0: by nothing */
    gboolean bound_first; /* that is the decoder's first step, not the encoder's last one */
    gboolean spreads;     /* the encoder gives mean and variance, not a latent */
    gboolean as_sampled;  /* its latents are the sampler's; else edt_latent_* lie between them */
} EdtVaeTraits;

const EdtVaeTraits *edt_vae_traits(EdtVaeKind kind);

typedef enum { EDT_VAE_DECODER = 1, EDT_VAE_ENCODER = 2 } EdtVaeParts;

/* From the full side (level 0) down. */
typedef struct {
    int levels; /* 0: this half is not there */
    int width[EDT_VAE_LEVELS_MAX], blocks[EDT_VAE_LEVELS_MAX];
} EdtVaeHalf;

typedef struct {
    EdtVaeKind kind;
    EdtVaeHalf encoder, decoder;
    int pixels; /* channels: 3, or 4 (colour premultiplied by alpha) */
    int latent; /* channels: 4 */
    int factor; /* pixels per latent pixel: 8 */
} EdtVaeShape;

/* The autoencoder of Stable Diffusion (sd-vae-ft-ema, -mse). */
extern const EdtVaeShape edt_vae_standard;
/* The small one of stickers (tools/stickers/codec.py). */
extern const EdtVaeShape edt_vae_small;

/* Reads kind and sizes from tensors with our names; shape_of answers rank (0: none) and shape.
 * `wanted` halves must be there.  Errors: EDT_ERROR_BAD_FILE naming the tensor. */
typedef int (*EdtVaeShapeOf)(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX]);
gboolean edt_vae_shape_detect(EdtVaeShapeOf shape_of, gpointer source, EdtVaeParts wanted,
                              EdtVaeShape *vae, GError **error);

/* Whether the first's decoder makes the pictures of the second one of the sampler's latents. */
gboolean edt_vae_is_draft_of(const EdtVaeShape *draft, const EdtVaeShape *full);

/* Multiply-adds of one half, by definition, between an h x w latent and its picture. */
guint64 edt_vae_macs(const EdtVaeShape *shape, int h, int w, EdtVaeParts half);
/* Bytes that one half works in for one picture from or to an h x w latent, where activations are of
 * type act. */
gsize edt_vae_workspace(const EdtVaeShape *shape, EdtType act, int h, int w, EdtVaeParts half);
/* What the machine's own operations take beside it (backend.h, attention_room and conv_room). */
gsize edt_vae_room(const EdtVaeShape *shape, EdtType act, int h, int w, EdtVaeParts half);

/* Every tensor of these halves, in the order of the way through them. */
typedef void (*EdtVaeTensor)(const char *name, int rank, const gint64 *shape, gpointer user_data);
void edt_vae_tensors(const EdtVaeShape *vae, EdtVaeParts parts, EdtVaeTensor each,
                     gpointer user_data);
