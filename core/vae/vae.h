/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The SD autoencoder (AutoencoderKL): latents to pixels and back, in backend operations.
 * Tensor names are diffusers' modern ones (tests/golden/data/vae_keys.tsv); widths are read from
 * the tensors.
 */
#pragma once

#include "compute/backend.h"

typedef struct EdtVae EdtVae;


typedef enum { EDT_VAE_DECODER = 1, EDT_VAE_ENCODER = 2 } EdtVaeParts;

/* Checks every tensor's shape and packs it.  Errors: EDT_ERROR_BAD_FILE naming the tensor. */
EdtVae *edt_vae_new(const EdtBackend *backend, EdtDevice *dev, EdtTensorSource *source,
                    EdtVaeParts parts, GError **error);
void edt_vae_free(EdtVae *vae);

int edt_vae_latent_channels(const EdtVae *vae); /* 4 */
int edt_vae_factor(const EdtVae *vae);          /* pixels per latent pixel: 8 */

/* Multiply-adds, by definition, between an h x w latent and its picture. */
guint64 edt_vae_macs(const EdtVae *vae, int h, int w, gboolean encode);
/* Bytes of working memory for one picture from or to an h x w latent. */
gsize edt_vae_workspace(const EdtVae *vae, int h, int w, gboolean encode);

/* latent: host, [C,h,w] already divided by 0.18215.  pixels: host, [3,8h,8w], about -1..1,
 * not clamped.  Memory is planned at the first call for a size and kept. */
gboolean edt_vae_decode(EdtVae *vae, int h, int w, const float *latent, float *pixels,
                        GError **error);
/* pixels: host, [3,8h,8w], -1..1.  mean, logvar: host, [C,h,w]; logvar clamped to [-30, 20]. */
gboolean edt_vae_encode(EdtVae *vae, int h, int w, const float *pixels, float *mean, float *logvar,
                        GError **error);
/* Gives back the working memory of decode and encode (weights stay). */
void edt_vae_trim(EdtVae *vae);
