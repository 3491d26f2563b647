/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What flows through a network: the residual stream x in f32, what enters the next matrix product,
 * and what came out of the last.  Every row operation between two products (gate, residual, table,
 * norm, modulate) is one pass (EdtRowUpdate).  Private to network/.
 * Next: block.h and joint.h, which know a stream and nothing of the network.
 */
#pragma once

#include "base/arena.h"
#include "network/parts.h"

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtType act;
    int N;          /* samples of the running forward */
    const int *row; /* [N] modulation row of each, device */
    float *x;       /* [N*T, D] residual stream */
    void *y;        /* [N*T, 2D] act: input of the next product */
    void *wide;     /* [N*T, 4D] act: q, k, v and attention's result, or the MLP's middle */
    void *p;        /* [N*T, D] act: result of a product */
    EdtProbe probe;
    gpointer probe_data;
} EdtStream;

/* What the row pass at the end of a part leaves in y for the next one: nothing, x as it is, x and a
 * skip beside it, or x normed and modulated by the first two columns of a site.  table: positions
 * that come to x first. */
typedef struct {
    gboolean plain;
    const EdtWeight *site;
    const float *beside;
    const EdtWeight *table;
} EdtNext;

/* Room for N samples of the widest stage. */
void edt_stream_carve(EdtStream *s, EdtArena *arena, const EdtVariant *v, int N);
EdtModulation edt_stream_modulation(const EdtStream *s, const EdtWeight *site);
void edt_stream_linear(const EdtStream *s, const EdtWeight *weight, const void *x, void *y);
/* The stream begins: x = p + positions (or NULL), and y for the block with that site (NULL: none).
 */
void edt_stream_begin(const EdtStream *s, const EdtStage *stage, const void *p, EdtType p_type,
                      const EdtWeight *positions, float *x, const EdtWeight *first);
/* Tells the probe: rows of T tokens a sample and D wide, under a name of the reference ... */
void edt_stream_tell(const EdtStream *s, const char *name, const void *data, EdtType type, int T,
                     int D);
/* ... or under that of the module `up` levels above a layer. */
void edt_stream_station(const EdtStream *s, const EdtWeight *weight, int up, const void *data,
                        EdtType type, int T, int D);
