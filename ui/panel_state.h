/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What panel.c (the pieces together) and panel_earlier.c (earlier pictures) share.
 */
#pragma once

#include "ui/panel.h"

typedef struct {
    GObject *settings;
    EdtPanelEvents events;
    gpointer user_data;
    GtkWidget *self, *start, *picker, *mix, *styles, *knobs, *place, *models;
    GtkWidget *stage, *progress, *strip;
    double recommended; /* guidance; -1: no model was there yet */
    gboolean model;     /* it makes pictures */
    char *lacks[2];     /* why it is not known of which class, and which second one; or NULL */
} EdtPanel;

/* ---- panel.c ---- */

EdtPanel *edt_panel_of(GtkWidget *widget);

/* ---- panel_earlier.c ---- */

/* At first, the last picture that was made. */
void edt_panel_show_last(EdtPanel *panel);
/* For the next pictures; user_data: the panel, which says it of a seed that it cannot take. */
void edt_panel_keep_seed(guint64 seed, gpointer user_data);
/* The row of them. */
GtkWidget *edt_panel_new_strip(EdtPanel *panel);
