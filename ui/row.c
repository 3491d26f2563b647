/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a row of settings looks and reads; see row.h.
 */
#include "ui/row.h"

void edt_ui_name(GtkWidget *widget, const char *name)
{
    AtkObject *accessible = gtk_widget_get_accessible(widget);
    if (accessible)
        atk_object_set_name(accessible, name);
}

static char *without_mnemonic(const char *label)
{
    GString *plain = g_string_new(label);
    g_string_replace(plain, "_", "", 0);
    return g_string_free(plain, FALSE);
}

void edt_ui_row_attach(GtkGrid *grid, int row, const char *text, GtkWidget *widget,
                       GtkWidget *target, const char *tooltip)
{
    GtkWidget *label = gtk_label_new_with_mnemonic(text);
    char *plain = without_mnemonic(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), target);
    edt_ui_name(target, plain);
    gtk_widget_set_tooltip_text(target, tooltip);
    gtk_widget_set_tooltip_text(label, tooltip);
    gtk_widget_set_hexpand(widget, TRUE);
    gtk_grid_attach(grid, label, 0, row, 1, 1);
    gtk_grid_attach(grid, widget, 1, row, 1, 1);
    g_free(plain);
}
