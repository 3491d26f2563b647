/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of settings, as every part of the dialog draws them, and names for screen readers.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/words.h"

/* A row of a two-column grid: label with mnemonic, widget with the label's name for screen readers.
 */
void edt_ui_row_attach(GtkGrid *grid, int row, const char *label, GtkWidget *widget,
                       GtkWidget *target, const char *tooltip);
/* A list of the words of a setting. */
GtkWidget *edt_ui_combo_new(GObject *settings, const char *name, const EdtChoices *choices);
/* The labels of all grids in a box become as wide as the widest. */
void edt_ui_rows_align(GtkWidget *box);
/* Names a widget for screen readers. */
void edt_ui_name(GtkWidget *widget, const char *name);
/* Presses the default button of the window.  GIMP's dialogs give it the keyboard then; here that
 * stays where it is, and what was typed there is selected. */
void edt_ui_press_default(GtkWidget *widget);
/* As narrow as its label. */
void edt_ui_narrow(GtkWidget *button);
/* A button that is a picture; its name is for screen readers. */
GtkWidget *edt_ui_icon_button(const char *icon, const char *name, const char *tooltip);
