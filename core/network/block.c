/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See block.h (official EDTBlock, DiTBlock, MDTBlock; paper figure 2).
 */
#include "network/block.h"

#include <math.h>

/* The stream becomes a product of itself and its skip; y for the attention. */
static void join_skip(const EdtGroup *block, const EdtStream *s, const EdtStage *stage)
{
    const EdtWeight *skip = block->part[EDT_PART_SKIP];

    edt_stream_linear(s, skip, s->y, s->p);
    edt_stream_station(s, skip, 0, s->p, s->act, stage->T, stage->D);
    edt_stream_begin(s, stage, s->p, s->act, NULL, s->x, block->part[EDT_PART_SITE]);
}

EdtAttention edt_block_attention(const EdtStage *stage, int N)
{
    return (EdtAttention){
        .N = N,
        .T = stage->T,
        .H = stage->H,
        .d = stage->d,
        .n = stage->n,
        .scale = (float)(1.0 / sqrt((double)stage->d)),
    };
}

/* x += gate * Attention(...); y for the MLP. */
static void attend(const EdtGroup *block, const EdtStream *s, const EdtStage *stage,
                   const float *x_in, const float *amm)
{
    const int D = stage->D;
    const EdtWeight *windows = block->part[EDT_PART_WINDOWS], *proj = block->part[EDT_PART_PROJ];
    const EdtModulation own = edt_stream_modulation(s, block->part[EDT_PART_SITE]);
    void *attended =
        (char *)s->wide + 3 * (gsize)(s->N * stage->T) * (gsize)D * edt_type_size(s->act);

    EdtAttention op = edt_block_attention(stage, s->N);
    op.qkv = s->wide;
    op.out = attended;
    op.bias = windows ? windows->table : NULL;
    op.amm = amm;
    edt_stream_linear(s, block->part[EDT_PART_QKV], s->y, s->wide);
    s->backend->attention(s->dev, &op);
    edt_stream_linear(s, proj, attended, s->p);
    edt_stream_station(s, proj, 1, s->p, s->act, stage->T, D);
    s->backend->update(s->dev, &(EdtRowUpdate){
                                   .N = s->N,
                                   .T = stage->T,
                                   .D = D,
                                   .x_in = x_in,
                                   .x = s->x,
                                   .p = s->p,
                                   .p_type = s->act,
                                   .y = s->y,
                                   .norm = TRUE,
                                   .mod_p = own,
                                   .gate = 2 * D,
                                   .mod_y = own,
                                   .shift = 3 * D,
                                   .scale = 4 * D,
                               });
}

/* x += gate * MLP(y); y as `next` says. */
static void think(const EdtGroup *block, const EdtStream *s, const EdtStage *stage, float *x_out,
                  EdtNext next)
{
    const int D = stage->D;
    const EdtWeight *fc2 = block->part[EDT_PART_FC2];

    edt_stream_linear(s, block->part[EDT_PART_FC1], s->y, s->wide);
    edt_stream_linear(s, fc2, s->wide, s->p);
    edt_stream_station(s, fc2, 1, s->p, s->act, stage->T, D);
    s->backend->update(
        s->dev, &(EdtRowUpdate){
                    .N = s->N,
                    .T = stage->T,
                    .D = D,
                    .x_in = s->x,
                    .x = x_out,
                    .p = s->p,
                    .p_type = s->act,
                    .table = next.table ? next.table->table : NULL,
                    .beside = next.beside,
                    .y = next.plain || next.site ? s->y : NULL,
                    .norm = next.site != NULL,
                    .mod_p = edt_stream_modulation(s, block->part[EDT_PART_SITE]),
                    .gate = 5 * D,
                    .mod_y = next.site ? edt_stream_modulation(s, next.site) : (EdtModulation){0},
                    .shift = 0,
                    .scale = D,
                });
    if (!next.table) /* with it, the stream is no station of the reference's any more */
        edt_stream_station(s, fc2, 2, x_out, EDT_F32, stage->T, D);
}

void edt_block_run(const EdtGroup *block, const EdtStream *s, const EdtStage *stage,
                   const float *x_in, float *x_out, const float *amm, EdtNext next)
{
    if (block->part[EDT_PART_SKIP]) {
        join_skip(block, s, stage);
        x_in = s->x;
    }
    attend(block, s, stage, x_in, amm);
    think(block, s, stage, x_out, next);
}
