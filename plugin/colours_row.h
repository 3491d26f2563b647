/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The row of the dialog that chooses a palette: all of GIMP's, or the image's.
 */
#pragma once

#include <gtk/gtk.h>

/* settings has a property "palette" (plugin/colours.h), which follows the row, and the row it. */
GtkWidget *edt_colours_row(GObject *settings);
