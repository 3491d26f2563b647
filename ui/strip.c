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

#define SHOWN 24
#define SIDE 56

typedef struct {
    EdtStripEvents events;
    gpointer user_data;
    GtkWidget *row;
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
        gtk_container_add(GTK_CONTAINER(popover), box);
        gtk_widget_show_all(box);
    }
    gtk_popover_popup(GTK_POPOVER(popover));
}

static void add_picture(Strip *strip, const char *path)
{
    GdkPixbuf *pixbuf = gdk_pixbuf_new_from_file_at_scale(path, SIDE, SIDE, TRUE, NULL);
    if (!pixbuf)
        return; /* removed or unfinished */
    GtkWidget *button = gtk_button_new();
    char *text = caption(path);
    gtk_container_add(GTK_CONTAINER(button), gtk_image_new_from_pixbuf(pixbuf));
    gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
    gtk_widget_set_tooltip_text(button, text);
    edt_ui_name(button, text);
    g_object_set_data_full(G_OBJECT(button), "edt-path", g_strdup(path), g_free);
    g_signal_connect(button, "clicked", G_CALLBACK(on_clicked), strip);
    gtk_box_pack_start(GTK_BOX(strip->row), button, FALSE, FALSE, 0);
    gtk_widget_show_all(button);
    g_object_unref(pixbuf);
    g_free(text);
}

static void remove_child(GtkWidget *child, gpointer user_data)
{
    gtk_widget_destroy(child);
}

void edt_ui_strip_refresh(GtkWidget *widget)
{
    Strip *strip = g_object_get_data(G_OBJECT(widget), "edt-strip");
    char **paths = edt_history_list(SHOWN);
    gtk_container_foreach(GTK_CONTAINER(strip->row), remove_child, NULL);
    for (int i = 0; paths[i]; i++)
        add_picture(strip, paths[i]);
    if (!paths[0]) {
        GtkWidget *empty = gtk_label_new(_("Earlier pictures will be kept here."));
        gtk_style_context_add_class(gtk_widget_get_style_context(empty), "dim-label");
        gtk_box_pack_start(GTK_BOX(strip->row), empty, FALSE, FALSE, 6);
        gtk_widget_show(empty);
    }
    g_strfreev(paths);
}

GtkWidget *edt_ui_strip_new(const EdtStripEvents *events, gpointer user_data)
{
    Strip *strip = g_new0(Strip, 1);
    GtkWidget *scroller = gtk_scrolled_window_new(NULL, NULL);
    strip->events = *events;
    strip->user_data = user_data;
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
