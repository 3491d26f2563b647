/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a linear layer needs beside its product to compute it of bytes: a scale for each column of
 * its weights, one for each row of its input.  Private to cpu/.
 */
#pragma once

#include "cpu/device.h"

/* Of a layer.  x = s (u - 128) by row and W = t q by column, so y = s t (sum u q - 128 sum q) + b:
 * oneDNN brings the bracket, the second sum as its bias, and the kernels the rest.  Numbers from 0
 * to 255 against signed ones are what all the instructions multiply. */
typedef struct {
    float *memory;
    float *scale, *bias; /* [N] t and b; zeros where the layer has no bias */
    float *offset;       /* [N] -128 sum q */
    gint8 *bytes;        /* [N,K] q, until they are packed */
} EdtInt8;

/* Whether the device computes this layer so. */
gboolean edt_int8_is_for(const EdtDevice *dev, const EdtLinearSpec *spec);
/* Quantises the weights (all but zeros where the spec has none: it is only planned). */
gboolean edt_int8_init(EdtDevice *dev, EdtInt8 *int8, const EdtLinearSpec *spec, GError **error);
void edt_int8_forget_bytes(EdtInt8 *int8); /* they are packed */
void edt_int8_clear(EdtInt8 *int8);

/* Room for M rows of K as bytes, with their scales. */
gboolean edt_int8_prepare(EdtDevice *dev, gint64 M, gint64 K, GError **error);
/* Before the product: x of x_type to the bytes that are returned. */
const void *edt_int8_begin(EdtDevice *dev, gint64 M, gint64 K, const void *x, EdtType x_type);
/* After it: y of its sums. */
void edt_int8_end(EdtDevice *dev, const EdtInt8 *int8, gint64 M, gint64 K, EdtDequantise op);
