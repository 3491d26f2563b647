/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A transformer block with adaLN: product, attention, product, row pass, product, product, row
 * pass.  Private to network/.  Next: joint.h.
 */
#pragma once

#include "network/stream.h"

/* x_in: where the stream comes from, x_out: where it goes to (a skip, which is kept; or s->x).  On
 * entry y is what the block begins with: what its attention wants, or, where it has a skip, the
 * stream and that beside it.  On exit it is what `next` says.  amm: [2n-1][2n-1], or NULL. */
void edt_block_run(const EdtGroup *block, const EdtStream *s, const EdtStage *stage,
                   const float *x_in, float *x_out, const float *amm, EdtNext next);

/* The attention of a stage's blocks for N samples, without its data: what memory is measured by. */
EdtAttention edt_block_attention(const EdtStage *stage, int N);
