/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The three spellings of the SD autoencoder's tensor names (diffusers today, diffusers before 0.14,
 * CompVis), told as the first of them; and which tensors with which shapes an autoencoder has.
 */
#pragma once

#include "base/type.h"

/* ---- names: vae_names.c ---- */

/* How to walk over the names of a file. */
typedef const char *(*EdtNameAt)(gconstpointer source, guint i);

/* What stands before the autoencoder's names in a file: "first_stage_model." (CompVis' whole
 * models), "vae." (our models) or "". */
const char *edt_vae_prefix(gconstpointer source, guint n, EdtNameAt name_at);
/* Levels of the decoder in names that begin with prefix; 0 when there is none. */
int edt_vae_levels(gconstpointer source, guint n, EdtNameAt name_at, const char *prefix);
/* The modern diffusers name, to be freed, for a name in any spelling and without prefix; NULL for
 * what does not belong to an autoencoder.  levels: of the whole file, because CompVis counts the
 * decoder's levels backwards. */
char *edt_vae_modern_name(const char *name, int levels);

/* ---- shapes: vae_shape.c ---- */

#define EDT_VAE_LEVELS_MAX 8

/* The widths that shape an autoencoder with two residual blocks per level of the encoder. */
typedef struct {
    int levels;
    gint64 width[EDT_VAE_LEVELS_MAX]; /* block_out_channels: 128, 256, 512, 512 */
    gint64 latent, pixels;            /* channels: 4, 3 */
} EdtVaeShape;

/* Reads the widths from tensors with modern names; shape_of answers rank (0: none) and shape.
 * Errors: EDT_ERROR_BAD_FILE naming the tensor. */
typedef int (*EdtVaeShapeOf)(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX]);
gboolean edt_vae_shape_detect(EdtVaeShapeOf shape_of, gpointer source, int levels, EdtVaeShape *vae,
                              GError **error);
/* Every tensor, by modern name, in the reference's order. */
typedef void (*EdtVaeTensor)(const char *name, int rank, const gint64 *shape, gpointer user_data);
void edt_vae_tensors(const EdtVaeShape *vae, EdtVaeTensor each, gpointer user_data);
