/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How large the new layers shall be, how several of them lie, what comes of it in words and
 * pixels, and whether they are inserted at once.  Edits the properties "fit", "arrange" and
 * "at-once" of the settings.
 */
#pragma once

#include <gtk/gtk.h>

GtkWidget *edt_ui_place_new(GObject *settings);
/* "345 × 345 px, ...", "in the selection of ..."; picture: of the image, NULL for none. */
void edt_ui_place_tell(GtkWidget *place, const char *size, const char *where, GdkPixbuf *picture);
