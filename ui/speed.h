/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * speed.h: what makes pictures sooner: the presets, and the noise levels that are guided.
 */
#pragma once

#include <gtk/gtk.h>

/* A button for each preset; its tooltip says what it sets, in the words of the dialog. */
GtkWidget *edt_ui_speed_new(GObject *settings);
/* The list of spans of noise levels, each with what it saves. */
GtkWidget *edt_ui_interval_new(GObject *settings);
