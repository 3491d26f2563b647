/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * caption.h: the row below the preview: what is shown, and what comes of it at a press of a button:
 * the next seed, pictures like it, its seed for the next ones, its class as a favourite.
 */
#pragma once

#include <gtk/gtk.h>

/* What a picture is. */
typedef struct {
    char *caption; /* "fox, seed 42" */
    guint64 seed;
    char *class_name; /* NULL: it is not known */
    char *record;     /* JSON; NULL: it is not finished */
} EdtShown;

void edt_ui_shown_clear(EdtShown *shown); /* not itself */

typedef struct {
    void (*keep)(guint64 seed, gpointer user_data); /* the next pictures are made from it */
    void (*again)(const char *record, gpointer user_data);
    void (*vary)(const char *record, gpointer user_data);
    void (*favour)(const char *class_name, gpointer user_data); /* or no longer */
    void (*back)(gpointer user_data); /* to what was shown before an earlier picture */
} EdtCaptionEvents;

GtkWidget *edt_ui_caption_new(const EdtCaptionEvents *events, gpointer user_data);
/* one: the picture that is shown, borrowed until the next call; NULL: it is none, or several are
 * shown.  all: what is called so then, or NULL. */
void edt_ui_caption_show(GtkWidget *caption, const EdtShown *one, const char *all,
                         gboolean several);
/* Whether there is something to go back to; the button is only seen then. */
void edt_ui_caption_set_back(GtkWidget *caption, gboolean possible);
/* Favourites may have changed. */
void edt_ui_caption_refresh(GtkWidget *caption);
