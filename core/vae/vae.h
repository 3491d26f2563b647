/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An autoencoder of any kind: latents to pixels and back, in backend operations.  Kind and sizes
 * are read from the tensors (shape.h); the ways are walk_kl.c and walk_small.c.
 */
#pragma once

#include "compute/backend.h"
#include "vae/shape.h"

typedef struct EdtVae EdtVae;

/* Checks every tensor's shape and packs it.  Errors: EDT_ERROR_BAD_FILE naming the tensor. */
EdtVae *edt_vae_new(const EdtBackend *backend, EdtDevice *dev, EdtTensorSource *source,
                    EdtVaeParts parts, GError **error);
void edt_vae_free(EdtVae *vae);

const EdtVaeShape *edt_vae_shape(const EdtVae *vae);

/* latent: host, [C,h,w], as the autoencoder has it (latents.h).  pixels: host, [P,fh,fw], about
 * -1..1, not clamped.  Memory is planned at the first call for a size and kept. */
gboolean edt_vae_decode(EdtVae *vae, int h, int w, const float *latent, float *pixels,
                        GError **error);
/* pixels: host, [P,fh,fw], -1..1.  mean, logvar: host, [C,h,w]; logvar clamped to [-30, 20], or
 * -INFINITY for kinds that know no variance. */
gboolean edt_vae_encode(EdtVae *vae, int h, int w, const float *pixels, float *mean, float *logvar,
                        GError **error);
/* Gives back the working memory of decode and encode (weights stay). */
void edt_vae_trim(EdtVae *vae);
