/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What linear.c and conv.c both ask of oneDNN.
 */
#pragma once

#include "cpu/device.h"

dnnl_data_type_t edt_onednn_type(EdtType type);
/* FALSE and "oneDNN could not <what>" unless status is success. */
gboolean edt_onednn_ok(dnnl_status_t status, const char *what, GError **error);

/* Copies `from`, described by `plain`, into the layout `packed`: memory and its data are new.
 * Takes plain, which may be NULL when status is a failure of making it. */
gboolean edt_onednn_pack(EdtDevice *dev, dnnl_status_t status, dnnl_memory_desc_t plain,
                         const void *from, const_dnnl_memory_desc_t packed, dnnl_memory_t *memory,
                         void **data, GError **error);
/* N biases as f32, with their memory object of dimensions [N] or, for a matrix, [1,N]. */
gboolean edt_onednn_bias(EdtDevice *dev, gint64 N, const void *bias, EdtType type,
                         gboolean of_matrix, dnnl_memory_t *memory, float **data, GError **error);
/* The primitive, and memory objects of source and destination (each may be NULL: not wanted), with
 * room in the device's scratchpad. */
gboolean edt_onednn_make(EdtDevice *dev, const_dnnl_primitive_desc_t desc,
                         dnnl_primitive_t *primitive, dnnl_memory_t *x, dnnl_memory_t *y,
                         GError **error);
