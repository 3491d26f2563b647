/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The large picture that sharpens with every step, and below it what it shows.  Several
 * pictures stand in a grid; a click shows one of them alone.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/frame.h"

/* What a picture is. */
typedef struct {
    char *caption; /* "fox, seed 42" */
    guint64 seed;
} EdtShown;

/* The board that shows through where a picture is transparent. */
typedef struct {
    int size;
    GdkRGBA light, dark;
} EdtChecks;

typedef void (*EdtSeedKept)(guint64 seed, gpointer user_data);

/* kept(): somebody wants the seed of the picture that is shown. */
GtkWidget *edt_ui_preview_new(EdtSeedKept kept, gpointer user_data);
void edt_ui_preview_set_checks(GtkWidget *preview, const EdtChecks *checks);

/* n pictures will come, called so; all is the caption of several. */
void edt_ui_preview_begin(GtkWidget *preview, const EdtShown *shown, int n, const char *all);
/* Keeps references to the pixels. */
void edt_ui_preview_show(GtkWidget *preview, const EdtTile *tiles, int n);
/* One of them as it is shown; borrowed, NULL for none. */
GdkPixbuf *edt_ui_preview_picture(GtkWidget *preview, int i);
/* An earlier picture. */
void edt_ui_preview_show_file(GtkWidget *preview, const char *path, const EdtShown *shown);
