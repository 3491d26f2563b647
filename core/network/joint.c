/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See joint.h (official DownSample, UpSample, Concat).
 */
#include "network/joint.h"

void edt_joint_down(const EdtJoint *joint, const EdtStream *s, int i, const EdtStage *from,
                    const EdtStage *to, float *x, const EdtSite *first)
{
    s->backend->merge(s->dev, &(EdtMerge){
                                  .N = s->N,
                                  .n = from->n,
                                  .D = from->D,
                                  .x = s->x,
                                  .y = s->y,
                                  .mod = edt_stream_modulation(s, &joint->site),
                                  .shift = 0,
                                  .scale = 4 * from->D,
                              });
    edt_stream_linear(s, joint->linear, to, s->y, s->p);
    edt_stream_begin(s, to, s->p, s->act, joint->table, x, first);
    edt_stream_station(s, "down_blocks", i, NULL, x, EDT_F32, to, to->D);
}

void edt_joint_up(const EdtJoint *joint, const EdtStream *s, int i, const EdtStage *from,
                  const EdtStage *to, const float *skip, const EdtSite *first)
{
    edt_stream_linear(s, joint->expand, from, s->y, s->p);
    edt_stream_station(s, "up_blocks", i, NULL, s->p, s->act, to, to->D);
    s->backend->split_concat(s->dev, &(EdtSplitConcat){
                                         .N = s->N,
                                         .n = to->n,
                                         .D = to->D,
                                         .e = s->p,
                                         .e_type = s->act,
                                         .skip = skip,
                                         .y = s->y,
                                         .mod = edt_stream_modulation(s, &joint->site),
                                         .shift = 0,
                                         .scale = 2 * to->D,
                                     });
    edt_stream_linear(s, joint->linear, to, s->y, s->p);
    edt_stream_begin(s, to, s->p, s->act, joint->table, s->x, first);
    edt_stream_station(s, "concat_blocks", i, NULL, s->x, EDT_F32, to, to->D);
}
