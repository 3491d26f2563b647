/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of settings, as every part of the dialog draws them, and names for screen readers.
 */
#pragma once

#include <gtk/gtk.h>

/* A row of a two-column grid: label with mnemonic, widget with the label's name for screen readers.
 */
void edt_ui_row_attach(GtkGrid *grid, int row, const char *label, GtkWidget *widget,
                       GtkWidget *target, const char *tooltip);
/* Names a widget for screen readers. */
void edt_ui_name(GtkWidget *widget, const char *name);
