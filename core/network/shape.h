/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of an EDT, as data: the official sizes are rows of one table, and any other model that
 * uses the same tensor names is described by its tensors.
 */
#pragma once

#include "compute/tensor.h"
#include "edt.h"

#define EDT_STAGES 5       /* two down, one middle, two up */
#define EDT_BLOCKS_MAX 128

typedef struct {
    char name[32];               /* "EDT-S/2", or "EDT custom" */
    int channels, patch;         /* latent channels C, patch side p */
    int latent_size;             /* h = w */
    int grid;                    /* n of stage 0: latent_size / patch */
    int dims[EDT_STAGES];        /* D of each stage; dims[0] is also the width of c */
    int heads[EDT_STAGES];
    int depths[EDT_STAGES];      /* blocks of each stage */
    int mlp_ratio;               /* hidden width of the MLP over D: 4 */
    int n_classes;               /* rows of the label table less the null class */
    int out_channels;            /* 2C with learned variance, else C */
} EdtVariant;

/* Grid side of a stage: n, n/2, n/4, n/2, n. */
int edt_variant_grid(const EdtVariant *v, int stage);
int edt_variant_blocks(const EdtVariant *v);                     /* all blocks */
int edt_variant_stage_of_block(const EdtVariant *v, int block);

/* "EDT-S/2", "EDT-B/2", "EDT-XL/2", "EDT-Ti/4" at an image size; FALSE for other names. */
gboolean edt_variant_named(const char *name, int image_size, EdtVariant *v);

/* Reads dims, heads, depths and grid from tensors (reference names, without prefix).  shape_of
 * answers rank (0: no such tensor) and fills shape.  Errors: EDT_ERROR_BAD_FILE naming the tensor. */
typedef int (*EdtShapeOf)(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX]);
gboolean edt_variant_detect(EdtShapeOf shape_of, gpointer source, EdtVariant *v, GError **error);

/* Every tensor of the variant, in the reference's order, to the callback. */
typedef void (*EdtTensorSpec)(const char *name, int rank, const gint64 *shape, gpointer user_data);
void edt_variant_tensors(const EdtVariant *v, EdtTensorSpec each, gpointer user_data);
guint64 edt_variant_parameters(const EdtVariant *v);             /* trainable and tables */
guint64 edt_variant_macs(const EdtVariant *v);                   /* multiply-adds per sample, step */

/* Fixed sin-cos position table [n*n, D] of the official code: first half of D encodes x (column),
 * second y; sin before cos; computed in f64 (get_2d_sincos_pos_embed). */
void edt_position_table(int n, int D, float *out);
