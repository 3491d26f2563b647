/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What pictures are asked for: the request of edt.h, which includes this, and its items.  A field
 * here is a row in settings.c, where records, options and the dialog find it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
    EDT_SAMPLER_DDPM,
    EDT_SAMPLER_DDIM,
    EDT_SAMPLER_DPMPP_2M,
    EDT_SAMPLER_UNIPC,
} EdtSampler;

/* Which timesteps are gone. */
typedef enum {
    EDT_SPACING_EVEN,   /* the official code's */
    EDT_SPACING_KARRAS, /* evenly in the seventh root of the noise beside the picture (Karras et al.
                           2022, eq. 5): more of them where little noise is left */
} EdtSpacing;
typedef enum { EDT_AMM_OFF, EDT_AMM_OFFICIAL, EDT_AMM_AUTO } EdtAmm;

/* What decodes: the model's autoencoder, or the small one beside it. */
typedef enum { EDT_DECODE_FULL, EDT_DECODE_DRAFT } EdtDecode;

/* Where a picture is made. */
typedef enum {
    EDT_FILL_NONE,    /* in the whole square; a mask is not looked at */
    EDT_FILL_SHAPE,   /* it gets the shape of the mask */
    EDT_FILL_MISSING, /* the source stays where the mask is 0; what is made fits it */
} EdtFill;

/* What a second class, and a third, does to a picture. */
typedef enum {
    EDT_MIX_BLEND, /* predictions are weighted: something of each */
    EDT_MIX_SHAPE, /* the shape of the first in the looks of the second: one class is added, and the
                      more its weight, the sooner it takes over */
} EdtMixHow;

#define EDT_MIX_MAX 3 /* classes beside the first */
typedef struct {
    int n;
    struct {
        int class_index, style; /* as in EdtItem */
        double weight;          /* 0..1; together at most 1, the first class has the rest */
    } of[EDT_MIX_MAX];
} EdtMix;

/* Noise between that of the seed and those of others, one after the other: amount 0 changes
 * nothing, 1 is the other seed's own picture. */
#define EDT_VARIATIONS_MAX 8
typedef struct {
    int n;
    struct {
        guint64 seed;
        double amount; /* 0..1 */
    } of[EDT_VARIATIONS_MAX];
} EdtVariation;

/* One picture of a request.  Every item has its own random generator, seeded with the low 32 bits
 * of seed as torch.manual_seed does, so its picture does not depend on its neighbours in the batch.
 *
 * source: what it starts from, P x image_size x image_size of -1..1 in planes; P is 3, or 4 with
 * alpha, colour premultiplied (canvas.h makes it of bytes).  freedom says how far it may go from
 * there, linear in log-SNR: 0 smooths, 0.6 redraws, at 1 the source is not looked at but for what
 * EDT_FILL_MISSING keeps.  All steps lie between there and the finished picture.
 * mask: image_size x image_size of 0 (outside, kept) .. 1 (is made).
 * Both are borrowed during edt_generate(), and by its pictures as long as they are asked for a
 * record.  NULL: none.
 */
#define EDT_STYLE_ANY (-1)
typedef struct {
    int class_index; /* 0..n_classes-1, or n_classes for the null class where there is one */
    guint64 seed;
    int style; /* 0..n_styles-1, or EDT_STYLE_ANY; models without styles do not look at it */
    EdtMix mix;
    EdtMixHow mix_how;
    EdtVariation variation;
    const float *source;
    double freedom; /* 0..1; without a source not looked at */
    const float *mask;
    EdtFill fill;
    gboolean careful; /* EDT_FILL_MISSING: the first steps are gone four times, which fits better */
} EdtItem;

/* Class 0 and seed 0 in any style, of nothing, in the whole square. */
void edt_item_init(EdtItem *item);

/* From one number to another, both included. */
typedef struct {
    double from, to;
} EdtSpan;

typedef struct {
    const EdtItem *items; /* borrowed during edt_generate() */
    int n_items;
    int steps; /* 1..1000 */
    EdtSampler sampler;
    EdtSpacing spacing;
    double eta;       /* ddim only: 0 deterministic .. 1 */
    double cfg_scale; /* guidance; exactly 1 runs without the null-class half */
    double cfg_pow;   /* > 0: at timestep t 1 + (cfg_scale - 1) (1 - cos(pi (1 - t/1000)^pow)) / 2
                         (MDT);   0: the same at every step; -1: what the model recommends */
    EdtSpan cfg_interval; /* where there is guidance, by t/1000; the other steps run one half */
    int reuse; /* in the less noisy half of the way the inner stages of the network are computed at
                  every so many steps, and taken as they were in between; 1 (exact) to 10; of
                  networks that have none it means nothing */
    EdtAmm amm;
    gboolean clip_denoised;   /* clamp the denoised estimate to [-1, 1] (pixel-space models) */
    int batch;                /* items in one forward; 0: as many as memory allows, at most 8 */
    const float *init_latent; /* n_items x channels x latent_size^2: replaces the initial noise */
    gboolean latent_only;     /* skip the VAE */
    EdtDecode vae;            /* which one, for models that have a draft */
    gboolean want_previews;   /* as real pictures where that takes a tenth of the steps' time */
    gboolean every_preview;   /* of each step, whatever it takes */
} EdtRequest;

G_END_DECLS
