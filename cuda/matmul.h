/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products on the device: the one thing that comes from a library (cuBLASLt; the host build
 * of the tests puts a plain product behind this header).  Used by linear.c, conv.c and device.c.
 */
#pragma once

#include "compute/backend.h"

#include <cuda_runtime_api.h>

/* y[M,N] = epilogue(x[M,K] W[N,K]^T + bias), or added to y.  ld*: elements from row to row.  W has
 * the type of x; the bias has the type of y and N elements. */
typedef struct {
    gint64 M, N, K, ldx, ldw, ldy;
    EdtType x_type, y_type;
    EdtEpilogue epilogue;
    gboolean bias, accumulate;
} EdtMatmulShape;

typedef struct EdtMatmuls EdtMatmuls;

/* Device memory that they take: what NVIDIA recommends for Hopper, and enough elsewhere. */
#define EDT_MATMUL_WORKSPACE ((gsize)32 << 20)

/* tf32: f32 products may round their operands to 10 bits (three to eight times as fast). */
EdtMatmuls *edt_matmuls_open(gboolean tf32, GError **error);
void edt_matmuls_close(EdtMatmuls *matmuls);

/* Chooses an algorithm and keeps it; equal shapes share it. */
gboolean edt_matmul_prepare(EdtMatmuls *matmuls, const EdtMatmulShape *shape, GError **error);
gboolean edt_matmul_run(EdtMatmuls *matmuls, const EdtMatmulShape *shape, const void *x,
                        const void *w, const void *bias, void *y, cudaStream_t stream,
                        GError **error);
