/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What candidates.c (the sheet) and candidates_act.c (what is done with it) share.
 */
#pragma once

#include "ui/candidates.h"

typedef struct {
    EdtCandidatesEvents events;
    gpointer user_data;
    GtkWidget *box, *caption;
    GtkWidget *insert, *vary, *amount, *back, *more;
    GtkWidget *menu;     /* the last one that was opened; NULL: none */
    GPtrArray *pictures; /* of GdkPixbuf; NULL elements: none yet */
    char *all;
    int columns;
    guint idle; /* the pending layout; 0: none */
    gboolean ready;
    EdtChecks checks;
} EdtCandidates;

/* ---- candidates.c ---- */

/* The columns that leave what is seen largest. */
void edt_candidates_lay_out(EdtCandidates *candidates);

/* ---- candidates_act.c ---- */

/* How many are seen: those that were put away are not. */
int edt_candidates_count(const EdtCandidates *candidates);
/* What is chosen, in words, and what can be done with it. */
void edt_candidates_show_chosen(EdtCandidates *candidates);
/* Of one under the pointer; to be freed. */
char *edt_candidates_tooltip(const EdtCandidates *candidates, int i);
/* Keys, clicks and the menu of the box. */
void edt_candidates_listen(EdtCandidates *candidates);
/* The buttons below it. */
GtkWidget *edt_candidates_new_row(EdtCandidates *candidates);
