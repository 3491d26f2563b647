/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * .npy arrays (NumPy format 1.0 and 2.0, little-endian f32, f64, f16 or i64, C order) in; out by
 * edt_npy_save() of edt.h.
 */
#pragma once

#include "base/type.h"

typedef struct {
    EdtType type;
    int rank;
    gint64 shape[EDT_RANK_MAX];
    gsize count;
    float *values; /* f32 always, converted; for EDT_I64 see ints */
    gint64 *ints;  /* only for EDT_I64 */
} EdtNpy;

EdtNpy *edt_npy_read(const char *path, GError **error);
void edt_npy_free(EdtNpy *npy);
