/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way through a network: patches, stages and the joints between them, head.  Which joints there
 * are is data (shape.h), so this is the way through all of them.  Private to network/.
 * Next: network.c, which holds the parts.
 */
#pragma once

#include "network/amm.h"
#include "network/block.h"
#include "network/joint.h"

typedef struct {
    EdtVariant v;
    EdtLinear *embed, *head;
    float *table; /* positions of stage 0 */
    EdtSite final;
    EdtBlock *blocks;
    EdtJoint joint[EDT_STAGES]; /* by the stage it leads to; stage 0 has none */
    EdtAmmTables amm;
    /* working memory */
    float *patches;          /* [N*T, C*p*p] in, [N*T, C_out*p*p] out */
    float *skip[EDT_STAGES]; /* inputs of the stages that a later one is set beside, or NULL */
} EdtParts;

void edt_walk_carve(EdtParts *parts, EdtArena *arena, int N);
/* x: [N,C,h,w] to out: [N,C_out,h,w]; amm may be NULL. */
void edt_walk_run(const EdtParts *parts, const EdtStream *s, const float *x, const EdtAmmPlan *amm,
                  float *out);
