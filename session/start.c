/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What pictures start from; see start.h.  The bytes are brought to size in core/canvas.h, as those
 * of `edt sample --image` are.
 */
#include "session/start.h"
#include "canvas.h"

void edt_start_free(EdtStart *start)
{
    if (!start)
        return;
    g_free(start->source);
    g_free(start->mask);
    g_free(start);
}

static float *numbers_of(const EdtStart *start, const EdtModelInfo *info, EdtCanvasPart part,
                         const guint8 *rgba)
{
    g_autofree guint8 *bytes =
        rgba ? edt_canvas_fit(info, part, rgba, start->width, start->height) : NULL;
    return bytes ? edt_canvas_from_bytes(info, part, bytes) : NULL;
}

EdtStartNumbers edt_start_numbers(const EdtStart *start, const EdtModelInfo *info)
{
    return (EdtStartNumbers){numbers_of(start, info, EDT_CANVAS_SOURCE, start->source),
                             numbers_of(start, info, EDT_CANVAS_MASK, start->mask)};
}

void edt_start_numbers_clear(EdtStartNumbers *numbers)
{
    g_clear_pointer(&numbers->source, g_free);
    g_clear_pointer(&numbers->mask, g_free);
}

void edt_start_apply(const EdtStart *start, const EdtStartNumbers *numbers, EdtItem *item)
{
    item->source = numbers->source;
    item->mask = numbers->mask;
    item->freedom = start->freedom;
    item->fill = start->fill;
    item->careful = start->careful;
}
