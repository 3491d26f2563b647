/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The row that chooses a style, shown where the model has some.  Edits the property
 * "style" of the settings, which holds a name, a number, "random", "any" or
 * "" (the first one).
 */
#pragma once

#include <gtk/gtk.h>

#include "edt.h"

GtkWidget *edt_ui_styles_new(GObject *settings);
/* The styles to choose from; info is borrowed until the next call, NULL for none.  A setting that
 * is no style of this model becomes the first one; it comes back with a model that has it, where
 * that is chosen by hand. */
void edt_ui_styles_set_model(GtkWidget *styles, const EdtModelInfo *info, gboolean by_hand);
