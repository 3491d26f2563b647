/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The history strip: buttons with thumbnails of session/history.c's newest files.
 */
#include "ui/strip.h"
#include "record.h"
#include "history.h"
#include "session/labels.h"
#include "ui/row.h"
#include "ui/save_as.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#define SIDE 56

typedef struct {
    EdtStripEvents events;
    gpointer user_data;
    GtkWidget *self, *row;
    GtkWidget *menu; /* the last one that was opened; NULL: none */
    gboolean at_end; /* the newest one is in sight, and the next one shall be */
} Strip;

static void strip_free(gpointer data)
{
    Strip *strip = data;
    if (strip->menu) {
        g_object_remove_weak_pointer(G_OBJECT(strip->menu), (gpointer *)&strip->menu);
        gtk_widget_destroy(strip->menu);
    }
    g_free(strip);
}

/* "golden retriever, seed 42" out of a file's record. */
static char *caption(const char *path)
{
    g_autoptr(EdtRecord) record = edt_png_record(path, NULL);
    char number[24];
    if (!record)
        return g_path_get_basename(path);
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, record->item.seed);
    g_autofree char *label = edt_label_of(record);
    return g_strdup_printf(_("%s, seed %s"), label, number);
}

static const char *path_of(gpointer widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-path");
}

/* ---- what is done with one ---- */

static void on_show(GtkWidget *button, Strip *strip)
{
    strip->events.show(path_of(button), strip->user_data);
}

static void on_insert(GtkWidget *item, Strip *strip)
{
    strip->events.insert(path_of(item), strip->user_data);
}

static void on_restore(GtkWidget *item, Strip *strip)
{
    strip->events.restore(path_of(item), strip->user_data);
}

static void on_saved(GtkMessageType type, const char *text, gpointer user_data)
{
    Strip *strip = user_data;
    strip->events.say(type, text, strip->user_data);
}

static void on_save(GtkWidget *item, Strip *strip)
{
    g_autofree char *name = caption(path_of(item));
    edt_ui_save_as(strip->row, path_of(item), name, on_saved, strip);
}

static void on_folder(GtkWidget *item, Strip *strip)
{
    g_autofree char *folder = edt_history_folder(), *uri = g_filename_to_uri(folder, NULL, NULL);
    gtk_show_uri_on_window(GTK_WINDOW(gtk_widget_get_toplevel(strip->row)), uri,
                           gtk_get_current_event_time(), NULL);
}

/* The keyboard is at the button that goes. */
static gboolean refresh_later(gpointer strip)
{
    edt_ui_strip_refresh(strip);
    return G_SOURCE_REMOVE;
}

static void on_delete(GtkWidget *item, Strip *strip)
{
    g_unlink(path_of(item));
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, refresh_later, g_object_ref(strip->self),
                    g_object_unref);
}

/* ---- the menu ---- */

static void add_item(GtkWidget *menu, const char *label, const char *path, GCallback activated,
                     Strip *strip)
{
    GtkWidget *item = gtk_menu_item_new_with_label(label);
    g_object_set_data_full(G_OBJECT(item), "edt-path", g_strdup(path), g_free);
    g_signal_connect(item, "activate", activated, strip);
    gtk_menu_shell_append(GTK_MENU_SHELL(menu), item);
}

/* Of the row: what belongs to a button is hidden from screen readers.  The one before it goes. */
static GtkMenu *new_menu(Strip *strip, GtkWidget *button)
{
    const char *path = path_of(button);
    if (strip->menu)
        gtk_widget_destroy(strip->menu);
    GtkWidget *menu = strip->menu = gtk_menu_new();
    edt_ui_name(menu, _("What to do with the picture"));
    add_item(menu, _("Insert as layer"), path, G_CALLBACK(on_insert), strip);
    add_item(menu, _("Use its settings"), path, G_CALLBACK(on_restore), strip);
    add_item(menu, _("Save as…"), path, G_CALLBACK(on_save), strip);
    add_item(menu, _("Show in its folder"), path, G_CALLBACK(on_folder), strip);
    add_item(menu, _("Delete"), path, G_CALLBACK(on_delete), strip);
    gtk_menu_attach_to_widget(GTK_MENU(menu), strip->row, NULL);
    g_object_add_weak_pointer(G_OBJECT(menu), (gpointer *)&strip->menu);
    gtk_widget_show_all(menu);
    return GTK_MENU(menu);
}

static gboolean on_press(GtkWidget *button, GdkEventButton *event, Strip *strip)
{
    if (event->type == GDK_2BUTTON_PRESS && event->button == GDK_BUTTON_PRIMARY) {
        strip->events.insert(path_of(button), strip->user_data);
        return GDK_EVENT_STOP;
    }
    if (!gdk_event_triggers_context_menu((GdkEvent *)event))
        return GDK_EVENT_PROPAGATE;
    gtk_widget_grab_focus(button);
    gtk_menu_popup_at_pointer(new_menu(strip, button), (GdkEvent *)event);
    return GDK_EVENT_STOP;
}

static gboolean on_menu_key(GtkWidget *button, Strip *strip)
{
    gtk_menu_popup_at_widget(new_menu(strip, button), button, GDK_GRAVITY_NORTH_WEST,
                             GDK_GRAVITY_SOUTH_WEST, NULL);
    return TRUE;
}

/* ---- thumbnails ---- */

/* Dragged onto an image it becomes a layer there. */
static void on_drag(GtkWidget *button, GdkDragContext *context, GtkSelectionData *data, guint info,
                    guint time, Strip *strip)
{
    g_autofree char *uri = g_filename_to_uri(path_of(button), NULL, NULL);
    char *uris[] = {uri, NULL};
    gtk_selection_data_set_uris(data, uris);
}

static void make_draggable(GtkWidget *button, GdkPixbuf *pixbuf, Strip *strip)
{
    gtk_drag_source_set(button, GDK_BUTTON1_MASK, NULL, 0, GDK_ACTION_COPY);
    gtk_drag_source_add_uri_targets(button);
    gtk_drag_source_set_icon_pixbuf(button, pixbuf);
    g_signal_connect(button, "drag-data-get", G_CALLBACK(on_drag), strip);
}

static GtkWidget *add_picture(Strip *strip, const char *path)
{
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new_from_file_at_scale(path, SIDE, SIDE, TRUE, NULL);
    if (!pixbuf)
        return NULL; /* removed or unfinished */
    GtkWidget *button = gtk_button_new();
    g_autofree char *text = caption(path);
    g_autofree char *tooltip =
        g_strconcat(text, "\n", _("A double click inserts it, a right click has more."), NULL);
    gtk_container_add(GTK_CONTAINER(button), gtk_image_new_from_pixbuf(pixbuf));
    gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
    gtk_widget_set_tooltip_text(button, tooltip);
    edt_ui_name(button, text);
    edt_ui_narrow(button);
    g_object_set_data_full(G_OBJECT(button), "edt-path", g_strdup(path), g_free);
    g_signal_connect(button, "clicked", G_CALLBACK(on_show), strip);
    g_signal_connect(button, "button-press-event", G_CALLBACK(on_press), strip);
    g_signal_connect(button, "popup-menu", G_CALLBACK(on_menu_key), strip);
    make_draggable(button, pixbuf, strip);
    gtk_box_pack_start(GTK_BOX(strip->row), button, FALSE, FALSE, 0);
    gtk_widget_show_all(button);
    return button;
}

/* ---- contents ---- */

static GHashTable *shown_in(const Strip *strip)
{
    GHashTable *shown = g_hash_table_new(g_str_hash, g_str_equal); /* path -> its button */
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(strip->row));
    for (GList *child = children; child; child = child->next)
        if (path_of(child->data))
            g_hash_table_insert(shown, (gpointer)path_of(child->data), child->data);
        else
            gtk_widget_destroy(child->data); /* the sentence that there are none */
    return shown;
}

static void add_sentence(Strip *strip)
{
    GtkWidget *empty = gtk_label_new(_("Earlier pictures will be kept here."));
    gtk_style_context_add_class(gtk_widget_get_style_context(empty), "dim-label");
    gtk_box_pack_start(GTK_BOX(strip->row), empty, FALSE, FALSE, 6);
    gtk_widget_show(empty);
}

static gboolean destroy_button(gpointer path, gpointer button, gpointer user_data)
{
    gtk_widget_destroy(button);
    return TRUE;
}

/* Files that are shown already are not read again. */
void edt_ui_strip_refresh(GtkWidget *widget)
{
    Strip *strip = g_object_get_data(G_OBJECT(widget), "edt-strip");
    g_auto(GStrv) paths = edt_history_list(EDT_HISTORY_SHOWN);
    g_autoptr(GHashTable) shown = shown_in(strip);
    for (int i = (int)g_strv_length(paths), place = 0; i-- > 0;) {
        GtkWidget *button = g_hash_table_lookup(shown, paths[i]);
        g_hash_table_remove(shown, paths[i]);
        if (!button)
            button = add_picture(strip, paths[i]);
        if (button)
            gtk_box_reorder_child(GTK_BOX(strip->row), button, place++);
    }
    g_hash_table_foreach_steal(shown, destroy_button, NULL); /* their files are gone */
    if (!paths[0])
        add_sentence(strip);
}

/* ---- what is in sight ---- */

static double end_of(GtkAdjustment *room)
{
    return gtk_adjustment_get_upper(room) - gtk_adjustment_get_page_size(room);
}

static void on_scrolled(GtkAdjustment *room, Strip *strip)
{
    strip->at_end = gtk_adjustment_get_value(room) >= end_of(room) - 1;
}

static void on_room(GtkAdjustment *room, Strip *strip)
{
    if (strip->at_end)
        gtk_adjustment_set_value(room, end_of(room));
}

static void keep_end(Strip *strip)
{
    GtkAdjustment *room = gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(strip->self));
    strip->at_end = TRUE;
    g_signal_connect(room, "value-changed", G_CALLBACK(on_scrolled), strip);
    g_signal_connect(room, "changed", G_CALLBACK(on_room), strip);
}

GtkWidget *edt_ui_strip_new(const EdtStripEvents *events, gpointer user_data)
{
    Strip *strip = g_new0(Strip, 1);
    GtkWidget *scroller = gtk_scrolled_window_new(NULL, NULL);
    strip->events = *events;
    strip->user_data = user_data;
    strip->self = scroller;
    strip->row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    edt_ui_name(strip->row, _("Earlier pictures"));
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_AUTOMATIC,
                                   GTK_POLICY_NEVER);
    gtk_widget_set_size_request(scroller, -1, SIDE + 22);
    gtk_container_add(GTK_CONTAINER(scroller), strip->row);
    g_object_set_data_full(G_OBJECT(scroller), "edt-strip", strip, strip_free);
    keep_end(strip);
    edt_ui_strip_refresh(scroller);
    return scroller;
}
