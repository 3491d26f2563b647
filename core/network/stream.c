/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See stream.h.  Next: block.c.
 */
#include "network/stream.h"

void edt_stream_carve(EdtStream *s, EdtArena *arena, const EdtVariant *v, int N)
{
    const gsize act = edt_type_size(s->act);
    gsize widest = 0;

    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage stage = edt_variant_stage(v, i);
        widest = MAX(widest, (gsize)N * (gsize)stage.T * (gsize)stage.D);
    }
    s->x = edt_arena_take(arena, widest * sizeof(float));
    s->y = edt_arena_take(arena, 2 * widest * act);
    s->wide = edt_arena_take(arena, MAX(4, (gsize)v->mlp_ratio) * widest * act);
    s->p = edt_arena_take(arena, widest * act);
}

EdtModulation edt_stream_modulation(const EdtStream *s, const EdtSite *site)
{
    return (EdtModulation){site->rows, site->columns, s->row};
}

void edt_stream_linear(const EdtStream *s, EdtLinear *linear, const EdtStage *stage, const void *x,
                       void *y)
{
    s->backend->linear(s->dev, linear, (gint64)s->N * stage->T, x, y);
}

void edt_stream_begin(const EdtStream *s, const EdtStage *stage, const void *p, EdtType p_type,
                      const float *table, float *x, const EdtSite *first)
{
    s->backend->update(s->dev, &(EdtRowUpdate){
                                   .N = s->N,
                                   .T = stage->T,
                                   .D = stage->D,
                                   .x = x,
                                   .p = p,
                                   .p_type = p_type,
                                   .table = table,
                                   .y = s->y,
                                   .norm = TRUE,
                                   .gate = EDT_NO_COLUMN,
                                   .mod_y = edt_stream_modulation(s, first),
                                   .shift = 0,
                                   .scale = stage->D,
                               });
}

void edt_stream_station(const EdtStream *s, const char *group, int i, const char *part,
                        const void *data, EdtType type, const EdtStage *stage, int D)
{
    char name[64];
    if (!s->probe)
        return;
    if (i < 0)
        g_strlcpy(name, group, sizeof name);
    else
        g_snprintf(name, sizeof name, "%s.%d%s%s", group, i, part ? "." : "", part ? part : "");
    s->probe(name, data, type, s->N * stage->T, D, s->probe_data);
}
