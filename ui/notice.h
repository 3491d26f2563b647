/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sentence, or a question, over the top of what lies below it: nothing moves when it
 * comes and goes.
 */
#pragma once

#include <gtk/gtk.h>

typedef enum { EDT_ANSWER_KEEP, EDT_ANSWER_DISCARD, EDT_ANSWER_RESUME } EdtAnswer;

typedef void (*EdtAnswered)(EdtAnswer answer, gpointer user_data);
/* The question is gone, and whoever had the keyboard before is, too. */
typedef void (*EdtFocusLost)(gpointer user_data);

GtkWidget *edt_ui_notice_new(EdtAnswered answered, EdtFocusLost lost, gpointer user_data);
/* NULL takes away what was said.  A question stays until it is answered; this comes after it. */
void edt_ui_notice_say(GtkWidget *notice, GtkMessageType type, const char *text);
/* Keep what is there, discard it, or go on?  The keyboard comes back when it is answered. */
void edt_ui_notice_ask(GtkWidget *notice, const char *text);
/* What was asked about is over: question and remark go, errors and warnings stay. */
void edt_ui_notice_end(GtkWidget *notice);
