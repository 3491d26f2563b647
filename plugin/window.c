/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialog as a window; see window.h.
 */
#include "plugin/window.h"
#include "ui/panel.h"

#include <libgimp/gimpui.h>

#define WIDTH 1100
#define HEIGHT 620
#define FRAME 40 /* a title bar, or more */

/* The checkerboard that GIMP shows behind transparent pixels. */
static void take_checks(GtkWidget *panel)
{
    static const int sizes[] = {4, 8, 16};
    EdtChecks checks = {.size = sizes[CLAMP((int)gimp_check_size(), 0, 2)]};
    /* the user's own colours stay where the type says so */
    GeglColor *light = gegl_color_duplicate((GeglColor *)gimp_check_custom_color1());
    GeglColor *dark = gegl_color_duplicate((GeglColor *)gimp_check_custom_color2());
    gimp_checks_get_colors(gimp_check_type(), &light, &dark);
    gegl_color_get_pixel(light, babl_format("R'G'B'A double"), &checks.light);
    gegl_color_get_pixel(dark, babl_format("R'G'B'A double"), &checks.dark);
    g_object_unref(light);
    g_object_unref(dark);
    edt_ui_panel_set_checks(panel, &checks);
}

/* GIMP gives "Load" and "Save Settings" a row of their own, which a low screen has no place for:
 * they go to what is seldom needed. */
static void move_settings_row(GtkWidget *box, GtkWidget *panel)
{
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(box));
    GtkWidget *action_area = gtk_dialog_get_widget_for_response(
        GTK_DIALOG(gtk_widget_get_toplevel(box)), GTK_RESPONSE_CANCEL);
    for (GList *each = children; each; each = each->next) {
        GtkWidget *row = each->data;
        if (row == panel || !GTK_IS_BUTTON_BOX(row) || gtk_widget_is_ancestor(action_area, row))
            continue;
        g_object_ref(row);
        gtk_container_remove(GTK_CONTAINER(box), row);
        edt_ui_panel_add_more(panel, row);
        g_object_unref(row);
    }
}

/* What panels leave of the screen. */
static GdkRectangle work_area(GtkWidget *dialog)
{
    GdkMonitor *monitor = gdk_display_get_primary_monitor(gtk_widget_get_display(dialog));
    GdkRectangle area = {.width = WIDTH + FRAME, .height = HEIGHT + FRAME};
    if (!monitor)
        monitor = gdk_display_get_monitor(gtk_widget_get_display(dialog), 0);
    if (monitor)
        gdk_monitor_get_workarea(monitor, &area);
    return area;
}

int edt_window_height(GtkWidget *dialog)
{
    return work_area(dialog).height - FRAME;
}

/* No larger than the screen lets it be. */
static void set_size(GtkWidget *dialog)
{
    gtk_window_set_default_size(GTK_WINDOW(dialog), MIN(WIDTH, work_area(dialog).width - 8),
                                MIN(HEIGHT, edt_window_height(dialog)));
}

/* A key that generates leaves the focus where it is, and a number that is being typed there counts.
 */
static void take_number(GtkWidget *dialog, int response)
{
    GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(dialog));
    if (response == GTK_RESPONSE_OK && GTK_IS_SPIN_BUTTON(focus))
        gtk_spin_button_update(GTK_SPIN_BUTTON(focus));
}

void edt_window_listen(GtkWidget *dialog)
{
    static const guint keys[] = {GDK_KEY_Return, GDK_KEY_KP_Enter};
    GtkWidget *generate = gtk_dialog_get_widget_for_response(GTK_DIALOG(dialog), GTK_RESPONSE_OK);
    g_autoptr(GtkAccelGroup) group = gtk_accel_group_new();
    gtk_window_add_accel_group(GTK_WINDOW(dialog), group);
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        gtk_widget_add_accelerator(generate, "clicked", group, keys[i], GDK_CONTROL_MASK, 0);
    g_signal_connect(dialog, "response", G_CALLBACK(take_number), NULL);
}

void edt_window_dress(GtkWidget *dialog, GtkWidget *panel)
{
    edt_window_listen(dialog);
    move_settings_row(gtk_dialog_get_content_area(GTK_DIALOG(dialog)), panel);
    take_checks(panel);
    set_size(dialog);
}
