/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A layer of weights as oneDNN computes it: what linear.c and conv.c have in common.  A layer has
 * one part or several (conv.c says why), each with weights of its own; a part has a primitive for
 * each shape of input.  Weights lie packed as a primitive wants them, in one layout for all shapes
 * where it suits them all.
 */
#pragma once

#include "cpu/device.h"

#define EDT_PARTS_MAX 8
#define EDT_SHAPES_MAX 8 /* shapes that a layer remembers; the oldest makes room */

/* N pictures of h x w; for matrices N rows, and 1 x 1. */
typedef struct {
    gint64 N;
    int h, w;
} EdtExtent;

typedef struct EdtCpuLayer EdtCpuLayer;
typedef struct EdtPacked EdtPacked; /* the weights of one part in one layout */

/* The description of a part's primitive; x and weights are of `type`, weights NULL: in the layout
 * that oneDNN prefers.  attr carries the scratchpad mode already. */
typedef dnnl_status_t (*EdtDescribe)(EdtDevice *dev, const EdtCpuLayer *layer, int part,
                                     EdtExtent extent, EdtType type,
                                     const_dnnl_memory_desc_t weights, dnnl_primitive_attr_t attr,
                                     dnnl_primitive_desc_t *desc);

typedef struct {
    dnnl_primitive_t primitive;
    dnnl_memory_t x, y;
    const EdtPacked *weights;
    EdtType type; /* the layer's, or EDT_F32 where oneDNN has no fast or right code for bf16 */
    gboolean bias;
    gint64 x_count, y_count;
} EdtCpuPart;

typedef struct {
    EdtExtent extent;
    EdtCpuPart parts[EDT_PARTS_MAX];
} EdtShape;

/* The first member of whoever is a layer. */
struct EdtCpuLayer {
    const char *what; /* "a matrix product", for messages */
    EdtDescribe describe;
    gboolean (*wrong_in_bf16)(const EdtCpuLayer *layer, EdtExtent extent); /* or NULL: never */
    EdtType x_type, y_type;
    int n_parts;
    gint64 depth;    /* multiply-adds of one number of y, in a part */
    EdtExtent usual; /* shape that weights are packed for at first */

    dnnl_memory_t bias;
    float *bias_data;
    GPtrArray *packed; /* of EdtPacked */
    EdtShape shapes[EDT_SHAPES_MAX];
    int n_shapes, next;
};

/* After the fields above `bias` are set. */
void edt_cpu_layer_init(EdtCpuLayer *layer);
void edt_cpu_layer_clear(EdtCpuLayer *layer);

/* N biases as f32, with their memory object of dimensions [N] or, for a matrix, [1,N]. */
gboolean edt_cpu_layer_bias(EdtDevice *dev, EdtCpuLayer *layer, gint64 N, const void *bias,
                            EdtType type, gboolean of_matrix, GError **error);
/* Takes plain, the description of `weights`; it may be NULL when status is a failure of making it.
 * weights NULL: the layer can be prepared, which plans it, but not run. */
gboolean edt_cpu_layer_pack(EdtDevice *dev, EdtCpuLayer *layer, int part, dnnl_status_t status,
                            dnnl_memory_desc_t plain, const void *weights, GError **error);

/* Plans all parts for a shape; its weights may take another layout for it. */
gboolean edt_cpu_layer_prepare(EdtDevice *dev, EdtCpuLayer *layer, EdtExtent extent,
                               GError **error);
/* Prepares where that was not done before; NULL: the failure is the device's. */
EdtShape *edt_cpu_layer_shape(EdtDevice *dev, EdtCpuLayer *layer, EdtExtent extent);
void edt_cpu_layer_run(EdtDevice *dev, const EdtCpuLayer *layer, const EdtShape *shape, int part,
                       const void *x, void *y);

/* What a run of all parts in that type has to do: numbers of x, of weights and of y, and
 * multiply-adds. */
EdtProfileWork edt_cpu_layer_work(const EdtCpuLayer *layer, EdtType type, gint64 x, gint64 weights,
                                  gint64 y, double macs);

/* The type of y in a primitive of that type. */
EdtType edt_cpu_layer_y_type(const EdtCpuLayer *layer, EdtType type);
