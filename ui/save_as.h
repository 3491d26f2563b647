/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * save_as.h: a copy of an earlier picture, with its record, in a place of somebody's choice.
 */
#pragma once

#include <gtk/gtk.h>

/* text: where the copy is, or why there is none. */
typedef void (*EdtSaved)(GtkMessageType type, const char *text, gpointer user_data);

/* Asks where, over the window of widget, which proposes a name; asks before anything is replaced.
 * said() is not called where nothing was chosen, nor when widget is gone. */
void edt_ui_save_as(GtkWidget *widget, const char *path, const char *name, EdtSaved said,
                    gpointer user_data);
/* The copy itself; what is there is replaced.  Errors: as edt_save_bytes(), and of reading. */
gboolean edt_ui_save_copy(const char *path, const char *to, GError **error);
