/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of a network, as data: its family says how its stages hang together; the official sizes
 * are rows of one table, and any other model that uses the same tensor names is described by its
 * tensors.  Next: layers.h.
 */
#pragma once

#include "compute/tensor.h"
#include "edt.h"

#define EDT_STAGES_MAX 5
#define EDT_BLOCKS_MAX 128
#define EDT_TIMESTEP_WIDTH 256 /* sinusoidal embedding in front of the timestep's MLP */

/* Networks whose stages hang together in one way: a row of shape.c. */
typedef enum {
    EDT_FAMILY_EDT,   /* two stages down, one in the middle, two up */
    EDT_FAMILY_DIT,   /* one stage (Peebles & Xie 2023) */
    EDT_FAMILY_MDTV2, /* in, out beside what came in, decoder beside the tokens (Gao et al. 2023) */
    EDT_FAMILY_MDT,   /* its first version: one stage and a decoder */
    EDT_FAMILIES,
} EdtFamily;

typedef struct {
    EdtFamily family;
    char name[32];            /* "EDT-S/2", or "EDT custom": the family's name comes first */
    int channels, patch;      /* latent channels C, patch side p */
    int latent_size;          /* h = w */
    int grid;                 /* n of stage 0: latent_size / patch */
    int dims[EDT_STAGES_MAX]; /* D of each stage; dims[0] is also the width of c */
    int heads[EDT_STAGES_MAX];
    int depths[EDT_STAGES_MAX]; /* blocks of each stage */
    int mlp_ratio;              /* hidden width of the MLP over D: 4 */
    int n_classes;              /* rows of the label table less the null class */
    gboolean no_null;           /* that table has no null class: no guidance */
    int n_styles;               /* the same of the style table; 0: there is none */
    int out_channels;           /* 2C with learned variance, else C */
} EdtVariant;

/* How the stream comes into a stage: from the patches, down to half the grid, up to twice the grid
 * and beside the skip, as it is, or with a position table added once more. */
typedef enum {
    EDT_JOINT_PATCHES,
    EDT_JOINT_DOWN,
    EDT_JOINT_UP,
    EDT_JOINT_THROUGH,
    EDT_JOINT_TABLE,
} EdtJointKind;

/* What the blocks of a stage are set beside before they begin, and merged with. */
typedef enum {
    EDT_SKIP_NONE,
    EDT_SKIP_MIRROR, /* outputs of the stage before: the last block's first */
    EDT_SKIP_TOKENS, /* what the first stage began with */
} EdtSkip;

/* Consecutive blocks of one width on one grid. */
typedef struct {
    EdtJointKind joint;
    EdtSkip skip;
    int n, T;           /* grid side, tokens n*n */
    int D, H, d;        /* width, heads, D/H */
    int depth;          /* blocks */
    const char *blocks; /* the reference's list that they are in, ... */
    int first;          /* ... and the place of the first */
    int windows;        /* rows of their position bias: (2n-1)^2 and unused ones; 0: none */
} EdtStage;

int edt_variant_stages(const EdtVariant *v);
EdtStage edt_variant_stage(const EdtVariant *v, int stage);
int edt_variant_grid(const EdtVariant *v, int stage);
int edt_variant_blocks(const EdtVariant *v); /* all blocks */
int edt_variant_stage_of_block(const EdtVariant *v, int block);
/* The stage that is back on the first one's grid; those between the two are the inner ones.  0:
 * there are none. */
int edt_variant_outer(const EdtVariant *v);
/* What its authors' pictures are made with, where that is not a constant guidance of 4; else 0. */
typedef struct {
    double scale, power; /* as EdtRequest's cfg_scale and cfg_pow */
} EdtGuidance;
EdtGuidance edt_variant_guidance(const EdtVariant *v);
/* Of the weights that its authors published; NULL: not known. */
const char *edt_variant_licence(const EdtVariant *v);

/* What a network sees less of in the second pass of its training. */
typedef enum {
    EDT_HIDING_NONE, /* there is none */
    EDT_HIDING_DOWN, /* tokens are dropped where they are merged (EDT) */
    EDT_HIDING_SIDE, /* hidden up to the decoder, then filled in by a block of their own (MDT) */
} EdtHiding;

/* How its authors train it. */
typedef struct {
    EdtHiding hiding;
    double least, most; /* share of the tokens that _SIDE hides */
    gboolean tables;    /* position tables are learnt, too */
    gboolean noise;     /* predicted noise on a linear schedule; else as EdtTrainOptions begins */
    gboolean plain;     /* every timestep's squared error weighs the same; else min(snr,5) */
    gboolean uniform;   /* timesteps are drawn uniformly; else by their losses */
    double rate, rate_end, clip;
    int decoder; /* blocks of the last stage; 0: as published */
} EdtTraining;
const EdtTraining *edt_variant_training(const EdtVariant *v);
/* The stage before which _SIDE fills hidden tokens in; 0: none are hidden so. */
int edt_variant_filling(const EdtVariant *v);

/* "EDT-S/2", "EDT-B/2", "EDT-XL/2", "EDT-Ti/4", "DiT-Ti/2" to "DiT-XL/8", "MDTv2-S/2" to
 * "MDTv2-XL/2", the same of "MDT" at an image size; FALSE for other names. */
gboolean edt_variant_named(const char *name, int image_size, EdtVariant *v);

/* Gives the last stage so many blocks of all that v has, as another decode_layer does; the stages
 * before share what is left alike.  FALSE: one would have none, or v is of no family with a
 * decoder. */
gboolean edt_variant_divide(EdtVariant *v, int decoder);

/* What no tensor tells; 0: not known. */
typedef struct {
    int heads;   /* of networks without position bias (DiT); by their width where it is published */
    int decoder; /* blocks behind MDT's second position table; as published: 2 */
    int no_null; /* 1: no null class, -1: there is one; a table of 1000 rows has ImageNet's alone */
    int heads_of_run; /* where neither heads nor the width tells: of the size its trainer named */
} EdtShapeHints;

/* Reads family, dims, heads, depths and grid from tensors (reference names, without prefix).
 * shape_of answers rank (0: no such tensor) and fills shape.  Errors: EDT_ERROR_BAD_FILE naming the
 * tensor. */
typedef int (*EdtShapeOf)(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX]);
gboolean edt_variant_detect(EdtShapeOf shape_of, gpointer source, EdtShapeHints hints,
                            EdtVariant *v, GError **error);
/* What has to be said of v beside its tensors, for edt_variant_detect() to find it again. */
EdtShapeHints edt_variant_hints(const EdtVariant *v);

/* Fixed sin-cos position table [n*n, D] of the official code: first half of D encodes x (column),
 * second y; sin before cos; computed in f64 (get_2d_sincos_pos_embed). */
void edt_position_table(int n, int D, float *out);
