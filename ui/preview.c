/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Draws the tiles of a frame as large as they fit.  Previews have the resolution of the latent, so
 * they are enlarged smoothly; the finished picture replaces them at its own resolution.
 */
#include "ui/preview.h"
#include "ui/row.h"

#include <glib/gi18n.h>
#include <math.h>

#define GAP 6
#define SIDE_MIN 200

typedef struct {
    GtkWidget *area, *caption, *keep;
    EdtSeedKept kept;
    gpointer user_data;
    GPtrArray *pixbufs; /* of GdkPixbuf; NULL elements: no preview yet */
    EdtShown *shown;
    int n_shown;
    char *all;
    int alone; /* the one that is shown alone; -1: all of them */
    EdtChecks checks;
} Preview;

static void unref_pixbuf(gpointer pixbuf)
{
    if (pixbuf)
        g_object_unref(pixbuf);
}

static void forget(Preview *preview)
{
    for (int i = 0; i < preview->n_shown; i++)
        g_free(preview->shown[i].caption);
    g_clear_pointer(&preview->shown, g_free);
    g_clear_pointer(&preview->all, g_free);
    preview->n_shown = 0;
    g_ptr_array_set_size(preview->pixbufs, 0);
}

static void preview_free(gpointer data)
{
    Preview *preview = data;
    forget(preview);
    g_ptr_array_unref(preview->pixbufs);
    g_free(preview);
}

static Preview *preview_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-preview");
}

/* ---- where the tiles are ---- */

typedef struct {
    int n, columns;
    double side, left, top;
} Grid;

static double side_in(int n, int columns, double width, double height)
{
    int rows = (n + columns - 1) / columns;
    return MIN((width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows);
}

/* With the number of columns that leaves the tiles largest. */
static Grid grid_of(const Preview *preview)
{
    double width = gtk_widget_get_allocated_width(preview->area);
    double height = gtk_widget_get_allocated_height(preview->area);
    Grid grid = {.n = preview->alone >= 0 ? 1 : MAX((int)preview->pixbufs->len, 1), .columns = 1};
    for (int columns = 2; columns <= grid.n; columns++)
        if (side_in(grid.n, columns, width, height) > side_in(grid.n, grid.columns, width, height))
            grid.columns = columns;
    int rows = (grid.n + grid.columns - 1) / grid.columns;
    grid.side = floor(side_in(grid.n, grid.columns, width, height));
    grid.left = floor((width - grid.columns * grid.side - GAP * (grid.columns - 1)) / 2);
    grid.top = floor((height - rows * grid.side - GAP * (rows - 1)) / 2);
    return grid;
}

/* The tile at a place, or -1. */
static int tile_at(const Preview *preview, double x, double y)
{
    Grid grid = grid_of(preview);
    int column = (int)floor((x - grid.left) / (grid.side + GAP));
    int row = (int)floor((y - grid.top) / (grid.side + GAP));
    int tile = row * grid.columns + column;
    return column >= 0 && column < grid.columns && row >= 0 && tile < grid.n ? tile : -1;
}

/* ---- drawing ---- */

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

static void draw_tile(cairo_t *cr, const EdtChecks *checks, GdkPixbuf *pixbuf, double x, double y,
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

static GdkPixbuf *pixbuf_at(const Preview *preview, int i)
{
    return i < (int)preview->pixbufs->len ? g_ptr_array_index(preview->pixbufs, i) : NULL;
}

static gboolean draw(GtkWidget *area, cairo_t *cr, Preview *preview)
{
    Grid grid = grid_of(preview);
    if (grid.side < 1)
        return FALSE;
    for (int i = 0; i < grid.n; i++)
        draw_tile(cr, &preview->checks, pixbuf_at(preview, MAX(preview->alone, 0) + i),
                  grid.left + i % grid.columns * (grid.side + GAP),
                  grid.top + i / grid.columns * (grid.side + GAP), grid.side);
    return FALSE;
}

/* ---- what it shows ---- */

/* The one that is shown, if it is one. */
static const EdtShown *shown_now(const Preview *preview)
{
    if (preview->n_shown == 1)
        return &preview->shown[0];
    return preview->alone >= 0 && preview->alone < preview->n_shown
               ? &preview->shown[preview->alone]
               : NULL;
}

static void show_caption(Preview *preview)
{
    const EdtShown *one = shown_now(preview);
    const char *text = one ? one->caption : preview->all ? preview->all : "";
    gtk_label_set_text(GTK_LABEL(preview->caption), text);
    gtk_widget_set_tooltip_text(preview->caption, text);
    atk_object_set_description(gtk_widget_get_accessible(preview->area), text);
    gtk_widget_set_sensitive(preview->keep, one != NULL);
    gtk_widget_set_can_focus(preview->area, preview->n_shown > 1);
    gtk_widget_queue_draw(preview->area);
}

static void set_alone(Preview *preview, int tile)
{
    preview->alone = CLAMP(tile, -1, preview->n_shown - 1);
    show_caption(preview);
}

static gboolean on_press(GtkWidget *area, GdkEventButton *event, Preview *preview)
{
    int tile = tile_at(preview, event->x, event->y);
    if (event->type != GDK_BUTTON_PRESS || preview->n_shown < 2 || tile < 0)
        return FALSE;
    set_alone(preview, preview->alone >= 0 ? -1 : tile);
    return TRUE;
}

/* Right and left go through them, Escape back to all. */
static gboolean on_key(GtkWidget *area, GdkEventKey *event, Preview *preview)
{
    if (preview->n_shown < 2)
        return FALSE;
    if (event->keyval == GDK_KEY_Right)
        set_alone(preview, preview->alone + 1);
    else if (event->keyval == GDK_KEY_Left && preview->alone >= 0)
        set_alone(preview, preview->alone - 1);
    else if (event->keyval == GDK_KEY_Escape && preview->alone >= 0)
        set_alone(preview, -1);
    else
        return FALSE;
    return TRUE;
}

static void on_keep(GtkButton *button, Preview *preview)
{
    const EdtShown *one = shown_now(preview);
    if (one)
        preview->kept(one->seed, preview->user_data);
}

/* ---- contents ---- */

static GdkPixbuf *pixbuf_of(const EdtTile *tile)
{
    if (!tile->pixels || tile->width < 1 || tile->height < 1)
        return NULL;
    return gdk_pixbuf_new_from_bytes(tile->pixels, GDK_COLORSPACE_RGB, tile->channels == 4, 8,
                                     tile->width, tile->height, tile->width * tile->channels);
}

void edt_ui_preview_begin(GtkWidget *widget, const EdtShown *shown, int n, const char *all)
{
    Preview *preview = preview_of(widget);
    forget(preview);
    preview->shown = g_memdup2(shown, sizeof *shown * (gsize)n);
    for (int i = 0; i < n; i++)
        preview->shown[i].caption = g_strdup(shown[i].caption);
    preview->n_shown = n;
    preview->all = g_strdup(all);
    preview->alone = -1;
    g_ptr_array_set_size(preview->pixbufs, n);
    show_caption(preview);
}

void edt_ui_preview_show(GtkWidget *widget, const EdtTile *tiles, int n)
{
    Preview *preview = preview_of(widget);
    g_ptr_array_set_size(preview->pixbufs, 0);
    for (int i = 0; i < n; i++)
        g_ptr_array_add(preview->pixbufs, pixbuf_of(&tiles[i]));
    gtk_widget_queue_draw(preview->area);
}

GdkPixbuf *edt_ui_preview_picture(GtkWidget *widget, int i)
{
    return pixbuf_at(preview_of(widget), i);
}

void edt_ui_preview_show_file(GtkWidget *widget, const char *path, const EdtShown *shown)
{
    Preview *preview = preview_of(widget);
    edt_ui_preview_begin(widget, shown, 1, NULL);
    g_ptr_array_index(preview->pixbufs, 0) = gdk_pixbuf_new_from_file(path, NULL);
}

void edt_ui_preview_set_checks(GtkWidget *widget, const EdtChecks *checks)
{
    preview_of(widget)->checks = *checks;
    gtk_widget_queue_draw(widget);
}

/* ---- making ---- */

static GtkWidget *new_area(Preview *preview)
{
    GtkWidget *area = preview->area = gtk_drawing_area_new();
    gtk_widget_set_size_request(area, SIDE_MIN, SIDE_MIN);
    gtk_widget_set_hexpand(area, TRUE);
    gtk_widget_set_vexpand(area, TRUE);
    gtk_widget_add_events(area, GDK_BUTTON_PRESS_MASK | GDK_KEY_PRESS_MASK);
    edt_ui_name(area, _("Preview"));
    atk_object_set_role(gtk_widget_get_accessible(area), ATK_ROLE_IMAGE);
    g_signal_connect(area, "draw", G_CALLBACK(draw), preview);
    g_signal_connect(area, "button-press-event", G_CALLBACK(on_press), preview);
    g_signal_connect(area, "key-press-event", G_CALLBACK(on_key), preview);
    return area;
}

static GtkWidget *new_caption_row(Preview *preview)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    preview->caption = gtk_label_new(NULL);
    preview->keep = edt_ui_icon_button("changes-prevent-symbolic", _("Use this seed"),
                                       _("Make the next pictures from the seed of this one"));
    gtk_label_set_ellipsize(GTK_LABEL(preview->caption), PANGO_ELLIPSIZE_END);
    gtk_label_set_selectable(GTK_LABEL(preview->caption), TRUE);
    gtk_widget_set_can_focus(preview->caption, FALSE);
    g_signal_connect(preview->keep, "clicked", G_CALLBACK(on_keep), preview);
    gtk_box_set_center_widget(GTK_BOX(row), preview->caption);
    gtk_box_pack_end(GTK_BOX(row), preview->keep, FALSE, FALSE, 0);
    return row;
}

GtkWidget *edt_ui_preview_new(EdtSeedKept kept, gpointer user_data)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);
    Preview *preview = g_new0(Preview, 1);
    *preview = (Preview){.kept = kept,
                         .user_data = user_data,
                         .pixbufs = g_ptr_array_new_with_free_func(unref_pixbuf),
                         .alone = -1,
                         .checks = {8, {0.6, 0.6, 0.6, 1}, {0.4, 0.4, 0.4, 1}}};
    g_object_set_data_full(G_OBJECT(box), "edt-preview", preview, preview_free);
    gtk_box_pack_start(GTK_BOX(box), new_area(preview), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), new_caption_row(preview), FALSE, FALSE, 0);
    show_caption(preview);
    return box;
}
