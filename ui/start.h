/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a picture starts from: nothing, the active layer, the selection; and how.  Edits the
 * properties "start", "freedom", "paper", "into", "context", "careful", "margin" and "feather" of
 * the settings.
 */
#pragma once

#include <gtk/gtk.h>

#include "catalogue.h"

GtkWidget *edt_ui_start_new(GObject *settings);
/* The settings of what is chosen, which come and go. */
void edt_ui_start_add_details(GtkWidget *start, GtkBox *box);
/* What starts from a layer or a selection is not the same of every model; NULL: there is none. */
void edt_ui_start_set_model(GtkWidget *start, const EdtModelInfo *info);
/* Why the layer and the selection cannot be started from now; NULL: they can. */
void edt_ui_start_allow(GtkWidget *start, const char *layer, const char *selection);
