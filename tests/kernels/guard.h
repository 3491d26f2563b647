/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Buffers with canaries on both sides, and random contents, for kernel tests.
 */
#pragma once

#include "base/type.h"

typedef struct {
    guint8 *memory; /* what to free */
    void *data;     /* count elements, 64-byte aligned */
    gsize bytes;
} Guarded;

Guarded guarded_new(gsize count, EdtType type);
void guarded_check(const Guarded *buffer); /* asserts that both canaries are whole */
void guarded_free(Guarded *buffer);        /* checks, then frees */

/* Uniform in [-scale, scale], rounded to type. */
void guarded_fill(Guarded *buffer, EdtType type, double scale);
double guarded_get(const void *data, EdtType type, gsize i);
/* Largest |a-b| / (1 + |b|) over count elements. */
double guarded_distance(const void *a, EdtType type, const double *b, gsize count);
