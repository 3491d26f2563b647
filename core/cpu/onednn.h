/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What everybody who computes with oneDNN asks of it, and the one place where its primitives are
 * made: no reference implementation runs unnoticed.  Next: layer.h, which avoids them.
 */
#pragma once

#include "base/type.h"

#include <oneapi/dnnl/dnnl.h>

dnnl_data_type_t edt_onednn_type(EdtType type);
/* FALSE and "oneDNN could not <what>" unless status is success. */
gboolean edt_onednn_ok(dnnl_status_t status, const char *what, GError **error);

/* "brg_matmul:avx512_core", "ref:any", ... */
const char *edt_onednn_implementation(const_dnnl_primitive_desc_t desc);
/* Plain loops in the place of machine code: a hundred times slower, or more. */
gboolean edt_onednn_is_reference(const_dnnl_primitive_desc_t desc);

/* Its generators of code do not look whether they got their memory, and crash without it. */
gboolean edt_onednn_has_room(void);

/* macs: its multiply-adds.  A reference implementation of more than EDT_REFERENCE_MACS is told to
 * the log with what it computes.  dnnl_out_of_memory also where oneDNN would crash without it. */
#define EDT_REFERENCE_MACS 1000000
dnnl_status_t edt_onednn_make(const_dnnl_primitive_desc_t desc, const char *what, gint64 macs,
                              dnnl_primitive_t *primitive);

/* Bytes that the primitive works in. */
gsize edt_onednn_scratch(const_dnnl_primitive_desc_t desc);
