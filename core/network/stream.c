/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See stream.h.  Next: block.c.
 */
#include "network/stream.h"

#include <string.h>

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

EdtModulation edt_stream_modulation(const EdtStream *s, const EdtWeight *site)
{
    return (EdtModulation){site->rows, site->layer.N, s->row};
}

void edt_stream_linear(const EdtStream *s, const EdtWeight *weight, const void *x, void *y)
{
    s->backend->linear(s->dev, weight->linear, (gint64)s->N * weight->layer.T, x, y);
}

void edt_stream_begin(const EdtStream *s, const EdtStage *stage, const void *p, EdtType p_type,
                      const EdtWeight *positions, float *x, const EdtWeight *first)
{
    s->backend->update(s->dev,
                       &(EdtRowUpdate){
                           .N = s->N,
                           .T = stage->T,
                           .D = stage->D,
                           .x = x,
                           .p = p,
                           .p_type = p_type,
                           .table = positions ? positions->table : NULL,
                           .y = first ? s->y : NULL,
                           .norm = first != NULL,
                           .gate = EDT_NO_COLUMN,
                           .mod_y = first ? edt_stream_modulation(s, first) : (EdtModulation){0},
                           .shift = 0,
                           .scale = stage->D,
                       });
}

void edt_stream_tell(const EdtStream *s, const char *name, const void *data, EdtType type, int T,
                     int D)
{
    if (s->probe)
        s->probe(name, data, type, s->N * T, D, s->probe_data);
}

void edt_stream_station(const EdtStream *s, const EdtWeight *weight, int up, const void *data,
                        EdtType type, int T, int D)
{
    char name[sizeof weight->layer.name];

    if (!s->probe)
        return;
    g_strlcpy(name, weight->layer.name, sizeof name);
    while (up-- > 0)
        *strrchr(name, '.') = '\0';
    edt_stream_tell(s, name, data, type, T, D);
}
