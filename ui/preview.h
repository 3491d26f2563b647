/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The large picture that sharpens with every step; several pictures stand in a grid.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/frame.h"

GtkWidget *edt_ui_preview_new(void);
/* Keeps references to the pixels. */
void edt_ui_preview_show(GtkWidget *preview, const EdtTile *tiles, int n);
