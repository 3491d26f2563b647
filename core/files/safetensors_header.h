/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The JSON header of a safetensors file as checked data: what safetensors.c maps tensors by.
 */
#pragma once

#include "base/type.h"

#define EDT_HEADER_BYTES_MAX ((gsize)16 << 20)
#define EDT_TENSOR_NAME_MAX 256

typedef struct {
    char *name;
    EdtType type;
    const char *other; /* whole numbers or flags that nobody reads: what they are; else NULL */
    gsize element;     /* of those: bytes of one */
    int rank;
    gint64 shape[EDT_RANK_MAX];
    gsize begin, end; /* bytes from the first byte after the header */
} EdtHeaderTensor;

typedef struct {
    GPtrArray *tensors;   /* EdtHeaderTensor, by begin: they cover the data without hole */
    GHashTable *metadata; /* char * to char * */
} EdtSafetensorsHeader;

/* data_bytes: what follows the header in the file.  Errors: EDT_ERROR_BAD_FILE, without the file's
 * name; the header is empty then. */
gboolean edt_safetensors_header_parse(EdtSafetensorsHeader *header, const char *text, gsize length,
                                      gsize data_bytes, GError **error);
void edt_safetensors_header_clear(EdtSafetensorsHeader *header);

/* FALSE, with a sentence: this is no element type that can be read. */
gboolean edt_safetensors_refuse_type(const EdtHeaderTensor *tensor, const char *type,
                                     GError **error);

/* 1 to 256 bytes of UTF-8 without control characters. */
gboolean edt_tensor_name_is_good(const char *name, gsize length);

const char *edt_dtype_name(EdtType type); /* "F32", "BF16", "F16", "F64", "I64" */
/* Bytes of a shape; FALSE when a dimension is negative or the product is too large. */
gboolean edt_shape_bytes(EdtType type, int rank, const gint64 *shape, gsize *bytes);
