/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights on the device: reads named tensors from a source, checks their shapes, packs them.
 * Used by model.c only.
 */
#pragma once

#include "compute/backend.h"
#include "network/shape.h"

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtTensorSource *source;
    GError **error;
} EdtLoader;

/* Layers named by prefix: <prefix>.weight [N,K] and, with bias, <prefix>.bias [N]. */
EdtLinear *edt_load_linear(EdtLoader *loader, const char *prefix, gint64 N, gint64 K,
                           gboolean bias, EdtEpilogue epilogue, EdtType x_type, EdtType y_type);
/* A tensor of `count` elements as f32 on the device; rank and shape as given. */
float *edt_load_table(EdtLoader *loader, const char *name, int rank, const gint64 *shape);
/* Position bias [(2n-1)^2, H] turned into the windows of EdtAttention. */
float *edt_load_bias_windows(EdtLoader *loader, const char *name, int n, int H);
