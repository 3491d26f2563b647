/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands in the dialog between its title and its buttons: settings on the left, the
 * preview with its progress on the right, earlier pictures below.  The settings are any object with
 * the properties of plug-in-edt-generate; plugin/dialog.c brings GIMP's.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/frame.h"

typedef enum { EDT_ANSWER_KEEP, EDT_ANSWER_DISCARD, EDT_ANSWER_RESUME } EdtAnswer;

typedef struct {
    void (*ready)(gboolean ready, gpointer user_data);    /* there is a model that makes pictures */
    void (*insert)(const char *path, gpointer user_data); /* an earlier picture */
    void (*answer)(EdtAnswer answer, gpointer user_data); /* to edt_ui_panel_ask() */
} EdtPanelEvents;

GtkWidget *edt_ui_panel_new(GObject *settings, const EdtPanelEvents *events, gpointer user_data);
/* Once, after the panel is in its window. */
void edt_ui_panel_start(GtkWidget *panel);

void edt_ui_panel_set_running(GtkWidget *panel, gboolean running);
void edt_ui_panel_show_frame(GtkWidget *panel, const EdtFrame *frame);
/* A sentence above the preview; NULL takes it away. */
void edt_ui_panel_say(GtkWidget *panel, GtkMessageType type, const char *text);
/* Stopped at a step: keep what is there, discard it, or go on? */
void edt_ui_panel_ask(GtkWidget *panel, int step, int steps);
/* A picture was made: recents, next seed, history. */
void edt_ui_panel_made(GtkWidget *panel, const char *class_name, guint64 seed);
