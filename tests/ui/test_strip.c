/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ui/strip.c on a screen of its own, with pictures in a history of its own: what its items do with
 * their file, what is dragged, and what a file that vanished takes along.  Skipped where there is
 * no Xvfb.
 */
#include "ui/strip.h"
#include "folder.h"
#include "history.h"
#include "record.h"
#include "screen.h"
#include "ui/save_as.h"

#include <glib/gstdio.h>

static GtkWidget *window, *strip;
static GString *told; /* what the events said */
static char *picture[2];

/* ---- a history ---- */

static char *add_picture(int seed)
{
    float pixels[4 * 4 * 3] = {0};
    EdtPicture made = {
        .width = 4, .height = 4, .channels = 3, .item = {1, (guint64)seed}, .pixels = pixels};
    GError *error = NULL;
    g_autofree char *json =
        g_strdup_printf("{\"class\":1,\"class_name\":\"fox\",\"seed\":%d}", seed);
    g_autoptr(EdtRecord) record = edt_record_read(json, &error);
    g_assert_no_error(error);
    char *path = edt_history_add(&made, record, &error);
    g_assert_no_error(error);
    return path;
}

/* ---- the strip ---- */

static void on_show(const char *path, gpointer user_data)
{
    g_string_append_printf(told, "show %s", path);
}

static void on_insert(const char *path, gpointer user_data)
{
    g_string_append_printf(told, "insert %s", path);
}

static void on_restore(const char *path, gpointer user_data)
{
    g_string_append_printf(told, "restore %s", path);
}

static void on_say(GtkMessageType type, const char *text, gpointer user_data)
{
    g_string_append_printf(told, "say %s", text);
}

static void expect(const char *what, const char *path)
{
    g_autofree char *text = g_strconcat(what, path, NULL);
    g_assert_cmpstr(told->str, ==, text);
    g_string_truncate(told, 0);
}

static void open_strip(void)
{
    static const EdtStripEvents events = {on_show, on_insert, on_restore, on_say};
    for (int i = 0; i < 2; i++)
        picture[i] = add_picture(7 + i);
    told = g_string_new(NULL);
    window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    strip = edt_ui_strip_new(&events, NULL);
    gtk_container_add(GTK_CONTAINER(box), gtk_entry_new()); /* which has the keyboard */
    gtk_container_add(GTK_CONTAINER(box), strip);
    gtk_container_add(GTK_CONTAINER(window), box);
    gtk_widget_show_all(window);
    settle();
}

static void close_strip(void)
{
    gtk_widget_destroy(window);
    settle();
    expect("", NULL);
    g_string_free(told, TRUE);
    for (int i = 0; i < 2; i++) {
        g_unlink(picture[i]);
        g_clear_pointer(&picture[i], g_free);
    }
}

static GtkWidget *thumbnail(int i)
{
    g_autofree char *name = g_strdup_printf("fox, seed %d", 7 + i);
    return screen_button(strip, name);
}

/* As a mouse does; once or twice. */
static void press_mouse(int i, GdkEventType type, guint button)
{
    GdkEvent *event = gdk_event_new(type);
    event->button.window = g_object_ref(gtk_button_get_event_window(GTK_BUTTON(thumbnail(i))));
    event->button.button = button;
    gdk_event_set_device(event, screen_pointer());
    gtk_main_do_event(event);
    gdk_event_free(event);
    settle();
}

static void choose(int i, const char *label)
{
    GtkWidget *row = gtk_widget_get_parent(thumbnail(i));
    g_autoptr(GList) menus = g_list_copy(gtk_menu_get_for_attach_widget(row));
    g_assert_cmpuint(g_list_length(menus), ==, 1);
    g_autoptr(GList) items = gtk_container_get_children(GTK_CONTAINER(menus->data));
    GList *item = items;
    while (item && g_strcmp0(gtk_menu_item_get_label(item->data), label) != 0)
        item = item->next;
    g_assert_nonnull(item);
    gtk_menu_item_activate(item->data);
    gtk_menu_popdown(menus->data);
    settle();
}

static void press(int i, const char *label)
{
    press_mouse(i, GDK_BUTTON_PRESS, GDK_BUTTON_SECONDARY);
    choose(i, label);
}

/* ---- tests ---- */

static void test_events(void)
{
    open_strip();
    press(0, "Insert as layer");
    expect("insert ", picture[0]);
    press(1, "Use its settings");
    expect("restore ", picture[1]);
    screen_give_keyboard(window);
    gtk_widget_grab_focus(thumbnail(1));
    screen_press_key(window, GDK_KEY_Menu, 0);
    choose(1, "Insert as layer");
    expect("insert ", picture[1]);
    close_strip();
}

/* As in the sheet of drafts. */
static void test_clicks(void)
{
    open_strip();
    gtk_button_clicked(GTK_BUTTON(thumbnail(1)));
    expect("show ", picture[1]);
    press_mouse(0, GDK_2BUTTON_PRESS, GDK_BUTTON_PRIMARY);
    expect("insert ", picture[0]);
    close_strip();
}

/* With its record; what is there is replaced, for the chooser has asked. */
static void test_copy(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *to = test_file("copy.png"), *nowhere = test_file("none/copy.png");
    open_strip();
    for (int i = 0; i < 2; i++) {
        g_assert_true(edt_ui_save_copy(picture[i], to, &error));
        g_assert_no_error(error);
        g_autoptr(EdtRecord) record = edt_png_record(to, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(record->item.seed, ==, 7 + (guint)i);
    }
    g_assert_false(edt_ui_save_copy(picture[0], nowhere, &error));
    g_assert_nonnull(error);
    g_assert_cmpint(g_unlink(to), ==, 0);
    close_strip();
}

static void test_delete(void)
{
    open_strip();
    press(0, "Delete");
    g_assert_false(g_file_test(picture[0], G_FILE_TEST_EXISTS));
    g_assert_null(thumbnail(0));
    g_assert_true(g_file_test(picture[1], G_FILE_TEST_EXISTS));
    g_assert_nonnull(thumbnail(1));
    close_strip();
}

static void test_vanished(void)
{
    open_strip();
    GtkWidget *stays = thumbnail(1);
    g_assert_cmpint(g_unlink(picture[0]), ==, 0);
    edt_ui_strip_refresh(strip);
    g_assert_null(thumbnail(0));
    g_assert_true(thumbnail(1) == stays); /* not read again */
    g_assert_cmpint(g_unlink(picture[1]), ==, 0);
    edt_ui_strip_refresh(strip);
    g_assert_null(thumbnail(1));
    close_strip();
}

/* What comes later is to the right, as in the sheet of drafts. */
static void test_order(void)
{
    open_strip();
    GtkWidget *row = gtk_widget_get_parent(thumbnail(0));
    g_autofree char *newest = add_picture(9);
    edt_ui_strip_refresh(strip);
    g_autoptr(GList) buttons = gtk_container_get_children(GTK_CONTAINER(row));
    g_assert_cmpuint(g_list_length(buttons), ==, 3);
    for (int i = 0; i < 3; i++)
        g_assert_true(g_list_nth_data(buttons, (guint)i) == thumbnail(i));
    g_assert_cmpint(g_unlink(newest), ==, 0);
    close_strip();
}

static double hidden_behind(void)
{
    GtkAdjustment *room = gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(strip));
    return gtk_adjustment_get_upper(room) - gtk_adjustment_get_page_size(room) -
           gtk_adjustment_get_value(room);
}

/* The frame after the next one has them laid out.  Returns their width, more than before. */
static int wait_room(int before, gboolean at_end)
{
    GtkAdjustment *room = gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(strip));
    gint64 end = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    GtkAllocation all;
    do {
        settle();
        g_usleep(1000);
        gtk_widget_get_allocation(gtk_widget_get_parent(thumbnail(0)), &all);
    } while ((all.width <= before || gtk_adjustment_get_upper(room) != all.width ||
              at_end != (hidden_behind() < 1)) &&
             g_get_monotonic_time() < end);
    g_assert_cmpint(all.width, >, before);
    g_assert_cmpint(at_end, ==, hidden_behind() < 1);
    return all.width;
}

/* The newest ones are in sight, unless somebody looks at others. */
static void test_sight(void)
{
    g_auto(GStrv) more = g_new0(char *, 7);
    open_strip();
    gtk_window_resize(GTK_WINDOW(window), 200, 100);
    for (int i = 0; i < 5; i++)
        more[i] = add_picture(9 + i);
    edt_ui_strip_refresh(strip);
    int width = wait_room(300, TRUE);
    gtk_adjustment_set_value(gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(strip)), 0);
    more[5] = add_picture(14);
    edt_ui_strip_refresh(strip);
    wait_room(width, FALSE);
    for (int i = 0; more[i]; i++)
        g_assert_cmpint(g_unlink(more[i]), ==, 0);
    close_strip();
}

/* ---- what others are given ---- */

/* A selection asks as whoever a picture is dragged to does. */
static void on_asked(GtkClipboard *clipboard, GtkSelectionData *data, guint info, gpointer button)
{
    g_signal_emit_by_name(button, "drag-data-get", NULL, data, info, GDK_CURRENT_TIME);
}

static void test_drag(void)
{
    open_strip();
    GtkClipboard *clipboard = gtk_clipboard_get(GDK_SELECTION_CLIPBOARD);
    GtkTargetList *list = gtk_drag_source_get_target_list(thumbnail(1));
    int n;
    GtkTargetEntry *targets = gtk_target_table_new_from_list(list, &n);
    g_assert_true(
        gtk_clipboard_set_with_data(clipboard, targets, (guint)n, on_asked, NULL, thumbnail(1)));
    g_auto(GStrv) uris = gtk_clipboard_wait_for_uris(clipboard);
    g_autofree char *uri = g_filename_to_uri(picture[1], NULL, NULL);
    g_assert_nonnull(uris);
    g_assert_cmpuint(g_strv_length(uris), ==, 1);
    g_assert_cmpstr(uris[0], ==, uri);
    gtk_clipboard_clear(clipboard);
    gtk_target_table_free(targets, n);
    close_strip();
}

static void write_file(const char *path, const char *format, const char *text)
{
    g_autofree char *folder = g_path_get_dirname(path), *contents = NULL;
    g_auto(GStrv) around = g_strsplit(format, "@", -1);
    GError *error = NULL;
    contents = g_strjoinv(text, around);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_file_set_contents(path, contents, -1, &error);
    g_assert_no_error(error);
}

/* A program that opens folders, and writes down which; returns where. */
static char *install_opener(void)
{
    char *asked = test_file("asked");
    g_autofree char *program = test_file("opener");
    g_autofree char *entry = test_file("applications/opener.desktop");
    g_autofree char *defaults = test_file("mimeapps.list");
    write_file(program, "#!/bin/sh\nprintf %s \"$1\" > @.part && mv @.part @\n", asked);
    g_assert_cmpint(g_chmod(program, 0700), ==, 0);
    write_file(entry,
               "[Desktop Entry]\nType=Application\nName=Opener\nMimeType=inode/directory;\n"
               "Exec=@ %u\n",
               program);
    write_file(defaults, "[Default Applications]\ninode/directory=opener.desktop\n", "");
    return asked;
}

static void test_folder_item(void)
{
    g_autofree char *asked = install_opener(), *folder = edt_history_folder();
    g_autofree char *opened = NULL;
    gint64 end = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    open_strip();
    press(0, "Show in its folder");
    while (!g_file_get_contents(asked, &opened, NULL, NULL) && g_get_monotonic_time() < end) {
        settle();
        g_usleep(1000);
    }
    g_assert_cmpstr(opened, ==, folder); /* GLib makes a path of the URI of a file */
    close_strip();
}

int main(int argc, char **argv)
{
    static const char *const homes[] = {"XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"};
    for (gsize i = 0; i < G_N_ELEMENTS(homes); i++)
        g_setenv(homes[i], test_folder(), TRUE);
    if (!screen_open(&argc, &argv))
        return 0;
    g_test_add_func("/strip/events", test_events);
    g_test_add_func("/strip/clicks", test_clicks);
    g_test_add_func("/strip/copy", test_copy);
    g_test_add_func("/strip/sight", test_sight);
    g_test_add_func("/strip/delete", test_delete);
    g_test_add_func("/strip/vanished", test_vanished);
    g_test_add_func("/strip/order", test_order);
    g_test_add_func("/strip/drag", test_drag);
    g_test_add_func("/strip/folder", test_folder_item);
    int code = g_test_run();
    screen_close();
    return code;
}
