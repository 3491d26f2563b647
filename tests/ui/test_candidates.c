/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ui/candidates.c on a screen of its own: who is chosen by keys, what is inserted and
 * when not, and what a screen reader says.  Skipped where there is no Xvfb.
 */
#include "ui/candidates.h"
#include "screen.h"

#include <string.h>

#define N 9

static GtkWidget *window, *sheet;
static GString *told; /* what the events said */

/* ---- what somebody does ---- */

static void on_insert(const int *chosen, int n, gpointer user_data)
{
    g_string_append(told, "insert");
    for (int i = 0; i < n; i++)
        g_string_append_printf(told, " %d", chosen[i]);
}

static void on_vary(int chosen, double amount, gpointer user_data)
{
    g_assert_cmpfloat(amount, >, 0);
    g_assert_cmpfloat(amount, <, 1);
    g_string_append_printf(told, "vary %d", chosen);
}

static void on_more(gpointer user_data)
{
    g_string_append(told, "more");
}

static void on_back(gpointer user_data)
{
    g_string_append(told, "back");
}

static void on_use(int chosen, gpointer user_data)
{
    g_string_append_printf(told, "use %d", chosen);
}

static void on_favour(int chosen, gpointer user_data)
{
    g_string_append_printf(told, "favour %d", chosen);
}

static void expect(const char *text)
{
    g_assert_cmpstr(told->str, ==, text);
    g_string_truncate(told, 0);
}

static GtkFlowBox *box(void)
{
    return GTK_FLOW_BOX(edt_ui_candidates_box(sheet));
}

static GtkWidget *child_at(int i)
{
    return GTK_WIDGET(gtk_flow_box_get_child_at_index(box(), i));
}

static gboolean is_chosen(int i)
{
    return gtk_flow_box_child_is_selected(GTK_FLOW_BOX_CHILD(child_at(i)));
}

static void press_key(guint key, GdkModifierType state)
{
    screen_press_key(window, key, state);
}

/* Which ones, as "2 7". */
static void expect_chosen(const char *text)
{
    g_autoptr(GString) now = g_string_new(NULL);
    for (int i = 0; child_at(i); i++)
        if (is_chosen(i))
            g_string_append_printf(now, "%s%d", now->len ? " " : "", i);
    g_assert_cmpstr(now->str, ==, text);
}

/* As a screen reader does; in addition to what is chosen. */
static void choose(int i)
{
    AtkObject *told_box = gtk_widget_get_accessible(GTK_WIDGET(box()));
    g_assert_true(atk_selection_add_selection(ATK_SELECTION(told_box), i));
    settle();
}

static gboolean can_press(const char *label)
{
    return gtk_widget_is_sensitive(screen_button(sheet, label));
}

/* ---- tests ---- */

static void begin(int n)
{
    int least;
    g_auto(GStrv) captions = g_new0(char *, n + 1);
    for (int i = 0; i < n; i++)
        captions[i] = g_strdup_printf("fox, seed %d", i);
    edt_ui_candidates_begin(sheet, (const char *const *)captions, n, "fox, 9 drafts");
    gtk_widget_get_preferred_height_for_width(sheet, 320, &least, NULL);
    g_assert_cmpint(least, <, 330); /* the window does not grow */
    settle();
}

/* All of the room but for a row that is not full: the frame after the next one has them laid out.
 */
static gboolean fill_room(int n)
{
    GtkAllocation room, first, last;
    settle();
    gtk_widget_get_allocation(GTK_WIDGET(box()), &room);
    gtk_widget_get_allocation(child_at(0), &first);
    gtk_widget_get_allocation(child_at(n - 1), &last);
    return last.x + last.width <= room.x + room.width &&
           last.y + last.height <= room.y + room.height &&
           first.width * first.height * n > room.width * room.height / 2;
}

static void wait_room(int n)
{
    gint64 end = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    while (!fill_room(n) && g_get_monotonic_time() < end)
        g_usleep(1000);
    g_assert_true(fill_room(n));
}

static void open_sheet(void)
{
    static const EdtCandidatesEvents events = {on_insert, on_vary, on_more,
                                               on_back,   on_use,  on_favour};
    window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    sheet = edt_ui_candidates_new(&events, NULL);
    gtk_window_set_default_size(GTK_WINDOW(window), 320, 330);
    gtk_container_add(GTK_CONTAINER(window), sheet);
    gtk_widget_show_all(window);
    settle();
    screen_give_keyboard(window);
    begin(N);
    edt_ui_candidates_set_ready(sheet, TRUE);
    wait_room(N);
}

static void close_sheet(void)
{
    gtk_widget_destroy(window);
    settle();
    expect("");
}

static void test_names(void)
{
    open_sheet();
    AtkObject *told_box = gtk_widget_get_accessible(GTK_WIDGET(box()));
    g_assert_cmpstr(atk_object_get_name(told_box), ==, "Drafts");
    g_assert_cmpint(atk_object_get_n_accessible_children(told_box), ==, N);
    for (int i = 0; i < N; i++) {
        g_autofree char *name = g_strdup_printf("fox, seed %d", i);
        AtkObject *child = atk_object_ref_accessible_child(told_box, i);
        g_assert_cmpstr(atk_object_get_name(child), ==, name);
        g_object_unref(child);
    }
    close_sheet();
}

static void test_keys(void)
{
    open_sheet();
    edt_ui_candidates_focus(sheet);
    press_key(GDK_KEY_Right, 0); /* the first arrow chooses */
    g_assert_true(is_chosen(0));
    press_key(GDK_KEY_Right, 0);
    g_assert_true(is_chosen(1) && !is_chosen(0));
    press_key(GDK_KEY_Down, 0); /* three in a row */
    g_assert_true(is_chosen(4) && !is_chosen(1));
    press_key(GDK_KEY_Return, 0);
    expect("insert 4");
    press_key(GDK_KEY_Left, GDK_CONTROL_MASK);
    press_key(GDK_KEY_space, GDK_CONTROL_MASK);
    press_key(GDK_KEY_KP_Enter, 0);
    expect("insert 3 4");
    press_key(GDK_KEY_Return, GDK_CONTROL_MASK); /* the dialog's */
    expect("");
    close_sheet();
}

/* Enter on one that nobody has chosen: that one. */
static void test_first(void)
{
    open_sheet();
    edt_ui_candidates_focus(sheet);
    press_key(GDK_KEY_Return, 0);
    expect("insert 0");
    close_sheet();
}

/* Clicks are tested in GIMP (tests/gimp). */
static void test_several(void)
{
    open_sheet();
    choose(7);
    choose(2);
    expect_chosen("2 7");
    expect(""); /* to choose is not to insert */
    gtk_button_clicked(GTK_BUTTON(screen_button(sheet, "Insert")));
    expect("insert 2 7");                                         /* in the sheet's order */
    g_signal_emit_by_name(box(), "child-activated", child_at(5)); /* a double click */
    expect("insert 5");
    expect_chosen("5");
    close_sheet();
}

static void test_buttons(void)
{
    open_sheet();
    g_assert_false(can_press("Insert") || can_press("More like this"));
    choose(1);
    g_assert_true(can_press("Insert") && can_press("More like this"));
    gtk_button_clicked(GTK_BUTTON(screen_button(sheet, "More like this")));
    expect("vary 1");
    choose(2);
    g_assert_true(can_press("Insert"));
    g_assert_false(can_press("More like this")); /* like which? */
    close_sheet();
}

/* A digit is a double click on the draft at its place, with Ctrl a click with Ctrl. */
static void test_digits(void)
{
    open_sheet();
    edt_ui_candidates_focus(sheet);
    press_key(GDK_KEY_3, 0);
    expect("insert 2");
    expect_chosen("2");
    press_key(GDK_KEY_9, GDK_CONTROL_MASK);
    press_key(GDK_KEY_1, GDK_CONTROL_MASK);
    expect("");
    expect_chosen("0 2 8");
    press_key(GDK_KEY_3, GDK_CONTROL_MASK);
    expect_chosen("0 8");
    begin(4);
    edt_ui_candidates_focus(sheet);
    press_key(GDK_KEY_5, 0); /* there is none */
    expect_chosen("");
    press_key(GDK_KEY_2, 0); /* chosen, but not yet made */
    expect_chosen("1");
    close_sheet();
}

static void test_more_and_back(void)
{
    open_sheet();
    gtk_button_clicked(GTK_BUTTON(screen_button(sheet, "More drafts")));
    expect("more");
    edt_ui_candidates_focus(sheet);
    g_assert_false(can_press("Back"));
    press_key(GDK_KEY_BackSpace, 0);
    expect("");
    edt_ui_candidates_set_back(sheet, TRUE);
    gtk_button_clicked(GTK_BUTTON(screen_button(sheet, "Back")));
    press_key(GDK_KEY_BackSpace, 0);
    expect("backback");
    close_sheet();
}

/* What is put away is seen no more; places and keys are those of the others. */
static void test_put_away(void)
{
    open_sheet();
    edt_ui_candidates_focus(sheet);
    choose(1);
    choose(4);
    press_key(GDK_KEY_Delete, 0);
    g_assert_false(gtk_widget_get_visible(child_at(1)) || gtk_widget_get_visible(child_at(4)));
    expect_chosen("");
    wait_room(7);
    press_key(GDK_KEY_2, 0);
    expect("insert 2");
    gtk_flow_box_select_all(box());
    gtk_button_clicked(GTK_BUTTON(screen_button(sheet, "Insert")));
    expect("insert 0 2 3 5 6 7 8");
    close_sheet();
}

static GtkWidget *item_of(GtkWidget *menu, const char *label)
{
    g_autoptr(GList) items = gtk_container_get_children(GTK_CONTAINER(menu));
    for (GList *item = items; item; item = item->next)
        if (g_strcmp0(gtk_menu_item_get_label(item->data), label) == 0)
            return item->data;
    return NULL;
}

static void choose_from_menu(const char *label, gboolean allowed)
{
    g_autoptr(GList) menus = g_list_copy(gtk_menu_get_for_attach_widget(GTK_WIDGET(box())));
    GtkWidget *item = item_of(menus->data, label);
    g_assert_nonnull(item);
    g_assert_cmpint(gtk_widget_get_sensitive(item), ==, allowed);
    gtk_menu_item_activate(GTK_MENU_ITEM(item));
    gtk_menu_popdown(GTK_MENU(menus->data));
    settle();
}

static void test_menu(void)
{
    static const char *const acts[][2] = {{"Insert", "insert 3"},
                                          {"More like this", "vary 3"},
                                          {"Use its settings", "use 3"},
                                          {"Favourite", "favour 3"},
                                          {"Discard", ""}};
    open_sheet();
    gtk_widget_grab_focus(child_at(3));
    for (gsize i = 0; i < G_N_ELEMENTS(acts); i++) {
        press_key(GDK_KEY_Menu, 0);
        choose_from_menu(acts[i][0], TRUE);
        expect(acts[i][1]);
    }
    g_assert_false(gtk_widget_get_visible(child_at(3)));
    close_sheet();
}

/* Of drafts that are yet to be made nothing is known but what they are called. */
static void test_menu_before(void)
{
    static const char *const acts[] = {"Insert", "More like this", "Use its settings", "Favourite"};
    open_sheet();
    begin(N);
    gtk_widget_grab_focus(child_at(3));
    for (gsize i = 0; i < G_N_ELEMENTS(acts); i++) {
        press_key(GDK_KEY_Menu, 0);
        choose_from_menu(acts[i], FALSE);
        expect("");
    }
    expect_chosen("3");
    close_sheet();
}

/* A right click in the middle of a draft, as it comes: the box has the window that is clicked. */
static void right_click(int i)
{
    GtkAllocation there;
    GdkEvent *event = gdk_event_new(GDK_BUTTON_PRESS);
    gtk_widget_get_allocation(child_at(i), &there);
    event->button.window = g_object_ref(gtk_widget_get_window(GTK_WIDGET(box())));
    event->button.button = GDK_BUTTON_SECONDARY;
    event->button.x = there.x + there.width / 2;
    event->button.y = there.y + there.height / 2;
    gdk_event_set_device(event, screen_pointer());
    gtk_main_do_event(event);
    gdk_event_free(event);
    settle();
}

/* Of the one under the pointer, or of all that are chosen where that is one of them. */
static void test_right_click(void)
{
    open_sheet();
    choose(2);
    right_click(5);
    expect_chosen("5");
    choose_from_menu("Insert", TRUE);
    expect("insert 5");
    choose(7);
    right_click(7);
    choose_from_menu("Insert", TRUE);
    expect("insert 5 7");
    close_sheet();
}

/* While they are made somebody may look, not insert. */
static void test_unready(void)
{
    open_sheet();
    begin(4);
    choose(1);
    g_assert_false(can_press("Insert") || can_press("More like this"));
    press_key(GDK_KEY_Return, 0);
    expect("");
    edt_ui_candidates_set_ready(sheet, TRUE);
    g_assert_true(can_press("Insert"));
    close_sheet();
}

static void test_room(void)
{
    const int counts[] = {1, 2, 9, 64};
    open_sheet();
    for (gsize k = 0; k < G_N_ELEMENTS(counts); k++) {
        begin(counts[k]);
        wait_room(counts[k]);
    }
    close_sheet();
}

static void test_shown(void)
{
    open_sheet();
    g_autoptr(GdkPixbuf) red = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, 8, 8);
    gdk_pixbuf_fill(red, 0xff0000ff);
    edt_ui_candidates_show(sheet, 3, red);
    gtk_test_widget_wait_for_draw(window);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 320, 330);
    cairo_t *cr = cairo_create(surface);
    GtkAllocation there;
    gtk_widget_get_allocation(child_at(3), &there);
    gtk_widget_draw(window, cr);
    cairo_surface_flush(surface);
    const guint8 *row = cairo_image_surface_get_data(surface) +
                        (there.y + there.height / 2) * cairo_image_surface_get_stride(surface);
    guint32 pixel;
    memcpy(&pixel, row + 4 * (there.x + there.width / 2), sizeof pixel);
    g_assert_cmphex(pixel & 0xffffff, ==, 0xff0000);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    close_sheet();
}

int main(int argc, char **argv)
{
    if (!screen_open(&argc, &argv))
        return 0;
    told = g_string_new(NULL);
    g_test_add_func("/candidates/names", test_names);
    g_test_add_func("/candidates/keys", test_keys);
    g_test_add_func("/candidates/first", test_first);
    g_test_add_func("/candidates/several", test_several);
    g_test_add_func("/candidates/buttons", test_buttons);
    g_test_add_func("/candidates/digits", test_digits);
    g_test_add_func("/candidates/more-and-back", test_more_and_back);
    g_test_add_func("/candidates/put-away", test_put_away);
    g_test_add_func("/candidates/menu", test_menu);
    g_test_add_func("/candidates/menu-before", test_menu_before);
    g_test_add_func("/candidates/right-click", test_right_click);
    g_test_add_func("/candidates/unready", test_unready);
    g_test_add_func("/candidates/room", test_room);
    g_test_add_func("/candidates/shown", test_shown);
    int code = g_test_run();
    g_string_free(told, TRUE);
    screen_close();
    return code;
}
