/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See joint.h (official DownSample, UpSample, Concat).
 */
#include "network/joint.h"

/* What was merged becomes the stream of stage `to`. */
static void begin(const EdtGroup *joint, const EdtStream *s, const EdtStage *to, float *x,
                  const EdtWeight *first)
{
    const EdtWeight *merge = joint->part[EDT_PART_MERGE];

    edt_stream_linear(s, merge, s->y, s->p);
    edt_stream_begin(s, to, s->p, s->act, joint->part[EDT_PART_POSITIONS], x, first);
    edt_stream_station(s, merge, 1, x, EDT_F32, to->T, to->D);
}

void edt_joint_down(const EdtGroup *joint, const EdtStream *s, const EdtStage *from,
                    const EdtStage *to, float *x, const EdtWeight *first)
{
    s->backend->merge(s->dev, &(EdtMerge){
                                  .N = s->N,
                                  .n = from->n,
                                  .D = from->D,
                                  .x = s->x,
                                  .y = s->y,
                                  .mod = edt_stream_modulation(s, joint->part[EDT_PART_SITE]),
                                  .shift = 0,
                                  .scale = 4 * from->D,
                              });
    begin(joint, s, to, x, first);
}

void edt_joint_expand(const EdtGroup *joint, const EdtStream *s, const EdtStage *to, void *e)
{
    const EdtWeight *expand = joint->part[EDT_PART_EXPAND];

    edt_stream_linear(s, expand, s->y, e);
    edt_stream_station(s, expand, 1, e, s->act, to->T, to->D);
}

void edt_joint_up(const EdtGroup *joint, const EdtStream *s, const EdtStage *to, const void *e,
                  const float *skip, const EdtWeight *first)
{
    s->backend->split_concat(s->dev,
                             &(EdtSplitConcat){
                                 .N = s->N,
                                 .n = to->n,
                                 .D = to->D,
                                 .e = e,
                                 .e_type = s->act,
                                 .skip = skip,
                                 .y = s->y,
                                 .mod = edt_stream_modulation(s, joint->part[EDT_PART_SITE]),
                                 .shift = 0,
                                 .scale = 2 * to->D,
                             });
    begin(joint, s, to, s->x, first);
}
