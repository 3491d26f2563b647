/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * knobs.h: the settings that are numbers and lists: seed, steps, guidance, AMM, count, and
 * behind "More settings" fit, sampler, backend and precision.  Each edits the property of its name.
 */
#pragma once

#include <gtk/gtk.h>

GtkWidget *edt_ui_knobs_new(GObject *settings);
/* The seed that the last picture was made from: "Next" goes on from it. */
void edt_ui_knobs_seed_used(GtkWidget *knobs, double seed);

/* A row of a two-column grid: label with mnemonic, widget with the label's name for screen readers.
 */
void edt_ui_knobs_attach(GtkGrid *grid, int row, const char *label, GtkWidget *widget,
                         GtkWidget *target, const char *tooltip);
/* Names a widget for screen readers. */
void edt_ui_name(GtkWidget *widget, const char *name);
