/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Previews have the resolution of the latent, so they are enlarged smoothly; see tile.h.
 */
#include "ui/tile.h"

#include <math.h>

const EdtChecks edt_ui_checks = {8, {0.6, 0.6, 0.6, 1}, {0.4, 0.4, 0.4, 1}};

GdkPixbuf *edt_ui_tile_pixbuf(const EdtTile *tile)
{
    if (!tile->pixels || tile->width < 1 || tile->height < 1)
        return NULL;
    return gdk_pixbuf_new_from_bytes(tile->pixels, GDK_COLORSPACE_RGB, tile->channels == 4, 8,
                                     tile->width, tile->height, tile->width * tile->channels);
}

GdkPixbuf *edt_ui_picture_pixbuf(const EdtPicture *picture)
{
    gsize bytes = (gsize)picture->width * (gsize)picture->height * (gsize)picture->channels;
    guint8 *pixels = g_malloc(bytes);
    edt_picture_to_u8(picture, pixels);
    g_autoptr(GBytes) data = g_bytes_new_take(pixels, bytes);
    return gdk_pixbuf_new_from_bytes(data, GDK_COLORSPACE_RGB, picture->channels == 4, 8,
                                     picture->width, picture->height,
                                     picture->width * picture->channels);
}

static void draw_checkers(cairo_t *cr, const EdtChecks *checks, double x, double y, double side)
{
    const int size = checks->size;
    cairo_save(cr);
    cairo_rectangle(cr, x, y, side, side);
    cairo_clip(cr);
    gdk_cairo_set_source_rgba(cr, &checks->light);
    cairo_paint(cr);
    gdk_cairo_set_source_rgba(cr, &checks->dark);
    for (int row = 0; row * size < side; row++)
        for (int column = row % 2; column * size < side; column += 2)
            cairo_rectangle(cr, x + column * size, y + row * size, size, size);
    cairo_fill(cr);
    cairo_restore(cr);
}

void edt_ui_tile_draw(cairo_t *cr, const EdtChecks *checks, GdkPixbuf *pixbuf, double x, double y,
                      double side)
{
    if (!pixbuf) {
        cairo_set_source_rgba(cr, 0.5, 0.5, 0.5, 0.25);
        cairo_rectangle(cr, x, y, side, side);
        cairo_fill(cr);
        return;
    }
    if (gdk_pixbuf_get_has_alpha(pixbuf))
        draw_checkers(cr, checks, x, y, side);
    double scale = side / gdk_pixbuf_get_width(pixbuf);
    cairo_save(cr);
    cairo_rectangle(cr, x, y, side, side);
    cairo_clip(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, scale, scale);
    gdk_cairo_set_source_pixbuf(cr, pixbuf, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
    cairo_paint(cr);
    cairo_restore(cr);
}

static double side_in(int rows, int columns, double width, double height, double gap)
{
    return MIN((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows);
}

int edt_ui_tile_columns(int n, double width, double height, double gap, double *side, int *rows)
{
    int best = 1;
    *rows = n;
    *side = side_in(n, 1, width, height, gap);
    for (int columns = 2; columns <= n; columns++) {
        int needed = (n + columns - 1) / columns;
        double now = side_in(needed, columns, width, height, gap);
        if (now <= *side)
            continue;
        best = columns;
        *rows = needed;
        *side = now;
    }
    *side = floor(*side);
    return best;
}
