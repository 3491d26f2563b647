/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The class picker: search by name, synonym or number, favourites, recents, at random.  Edits a
 * property of the settings that holds a name, a number or "".
 */
#pragma once

#include <gtk/gtk.h>

#include "ui/thumbnails.h"

/* missing: why there is no class to make pictures of, as a sentence: the setting names none of the
 * model, or a search has yet to find one.  NULL: there is one, or any will do. */
typedef void (*EdtPickerChosen)(const char *missing, gpointer user_data);

/* What is picked. */
typedef struct {
    const char *property;
    const char *label, *search; /* N_(): with its mnemonic; of the search, for screen readers */
    const char *none;           /* N_(): what "" means */
} EdtPickerKind;
extern const EdtPickerKind edt_picker_class;  /* "class", "" is any */
extern const EdtPickerKind edt_picker_second; /* "mix-class", "" is none */
extern const EdtPickerKind edt_picker_last;   /* "to-class" of a morph, "" is the same */

/* pictures: those of another picker of the same window and model; NULL: its own. */
GtkWidget *edt_ui_picker_new(GObject *settings, const EdtPickerKind *kind, EdtThumbnails *pictures,
                             EdtPickerChosen tell, gpointer user_data);
/* The classes to choose from; info is borrowed until the next call, NULL for none. */
void edt_ui_picker_set_model(GtkWidget *picker, const EdtModelInfo *info);
/* Their pictures; borrowed as long as the picker lives. */
EdtThumbnails *edt_ui_picker_pictures(GtkWidget *picker);
/* Once it is in its window: letters typed there are a search, or in the popover that it is in; and
 * it has the keyboard. */
void edt_ui_picker_listen(GtkWidget *picker);
/* What was searched for is chosen, or nothing is. */
void edt_ui_picker_end_search(GtkWidget *picker);
/* Puts the keyboard into the search. */
void edt_ui_picker_focus(GtkWidget *picker);
/* Makes a class a favourite, or no longer one. */
void edt_ui_picker_favour(GtkWidget *picker, const char *class_name);
/* Pictures of these classes were made: they are recents when those are listed anew. */
void edt_ui_picker_used(GtkWidget *picker, const char *const *class_names, int n);
