/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * place.h: how large the new layer shall be, and what comes of it in words and pixels.  Edits the
 * property "fit" of the settings.
 */
#pragma once

#include <gtk/gtk.h>

GtkWidget *edt_ui_place_new(GObject *settings);
/* "345 × 345 px, ...", "in the selection of ..."; picture: of the image, NULL for none. */
void edt_ui_place_tell(GtkWidget *place, const char *size, const char *where, GdkPixbuf *picture);
