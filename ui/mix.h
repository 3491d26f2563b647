/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Under the classes: a second one that is mixed into the first ("mix-class" of the settings), how
 * much of it ("mix") and what of it ("mix-how").  Without one there is only a button with a plus.
 */
#pragma once

#include <gtk/gtk.h>

#include "ui/picker.h"

/* pictures: of the classes, borrowed as long as the row lives.  tell: as the picker's.  frames():
 * somebody wants the way from the first class to the second one. */
GtkWidget *edt_ui_mix_new(GObject *settings, EdtThumbnails *pictures, EdtPickerChosen tell,
                          void (*frames)(gpointer user_data), gpointer user_data);
/* info is borrowed until the next call, NULL for none. */
void edt_ui_mix_set_model(GtkWidget *mix, const EdtModelInfo *info);
/* Once it is in its window, before the picker of the first class does so. */
void edt_ui_mix_listen(GtkWidget *mix);
