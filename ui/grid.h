/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Classes as pictures with their names below them, to choose one.
 */
#pragma once

#include <gtk/gtk.h>

typedef enum { EDT_CELL_PLAIN, EDT_CELL_FAVOURITE, EDT_CELL_RECENT } EdtCellMark;

#define EDT_CELL_ANY (-1)  /* the cell for a class at random */
#define EDT_CELL_NONE (-2) /* no cell */

typedef struct {
    GdkPixbuf *(*picture)(int index, gpointer user_data); /* borrowed; NULL: there is none yet */
    char *(*tooltip)(int index, gpointer user_data);      /* NULL: the name says all */
    void (*chosen)(int index, gpointer user_data);        /* by the user */
} EdtGridEvents;

GtkWidget *edt_ui_grid_new(const EdtGridEvents *events, gpointer user_data);
/* The view itself, which takes the keyboard. */
GtkWidget *edt_ui_grid_view(GtkWidget *grid);
void edt_ui_grid_clear(GtkWidget *grid);
void edt_ui_grid_add(GtkWidget *grid, int index, const char *name, EdtCellMark mark);
int edt_ui_grid_size(GtkWidget *grid);
/* Selects the first cell of a class, or none of them. */
void edt_ui_grid_select(GtkWidget *grid, int index);
int edt_ui_grid_selected(GtkWidget *grid);
/* In the middle of an empty grid; NULL takes it away. */
void edt_ui_grid_say(GtkWidget *grid, const char *text);
