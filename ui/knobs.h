/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings that are numbers and lists: seed, steps, guidance, AMM, count, and
 * behind "More settings" fit, sampler, backend and precision.  Each edits the property of its name.
 */
#pragma once

#include <gtk/gtk.h>

GtkWidget *edt_ui_knobs_new(GObject *settings);
/* The seed that the last picture was made from: "Next" goes on from it. */
void edt_ui_knobs_seed_used(GtkWidget *knobs, double seed);
