/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How far the running picture is, and how many orders wait behind it.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/frame.h"

typedef void (*EdtDropped)(gpointer user_data);

/* dropped(): the waiting orders shall go. */
GtkWidget *edt_ui_progress_new(EdtDropped dropped, gpointer user_data);
/* Something begins: in words, without anything that moves. */
void edt_ui_progress_say(GtkWidget *progress, const char *text);
/* It is over.  While nothing is worked on the bar says this, or what is lacking to begin anew
 * (NULL: nothing is). */
void edt_ui_progress_rest(GtkWidget *progress, const char *text);
void edt_ui_progress_lack(GtkWidget *progress, const char *text);
void edt_ui_progress_show(GtkWidget *progress, const EdtFrame *frame);
void edt_ui_progress_set_waiting(GtkWidget *progress, int waiting);
