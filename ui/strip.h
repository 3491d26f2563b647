/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Earlier pictures as a row of thumbnails, which is used as the sheet of drafts is: a click shows
 * one large, a double click inserts it, a right click has all that can be done.  In the sheet's
 * order, too: what was made later is to the right, where the row begins to be seen.
 */
#pragma once

#include <gtk/gtk.h>

typedef struct {
    void (*show)(const char *path, gpointer user_data);
    void (*insert)(const char *path, gpointer user_data);
    void (*restore)(const char *path, gpointer user_data);
    void (*say)(GtkMessageType type, const char *text, gpointer user_data);
} EdtStripEvents;

GtkWidget *edt_ui_strip_new(const EdtStripEvents *events, gpointer user_data);
void edt_ui_strip_refresh(GtkWidget *strip);
