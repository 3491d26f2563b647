/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A model file in the making: which tensors it has, where their numbers come from, and as what they
 * are stored.  import.c fills it from foreign files, the trainer from its weights.
 */
#pragma once

#include "catalogue.h"
#include "model/format.h"

typedef struct EdtModelWriter EdtModelWriter;

/* As edt_safetensors_writer_new(): nothing appears under path before the end. */
EdtModelWriter *edt_model_writer_new(const char *path, gboolean force, EdtStored stored,
                                     GError **error);
/* Numbers of the tensors added from now on, as f32, by their names without prefix ("edt.", "vae.").
 * prefix is a literal; from lives until the end. */
typedef gboolean (*EdtModelNumbers)(gpointer from, const char *name, const gint64 *shape,
                                    float *out, GError **error);
void edt_model_writer_source(EdtModelWriter *w, const char *prefix, EdtModelNumbers numbers,
                             gpointer from);
/* With EDT_STORED_INT8 the inner layers of this network become bytes; before they are added. */
void edt_model_writer_network(EdtModelWriter *w, const EdtVariant *v);
/* An EdtTensorSpec, with the writer behind it. */
void edt_model_writer_add(const char *name, int rank, const gint64 *shape, gpointer writer);

guint64 edt_model_writer_bytes(const EdtModelWriter *w); /* of all numbers, as f32 */
/* Memory: the largest tensor.  progress may be NULL.  Frees the writer; on error nothing is left
 * behind.  Errors: EDT_ERROR_BAD_FILE naming a tensor that is not all numbers. */
gboolean edt_model_writer_finish(EdtModelWriter *w, const EdtFormat *format,
                                 EdtImportProgress progress, gpointer user_data, GError **error);
void edt_model_writer_abandon(EdtModelWriter *w); /* leaves nothing; NULL is fine */
