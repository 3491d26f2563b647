/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A flow box whose children are drawn as large as they fit.  Next: candidates_act.c, what is done
 * with them.
 */
#include "ui/candidates_state.h"
#include "ui/row.h"

#include <glib/gi18n.h>

#define SIDE_MIN 16
#define PAD 4     /* around a picture, for the frame of a chosen one */
#define LARGE 192 /* of a picture under the pointer, at least */

static EdtCandidates *candidates_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-candidates");
}

static void unref_pixbuf(gpointer pixbuf)
{
    if (pixbuf)
        g_object_unref(pixbuf);
}

static void candidates_free(gpointer data)
{
    EdtCandidates *candidates = data;
    if (candidates->idle)
        g_source_remove(candidates->idle);
    if (candidates->menu) {
        g_object_remove_weak_pointer(G_OBJECT(candidates->menu), (gpointer *)&candidates->menu);
        gtk_widget_destroy(candidates->menu);
    }
    g_ptr_array_unref(candidates->pictures);
    g_free(candidates->all);
    g_free(candidates);
}

GtkWidget *edt_ui_candidates_box(GtkWidget *widget)
{
    return candidates_of(widget)->box;
}

/* ---- how they lie ---- */

static gboolean lay_out(gpointer data)
{
    EdtCandidates *candidates = data;
    candidates->idle = 0;
    gtk_flow_box_set_max_children_per_line(GTK_FLOW_BOX(candidates->box),
                                           (guint)candidates->columns);
    gtk_flow_box_set_min_children_per_line(GTK_FLOW_BOX(candidates->box),
                                           (guint)candidates->columns);
    return G_SOURCE_REMOVE;
}

/* The columns that leave them largest; not at once, for a widget that is given its room may not ask
 * for another. */
static void choose_columns(EdtCandidates *candidates, const GtkAllocation *room)
{
    double side;
    int rows, n = MAX(edt_candidates_count(candidates), 1);
    int best = edt_ui_tile_columns(n, room->width, room->height, 0, &side, &rows);
    if (best == candidates->columns)
        return;
    candidates->columns = best;
    if (!candidates->idle)
        candidates->idle = gdk_threads_add_idle(lay_out, candidates);
}

void edt_candidates_lay_out(EdtCandidates *candidates)
{
    GtkAllocation room;
    gtk_widget_get_allocation(candidates->box, &room);
    choose_columns(candidates, &room);
}

static void on_allocated(GtkWidget *box, GtkAllocation *room, EdtCandidates *candidates)
{
    choose_columns(candidates, room);
}

/* ---- drawing ---- */

static GdkPixbuf *picture_of(const EdtCandidates *candidates, GtkWidget *child)
{
    int i = gtk_flow_box_child_get_index(GTK_FLOW_BOX_CHILD(child));
    return i >= 0 && i < (int)candidates->pictures->len ? g_ptr_array_index(candidates->pictures, i)
                                                        : NULL;
}

static void draw_frame(GtkWidget *area, cairo_t *cr, double x, double y, double side)
{
    GdkRGBA colour;
    if (!gtk_style_context_lookup_color(gtk_widget_get_style_context(area),
                                        "theme_selected_bg_color", &colour))
        gdk_rgba_parse(&colour, "#3584e4");
    gdk_cairo_set_source_rgba(cr, &colour);
    cairo_set_line_width(cr, PAD - 1);
    cairo_rectangle(cr, x - PAD / 2., y - PAD / 2., side + PAD, side + PAD);
    cairo_stroke(cr);
}

static gboolean draw(GtkWidget *area, cairo_t *cr, EdtCandidates *candidates)
{
    GtkWidget *child = gtk_widget_get_parent(area);
    int width = gtk_widget_get_allocated_width(area);
    int height = gtk_widget_get_allocated_height(area), side = MIN(width, height) - 2 * PAD;
    double x = (width - side) / 2, y = (height - side) / 2;
    if (side < 1)
        return FALSE;
    edt_ui_tile_draw(cr, &candidates->checks, picture_of(candidates, child), x, y, side);
    if (gtk_flow_box_child_is_selected(GTK_FLOW_BOX_CHILD(child)))
        draw_frame(area, cr, x, y, side);
    return FALSE;
}

/* Under the pointer it is seen large. */
static gboolean on_tooltip(GtkWidget *child, int x, int y, gboolean keyboard, GtkTooltip *tooltip,
                           EdtCandidates *candidates)
{
    GdkPixbuf *picture = picture_of(candidates, child);
    int i = gtk_flow_box_child_get_index(GTK_FLOW_BOX_CHILD(child));
    if (!picture)
        return FALSE;
    int side = MAX(gdk_pixbuf_get_width(picture), LARGE);
    g_autoptr(GdkPixbuf) large = gdk_pixbuf_scale_simple(picture, side, side, GDK_INTERP_BILINEAR);
    gtk_tooltip_set_icon(tooltip, large);
    g_autofree char *text = edt_candidates_tooltip(candidates, i);
    gtk_tooltip_set_text(tooltip, text);
    return TRUE;
}

/* ---- contents ---- */

static void add_child(EdtCandidates *candidates, const char *caption)
{
    GtkWidget *child = gtk_flow_box_child_new(), *area = gtk_drawing_area_new();
    gtk_widget_set_size_request(area, SIDE_MIN, SIDE_MIN);
    gtk_container_add(GTK_CONTAINER(child), area);
    gtk_container_add(GTK_CONTAINER(candidates->box), child);
    gtk_widget_set_has_tooltip(child, TRUE);
    edt_ui_name(child, caption);
    g_signal_connect(area, "draw", G_CALLBACK(draw), candidates);
    g_signal_connect(child, "query-tooltip", G_CALLBACK(on_tooltip), candidates);
    gtk_widget_show_all(child);
}

static void remove_child(GtkWidget *child, gpointer user_data)
{
    gtk_widget_destroy(child);
}

void edt_ui_candidates_begin(GtkWidget *widget, const char *const *captions, int n, const char *all)
{
    EdtCandidates *candidates = candidates_of(widget);
    gtk_container_foreach(GTK_CONTAINER(candidates->box), remove_child, NULL);
    g_ptr_array_set_size(candidates->pictures, 0);
    g_ptr_array_set_size(candidates->pictures, n);
    g_set_str(&candidates->all, all);
    candidates->ready = FALSE;
    edt_candidates_lay_out(candidates);
    if (candidates->idle) { /* before they come: in too few columns they would ask for more room */
        g_source_remove(candidates->idle);
        lay_out(candidates);
    }
    for (int i = 0; i < n; i++)
        add_child(candidates, captions[i]);
    edt_candidates_show_chosen(candidates);
}

void edt_ui_candidates_show(GtkWidget *widget, int i, GdkPixbuf *picture)
{
    EdtCandidates *candidates = candidates_of(widget);
    gpointer *place = &g_ptr_array_index(candidates->pictures, i);
    unref_pixbuf(*place);
    *place = picture ? g_object_ref(picture) : NULL;
    gtk_widget_queue_draw(candidates->box);
}

void edt_ui_candidates_set_ready(GtkWidget *widget, gboolean ready)
{
    EdtCandidates *candidates = candidates_of(widget);
    candidates->ready = ready;
    edt_candidates_show_chosen(candidates);
}

void edt_ui_candidates_set_back(GtkWidget *widget, gboolean possible)
{
    gtk_widget_set_sensitive(candidates_of(widget)->back, possible);
}

double edt_ui_candidates_amount(GtkWidget *widget)
{
    return gtk_range_get_value(GTK_RANGE(candidates_of(widget)->amount));
}

void edt_ui_candidates_focus(GtkWidget *widget)
{
    GtkFlowBox *box = GTK_FLOW_BOX(candidates_of(widget)->box);
    GtkFlowBoxChild *first = gtk_flow_box_get_child_at_index(box, 0);
    if (first)
        gtk_widget_grab_focus(GTK_WIDGET(first));
}

void edt_ui_candidates_set_checks(GtkWidget *widget, const EdtChecks *checks)
{
    candidates_of(widget)->checks = *checks;
    gtk_widget_queue_draw(widget);
}

/* ---- making ---- */

static GtkWidget *new_box(EdtCandidates *candidates)
{
    GtkWidget *box = candidates->box = gtk_flow_box_new();
    gtk_flow_box_set_selection_mode(GTK_FLOW_BOX(box), GTK_SELECTION_MULTIPLE);
    gtk_flow_box_set_activate_on_single_click(GTK_FLOW_BOX(box), FALSE);
    gtk_flow_box_set_homogeneous(GTK_FLOW_BOX(box), TRUE);
    gtk_widget_set_vexpand(box, TRUE);
    edt_ui_name(box, _("Drafts"));
    g_signal_connect_swapped(box, "selected-children-changed",
                             G_CALLBACK(edt_candidates_show_chosen), candidates);
    edt_candidates_listen(candidates);
    g_signal_connect(box, "size-allocate", G_CALLBACK(on_allocated), candidates);
    return box;
}

GtkWidget *edt_ui_candidates_new(const EdtCandidatesEvents *events, gpointer user_data)
{
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);
    EdtCandidates *candidates = g_new0(EdtCandidates, 1);
    *candidates = (EdtCandidates){.events = *events,
                                  .user_data = user_data,
                                  .pictures = g_ptr_array_new_with_free_func(unref_pixbuf),
                                  .checks = edt_ui_checks};
    g_object_set_data_full(G_OBJECT(column), "edt-candidates", candidates, candidates_free);
    candidates->caption = gtk_label_new(NULL);
    gtk_label_set_ellipsize(GTK_LABEL(candidates->caption), PANGO_ELLIPSIZE_END);
    gtk_box_pack_start(GTK_BOX(column), new_box(candidates), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(column), candidates->caption, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(column), edt_candidates_new_row(candidates), FALSE, FALSE, 0);
    edt_candidates_show_chosen(candidates);
    return column;
}
