/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The history strip: buttons with thumbnails of session/history.c's newest files.
 */
#include "ui/strip.h"
#include "record.h"
#include "history.h"
#include "session/labels.h"
#include "ui/row.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#define SIDE 56

typedef struct {
    EdtStripEvents events;
    gpointer user_data;
    GtkWidget *self, *row;
} Strip;

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

static void close_popover(gpointer button)
{
    GtkWidget *popover = gtk_widget_get_ancestor(button, GTK_TYPE_POPOVER);
    gtk_popover_popdown(GTK_POPOVER(popover));
}

static void on_insert(GtkButton *button, Strip *strip)
{
    close_popover(button);
    strip->events.insert(path_of(button), strip->user_data);
}

static void on_restore(GtkButton *button, Strip *strip)
{
    close_popover(button);
    strip->events.restore(path_of(button), strip->user_data);
}

static void on_folder(GtkButton *button, Strip *strip)
{
    g_autofree char *folder = edt_history_folder(), *uri = g_filename_to_uri(folder, NULL, NULL);
    close_popover(button);
    gtk_show_uri_on_window(GTK_WINDOW(gtk_widget_get_toplevel(strip->row)), uri,
                           gtk_get_current_event_time(), NULL);
}

/* The popover belongs to the button that goes. */
static gboolean refresh_later(gpointer strip)
{
    edt_ui_strip_refresh(strip);
    return G_SOURCE_REMOVE;
}

static void on_delete(GtkButton *button, Strip *strip)
{
    close_popover(button);
    g_unlink(path_of(button));
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, refresh_later, g_object_ref(strip->self),
                    g_object_unref);
}

static void add_item(GtkWidget *box, const char *label, const char *path, GCallback clicked,
                     Strip *strip)
{
    GtkWidget *item = gtk_button_new_with_label(label);
    gtk_button_set_relief(GTK_BUTTON(item), GTK_RELIEF_NONE);
    g_object_set_data_full(G_OBJECT(item), "edt-path", g_strdup(path), g_free);
    g_signal_connect(item, "clicked", clicked, strip);
    gtk_container_add(GTK_CONTAINER(box), item);
}

/* The popover lives as long as its thumbnail: made at the first click. */
static void on_clicked(GtkWidget *button, Strip *strip)
{
    GtkWidget *popover = g_object_get_data(G_OBJECT(button), "edt-popover");
    if (!popover) {
        GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
        popover = gtk_popover_new(button);
        g_object_set_data(G_OBJECT(button), "edt-popover", popover);
        add_item(box, _("Insert as layer"), path_of(button), G_CALLBACK(on_insert), strip);
        add_item(box, _("Use its settings"), path_of(button), G_CALLBACK(on_restore), strip);
        add_item(box, _("Show in its folder"), path_of(button), G_CALLBACK(on_folder), strip);
        add_item(box, _("Delete"), path_of(button), G_CALLBACK(on_delete), strip);
        gtk_container_add(GTK_CONTAINER(popover), box);
        gtk_widget_show_all(box);
    }
    gtk_widget_grab_focus(button); /* scrolls there: popovers of what is out of sight are hidden */
    gtk_popover_popup(GTK_POPOVER(popover));
}

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
    gtk_container_add(GTK_CONTAINER(button), gtk_image_new_from_pixbuf(pixbuf));
    gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
    gtk_widget_set_tooltip_text(button, text);
    edt_ui_name(button, text);
    edt_ui_narrow(button);
    g_object_set_data_full(G_OBJECT(button), "edt-path", g_strdup(path), g_free);
    g_signal_connect(button, "clicked", G_CALLBACK(on_clicked), strip);
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
    g_auto(GStrv) paths = edt_history_list(EDT_HISTORY_FILES_MAX);
    g_autoptr(GHashTable) shown = shown_in(strip);
    for (int i = 0; paths[i]; i++) {
        GtkWidget *button = g_hash_table_lookup(shown, paths[i]);
        g_hash_table_remove(shown, paths[i]);
        if (!button)
            button = add_picture(strip, paths[i]);
        if (button)
            gtk_box_reorder_child(GTK_BOX(strip->row), button, i);
    }
    g_hash_table_foreach_steal(shown, destroy_button, NULL); /* their files are gone */
    if (!paths[0])
        add_sentence(strip);
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
    g_object_set_data_full(G_OBJECT(scroller), "edt-strip", strip, g_free);
    edt_ui_strip_refresh(scroller);
    return scroller;
}
