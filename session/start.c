/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What pictures start from; see start.h.  The bytes are brought to size in core/canvas.h, as those
 * of `edt sample --image` are.
 */
#include "session/start.h"
#include "canvas.h"

#include <glib/gi18n.h>
#include <string.h>

void edt_start_free(EdtStart *start)
{
    if (!start)
        return;
    g_free(start->source);
    g_free(start->mask);
    g_free(start);
}

const char *edt_start_visible_obstacle(gboolean alpha)
{
    return alpha ? _("This model draws things on a transparent ground: it completes the drawing on "
                     "a layer, not what is visible.")
                 : NULL;
}

static float *numbers_of(const EdtStart *start, const EdtModelInfo *info, EdtCanvasPart part,
                         const guint8 *rgba)
{
    g_autofree guint8 *bytes =
        rgba ? edt_canvas_fit(info, part, rgba, start->width, start->height) : NULL;
    return bytes ? edt_canvas_from_bytes(info, part, bytes) : NULL;
}

#define HARDLY 0.02f /* selected: it stays what it was, to the bit */

/* The mask of the layer is the edge of the picture.  What the network makes lies under all of it: a
 * soft edge of its own would be there twice, and thin. */
static void widen(float *mask, int side)
{
    for (gsize i = 0; mask && i < (gsize)side * (gsize)side; i++)
        mask[i] = mask[i] >= HARDLY;
}

gboolean edt_start_lay(const EdtStart *start, EdtOrder *order, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(order->model, error);
    if (!info)
        return FALSE;
    float *source = numbers_of(start, info, EDT_CANVAS_SOURCE, start->source);
    float *mask = numbers_of(start, info, EDT_CANVAS_MASK, start->mask);
    widen(mask, info->image_size);
    edt_model_info_free(info);
    return edt_order_lay(order, source, mask, start->freedom, start->fill, start->careful, error);
}

/* [side, side, 4]; mask: one byte a pixel, 255 where the picture is made, or NULL. */
static guint8 *uncover(const guint8 *bytes, int channels, const guint8 *mask, gsize n)
{
    guint8 *rgba = g_malloc(4 * n);
    for (gsize i = 0; i < n; i++) {
        const guint8 *from = bytes + (gsize)channels * i;
        int alpha = channels == 4 ? from[3] : 255;
        memcpy(rgba + 4 * i, from, 3);
        rgba[4 * i + 3] = (guint8)(mask ? alpha * (255 - mask[i]) / 255 : alpha);
    }
    return rgba;
}

gboolean edt_start_seen(const EdtOrder *order, EdtTile *seen)
{
    EdtModelInfo *info = order->source ? edt_model_info_read(order->model, NULL) : NULL;
    if (!info)
        return FALSE;
    int side = info->image_size;
    gsize n = (gsize)side * (gsize)side;
    g_autofree guint8 *bytes = edt_canvas_to_bytes(info, EDT_CANVAS_SOURCE, order->source);
    g_autofree guint8 *mask =
        order->mask ? edt_canvas_to_bytes(info, EDT_CANVAS_MASK, order->mask) : NULL;
    guint8 *rgba = uncover(bytes, edt_canvas_source_channels(info), mask, n);
    *seen = (EdtTile){side, side, 4, g_bytes_new_take(rgba, 4 * n)};
    edt_model_info_free(info);
    return TRUE;
}
