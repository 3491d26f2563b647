/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands in the dialog between its title and its buttons: classes on the left, their
 * settings in the middle, the picture with its progress and the earlier ones on the right.  The
 * settings are any object with the properties of plug-in-edt-generate; plugin/dialog.c brings
 * GIMP's.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/studio.h"
#include "ui/candidates.h"
#include "ui/notice.h"
#include "ui/tile.h"

typedef struct {
    void (*ready)(gboolean ready, gpointer user_data); /* there is something to make pictures of */
    void (*insert)(const char *path, gpointer user_data); /* an earlier picture */
    void (*answer)(EdtAnswer answer, gpointer user_data); /* to edt_ui_panel_ask() */
    void (*drop)(gpointer user_data);                     /* what waits */
    /* The picture of a record (JSON) once more, from the next seed; others like it. */
    void (*again)(const char *record, gpointer user_data);
    void (*vary)(const char *record, double amount, gpointer user_data);
    EdtCandidatesEvents candidates;     /* the drafts */
    void (*frames)(gpointer user_data); /* from the class to the one that is mixed with it */
} EdtPanelEvents;

GtkWidget *edt_ui_panel_new(GObject *settings, const EdtPanelEvents *events, gpointer user_data);
/* Once, after the panel is in its window.  The studio makes pictures of classes when it is idle. */
void edt_ui_panel_start(GtkWidget *panel, EdtStudio *studio, int threads);
void edt_ui_panel_set_checks(GtkWidget *panel, const EdtChecks *checks);
/* Takes a place behind "More settings". */
void edt_ui_panel_add_more(GtkWidget *panel, GtkWidget *row);
/* Pixels a side of what the model makes; 0: there is none. */
int edt_ui_panel_side(GtkWidget *panel);
/* Whether it shows the model with this checksum.  If not, as where "Automatic" has become another
 * one, it looks anew. */
gboolean edt_ui_panel_shows_model(GtkWidget *panel, const char *sha256);
/* Where the next picture will lie, in words, and a picture of that place (NULL: none). */
void edt_ui_panel_tell_place(GtkWidget *panel, const char *size, const char *where,
                             GdkPixbuf *picture);

/* What the network is given to start from; NULL: nothing. */
void edt_ui_panel_show_seen(GtkWidget *panel, const EdtTile *seen);

/* The preview shows where that is, until it shows a picture, in pictures (of GdkPixbuf) that follow
 * each other; NULL: no longer. */
void edt_ui_panel_show_place(GtkWidget *panel, GPtrArray *pictures);

/* Why a layer and a selection cannot be started from now; NULL: they can. */
void edt_ui_panel_allow_start(GtkWidget *panel, const char *layer, const char *selection);

/* An order is worked on, or none; so many wait. */
void edt_ui_panel_begins(GtkWidget *panel, const EdtOrder *order);
void edt_ui_panel_ends(GtkWidget *panel, int n_pictures, double seconds);
void edt_ui_panel_set_waiting(GtkWidget *panel, int waiting);
void edt_ui_panel_show_frame(GtkWidget *panel, const EdtFrame *frame);
/* The drafts to choose from, which stay as long as they are shown; NULL: none.  back: there are
 * some before them. */
void edt_ui_panel_choose(GtkWidget *panel, const EdtOutcome *drafts, gboolean back);
/* Settings become those of a record; what is shown stays. */
void edt_ui_panel_use(GtkWidget *panel, const EdtRecord *record);
/* The same, and its picture (NULL: none) is shown. */
void edt_ui_panel_restore(GtkWidget *panel, const EdtRecord *record, GdkPixbuf *picture);
/* Makes a class a favourite, or no longer one. */
void edt_ui_panel_favour(GtkWidget *panel, const char *class_name);
/* A sentence over the preview; NULL takes it away. */
void edt_ui_panel_say(GtkWidget *panel, GtkMessageType type, const char *text);
/* Stopped at a step: keep what is there, discard it, or go on? */
void edt_ui_panel_ask(GtkWidget *panel, int step, int steps);
/* Pictures were made: recents, next seed, history. */
void edt_ui_panel_made(GtkWidget *panel, const EdtOutcome *outcome);
/* They are frames: one follows the other for so long each, there and back or from the beginning. */
void edt_ui_panel_play(GtkWidget *panel, guint milliseconds, gboolean back);
