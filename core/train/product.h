/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products C = A B (+ bias) (+ C) by oneDNN, for any strides: a transposed operand is one
 * with its strides exchanged.  A B that serves many products is packed for them once.  A product
 * runs on the calling thread alone; the trainer splits its work into jobs itself, so that a sum
 * never depends on the number of threads.
 */
#pragma once

#include "base/type.h"

typedef struct EdtProducts EdtProducts; /* all products of a network, one engine */
typedef struct EdtProduct EdtProduct;

/* A [batch, M, K], B [batch, K, N], C [batch, M, N]; strides in elements.  batch 0: plain
 * matrices. */
typedef struct {
    gint64 batch;
    gint64 M, N, K;
    gint64 a_row, a_column, a_batch;
    gint64 b_row, b_column, b_batch;
    gint64 c_row, c_batch; /* columns of C are contiguous */
    EdtType type, c_type;  /* of A and B; of C: EDT_F32 or EDT_BF16 */
    gboolean bias;         /* f32 [N], added to every row */
    gboolean accumulate;   /* C += (f32 C only) */
    gboolean packed;       /* B is read as edt_product_pack() leaves it; plain matrices only */
    const EdtProduct *packed_for; /* ... for that one: the same but for M */
} EdtProductSpec;

EdtProducts *edt_products_new(int threads, GError **error);
void edt_products_free(EdtProducts *products);

/* Owned by products; equal specs share one.  NULL with an error. */
const EdtProduct *edt_products_plan(EdtProducts *products, const EdtProductSpec *spec,
                                    GError **error);
/* After the last plan, and after those that come later: working memory for every thread. */
gboolean edt_products_prepare(EdtProducts *products, GError **error);

/* Of a packed B: its bytes; B with the strides of the spec to where it lies packed, 64-byte
 * aligned. */
gsize edt_product_packed_bytes(const EdtProduct *product);
void edt_product_pack(const EdtProduct *product, int thread, const void *b, void *packed);

/* thread: 0 .. threads-1, each used by one thread at a time.  bias may be NULL without one. */
void edt_product_run(const EdtProduct *product, int thread, const void *a, const void *b,
                     const float *bias, void *c);

/* FALSE when a product failed since the last check. */
gboolean edt_products_check(EdtProducts *products, GError **error);
