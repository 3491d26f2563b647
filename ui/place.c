/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lists of sizes and arrangements, and two lines that are always there: nothing moves when the
 * selection does.
 */
#include "ui/place.h"
#include "session/words.h"
#include "ui/row.h"

#include <glib/gi18n.h>

typedef struct {
    GtkWidget *picture, *size, *where;
} Place;

static GtkWidget *new_line(void)
{
    GtkWidget *line = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(line), 0);
    gtk_label_set_ellipsize(GTK_LABEL(line), PANGO_ELLIPSIZE_MIDDLE);
    gtk_widget_set_hexpand(line, TRUE);
    return line;
}

static GtkWidget *new_told(Place *place)
{
    GtkWidget *lines = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    place->size = new_line();
    place->where = new_line();
    gtk_box_pack_start(GTK_BOX(lines), place->size, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(lines), place->where, FALSE, FALSE, 0);
    return lines;
}

static gboolean starts_from_nothing(GObject *settings)
{
    g_autofree char *start = NULL;
    g_object_get(settings, "start", &start, NULL);
    return g_strcmp0(start, edt_from_choices.words[EDT_FROM_NOTHING]) == 0;
}

/* What starts from a layer or a selection has its size from there. */
static void on_start(GObject *settings, GParamSpec *property, GtkWidget *sizes)
{
    gboolean free = starts_from_nothing(settings);
    gtk_widget_set_sensitive(sizes, free);
    gtk_widget_set_tooltip_text(sizes, free ? _("The size of the new layer")
                                            : _("The layer or the selection gives the size."));
}

static GtkWidget *new_sizes(GObject *settings)
{
    GtkWidget *sizes = edt_ui_combo_new(settings, "fit", &edt_fit_choices);
    g_signal_connect_object(settings, "notify::start", G_CALLBACK(on_start), sizes, 0);
    return sizes;
}

/* One picture has nothing to lie beside; of drafts several may be chosen. */
static void on_several(GObject *settings, GParamSpec *property, GtkWidget *arranges)
{
    gboolean free = starts_from_nothing(settings), at_once;
    int count;
    g_object_get(settings, "count", &count, "at-once", &at_once, NULL);
    gtk_widget_set_sensitive(arranges, free && (count > 1 || !at_once));
    gtk_widget_set_tooltip_text(arranges, !free ? _("The layer or the selection gives the place.")
                                          : count > 1 || !at_once ? _("Where several pictures lie")
                                                                  : _("One picture lies alone."));
}

static GtkWidget *new_arranges(GObject *settings)
{
    static const char *const signals[] = {"notify::start", "notify::count", "notify::at-once"};
    GtkWidget *arranges = edt_ui_combo_new(settings, "arrange", &edt_arrange_choices);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        g_signal_connect_object(settings, signals[i], G_CALLBACK(on_several), arranges, 0);
    return arranges;
}

static GtkWidget *new_at_once(GObject *settings)
{
    GtkWidget *at_once = gtk_check_button_new_with_label(_("Insert at once"));
    gtk_widget_set_tooltip_text(
        at_once, _("Without this, drafts are made to choose from; only what is chosen there is "
                   "finished and inserted"));
    g_object_bind_property(settings, "at-once", at_once, "active",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    return at_once;
}

GtkWidget *edt_ui_place_new(GObject *settings)
{
    Place *place = g_new0(Place, 1);
    GtkWidget *grid = gtk_grid_new(), *sizes = new_sizes(settings);
    GtkWidget *arranges = new_arranges(settings);
    gtk_grid_set_row_spacing(GTK_GRID(grid), 3);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    edt_ui_row_attach(GTK_GRID(grid), 0, _("Si_ze"), sizes, sizes, _("The size of the new layer"));
    on_start(settings, NULL, sizes);
    edt_ui_row_attach(GTK_GRID(grid), 1, _("Arrangement"), arranges, arranges, NULL);
    on_several(settings, NULL, arranges);
    place->picture = gtk_image_new();
    gtk_widget_set_halign(place->picture, GTK_ALIGN_END);
    gtk_widget_set_size_request(place->picture, 32, 32);
    gtk_grid_attach(GTK_GRID(grid), place->picture, 0, 2, 1, 1);
    gtk_grid_attach(GTK_GRID(grid), new_told(place), 1, 2, 1, 1);
    gtk_grid_attach(GTK_GRID(grid), new_at_once(settings), 1, 3, 1, 1);
    g_object_set_data_full(G_OBJECT(grid), "edt-place", place, g_free);
    return grid;
}

void edt_ui_place_tell(GtkWidget *widget, const char *size, const char *where, GdkPixbuf *picture)
{
    Place *place = g_object_get_data(G_OBJECT(widget), "edt-place");
    gtk_label_set_text(GTK_LABEL(place->size), size);
    gtk_label_set_text(GTK_LABEL(place->where), where);
    gtk_widget_set_tooltip_text(place->where, where);
    gtk_image_set_from_pixbuf(GTK_IMAGE(place->picture), picture);
}
