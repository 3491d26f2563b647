/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights in the layouts that oneDNN's kernels read: blocks of blocks, padded with zeros.
 */
#pragma once

#include "cpu/device.h"

/* Copies a matrix [K,N] or weights [O,I,k,k] from one layout into another; each number goes where
 * the layout's own description says, the padding becomes zero.  f32 may become bf16 and back, bytes
 * stay bytes; on a device that stands in for one with bf16 f32 is rounded to it
 * (EdtDevice.rounded). */
gboolean edt_pack(EdtDevice *dev, const_dnnl_memory_desc_t from_desc, const void *from,
                  const_dnnl_memory_desc_t to_desc, void *to, GError **error);
/* A matrix [K,N] into f32 panels [K,width], one behind the other; N is filled up with zeros. */
gboolean edt_pack_panels(EdtDevice *dev, const_dnnl_memory_desc_t from_desc, const void *from,
                         int width, float *to, GError **error);
