/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The metadata of a model file: its keys and words, each of them once, as rows of a table in
 * format.c.  info.c reads it for everyone; import.c and the trainer's export write it.
 */
#pragma once

#include "edt.h"
#include "files/safetensors.h"
#include "model/latents.h"
#include "network/shape.h"

#define EDT_MODEL_FORMAT "edt-model-1"
#define EDT_CHECKPOINT_FORMAT "edt-checkpoint-1" /* of a training: core/train/checkpoint.c */

/* What the network works on: pixels, the latents of Stable Diffusion's autoencoder, or those of an
 * autoencoder with latents of its own. */
typedef enum { EDT_SPACE_PIXELS, EDT_SPACE_STANDARD, EDT_SPACE_OWN } EdtSpace;

/* What metadata says, before anybody compares it with the tensors.  Texts are borrowed: of the file
 * that was read, or of who writes.  What may be missing is NULL or 0 then. */
typedef struct {
    const char *variant, *title, *licence;
    int image_size, latent_size, channels, guided_channels, n_classes;
    EdtShapeHints hints; /* of the network; each may be missing */
    EdtSchedule schedule;
    EdtPrediction prediction;
    EdtSpace space;         /* "edt.latent" */
    EdtLatentTexts latents; /* of its own space; each may be missing */
    gboolean has_alpha;     /* pictures are RGBA, the network's with colour premultiplied */
    EdtClassList class_list;
    const char *class_names;        /* JSON, see names.h; with EDT_CLASSES_OWN */
    const char *class_translations; /* may be missing */
    const char *style_names;        /* JSON; may be missing, as its translations */
    const char *style_translations;
    double cfg_scale;                /* may be missing: read as EDT_CFG_SCALE, written where > 0 */
    double cfg_pow;                  /* may be missing: 0, a constant */
    const char *source_sha256;       /* may be "" */
    const char *vae_source_sha256;   /* may be missing, or "" */
    const char *draft_source_sha256; /* NULL: it has no small autoencoder */
    int trained_steps;               /* may be missing */
} EdtFormat;

/* Errors: EDT_ERROR_BAD_FILE naming the path and the key. */
gboolean edt_format_read(const EdtSafetensors *file, const char *path, EdtFormat *format,
                         GError **error);
void edt_format_write(const EdtFormat *format, EdtSafetensorsWriter *w);
/* Whether what is to be written can be read again; errors as edt_format_read(). */
gboolean edt_format_check(const EdtFormat *format, const char *path, GError **error);

/* That error, for who finds that a key says something wrong; FALSE. */
gboolean edt_format_refuse(const char *path, const char *key, const char *what, GError **error);
/* The first key that makes pictures of one model something else to the other: noise schedule or
 * prediction; or NULL. */
const char *edt_format_differ(const EdtFormat *a, const EdtFormat *b);
