/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A screen of its own for a test of widgets.
 */
#pragma once

#include <gtk/gtk.h>

/* Also begins the tests.  FALSE: there is no Xvfb; that is told, as TAP. */
gboolean screen_open(int *argc, char ***argv);
void screen_close(void);
/* Until all that waits has happened. */
void settle(void);
/* The button of this label or accessible name below widget, or NULL. */
GtkWidget *screen_button(GtkWidget *widget, const char *name);
/* Whoever a click is by. */
GdkDevice *screen_pointer(void);
/* Through the window, as a key comes. */
void screen_press_key(GtkWidget *window, guint key, GdkModifierType state);
/* As a window manager tells it. */
void screen_give_keyboard(GtkWidget *window);
