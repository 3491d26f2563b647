/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What dialog.c (the window and its runs) and choosing.c (drafts to choose from) share.
 */
#pragma once

#include "plugin/place.h"
#include "plugin/receiver.h"
#include "ui/panel.h"

typedef struct {
    GimpProcedureConfig *config;
    EdtReceiver receiver;
    GtkWidget *dialog, *panel;
    GQueue runs;   /* the first one runs, the others wait */
    GQueue sheets; /* runs of drafts: the first is chosen from, the others were before it */
    EdtRun *made;  /* the last one whose pictures are there; NULL: none */
    gboolean ready, asked, again;
    char *last_print;
    guint seeing; /* the pending look at it; 0: none */
    char *seen;   /* what the panel shows as started from; NULL: nothing */
    guint asking; /* about frames, or about to; 0: nobody does */
    EdtTelling *telling;
} EdtDialog;

/* ---- dialog.c ---- */

void edt_dialog_say(EdtDialog *self, const GError *error);
/* Whether an order is of the model that is shown; "Automatic" may have become another one. */
gboolean edt_dialog_shows_model(const EdtDialog *self, const EdtOrder *order, GError **error);
/* Takes the order. */
void edt_dialog_start(EdtDialog *self, EdtOrder *order, EdtRun *run);

/* ---- choosing.c ---- */

extern const EdtCandidatesEvents edt_choosing_events;
/* What follows from the picture that is shown: the next seed, or drafts of it where pictures are
 * not inserted at once; drafts like it.  record: JSON. */
void edt_choosing_again(const char *record, gpointer self);
void edt_choosing_vary(const char *record, double amount, gpointer self);
/* A run of drafts is done, which becomes the sheet. */
void edt_choosing_take(EdtDialog *self, EdtRun *run);
/* The sheet that is there, where no other came. */
void edt_choosing_show(EdtDialog *self);
