/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the dialog takes from GIMP's: its size on this screen, GIMP's checkerboard, and
 * the place of GIMP's own buttons.
 */
#pragma once

#include <gtk/gtk.h>

/* The most that a window may have on its screen, without its title bar. */
int edt_window_height(GtkWidget *dialog);
/* Ctrl+Enter generates, wherever the keyboard is. */
void edt_window_listen(GtkWidget *dialog);
/* Once the panel is in the dialog, before it is shown. */
void edt_window_dress(GtkWidget *dialog, GtkWidget *panel);
