/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See colours_row.h.
 */
#include "plugin/colours_row.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>

static GtkWidget *new_list(void)
{
    GtkWidget *list = gtk_combo_box_text_new();
    GimpPalette **palettes = gimp_palettes_get_list(NULL);
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(list), "", _("All of them"));
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(list), "image", _("Of an indexed image"));
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(list), "active", _("Of the active palette"));
    for (int i = 0; palettes && palettes[i]; i++) {
        g_autofree char *name = gimp_resource_get_name(GIMP_RESOURCE(palettes[i]));
        gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(list), name, name);
    }
    g_free(palettes);
    return list;
}

/* A palette of the settings may be gone; the list shows none of its own then. */
GtkWidget *edt_colours_row(GObject *settings)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *list = new_list();
    GtkWidget *label = gtk_label_new(_("Colors"));
    gtk_widget_set_tooltip_text(row, _("Which colors the new layer may have"));
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), list);
    atk_object_set_name(gtk_widget_get_accessible(list), _("Colors"));
    g_object_bind_property(settings, "palette", list, "active-id",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    gtk_box_pack_start(GTK_BOX(row), label, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), list, TRUE, TRUE, 0);
    gtk_widget_show_all(row);
    return row;
}
