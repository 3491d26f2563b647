/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A list of any style, each of the model's, and one at random.  Its row number and the setting are
 * kept the same both ways.
 */
#include "ui/styles.h"
#include "catalogue.h"
#include "session/order.h"
#include "ui/row.h"

#include <glib/gi18n.h>

typedef struct {
    GObject *settings;
    const EdtModelInfo *info;
    GtkWidget *combo;
    gboolean busy;
    char *before; /* what another model has, and this one has not; or NULL */
} Styles;

static void styles_free(gpointer data)
{
    g_free(((Styles *)data)->before);
    g_free(data);
}

static int n_styles(const Styles *styles)
{
    return styles->info ? styles->info->n_styles : 0;
}

/* ---- rows: 0 any, then the styles, the last one at random ---- */

/* -1: the setting is none of them. */
static int row_of_setting(const Styles *styles)
{
    g_autofree char *text = NULL;
    int style;
    g_object_get(styles->settings, "style", &text, NULL);
    if (n_styles(styles) && text && g_ascii_strcasecmp(text, "random") == 0)
        return n_styles(styles) + 1;
    return edt_order_style(styles->info, text, &style, NULL) ? style + 1 : -1;
}

static char *setting_of_row(const Styles *styles, int row)
{
    if (row == n_styles(styles) + 1)
        return g_strdup("random");
    return edt_style_word(styles->info, row - 1);
}

static void fill(const Styles *styles)
{
    GtkComboBoxText *combo = GTK_COMBO_BOX_TEXT(styles->combo);
    gtk_combo_box_text_remove_all(combo);
    gtk_combo_box_text_append_text(combo, _("Any style"));
    for (int i = 0; i < n_styles(styles); i++) {
        g_autofree char *label = edt_style_label(styles->info, i);
        gtk_combo_box_text_append_text(combo, label);
    }
    gtk_combo_box_text_append_text(combo, _("A style at random"));
}

static void show(Styles *styles)
{
    gboolean busy = styles->busy;
    styles->busy = TRUE;
    gtk_combo_box_set_active(GTK_COMBO_BOX(styles->combo), row_of_setting(styles));
    styles->busy = busy;
}

/* ---- events ---- */

static void on_chosen(GtkComboBox *combo, Styles *styles)
{
    int row = gtk_combo_box_get_active(combo);
    if (styles->busy || row < 0)
        return;
    g_autofree char *text = setting_of_row(styles, row);
    g_object_set(styles->settings, "style", text, NULL);
}

static void on_setting(GObject *settings, GParamSpec *spec, GtkWidget *row)
{
    Styles *styles = g_object_get_data(G_OBJECT(row), "edt-styles");
    if (n_styles(styles))
        show(styles);
}

GtkWidget *edt_ui_styles_new(GObject *settings)
{
    Styles *styles = g_new0(Styles, 1);
    GtkWidget *grid = gtk_grid_new();
    styles->settings = settings;
    styles->combo = gtk_combo_box_text_new();
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    edt_ui_row_attach(GTK_GRID(grid), 0, _("St_yle"), styles->combo, styles->combo,
                      _("How the picture is drawn"));
    gtk_widget_show_all(grid);
    gtk_widget_hide(grid);
    gtk_widget_set_no_show_all(grid, TRUE);
    g_object_set_data_full(G_OBJECT(grid), "edt-styles", styles, styles_free);
    g_signal_connect(styles->combo, "changed", G_CALLBACK(on_chosen), styles);
    g_signal_connect_object(settings, "notify::style", G_CALLBACK(on_setting), grid, 0);
    return grid;
}

/* A look at another model does not lose the style: it comes back with the one that has it. */
static void settle(Styles *styles, gboolean by_hand)
{
    g_autofree char *text = NULL;
    int style;
    g_object_get(styles->settings, "style", &text, NULL);
    if (row_of_setting(styles) < 0) {
        g_set_str(&styles->before, text);
        g_object_set(styles->settings, "style", "", NULL);
    } else if ((text && *text) || !by_hand) { /* as after a reset */
        g_clear_pointer(&styles->before, g_free);
    } else if (styles->before && n_styles(styles) &&
               edt_order_style(styles->info, styles->before, &style, NULL)) {
        g_autofree char *before = g_steal_pointer(&styles->before);
        g_object_set(styles->settings, "style", before, NULL);
    }
}

void edt_ui_styles_set_model(GtkWidget *row, const EdtModelInfo *info, gboolean by_hand)
{
    Styles *styles = g_object_get_data(G_OBJECT(row), "edt-styles");
    styles->info = info;
    gtk_widget_set_visible(row, n_styles(styles) > 0);
    if (!info)
        return;
    styles->busy = TRUE;
    fill(styles);
    settle(styles, by_hand);
    show(styles);
    styles->busy = FALSE;
}
