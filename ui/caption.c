/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Buttons that can do nothing say why.  One that had the keyboard before that gets it back, unless
 * it has gone elsewhere.
 */
#include "ui/caption.h"
#include "session/favourites.h"
#include "ui/row.h"

#include <glib/gi18n.h>

typedef struct {
    EdtCaptionEvents events;
    gpointer user_data;
    const EdtShown *one;
    GtkWidget *back, *text, *again, *vary, *keep, *star;
    GtkWidget *lost; /* had the keyboard when it could do nothing any more */
} Caption;

static Caption *caption_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-caption");
}

void edt_ui_shown_clear(EdtShown *shown)
{
    g_clear_pointer(&shown->caption, g_free);
    g_clear_pointer(&shown->class_name, g_free);
    g_clear_pointer(&shown->record, g_free);
}

/* ---- what can be done ---- */

/* Nobody has the keyboard of a window whose widget with it went insensitive. */
static gboolean is_free(GtkWidget *button)
{
    GtkWidget *window = gtk_widget_get_toplevel(button);
    return GTK_IS_WINDOW(window) && !gtk_window_get_focus(GTK_WINDOW(window));
}

/* obstacle: why a button can do nothing; NULL: it does what help says. */
static void allow(Caption *caption, GtkWidget *button, const char *obstacle, const char *help)
{
    if (obstacle && gtk_widget_is_focus(button))
        caption->lost = button;
    gtk_widget_set_sensitive(button, !obstacle);
    gtk_widget_set_tooltip_text(button, obstacle ? obstacle : help);
    if (obstacle || caption->lost != button)
        return;
    caption->lost = NULL;
    if (is_free(button))
        gtk_widget_grab_focus(button);
}

static void show_star(Caption *caption)
{
    const char *name = caption->one ? caption->one->class_name : NULL;
    EdtFavourites *favourites = edt_favourites_load();
    gboolean starred = name && edt_favourites_has(favourites, name);
    edt_favourites_free(favourites);
    edt_ui_star_show(caption->star, starred, caption);
}

void edt_ui_caption_show(GtkWidget *widget, const EdtShown *one, const char *all, gboolean several)
{
    Caption *caption = caption_of(widget);
    const char *text = one ? one->caption : all ? all : "";
    const char *none = one       ? NULL
                       : several ? _("Choose one of the pictures by a click first.")
                                 : _("There is no picture yet.");
    const char *unfinished =
        none || one->record ? none : _("This picture is not finished, or was discarded.");
    const char *classless =
        none || one->class_name ? none : _("It is not known which class this is.");
    caption->one = one;
    gtk_label_set_text(GTK_LABEL(caption->text), text);
    gtk_widget_set_tooltip_text(caption->text, text);
    allow(caption, caption->again, unfinished,
          _("Once more with the settings of this picture, from the next seed"));
    allow(caption, caption->vary, unfinished, _("Drafts that differ a little from this picture"));
    allow(caption, caption->keep, none, _("Make the next pictures from the seed of this one"));
    allow(caption, caption->star, classless, _("Keep this class at the top of the list"));
    show_star(caption);
}

void edt_ui_caption_set_back(GtkWidget *widget, gboolean possible)
{
    gtk_widget_set_visible(caption_of(widget)->back, possible);
}

void edt_ui_caption_refresh(GtkWidget *widget)
{
    show_star(caption_of(widget));
}

/* ---- what is done ---- */

static void on_again(GtkButton *button, Caption *caption)
{
    caption->events.again(caption->one->record, caption->user_data);
}

static void on_vary(GtkButton *button, Caption *caption)
{
    caption->events.vary(caption->one->record, caption->user_data);
}

static void on_keep(GtkButton *button, Caption *caption)
{
    caption->events.keep(caption->one->seed, caption->user_data);
}

static void on_back(GtkButton *button, Caption *caption)
{
    caption->events.back(caption->user_data);
}

static void on_star(GtkToggleButton *star, Caption *caption)
{
    if (!caption->one || !caption->one->class_name)
        return;
    caption->events.favour(caption->one->class_name, caption->user_data);
    show_star(caption);
}

/* ---- making ---- */

static void add(Caption *caption, GtkWidget *row, GtkWidget *button, GCallback clicked)
{
    gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
    edt_ui_narrow(button);
    g_signal_connect(button, GTK_IS_TOGGLE_BUTTON(button) ? "toggled" : "clicked", clicked,
                     caption);
    gtk_box_pack_start(GTK_BOX(row), button, FALSE, FALSE, 0);
}

static GtkWidget *new_text(void)
{
    GtkWidget *text = gtk_label_new(NULL);
    gtk_label_set_ellipsize(GTK_LABEL(text), PANGO_ELLIPSIZE_MIDDLE); /* class and seed are seen */
    gtk_label_set_xalign(GTK_LABEL(text), 0);
    gtk_label_set_selectable(GTK_LABEL(text), TRUE);
    gtk_widget_set_can_focus(text, FALSE);
    return text;
}

GtkWidget *edt_ui_caption_new(const EdtCaptionEvents *events, gpointer user_data)
{
    Caption *caption = g_new0(Caption, 1);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    *caption = (Caption){.events = *events, .user_data = user_data};
    caption->text = new_text();
    caption->again = gtk_button_new_with_label(_("Again"));
    caption->vary = gtk_button_new_with_label(_("Vary"));
    caption->keep = edt_ui_icon_button("changes-prevent-symbolic", _("Use this seed"), NULL);
    caption->star = edt_ui_star_new(_("Favourite: the class that is shown"));
    caption->back = edt_ui_icon_button("go-previous-symbolic", _("Back to what was shown"),
                                       _("What was shown before this earlier picture"));
    gtk_widget_set_no_show_all(caption->back, TRUE);
    gtk_widget_show(gtk_button_get_image(GTK_BUTTON(caption->back)));
    add(caption, row, caption->back, G_CALLBACK(on_back));
    gtk_box_pack_start(GTK_BOX(row), caption->text, TRUE, TRUE, 0);
    add(caption, row, caption->again, G_CALLBACK(on_again));
    add(caption, row, caption->vary, G_CALLBACK(on_vary));
    add(caption, row, caption->keep, G_CALLBACK(on_keep));
    add(caption, row, caption->star, G_CALLBACK(on_star));
    g_object_set_data_full(G_OBJECT(row), "edt-caption", caption, g_free);
    edt_ui_caption_show(row, NULL, NULL, FALSE);
    return row;
}
