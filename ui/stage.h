/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stage.h: what is being made, and was: the preview, or the sheet of drafts where pictures are
 * chosen before they are inserted (property "at-once" of the settings), or drafts were asked for
 * all the same; notices lie over it.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/job.h"
#include "ui/candidates.h"
#include "ui/notice.h"
#include "ui/preview.h"

typedef struct {
    EdtCaptionEvents caption; /* of the preview */
    EdtAnswered answered;
    EdtFocusLost lost;
} EdtStageEvents;

/* The sheet's events are of its own, with theirs. */
GtkWidget *edt_ui_stage_new(GObject *settings, const EdtStageEvents *events, gpointer user_data,
                            const EdtCandidatesEvents *of_sheet, gpointer sheet_data);
void edt_ui_stage_set_checks(GtkWidget *stage, const EdtChecks *checks);
GtkWidget *edt_ui_stage_notice(GtkWidget *stage);

/* An order is worked on; it stays until another one is, or edt_ui_stage_ends(). */
void edt_ui_stage_begins(GtkWidget *stage, const EdtOrder *order);
void edt_ui_stage_show_frame(GtkWidget *stage, const EdtFrame *frame);
void edt_ui_stage_ends(GtkWidget *stage);
/* Its pictures were made, all or some of them. */
void edt_ui_stage_made(GtkWidget *stage, const EdtOutcome *outcome);
/* The drafts to choose from, NULL: none; whether there is a sheet before them. */
void edt_ui_stage_choose(GtkWidget *stage, const EdtOutcome *drafts, gboolean back);
/* The pictures that were made last are frames; as ui/preview.h has it.  They are looked at like an
 * earlier picture. */
void edt_ui_stage_play(GtkWidget *stage, guint milliseconds, gboolean back);
/* Where the next picture will come; NULL: that is shown no longer. */
void edt_ui_stage_show_place(GtkWidget *stage, GPtrArray *pictures);
/* What pictures start from; NULL: nothing. */
void edt_ui_stage_show_seen(GtkWidget *stage, GdkPixbuf *picture);
/* How much drafts are to differ from the picture that they vary. */
double edt_ui_stage_amount(GtkWidget *stage);
/* Favourites may have changed. */
void edt_ui_stage_refresh(GtkWidget *stage);
/* The same of an earlier picture that somebody wants to see, whatever is made or chosen from; that
 * comes back when something new begins or is there, or by edt_ui_stage_back(). */
void edt_ui_stage_look(GtkWidget *stage, GdkPixbuf *picture, const EdtRecord *record);
void edt_ui_stage_back(GtkWidget *stage);
/* The picture (NULL: it cannot be shown) that a record is of. */
void edt_ui_stage_show_picture(GtkWidget *stage, GdkPixbuf *picture, const EdtRecord *record);
