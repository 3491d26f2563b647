/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An icon view of fixed cells.  Pictures are asked for when they are drawn, so that new ones need
 * nothing but a redraw: a thousand cells are not measured again.
 */
#include "ui/grid.h"
#include "ui/row.h"

#include <glib/gi18n.h>
#include <math.h>

enum { COLUMN_INDEX, COLUMN_MARK, COLUMN_NAME, N_COLUMNS };

#define SIDE 48  /* of a picture */
#define WIDTH 66 /* of a cell */

typedef struct {
    EdtGridEvents events;
    gpointer user_data;
    GtkWidget *view, *said;
    GtkListStore *store;
    gboolean busy; /* it changes under program control */
} Grid;

static Grid *grid_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-grid");
}

GtkWidget *edt_ui_grid_view(GtkWidget *widget)
{
    return grid_of(widget)->view;
}

/* ---- cells ---- */

static void draw_picture(cairo_t *cr, GdkPixbuf *picture)
{
    double scale = (double)SIDE / MAX(gdk_pixbuf_get_width(picture), 1);
    cairo_save(cr);
    cairo_scale(cr, scale, scale);
    gdk_cairo_set_source_pixbuf(cr, picture, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
    cairo_paint(cr);
    cairo_restore(cr);
}

/* Until there is a picture: the first letter. */
static void draw_letter(cairo_t *cr, const char *name)
{
    char letter[7] = "";
    g_unichar_to_utf8(g_unichar_toupper(g_utf8_get_char(name)), letter);
    cairo_text_extents_t box;
    cairo_set_source_rgba(cr, 0.5, 0.5, 0.5, 0.25);
    cairo_rectangle(cr, 3, 3, SIDE - 6, SIDE - 6);
    cairo_fill(cr);
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, SIDE * 0.45);
    cairo_text_extents(cr, letter, &box);
    cairo_set_source_rgba(cr, 0.5, 0.5, 0.5, 0.9);
    cairo_move_to(cr, (SIDE - box.width) / 2 - box.x_bearing,
                  (SIDE - box.height) / 2 - box.y_bearing);
    cairo_show_text(cr, letter);
}

/* A star, or the hand of a clock, in the corner. */
static void draw_mark(cairo_t *cr, EdtCellMark mark)
{
    const double radius = 7, x = SIDE - radius - 1, y = radius + 1;
    cairo_arc(cr, x, y, radius, 0, 2 * G_PI);
    cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
    cairo_fill_preserve(cr);
    cairo_set_source_rgb(cr, 0.6, 0.6, 0.6);
    cairo_set_line_width(cr, 1);
    cairo_stroke(cr);
    if (mark == EDT_CELL_FAVOURITE) {
        for (int i = 0; i < 10; i++) {
            double angle = G_PI * i / 5 - G_PI / 2, reach = i % 2 ? 2.4 : 5.6;
            cairo_line_to(cr, x + reach * cos(angle), y + reach * sin(angle));
        }
        cairo_close_path(cr);
        cairo_set_source_rgb(cr, 1, 0.8, 0.2);
        cairo_fill(cr);
        return;
    }
    cairo_set_source_rgb(cr, 0.9, 0.9, 0.9);
    cairo_set_line_width(cr, 1.4);
    cairo_move_to(cr, x, y - 4.5);
    cairo_line_to(cr, x, y);
    cairo_line_to(cr, x + 3.2, y + 1.6);
    cairo_stroke(cr);
}

static cairo_surface_t *new_surface(Grid *grid, int index, const char *name, EdtCellMark mark)
{
    int scale = gtk_widget_get_scale_factor(grid->view);
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, SIDE * scale, SIDE * scale);
    cairo_surface_set_device_scale(surface, scale, scale);
    cairo_t *cr = cairo_create(surface);
    GdkPixbuf *picture = grid->events.picture(index, grid->user_data);
    if (picture)
        draw_picture(cr, picture);
    else
        draw_letter(cr, name);
    if (mark != EDT_CELL_PLAIN)
        draw_mark(cr, mark);
    cairo_destroy(cr);
    return surface;
}

static void render(GtkCellLayout *layout, GtkCellRenderer *cell, GtkTreeModel *model,
                   GtkTreeIter *iter, gpointer user_data)
{
    Grid *grid = user_data;
    g_autofree char *name = NULL;
    int index, mark;
    gtk_tree_model_get(model, iter, COLUMN_INDEX, &index, COLUMN_MARK, &mark, COLUMN_NAME, &name,
                       -1);
    if (index == EDT_CELL_ANY) {
        g_object_set(cell, "surface", NULL, "icon-name", "media-playlist-shuffle-symbolic", NULL);
        return;
    }
    cairo_surface_t *surface = new_surface(grid, index, name, (EdtCellMark)mark);
    g_object_set(cell, "icon-name", NULL, "surface", surface, NULL);
    cairo_surface_destroy(surface);
}

/* ---- contents ---- */

void edt_ui_grid_clear(GtkWidget *widget)
{
    Grid *grid = grid_of(widget);
    grid->busy = TRUE;
    gtk_list_store_clear(grid->store);
    grid->busy = FALSE;
}

void edt_ui_grid_add(GtkWidget *widget, int index, const char *name, EdtCellMark mark)
{
    gtk_list_store_insert_with_values(grid_of(widget)->store, NULL, -1, COLUMN_INDEX, index,
                                      COLUMN_MARK, (int)mark, COLUMN_NAME, name, -1);
}

int edt_ui_grid_size(GtkWidget *widget)
{
    return gtk_tree_model_iter_n_children(GTK_TREE_MODEL(grid_of(widget)->store), NULL);
}

static int index_at(const Grid *grid, GtkTreePath *path)
{
    GtkTreeIter iter;
    int index = EDT_CELL_NONE;
    if (path && gtk_tree_model_get_iter(GTK_TREE_MODEL(grid->store), &iter, path))
        gtk_tree_model_get(GTK_TREE_MODEL(grid->store), &iter, COLUMN_INDEX, &index, -1);
    return index;
}

int edt_ui_grid_selected(GtkWidget *widget)
{
    Grid *grid = grid_of(widget);
    GList *paths = gtk_icon_view_get_selected_items(GTK_ICON_VIEW(grid->view));
    int index = paths ? index_at(grid, paths->data) : EDT_CELL_NONE;
    g_list_free_full(paths, (GDestroyNotify)gtk_tree_path_free);
    return index;
}

static GtkTreePath *path_of(const Grid *grid, int index)
{
    GtkTreeModel *model = GTK_TREE_MODEL(grid->store);
    GtkTreeIter iter;
    gboolean more = gtk_tree_model_get_iter_first(model, &iter);
    for (; more; more = gtk_tree_model_iter_next(model, &iter)) {
        int there;
        gtk_tree_model_get(model, &iter, COLUMN_INDEX, &there, -1);
        if (there == index)
            return gtk_tree_model_get_path(model, &iter);
    }
    return NULL;
}

void edt_ui_grid_select(GtkWidget *widget, int index)
{
    Grid *grid = grid_of(widget);
    GtkIconView *view = GTK_ICON_VIEW(grid->view);
    g_autoptr(GtkTreePath) path = path_of(grid, index);
    grid->busy = TRUE;
    gtk_icon_view_unselect_all(view);
    if (path) {
        gtk_icon_view_select_path(view, path);
        gtk_icon_view_set_cursor(view, path, NULL, FALSE);
        gtk_icon_view_scroll_to_path(view, path, FALSE, 0, 0);
    }
    grid->busy = FALSE;
}

void edt_ui_grid_say(GtkWidget *widget, const char *text)
{
    Grid *grid = grid_of(widget);
    gtk_label_set_text(GTK_LABEL(grid->said), text ? text : "");
    gtk_widget_set_visible(grid->said, text != NULL);
}

/* ---- what the user does ---- */

static void on_selection(GtkIconView *view, GtkWidget *widget)
{
    Grid *grid = grid_of(widget);
    int index = edt_ui_grid_selected(widget);
    if (!grid->busy && index != EDT_CELL_NONE)
        grid->events.chosen(index, grid->user_data);
}

static void on_activated(GtkIconView *view, GtkTreePath *path, GtkWidget *widget)
{
    edt_ui_press_default(widget);
}

static gboolean on_tooltip(GtkWidget *view, int x, int y, gboolean keyboard, GtkTooltip *tooltip,
                           Grid *grid)
{
    GtkTreeModel *model;
    GtkTreeIter iter;
    GtkTreePath *path = NULL;
    g_autofree char *name = NULL;
    int index;
    if (!gtk_icon_view_get_tooltip_context(GTK_ICON_VIEW(view), &x, &y, keyboard, &model, &path,
                                           &iter))
        return FALSE;
    gtk_tree_model_get(model, &iter, COLUMN_INDEX, &index, COLUMN_NAME, &name, -1);
    g_autofree char *more = grid->events.tooltip(index, grid->user_data);
    gtk_tooltip_set_text(tooltip, more ? more : name);
    gtk_icon_view_set_tooltip_item(GTK_ICON_VIEW(view), tooltip, path);
    gtk_tree_path_free(path);
    return TRUE;
}

/* ---- making ---- */

static void add_cells(Grid *grid)
{
    GtkCellRenderer *picture = gtk_cell_renderer_pixbuf_new();
    gtk_cell_renderer_set_fixed_size(picture, -1, SIDE);
    g_object_set(picture, "stock-size", GTK_ICON_SIZE_DND, NULL);
    gtk_cell_layout_pack_start(GTK_CELL_LAYOUT(grid->view), picture, FALSE);
    gtk_cell_layout_set_cell_data_func(GTK_CELL_LAYOUT(grid->view), picture, render, grid, NULL);
    /* the view's own text cell: screen readers read that one */
    gtk_icon_view_set_text_column(GTK_ICON_VIEW(grid->view), COLUMN_NAME);
    GList *cells = gtk_cell_layout_get_cells(GTK_CELL_LAYOUT(grid->view));
    for (GList *cell = cells; cell; cell = cell->next)
        if (GTK_IS_CELL_RENDERER_TEXT(cell->data))
            g_object_set(cell->data, "ellipsize", PANGO_ELLIPSIZE_END, "wrap-width", -1, "scale",
                         PANGO_SCALE_SMALL, "ypad", 0, NULL);
    g_list_free(cells);
}

static GtkWidget *new_view(Grid *grid)
{
    grid->store = gtk_list_store_new(N_COLUMNS, G_TYPE_INT, G_TYPE_INT, G_TYPE_STRING);
    grid->view = gtk_icon_view_new_with_model(GTK_TREE_MODEL(grid->store));
    g_object_unref(grid->store);
    GtkIconView *view = GTK_ICON_VIEW(grid->view);
    gtk_icon_view_set_selection_mode(view, GTK_SELECTION_SINGLE);
    gtk_icon_view_set_item_width(view, WIDTH);
    gtk_icon_view_set_item_padding(view, 2);
    gtk_icon_view_set_row_spacing(view, 0);
    gtk_icon_view_set_column_spacing(view, 0);
    gtk_icon_view_set_margin(view, 2);
    gtk_icon_view_set_spacing(view, 0);
    add_cells(grid);
    edt_ui_name(grid->view, _("Classes"));
    gtk_widget_set_has_tooltip(grid->view, TRUE);
    g_signal_connect(view, "query-tooltip", G_CALLBACK(on_tooltip), grid);
    return grid->view;
}

GtkWidget *edt_ui_grid_new(const EdtGridEvents *events, gpointer user_data)
{
    Grid *grid = g_new0(Grid, 1);
    GtkWidget *overlay = gtk_overlay_new(), *scroller = gtk_scrolled_window_new(NULL, NULL);
    *grid = (Grid){.events = *events, .user_data = user_data, .said = gtk_label_new(NULL)};
    gtk_container_add(GTK_CONTAINER(scroller), new_view(grid));
    gtk_scrolled_window_set_shadow_type(GTK_SCROLLED_WINDOW(scroller), GTK_SHADOW_IN);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER,
                                   GTK_POLICY_ALWAYS);
    gtk_scrolled_window_set_overlay_scrolling(GTK_SCROLLED_WINDOW(scroller), FALSE);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scroller), 150);
    gtk_widget_set_size_request(scroller, 3 * (WIDTH + 4) + 28, -1);
    gtk_widget_set_vexpand(scroller, TRUE);
    gtk_label_set_line_wrap(GTK_LABEL(grid->said), TRUE);
    gtk_label_set_justify(GTK_LABEL(grid->said), GTK_JUSTIFY_CENTER);
    gtk_widget_set_no_show_all(grid->said, TRUE);
    gtk_container_add(GTK_CONTAINER(overlay), scroller);
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), grid->said);
    gtk_overlay_set_overlay_pass_through(GTK_OVERLAY(overlay), grid->said, TRUE);
    g_object_set_data_full(G_OBJECT(overlay), "edt-grid", grid, g_free);
    g_signal_connect(grid->view, "selection-changed", G_CALLBACK(on_selection), overlay);
    g_signal_connect(grid->view, "item-activated", G_CALLBACK(on_activated), overlay);
    return overlay;
}
