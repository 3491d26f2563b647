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
    EDT_FAMILY_EDT, /* two stages down, one in the middle, two up */
} EdtFamily;

typedef struct {
    EdtFamily family;
    char name[32];               /* "EDT-S/2", or "EDT custom" */
    int channels, patch;         /* latent channels C, patch side p */
    int latent_size;             /* h = w */
    int grid;                    /* n of stage 0: latent_size / patch */
    int dims[EDT_STAGES_MAX];    /* D of each stage; dims[0] is also the width of c */
    int heads[EDT_STAGES_MAX];
    int depths[EDT_STAGES_MAX];  /* blocks of each stage */
    int mlp_ratio;               /* hidden width of the MLP over D: 4 */
    int n_classes;               /* rows of the label table less the null class */
    int n_styles;                /* the same of the style table; 0: there is none */
    int out_channels;            /* 2C with learned variance, else C */
} EdtVariant;

/* How the stream comes into a stage: from the patches, down to half the grid, or up to twice the
 * grid and beside the skip. */
typedef enum { EDT_JOINT_PATCHES, EDT_JOINT_DOWN, EDT_JOINT_UP } EdtJointKind;

/* Consecutive blocks of one width on one grid. */
typedef struct {
    EdtJointKind joint;
    int n, T;    /* grid side, tokens n*n */
    int D, H, d; /* width, heads, D/H */
    int depth;   /* blocks */
} EdtStage;

int edt_variant_stages(const EdtVariant *v);
EdtStage edt_variant_stage(const EdtVariant *v, int stage);
int edt_variant_grid(const EdtVariant *v, int stage);
int edt_variant_blocks(const EdtVariant *v);                     /* all blocks */
int edt_variant_stage_of_block(const EdtVariant *v, int block);

/* "EDT-S/2", "EDT-B/2", "EDT-XL/2", "EDT-Ti/4" at an image size; FALSE for other names. */
gboolean edt_variant_named(const char *name, int image_size, EdtVariant *v);

/* Reads dims, heads, depths and grid from tensors (reference names, without prefix).  shape_of
 * answers rank (0: no such tensor) and fills shape.  Errors: EDT_ERROR_BAD_FILE naming the tensor. */
typedef int (*EdtShapeOf)(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX]);
gboolean edt_variant_detect(EdtShapeOf shape_of, gpointer source, EdtVariant *v, GError **error);

/* Fixed sin-cos position table [n*n, D] of the official code: first half of D encodes x (column),
 * second y; sin before cos; computed in f64 (get_2d_sincos_pos_embed). */
void edt_position_table(int n, int D, float *out);
