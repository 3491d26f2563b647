/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way through a network: patches, stages and the joints between them, head.  Which joints there
 * are is data (shape.h), so this is the way through all of them.  Private to network/.
 * Next: network.c, which holds it all.
 */
#pragma once

#include "network/stream.h"

/* The working memory of a walk, beside the stream's. */
typedef struct {
    float *patches;              /* [N*T, C*p*p] in, [N*T, C_out*p*p] out */
    float *skip[EDT_STAGES_MAX]; /* inputs of the stages that a later one is set beside, or NULL */
    float *kept[EDT_BLOCKS_MAX]; /* outputs of the blocks that a later one is set beside, or NULL */
    void *inner; /* [N*T, D] act: what the inner stages bring to the outer one; NULL: none */
} EdtWalk;

void edt_walk_carve(EdtWalk *walk, EdtArena *arena, const EdtVariant *v, EdtType act, int N);
/* x: [N,C,h,w] to out: [N,C_out,h,w]; amm may be NULL.  reuses: see edt_network_forward(). */
void edt_walk_run(const EdtWalk *walk, const EdtParts *parts, const EdtStream *s, const float *x,
                  const EdtAmmPlan *amm, gboolean reuses, float *out);
