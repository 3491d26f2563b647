/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model chooser: which model, what it is, how much memory it takes, what it lacks,
 * and the Import button.  Edits the property "model" of the settings: a name, a path, or "".
 */
#pragma once

#include <gtk/gtk.h>

#include "edt.h"

/* info: the chosen model, NULL for none; borrowed until the next call. */
typedef void (*EdtModelChanged)(const EdtModelInfo *info, gpointer user_data);

GtkWidget *edt_ui_models_new(GObject *settings, EdtModelChanged changed, gpointer user_data);
/* The chosen model; NULL for none. */
const EdtModelInfo *edt_ui_models_info(GtkWidget *models);
/* Within changed(): it was chosen in the list. */
gboolean edt_ui_models_by_hand(GtkWidget *models);
/* Chooses the model with this header checksum (NULL: unknown); FALSE where there is none. */
gboolean edt_ui_models_choose(GtkWidget *models, const char *sha256);
/* Tells changed() of the model now, and again after each change. */
void edt_ui_models_start(GtkWidget *models);
