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
/* A label without its mnemonic, to be freed. */
char *edt_ui_plain(const char *label);
/* A list of the words of a setting. */
GtkWidget *edt_ui_combo_new(GObject *settings, const char *name, const EdtChoices *choices);
/* The labels of all grids in a box become as wide as the widest. */
void edt_ui_rows_align(GtkWidget *box);
/* Names a widget for screen readers. */
void edt_ui_name(GtkWidget *widget, const char *name);
/* Closes the popover that a widget is in; FALSE: it is in none. */
gboolean edt_ui_close_popover(GtkWidget *widget);
/* Closes a popover; else presses the default button of the window.  GIMP's dialogs give it the
 * keyboard then; here that stays where it is, and what was typed there is selected. */
void edt_ui_press_default(GtkWidget *widget);
/* As narrow as its label. */
void edt_ui_narrow(GtkWidget *button);
/* A button that is a picture; its name is for screen readers. */
GtkWidget *edt_ui_icon_button(const char *icon, const char *name, const char *tooltip);
/* A button that is a word, and no wider. */
GtkWidget *edt_ui_word_button(const char *label, const char *tooltip);
/* A toggle button that is a star, lit where it is active; its name is for screen readers. */
GtkWidget *edt_ui_star_new(const char *name);
/* Lights it, or puts it out; handlers with this user_data do not hear of it. */
void edt_ui_star_show(GtkWidget *star, gboolean lit, gpointer user_data);
