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

gboolean edt_start_lay(const EdtStart *start, EdtOrder *order, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(order->model, error);
    if (!info)
        return FALSE;
    float *source = numbers_of(start, info, EDT_CANVAS_SOURCE, start->source);
    float *mask = numbers_of(start, info, EDT_CANVAS_MASK, start->mask);
    edt_model_info_free(info);
    return edt_order_lay(order, source, mask, start->freedom, start->fill, start->careful, error);
}
