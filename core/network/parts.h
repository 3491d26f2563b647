/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a network is made of: its layers (layers.h) in one array, found by whose they are and what
 * they are there.  Without a device the same array is the plan that memory is measured by.
 * Private to network/.  Next: stream.h.
 */
#pragma once

#include "compute/weights.h"
#include "network/amm.h"
#include "network/layers.h"

typedef struct {
    EdtLayer layer;
    EdtLinear *linear; /* of what is linear; else ... */
    float *table;      /* ... f32 on the device */
    float *rows;       /* of a site: [R,N] its numbers, after edt_conditioner_run() */
} EdtWeight;

/* The layers of one owner; NULL: it has no such layer. */
typedef struct {
    EdtWeight *part[EDT_PARTS];
} EdtGroup;

typedef struct {
    EdtVariant v;
    int n_weights;
    EdtWeight *weights;
    EdtGroup ends, *blocks, joint[EDT_STAGES_MAX]; /* joints by the stage they lead to */
    EdtAmmTables amm;
} EdtParts;

/* The array, with nothing loaded. */
void edt_parts_plan(EdtParts *parts, const EdtVariant *v);
gboolean edt_parts_load(EdtParts *parts, EdtLoader *loader);
/* Gives back what was planned and loaded; without a device backend is NULL. */
void edt_parts_clear(EdtParts *parts, const EdtBackend *backend, EdtDevice *dev);
/* Products for N samples and R rows of the conditioning. */
gboolean edt_parts_prepare(const EdtParts *parts, const EdtBackend *backend, EdtDevice *dev, int N,
                           int R, GError **error);
