/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Draws the tiles of a frame as large as they fit.  Previews have the resolution of the latent, so
 * they are enlarged smoothly; the finished picture replaces them at its own resolution.
 */
#include "ui/preview.h"

#include <glib/gi18n.h>
#include <math.h>

#define GAP 6
#define CHECKER 8

typedef struct {
    GPtrArray *pixbufs; /* of GdkPixbuf; NULL elements: no preview yet */
} Preview;

static void unref_pixbuf(gpointer pixbuf)
{
    if (pixbuf)
        g_object_unref(pixbuf);
}

static void preview_free(gpointer data)
{
    Preview *preview = data;
    g_ptr_array_unref(preview->pixbufs);
    g_free(preview);
}

static Preview *preview_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-preview");
}

/* ---- drawing ---- */

static void draw_checkers(cairo_t *cr, double x, double y, double side)
{
    cairo_save(cr);
    cairo_rectangle(cr, x, y, side, side);
    cairo_clip(cr);
    cairo_set_source_rgb(cr, 0.6, 0.6, 0.6);
    cairo_paint(cr);
    cairo_set_source_rgb(cr, 0.4, 0.4, 0.4);
    for (int row = 0; row * CHECKER < side; row++)
        for (int column = row % 2; column * CHECKER < side; column += 2)
            cairo_rectangle(cr, x + column * CHECKER, y + row * CHECKER, CHECKER, CHECKER);
    cairo_fill(cr);
    cairo_restore(cr);
}

static void draw_tile(cairo_t *cr, GdkPixbuf *pixbuf, double x, double y, double side)
{
    if (!pixbuf) {
        cairo_set_source_rgba(cr, 0.5, 0.5, 0.5, 0.25);
        cairo_rectangle(cr, x, y, side, side);
        cairo_fill(cr);
        return;
    }
    if (gdk_pixbuf_get_has_alpha(pixbuf))
        draw_checkers(cr, x, y, side);
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

/* The number of columns that leaves the tiles largest. */
static int best_columns(int n, double width, double height)
{
    int best = 1;
    double best_side = 0;
    for (int columns = 1; columns <= n; columns++) {
        int rows = (n + columns - 1) / columns;
        double side =
            MIN((width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows);
        if (side > best_side) {
            best_side = side;
            best = columns;
        }
    }
    return best;
}

static gboolean draw(GtkWidget *widget, cairo_t *cr, gpointer user_data)
{
    GPtrArray *pixbufs = preview_of(widget)->pixbufs;
    double width = gtk_widget_get_allocated_width(widget);
    double height = gtk_widget_get_allocated_height(widget);
    int n = MAX((int)pixbufs->len, 1);
    int columns = best_columns(n, width, height), rows = (n + columns - 1) / columns;
    double side =
        floor(MIN((width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows));
    double left = floor((width - columns * side - GAP * (columns - 1)) / 2);
    double top = floor((height - rows * side - GAP * (rows - 1)) / 2);
    if (side < 1)
        return FALSE;
    for (int i = 0; i < n; i++)
        draw_tile(cr, i < (int)pixbufs->len ? g_ptr_array_index(pixbufs, i) : NULL,
                  left + i % columns * (side + GAP), top + i / columns * (side + GAP), side);
    return FALSE;
}

/* ---- contents ---- */

static GdkPixbuf *pixbuf_of(const EdtTile *tile)
{
    if (!tile->pixels || tile->width < 1 || tile->height < 1)
        return NULL;
    return gdk_pixbuf_new_from_bytes(tile->pixels, GDK_COLORSPACE_RGB, tile->channels == 4, 8,
                                     tile->width, tile->height, tile->width * tile->channels);
}

void edt_ui_preview_show(GtkWidget *widget, const EdtTile *tiles, int n)
{
    Preview *preview = preview_of(widget);
    g_ptr_array_set_size(preview->pixbufs, 0);
    for (int i = 0; i < n; i++)
        g_ptr_array_add(preview->pixbufs, pixbuf_of(&tiles[i]));
    gtk_widget_queue_draw(widget);
}

GtkWidget *edt_ui_preview_new(void)
{
    GtkWidget *area = gtk_drawing_area_new();
    Preview *preview = g_new0(Preview, 1);
    preview->pixbufs = g_ptr_array_new_with_free_func(unref_pixbuf);
    g_object_set_data_full(G_OBJECT(area), "edt-preview", preview, preview_free);
    gtk_widget_set_size_request(area, 320, 320);
    gtk_widget_set_hexpand(area, TRUE);
    gtk_widget_set_vexpand(area, TRUE);
    atk_object_set_name(gtk_widget_get_accessible(area), _("Preview"));
    atk_object_set_role(gtk_widget_get_accessible(area), ATK_ROLE_IMAGE);
    g_signal_connect(area, "draw", G_CALLBACK(draw), NULL);
    return area;
}
