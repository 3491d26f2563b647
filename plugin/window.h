/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * window.h: what the dialog takes from GIMP's: its size on this screen, GIMP's checkerboard, and
 * the place of GIMP's own buttons.
 */
#pragma once

#include <gtk/gtk.h>

/* Once the panel is in the dialog, before it is shown. */
void edt_window_dress(GtkWidget *dialog, GtkWidget *panel);
