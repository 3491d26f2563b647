/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Other people's files by our names: a checkpoint of a network, or an autoencoder in any spelling
 * and wrapping (Stable Diffusion's own, a small one, or the one of a model of ours).  When it is
 * open, every tensor is known to be there, once and with the right shape.  import.c and the trainer
 * read them.
 */
#pragma once

#include "base/type.h"
#include "network/layers.h"
#include "vae/shape.h"

typedef struct EdtForeign EdtForeign;

/* Errors: EDT_ERROR_BAD_FILE naming the file, and the tensor where one is wrong. */
EdtForeign *edt_foreign_network_open(const char *path, EdtShapeHints hints, GError **error);
EdtForeign *edt_foreign_vae_open(const char *path, EdtVaeParts parts, GError **error);
void edt_foreign_close(EdtForeign *foreign); /* NULL is fine */

const EdtVariant *edt_foreign_variant(const EdtForeign *network);
const EdtVaeShape *edt_foreign_vae_shape(const EdtForeign *vae);
/* The channels of its latents, as the diffusion has them. */
const EdtLatentChannel *edt_foreign_vae_latents(const EdtForeign *vae);
/* Every tensor, by our name without prefix. */
void edt_foreign_tensors(const EdtForeign *foreign, EdtTensorSpec each, gpointer user_data);
char *edt_foreign_sha256(EdtForeign *foreign, GError **error); /* of the whole file */
/* A tensor as f32; out holds what its shape says. */
gboolean edt_foreign_read(EdtForeign *foreign, const char *name, float *out, GError **error);

/* For edt_vae_new(); borrowed.  What it could not read is missing for it: see _error(). */
EdtTensorSource *edt_foreign_source(EdtForeign *foreign);
const GError *edt_foreign_error(const EdtForeign *foreign);
