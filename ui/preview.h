/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The large picture that sharpens with every step, and below it what it shows.  Several
 * pictures stand in a grid; a click shows one of them alone.
 */
#pragma once

#include <gtk/gtk.h>

#include "ui/caption.h"
#include "ui/tile.h"

/* The events are of the picture that is shown. */
GtkWidget *edt_ui_preview_new(const EdtCaptionEvents *events, gpointer user_data);
void edt_ui_preview_set_checks(GtkWidget *preview, const EdtChecks *checks);

/* n pictures will come, called so; all is the caption of several. */
void edt_ui_preview_begin(GtkWidget *preview, const EdtShown *shown, int n, const char *all);
/* Keeps references to the pixels. */
void edt_ui_preview_show(GtkWidget *preview, const EdtTile *tiles, int n);
/* The first of them are finished, and made so. */
void edt_ui_preview_finish(GtkWidget *preview, const EdtPictures *pictures,
                           const char *const *records);
/* Several follow each other, there and back or from the beginning, until somebody presses or others
 * come. */
void edt_ui_preview_play(GtkWidget *preview, guint milliseconds, gboolean back);
/* What pictures start from, beside them; NULL: nothing. */
void edt_ui_preview_show_seen(GtkWidget *preview, GdkPixbuf *picture);
/* Whether there is something to go back to. */
void edt_ui_preview_set_back(GtkWidget *preview, gboolean possible);
/* Favourites may have changed. */
void edt_ui_preview_refresh(GtkWidget *preview);
/* No picture, but where the next one will come: pictures (of GdkPixbuf) that follow each other as
 * long as that is shown; NULL: no longer. */
void edt_ui_preview_show_place(GtkWidget *preview, GPtrArray *place, const char *caption);
/* An earlier picture; NULL: it cannot be shown. */
void edt_ui_preview_show_picture(GtkWidget *preview, GdkPixbuf *picture, const EdtShown *shown);
