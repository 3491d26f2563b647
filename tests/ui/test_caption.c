/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ui/caption.c on a screen of its own: what its buttons ask for, why they cannot, who has the
 * keyboard, and whose star is lit.  Skipped where there is no Xvfb.
 */
#include "ui/caption.h"
#include "folder.h"
#include "screen.h"
#include "session/favourites.h"

#define STAR "Favourite: the class that is shown"

static const char *const buttons[] = {"Again", "Vary", "Use this seed", STAR};
static GtkWidget *window, *row;
static GString *told;

/* ---- what somebody does ---- */

static void on_keep(guint64 seed, gpointer user_data)
{
    g_string_append_printf(told, "keep %" G_GUINT64_FORMAT, seed);
}

static void on_again(const char *record, gpointer user_data)
{
    g_string_append_printf(told, "again %s", record);
}

static void on_vary(const char *record, gpointer user_data)
{
    g_string_append_printf(told, "vary %s", record);
}

static void on_back(gpointer user_data)
{
    g_string_append(told, "back");
}

/* As the picker does. */
static void on_favour(const char *class_name, gpointer user_data)
{
    EdtFavourites *favourites = edt_favourites_load();
    edt_favourites_toggle(favourites, class_name);
    edt_favourites_free(favourites);
    g_string_append_printf(told, "favour %s", class_name);
}

static void press(const char *button, const char *expected)
{
    gtk_button_clicked(GTK_BUTTON(screen_button(row, button)));
    settle();
    g_assert_cmpstr(told->str, ==, expected);
    g_string_truncate(told, 0);
}

/* able: "ynnn"; why the others are not. */
static void expect_able(const char *able, const char *why)
{
    for (gsize i = 0; i < G_N_ELEMENTS(buttons); i++) {
        GtkWidget *button = screen_button(row, buttons[i]);
        g_autofree char *tooltip = gtk_widget_get_tooltip_text(button);
        g_assert_cmpint(gtk_widget_get_sensitive(button), ==, able[i] == 'y');
        if (able[i] == 'y')
            g_assert_cmpstr(tooltip, !=, why);
        else
            g_assert_cmpstr(tooltip, ==, why);
    }
}

/* ---- tests ---- */

static void open_row(void)
{
    static const EdtCaptionEvents events = {on_keep, on_again, on_vary, on_favour, on_back};
    window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    row = edt_ui_caption_new(&events, NULL);
    gtk_container_add(GTK_CONTAINER(window), row);
    gtk_widget_show_all(window);
    settle();
}

static void close_row(void)
{
    gtk_widget_destroy(window);
    settle();
}

static void test_able(void)
{
    EdtShown fox = {(char *)"fox, seed 42", 42, (char *)"fox", NULL};
    open_row();
    expect_able("nnnn", "There is no picture yet.");
    edt_ui_caption_show(row, NULL, "Here the next picture will come", FALSE);
    expect_able("nnnn", "There is no picture yet.");
    edt_ui_caption_show(row, NULL, "fox, 2 pictures", TRUE);
    expect_able("nnnn", "Choose one of the pictures by a click first.");
    edt_ui_caption_show(row, &fox, "fox, 2 pictures", TRUE);
    expect_able("nnyy", "This picture is not finished, or was discarded.");
    fox.record = (char *)"{}";
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    expect_able("yyyy", "");
    fox.class_name = NULL; /* a record of a stranger */
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    expect_able("yyyn", "It is not known which class this is.");
    press(STAR, "");
    close_row();
}

static void test_events(void)
{
    EdtShown fox = {(char *)"fox, seed 42", 42, (char *)"fox", (char *)"{42}"};
    open_row();
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    press("Again", "again {42}");
    press("Vary", "vary {42}");
    press("Use this seed", "keep 42");
    GtkWidget *back = screen_button(row, "Back to what was shown");
    g_assert_false(gtk_widget_get_visible(back));
    edt_ui_caption_set_back(row, TRUE);
    g_assert_true(gtk_widget_get_visible(back));
    press("Back to what was shown", "back");
    close_row();
}

static gboolean is_lit(void)
{
    return gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(screen_button(row, STAR)));
}

static void test_star(void)
{
    const EdtShown fox = {(char *)"fox, seed 42", 42, (char *)"fox", NULL},
                   owl = {(char *)"owl, seed 1", 1, (char *)"owl", NULL};
    open_row();
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    g_assert_false(is_lit());
    press(STAR, "favour fox");
    g_assert_true(is_lit());
    edt_ui_caption_show(row, &owl, NULL, FALSE);
    g_assert_false(is_lit());
    on_favour("owl", NULL); /* somewhere else */
    g_string_truncate(told, 0);
    edt_ui_caption_refresh(row);
    g_assert_true(is_lit());
    press(STAR, "favour owl");
    g_assert_false(is_lit());
    close_row();
}

/* Who presses Again by keyboard can press it again when that picture is there. */
static void test_keyboard(void)
{
    EdtShown fox = {(char *)"fox, seed 42", 42, (char *)"fox", (char *)"{}"};
    open_row();
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    GtkWidget *again = screen_button(row, "Again"), *keep = screen_button(row, "Use this seed");
    gtk_widget_grab_focus(again);
    fox.record = NULL;
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    fox.record = (char *)"{}";
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    g_assert_true(gtk_window_get_focus(GTK_WINDOW(window)) == again);
    fox.record = NULL;
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    gtk_widget_grab_focus(keep);
    fox.record = (char *)"{}";
    edt_ui_caption_show(row, &fox, NULL, FALSE);
    g_assert_true(gtk_window_get_focus(GTK_WINDOW(window)) == keep);
    close_row();
}

int main(int argc, char **argv)
{
    g_setenv("XDG_STATE_HOME", test_folder(), TRUE);
    if (!screen_open(&argc, &argv))
        return 0;
    told = g_string_new(NULL);
    g_test_add_func("/caption/able", test_able);
    g_test_add_func("/caption/events", test_events);
    g_test_add_func("/caption/star", test_star);
    g_test_add_func("/caption/keyboard", test_keyboard);
    int code = g_test_run();
    g_string_free(told, TRUE);
    screen_close();
    return code;
}
