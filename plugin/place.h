/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * place.h: tells the panel in words where the next picture will lie.  GIMP does not say when a
 * selection changes, so it is looked at once a second.
 */
#pragma once

#include "plugin/layer.h"

#include <gtk/gtk.h>

typedef struct EdtTelling EdtTelling;

/* look() is called now and then, to call edt_telling_update(). */
EdtTelling *edt_telling_new(GtkWidget *panel, void (*look)(gpointer user_data), gpointer user_data);
void edt_telling_free(EdtTelling *telling);
/* Of n pictures.  side: pixels of what the model makes; 0: there is no model. */
void edt_telling_update(EdtTelling *telling, const EdtPlace *place, int side, int n);
/* A place that is the selection is shown in the preview, where it is wanted and as long as it is no
 * other one.  free: else a picture is made, which will stand there; the place is known then. */
void edt_telling_show_around(EdtTelling *telling, const EdtPlace *place, gboolean wanted,
                             gboolean free);
/* No picture has come of what was made there: the place is shown again. */
void edt_telling_forget_around(EdtTelling *telling);
