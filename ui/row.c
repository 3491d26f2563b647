/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a row of settings looks and reads; see row.h.
 */
#include "ui/row.h"

#include <glib/gi18n.h>
#include <string.h>

void edt_ui_name(GtkWidget *widget, const char *name)
{
    AtkObject *accessible = gtk_widget_get_accessible(widget);
    if (accessible)
        atk_object_set_name(accessible, name);
}

GtkWidget *edt_ui_icon_button(const char *icon, const char *name, const char *tooltip)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon, GTK_ICON_SIZE_BUTTON);
    edt_ui_name(button, name);
    gtk_widget_set_tooltip_text(button, tooltip);
    edt_ui_narrow(button);
    return button;
}

GtkWidget *edt_ui_word_button(const char *label, const char *tooltip)
{
    GtkWidget *button = gtk_button_new_with_label(label);
    gtk_widget_set_tooltip_text(button, tooltip);
    edt_ui_narrow(button);
    return button;
}

GtkWidget *edt_ui_star_new(const char *name)
{
    GtkWidget *star = gtk_toggle_button_new();
    gtk_button_set_image(GTK_BUTTON(star), gtk_image_new());
    gtk_button_set_relief(GTK_BUTTON(star), GTK_RELIEF_NONE);
    edt_ui_name(star, name);
    return star;
}

void edt_ui_star_show(GtkWidget *star, gboolean lit, gpointer user_data)
{
    g_signal_handlers_block_matched(star, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, user_data);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(star), lit);
    g_signal_handlers_unblock_matched(star, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, user_data);
    gtk_image_set_from_icon_name(GTK_IMAGE(gtk_button_get_image(GTK_BUTTON(star))),
                                 lit ? "starred-symbolic" : "non-starred-symbolic",
                                 GTK_ICON_SIZE_BUTTON);
}

gboolean edt_ui_close_popover(GtkWidget *widget)
{
    GtkWidget *popover = gtk_widget_get_ancestor(widget, GTK_TYPE_POPOVER);
    if (popover)
        gtk_popover_popdown(GTK_POPOVER(popover));
    return popover != NULL;
}

void edt_ui_press_default(GtkWidget *widget)
{
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_toplevel(widget));
    GtkWidget *button = gtk_window_get_default_widget(window),
              *focus = gtk_window_get_focus(window);
    if (edt_ui_close_popover(widget) || !GTK_IS_BUTTON(button) || !gtk_widget_is_sensitive(button))
        return;
    gtk_button_clicked(GTK_BUTTON(button));
    if (focus)
        gtk_widget_grab_focus(focus);
}

/* GIMP's theme gives buttons broad margins. */
void edt_ui_narrow(GtkWidget *button)
{
    g_autoptr(GtkCssProvider) style = gtk_css_provider_new();
    gtk_css_provider_load_from_data(style, "* { padding: 2px 6px; min-width: 0; }", -1, NULL);
    gtk_style_context_add_provider(gtk_widget_get_style_context(button), GTK_STYLE_PROVIDER(style),
                                   GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

/* Languages without letters have the key in parentheses behind the word: "种子(_D)". */
char *edt_ui_plain(const char *label)
{
    g_autoptr(GString) plain = g_string_new(label);
    const char *bracket = strstr(label, "(_");
    if (bracket && bracket[2] && bracket[3] == ')')
        g_string_erase(plain, bracket - label, 4);
    g_string_replace(plain, "_", "", 0);
    return g_strchomp(g_strdup(plain->str));
}

void edt_ui_row_attach(GtkGrid *grid, int row, const char *text, GtkWidget *widget,
                       GtkWidget *target, const char *tooltip)
{
    GtkWidget *label = gtk_label_new_with_mnemonic(text);
    char *plain = edt_ui_plain(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), target);
    edt_ui_name(target, plain);
    gtk_widget_set_tooltip_text(target, tooltip);
    gtk_widget_set_tooltip_text(label, tooltip);
    gtk_widget_set_hexpand(widget, TRUE);
    gtk_grid_attach(grid, label, 0, row, 1, 1);
    g_object_set_data(G_OBJECT(label), "edt-row", grid);
    gtk_grid_attach(grid, widget, 1, row, 1, 1);
    g_free(plain);
}

GtkWidget *edt_ui_combo_new(GObject *settings, const char *name, const EdtChoices *choices)
{
    GtkWidget *combo = gtk_combo_box_text_new();
    for (const EdtChoice *each = choices->list; each->label; each++)
        gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(combo), choices->words[each->value],
                                  _(each->label));
    g_object_bind_property(settings, name, combo, "active-id",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    return combo;
}

static void add_label(GtkWidget *child, gpointer group)
{
    if (g_object_get_data(G_OBJECT(child), "edt-row"))
        gtk_size_group_add_widget(group, child);
}

void edt_ui_rows_align(GtkWidget *box)
{
    g_autoptr(GtkSizeGroup) group = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
    g_autoptr(GList) grids = gtk_container_get_children(GTK_CONTAINER(box));
    for (GList *grid = grids; grid; grid = grid->next)
        gtk_container_foreach(GTK_CONTAINER(grid->data), add_label, group);
}
