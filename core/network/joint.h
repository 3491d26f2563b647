/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where two stages meet: down to half the grid, or up to twice the grid and beside the skip (paper
 * section 3.1).  Private to network/.  Next: walk.h.
 */
#pragma once

#include "network/stream.h"

/* x of stage `from` to the stream of stage `to`, in `x`, and y for its first block's site. */
void edt_joint_down(const EdtGroup *joint, const EdtStream *s, const EdtStage *from,
                    const EdtStage *to, float *x, const EdtWeight *first);
/* y of the stage before `to` to e [N*(n/2)^2, 4D] of type act, four tokens for each of its own. */
void edt_joint_expand(const EdtGroup *joint, const EdtStream *s, const EdtStage *to, void *e);
/* e and a skip to the stream of stage `to`, in s->x. */
void edt_joint_up(const EdtGroup *joint, const EdtStream *s, const EdtStage *to, const void *e,
                  const float *skip, const EdtWeight *first);
