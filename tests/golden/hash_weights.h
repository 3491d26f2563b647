/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The deterministic weights behind the reference numbers (data/README.md): every element is a hash
 * of its tensor's name and its index, so nothing is stored.
 */
#pragma once

#include "network/layers.h"

/* offset + scale * u(name, i) for i in 0..count-1. */
void hash_fill(const char *name, double offset, double scale, gsize count, float *out);
/* The hashed input of that name ("input.x", ...): scale sqrt(3), or 1 for "input.image". */
void hash_input(const char *name, gsize count, float *out);

/* Weights as a source of tensors (base/type.h), made when asked for.  The names are the
 * reference's, without prefix.  Ask from one thread at a time.  Free with hash_weights_free(). */
EdtTensorSource *hash_weights_edt(const EdtVariant *variant, double adaln_gain);
/* With position tables as training leaves them, not as they begin. */
EdtTensorSource *hash_weights_learned(const EdtVariant *variant, double adaln_gain);
/* With what only training needs, too. */
EdtTensorSource *hash_weights_training(const EdtVariant *variant, double adaln_gain);
EdtTensorSource *hash_weights_vae(void);
void hash_weights_free(EdtTensorSource *source);

#define HASH_ADALN_GAIN 0.5        /* of all reference numbers but a2 */
#define HASH_ADALN_GAIN_STRONG 3.0 /* a2_edt_s2_256_strong */

/* Names and shapes of all tensors of a source, in the reference's order. */
void hash_weights_each(EdtTensorSource *source, EdtTensorSpec each, gpointer user_data);
/* The same from a list of names: edt_*_param_names.txt, vae_keys.tsv (a file of data/). */
void hash_names_each(const char *file, EdtTensorSpec each, gpointer user_data);
