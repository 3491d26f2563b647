/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The autoencoder in a file: SD's own in any spelling, or the one in a model of ours.  The trainer
 * encodes pictures with it (latents.c) and puts it into the models it exports (export.c).
 */
#pragma once

#include "base/type.h"
#include "vae/names.h"
#include "vae/shape.h"

typedef struct EdtVaeFile EdtVaeFile;

/* Errors: EDT_ERROR_BAD_FILE naming the file, and the tensor where one is wrong. */
EdtVaeFile *edt_vae_file_open(const char *path, GError **error);
void edt_vae_file_close(EdtVaeFile *file);

const EdtVaeShape *edt_vae_file_shape(const EdtVaeFile *file);
char *edt_vae_file_sha256(EdtVaeFile *file, GError **error);
/* A tensor by its modern name as f32; out holds what the shape says. */
gboolean edt_vae_file_read(EdtVaeFile *file, const char *name, float *out, GError **error);
/* For edt_vae_new(); borrowed.  What it could not read is missing for it: see _error(). */
EdtTensorSource *edt_vae_file_source(EdtVaeFile *file);
const GError *edt_vae_file_error(const EdtVaeFile *file);
