/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * seen.h: a small picture of what the network is given to start from, beside the preview.
 */
#pragma once

#include "ui/tile.h"

GtkWidget *edt_ui_seen_new(void);
/* NULL: it starts from nothing, and the widget is not seen. */
void edt_ui_seen_show(GtkWidget *seen, GdkPixbuf *picture);
void edt_ui_seen_set_checks(GtkWidget *seen, const EdtChecks *checks);
