/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where two stages meet: down to half the grid, or up to twice the grid and beside the skip (paper
 * section 3.1).  Private to network/.  Next: walk.h.
 */
#pragma once

#include "network/stream.h"

typedef struct {
    EdtSite site;      /* shift, scale of the 4D (down) or 2D (up) row */
    EdtLinear *linear; /* reduction or cat */
    EdtLinear *expand; /* up only: the up-sampling in front of it */
    float *table;      /* positions of the stage it leads to, added behind */
} EdtJoint;

/* x of stage `from` to the stream of stage `to`, in `x`, and y for its first block.  i: which of
 * the network's joints of that kind. */
void edt_joint_down(const EdtJoint *joint, const EdtStream *s, int i, const EdtStage *from,
                    const EdtStage *to, float *x, const EdtSite *first);
/* y of stage `from` and a skip to the stream of stage `to`, in s->x. */
void edt_joint_up(const EdtJoint *joint, const EdtStream *s, int i, const EdtStage *from,
                  const EdtStage *to, const float *skip, const EdtSite *first);
