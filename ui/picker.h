/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The class picker: search by name, synonym or number, favourites, recents, at random.
 * Edits the property "class" of the settings, which holds a name, a number or "" (any class).
 */
#pragma once

#include <gtk/gtk.h>

#include "ui/thumbnails.h"

/* chosen: the setting is a class of the model, or any; FALSE while a search has yet to find one. */
typedef void (*EdtPickerChosen)(gboolean chosen, gpointer user_data);

GtkWidget *edt_ui_picker_new(GObject *settings, EdtPickerChosen tell, gpointer user_data);
/* The classes to choose from; info is borrowed until the next call, NULL for none. */
void edt_ui_picker_set_model(GtkWidget *picker, const EdtModelInfo *info);
/* Their pictures; borrowed as long as the picker lives. */
EdtThumbnails *edt_ui_picker_pictures(GtkWidget *picker);
/* Once it is in its window: letters typed there are a search. */
void edt_ui_picker_listen(GtkWidget *picker);
/* Puts the keyboard into the search. */
void edt_ui_picker_focus(GtkWidget *picker);
/* A picture of this class was made: it is one of the recents when they are listed anew. */
void edt_ui_picker_used(GtkWidget *picker, const char *class_name);
