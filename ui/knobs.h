/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings that are numbers and lists: seed, steps, AMM, count, and behind "More
 * settings" guidance and its levels, sampler, inner stages, backend and precision.  Each edits the
 * property of its name.
 */
#pragma once

#include <gtk/gtk.h>

#include "edt.h"

GtkWidget *edt_ui_knobs_new(GObject *settings);
/* NULL for none. */
void edt_ui_knobs_set_model(GtkWidget *knobs, const EdtModelInfo *info);
/* The seed that the last picture was made from: "Next" goes on from it. */
void edt_ui_knobs_seed_used(GtkWidget *knobs, double seed);
/* The box behind "More settings": more may be put below. */
GtkWidget *edt_ui_knobs_more(GtkWidget *knobs);
