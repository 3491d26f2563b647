/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights on the device: named tensors of a source are found, checked, and packed or widened.
 * Whatever is loaded comes through here, so that a fault is one sentence.
 */
#pragma once

#include "compute/backend.h"

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtTensorSource *source;
    GError **error;
} EdtLoader;

/* The tensor of that name, which must be f32 or bf16 and have this shape.  To be followed by
 * edt_load_done().  Errors: EDT_ERROR_BAD_FILE naming the tensor. */
gboolean edt_load_find(EdtLoader *loader, const char *name, int rank, const gint64 *shape,
                       EdtTensorView *view);
/* Refuses a tensor; why: the end of the sentence.  FALSE. */
gboolean edt_load_refuse(EdtLoader *loader, const char *name, const char *why);
/* Its pages may go. */
void edt_load_done(EdtLoader *loader, const char *name);

/* <prefix>.weight, of K * N numbers in any shape, and with bias <prefix>.bias [N].  how: K, N,
 * epilogue and types of a layer. */
EdtLinear *edt_load_linear(EdtLoader *loader, const char *prefix, int rank, const gint64 *shape,
                           gboolean bias, EdtLinearSpec how);
/* A tensor as f32 on the device. */
float *edt_load_table(EdtLoader *loader, const char *name, int rank, const gint64 *shape);
/* The same in another order: number i comes from number order(i, data). */
typedef gsize (*EdtLoadOrder)(gsize i, gconstpointer data);
float *edt_load_reordered(EdtLoader *loader, const char *name, int rank, const gint64 *shape,
                          EdtLoadOrder order, gconstpointer data);
