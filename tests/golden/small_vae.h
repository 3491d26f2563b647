/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Small autoencoders of hashed weights, of a size that keeps the numbers', for tests of whatever
 * works with them: as a source of tensors, and as a file.
 */
#pragma once

#include "vae/shape.h"

typedef struct SmallVae SmallVae;

SmallVae *small_vae_new(const EdtVaeShape *shape);
void small_vae_free(SmallVae *vae);

EdtTensorSource *small_vae_source(SmallVae *vae); /* borrowed */
/* The numbers of a tensor, or NULL. */
const float *small_vae_numbers(SmallVae *vae, const char *name);
/* As if it were not there (TRUE), or as it was. */
void small_vae_hide(SmallVae *vae, const char *name, gboolean hidden);
GList *small_vae_names(SmallVae *vae); /* of all tensors; free the list */

/* A safetensors file; its decoder alone with the numbers of TAESD's own (taesd_decoder), or
 * everything by our names.  metadata: {key, value, ..., NULL}, or NULL. */
void small_vae_write(SmallVae *vae, const char *path, gboolean taesd_decoder,
                     const char *const *metadata);

/* Of RGBA, for pictures of 64 pixels and latents of 8; and of Stable Diffusion's latents. */
extern const EdtVaeShape small_vae_codec, small_vae_taesd;
