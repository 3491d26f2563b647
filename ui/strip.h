/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Earlier pictures as a row of thumbnails; each can be inserted again, and its settings
 * restored from its record.
 */
#pragma once

#include <gtk/gtk.h>

typedef struct {
    void (*insert)(const char *path, gpointer user_data);
    void (*restore)(const char *path, gpointer user_data);
} EdtStripEvents;

GtkWidget *edt_ui_strip_new(const EdtStripEvents *events, gpointer user_data);
void edt_ui_strip_refresh(GtkWidget *strip);
