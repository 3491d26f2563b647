/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The class picker: search by name, synonym or number, favourites, recents, at random.
 * Edits the property "class" of the settings, which holds a name, a number or "" (any class).
 */
#pragma once

#include <gtk/gtk.h>

#include "edt.h"

GtkWidget *edt_ui_picker_new(GObject *settings);
/* The classes to choose from; info is borrowed until the next call, NULL for none. */
void edt_ui_picker_set_model(GtkWidget *picker, const EdtModelInfo *info);
/* A picture of this class was made. */
void edt_ui_picker_used(GtkWidget *picker, const char *class_name);
