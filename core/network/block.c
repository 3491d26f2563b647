/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See block.h (official EDTBlock; paper figure 2).
 */
#include "network/block.h"

#include <math.h>

/* x += gate * Attention(...); y for the MLP. */
static void attend(const EdtBlock *block, const EdtStream *s, const EdtStage *stage,
                   const float *x_in, const float *amm)
{
    const int D = stage->D;
    const EdtModulation own = edt_stream_modulation(s, &block->site);
    void *attended =
        (char *)s->wide + 3 * (gsize)(s->N * stage->T) * (gsize)D * edt_type_size(s->act);

    edt_stream_linear(s, block->qkv, stage, s->y, s->wide);
    s->backend->attention(s->dev, &(EdtAttention){
                                      .N = s->N,
                                      .T = stage->T,
                                      .H = stage->H,
                                      .d = stage->d,
                                      .n = stage->n,
                                      .scale = (float)(1.0 / sqrt((double)stage->d)),
                                      .qkv = s->wide,
                                      .out = attended,
                                      .bias = block->bias,
                                      .amm = amm,
                                  });
    edt_stream_linear(s, block->proj, stage, attended, s->p);
    edt_stream_station(s, "blocks", block->number, "attn", s->p, s->act, stage, D);
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
static void think(const EdtBlock *block, const EdtStream *s, const EdtStage *stage, EdtNext next)
{
    const int D = stage->D;

    edt_stream_linear(s, block->fc1, stage, s->y, s->wide);
    edt_stream_linear(s, block->fc2, stage, s->wide, s->p);
    edt_stream_station(s, "blocks", block->number, "mlp", s->p, s->act, stage, D);
    s->backend->update(
        s->dev, &(EdtRowUpdate){
                    .N = s->N,
                    .T = stage->T,
                    .D = D,
                    .x_in = s->x,
                    .x = s->x,
                    .p = s->p,
                    .p_type = s->act,
                    .y = next.plain || next.site ? s->y : NULL,
                    .norm = next.site != NULL,
                    .mod_p = edt_stream_modulation(s, &block->site),
                    .gate = 5 * D,
                    .mod_y = next.site ? edt_stream_modulation(s, next.site) : (EdtModulation){0},
                    .shift = 0,
                    .scale = D,
                });
    edt_stream_station(s, "blocks", block->number, NULL, s->x, EDT_F32, stage, D);
}

void edt_block_run(const EdtBlock *block, const EdtStream *s, const EdtStage *stage,
                   const float *x_in, const float *amm, EdtNext next)
{
    attend(block, s, stage, x_in, amm);
    think(block, s, stage, next);
}
