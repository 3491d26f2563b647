/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Xvfb for as long as a test runs; see screen.h.
 */
#include "screen.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

static GPid screen;

/* Its number comes through a pipe as soon as it can be used; it ends with its last window. */
static GPid start_screen(void)
{
    int ends[2];
    GPid pid = 0;
    g_assert_true(g_unix_open_pipe(ends, 0, NULL));
    g_autofree char *number = g_strdup_printf("%d", ends[1]);
    char *command[] = {"Xvfb",       "-displayfd", number, "-screen",    "0",
                       "800x600x24", "-nolisten",  "tcp",  "-terminate", NULL};
    char text[16] = ":";
    gboolean there = g_spawn_async(NULL, command, NULL,
                                   G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN |
                                       G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                                   NULL, NULL, &pid, NULL);
    close(ends[1]);
    there = there && read(ends[0], text + 1, sizeof text - 2) > 0;
    close(ends[0]);
    if (there)
        g_setenv("DISPLAY", g_strstrip(text), TRUE);
    return there ? pid : 0;
}

gboolean screen_open(int *argc, char ***argv)
{
    g_setenv("LANGUAGE", "en", TRUE);
    g_setenv("NO_AT_BRIDGE", "1", TRUE);
    g_setenv("GDK_BACKEND", "x11", TRUE);
    screen = start_screen();
    if (screen)
        gtk_test_init(argc, argv, NULL);
    else
        g_print("1..0 # SKIP there is no Xvfb\n");
    return screen != 0;
}

void screen_close(void)
{
    kill(screen, SIGTERM);
}

void settle(void)
{
    while (gtk_events_pending())
        gtk_main_iteration();
}

static GdkSeat *seat(void)
{
    return gdk_display_get_default_seat(gdk_display_get_default());
}

GdkDevice *screen_pointer(void)
{
    return gdk_seat_get_pointer(seat());
}

static guint16 keycode_of(guint key)
{
    g_autofree GdkKeymapKey *keys = NULL;
    int n;
    GdkKeymap *keymap = gdk_keymap_get_for_display(gdk_display_get_default());
    g_assert_true(gdk_keymap_get_entries_for_keyval(keymap, key, &keys, &n) && n > 0);
    return (guint16)keys[0].keycode;
}

void screen_press_key(GtkWidget *window, guint key, GdkModifierType state)
{
    GdkEvent *event = gdk_event_new(GDK_KEY_PRESS);
    event->key.window = g_object_ref(gtk_widget_get_window(window));
    event->key.keyval = key;
    event->key.hardware_keycode = keycode_of(key);
    event->key.state = state;
    gdk_event_set_device(event, gdk_seat_get_keyboard(seat()));
    gtk_main_do_event(event);
    gdk_event_free(event);
    settle();
}

void screen_give_keyboard(GtkWidget *window)
{
    GdkEvent *event = gdk_event_new(GDK_FOCUS_CHANGE);
    event->focus_change.window = g_object_ref(gtk_widget_get_window(window));
    event->focus_change.in = TRUE;
    gdk_event_set_device(event, gdk_seat_get_keyboard(seat()));
    gtk_main_do_event(event);
    gdk_event_free(event);
}

static gboolean is_named(GtkWidget *widget, const char *name)
{
    return g_strcmp0(gtk_button_get_label(GTK_BUTTON(widget)), name) == 0 ||
           g_strcmp0(atk_object_get_name(gtk_widget_get_accessible(widget)), name) == 0;
}

GtkWidget *screen_button(GtkWidget *widget, const char *name)
{
    GtkWidget *found = NULL;
    if (GTK_IS_BUTTON(widget))
        return is_named(widget, name) ? widget : NULL;
    if (!GTK_IS_CONTAINER(widget))
        return NULL;
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(widget));
    for (GList *child = children; child && !found; child = child->next)
        found = screen_button(child->data, name);
    return found;
}
