/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Half of what disappoints in pictures of a sketch is seen here before they are made.
 */
#include "ui/seen.h"
#include "ui/row.h"

#include <glib/gi18n.h>

#define SIDE 64

typedef struct {
    GdkPixbuf *picture;
    EdtChecks checks;
} Seen;

static Seen *seen_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-seen");
}

static void seen_free(gpointer data)
{
    g_clear_object(&((Seen *)data)->picture);
    g_free(data);
}

static gboolean draw(GtkWidget *area, cairo_t *cr, Seen *seen)
{
    edt_ui_tile_draw(cr, &seen->checks, seen->picture, 0, 0, SIDE);
    return FALSE;
}

void edt_ui_seen_show(GtkWidget *widget, GdkPixbuf *picture)
{
    Seen *seen = seen_of(widget);
    int side = picture ? gdk_pixbuf_get_width(picture) : 0;
    g_autofree char *text =
        g_strdup_printf(_("What the network is given to start from, %d × %d pixels"), side, side);
    g_set_object(&seen->picture, picture);
    gtk_widget_set_tooltip_text(widget, text);
    atk_object_set_description(gtk_widget_get_accessible(widget), text);
    gtk_widget_set_visible(widget, picture != NULL);
    gtk_widget_queue_draw(widget);
}

void edt_ui_seen_set_checks(GtkWidget *widget, const EdtChecks *checks)
{
    seen_of(widget)->checks = *checks;
    gtk_widget_queue_draw(widget);
}

GtkWidget *edt_ui_seen_new(void)
{
    GtkWidget *area = gtk_drawing_area_new();
    Seen *seen = g_new0(Seen, 1);
    seen->checks = edt_ui_checks;
    gtk_widget_set_size_request(area, SIDE, SIDE);
    gtk_widget_set_valign(area, GTK_ALIGN_END);
    gtk_widget_set_no_show_all(area, TRUE);
    edt_ui_name(area, _("What the network sees"));
    atk_object_set_role(gtk_widget_get_accessible(area), ATK_ROLE_IMAGE);
    g_object_set_data_full(G_OBJECT(area), "edt-seen", seen, seen_free);
    g_signal_connect(area, "draw", G_CALLBACK(draw), seen);
    return area;
}
