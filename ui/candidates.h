/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * candidates.h: a sheet of drafts to choose from.  A click or the arrow keys choose one, with Ctrl
 * more of them; Enter and a double click insert what is chosen, a digit the draft at that place.  A
 * right click has all that can be done.
 */
#pragma once

#include <gtk/gtk.h>

#include "ui/tile.h"

typedef struct {
    void (*insert)(const int *chosen, int n, gpointer user_data); /* in the sheet's order */
    void (*vary)(int chosen, double amount, gpointer user_data);  /* others like this one */
    void (*more)(gpointer user_data);                             /* others */
    void (*back)(gpointer user_data);                             /* the sheet before this one */
    void (*use)(int chosen, gpointer user_data);    /* its class and seed are the next settings */
    void (*favour)(int chosen, gpointer user_data); /* its class becomes a favourite */
} EdtCandidatesEvents;

GtkWidget *edt_ui_candidates_new(const EdtCandidatesEvents *events, gpointer user_data);
void edt_ui_candidates_set_checks(GtkWidget *candidates, const EdtChecks *checks);

/* n drafts will come, called so; all is the caption of them together. */
void edt_ui_candidates_begin(GtkWidget *candidates, const char *const *captions, int n,
                             const char *all);
void edt_ui_candidates_show(GtkWidget *candidates, int i, GdkPixbuf *picture); /* NULL: none yet */
/* All of them are there, or not: until they are, they can only be put away. */
void edt_ui_candidates_set_ready(GtkWidget *candidates, gboolean ready);
/* Whether there is a sheet before this one. */
void edt_ui_candidates_set_back(GtkWidget *candidates, gboolean possible);
/* How much others are to differ from one of them. */
double edt_ui_candidates_amount(GtkWidget *candidates);
/* Puts the keyboard into the sheet. */
void edt_ui_candidates_focus(GtkWidget *candidates);
/* The box of them, whose children are selected and named. */
GtkWidget *edt_ui_candidates_box(GtkWidget *candidates);
