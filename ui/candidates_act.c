/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is done with drafts: chosen, inserted, varied, put away; by buttons, keys and a menu.
 */
#include "ui/candidates_state.h"
#include "ui/row.h"

#include <glib/gi18n.h>

#define AMOUNT 0.25 /* keeps the picture and changes its details */
#define AMOUNT_LEAST 0.05
#define AMOUNT_MOST 0.6
#define DIGITS 9

/* ---- those that are seen ---- */

static GtkFlowBoxChild *child_at(const EdtCandidates *candidates, int i)
{
    return gtk_flow_box_get_child_at_index(GTK_FLOW_BOX(candidates->box), i);
}

static gboolean is_seen(GtkFlowBoxChild *child)
{
    return gtk_widget_get_visible(GTK_WIDGET(child));
}

int edt_candidates_count(const EdtCandidates *candidates)
{
    int n = (int)candidates->pictures->len; /* also of those that are yet to be added */
    for (int i = 0; child_at(candidates, i); i++)
        n -= !is_seen(child_at(candidates, i));
    return n;
}

/* The one that so many others are seen before, or NULL. */
static GtkFlowBoxChild *seen_at(const EdtCandidates *candidates, int place)
{
    GtkFlowBoxChild *child;
    for (int i = 0; (child = child_at(candidates, i)); i++)
        if (is_seen(child) && place-- == 0)
            return child;
    return NULL;
}

static int place_of(const EdtCandidates *candidates, GtkFlowBoxChild *child)
{
    int place = 0;
    for (int i = 0; child_at(candidates, i) != child; i++)
        place += is_seen(child_at(candidates, i));
    return place;
}

/* ---- what is chosen ---- */

static int compare(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

/* In the order of the sheet. */
static GArray *chosen_of(const EdtCandidates *candidates)
{
    GArray *chosen = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GList) children = gtk_flow_box_get_selected_children(GTK_FLOW_BOX(candidates->box));
    for (GList *child = children; child; child = child->next) {
        int index = gtk_flow_box_child_get_index(child->data);
        if (is_seen(child->data))
            g_array_append_val(chosen, index);
    }
    g_array_sort(chosen, compare);
    return chosen;
}

/* The only one that is chosen, or -1; no one is before all are made. */
static int only_one(const EdtCandidates *candidates)
{
    g_autoptr(GArray) chosen = chosen_of(candidates);
    return candidates->ready && chosen->len == 1 ? g_array_index(chosen, int, 0) : -1;
}

static const char *caption_of(const EdtCandidates *candidates, int i)
{
    return atk_object_get_name(gtk_widget_get_accessible(GTK_WIDGET(child_at(candidates, i))));
}

char *edt_candidates_tooltip(const EdtCandidates *candidates, int i)
{
    const char *caption = caption_of(candidates, i);
    int place = place_of(candidates, child_at(candidates, i));
    g_autofree char *key =
        place < DIGITS ? g_strdup_printf(_("The key %d inserts it."), place + 1) : NULL;
    return key ? g_strdup_printf("%s\n%s", caption, key) : g_strdup(caption);
}

/* What the chosen one is; that several are chosen is seen. */
void edt_candidates_show_chosen(EdtCandidates *candidates)
{
    g_autoptr(GArray) chosen = chosen_of(candidates);
    const char *text =
        chosen->len == 1 ? caption_of(candidates, g_array_index(chosen, int, 0)) : candidates->all;
    gtk_label_set_text(GTK_LABEL(candidates->caption), text ? text : "");
    gtk_widget_set_tooltip_text(candidates->caption, text);
    gtk_widget_set_sensitive(candidates->insert, candidates->ready && chosen->len > 0);
    gtk_widget_set_sensitive(candidates->vary, candidates->ready && chosen->len == 1);
    gtk_widget_set_sensitive(candidates->more, candidates->ready);
}

/* ---- what is done ---- */

static void insert(EdtCandidates *candidates)
{
    g_autoptr(GArray) chosen = chosen_of(candidates);
    if (candidates->ready && chosen->len)
        candidates->events.insert((const int *)(gpointer)chosen->data, (int)chosen->len,
                                  candidates->user_data);
}

static void vary(EdtCandidates *candidates)
{
    int one = only_one(candidates);
    if (one >= 0)
        candidates->events.vary(one, gtk_range_get_value(GTK_RANGE(candidates->amount)),
                                candidates->user_data);
}

static void use(EdtCandidates *candidates)
{
    int one = only_one(candidates);
    if (one >= 0)
        candidates->events.use(one, candidates->user_data);
}

static void favour(EdtCandidates *candidates)
{
    int one = only_one(candidates);
    if (one >= 0)
        candidates->events.favour(one, candidates->user_data);
}

static void more(EdtCandidates *candidates)
{
    candidates->events.more(candidates->user_data);
}

static void back(EdtCandidates *candidates)
{
    candidates->events.back(candidates->user_data);
}

/* Drafts are cheap, and kept nowhere: what is put away is only seen no more. */
static void put_away(EdtCandidates *candidates)
{
    g_autoptr(GArray) chosen = chosen_of(candidates);
    if (!chosen->len)
        return;
    int place = place_of(candidates, child_at(candidates, g_array_index(chosen, int, 0)));
    gtk_flow_box_unselect_all(GTK_FLOW_BOX(candidates->box));
    for (guint i = 0; i < chosen->len; i++)
        gtk_widget_hide(GTK_WIDGET(child_at(candidates, g_array_index(chosen, int, i))));
    int left = edt_candidates_count(candidates);
    if (left)
        gtk_widget_grab_focus(GTK_WIDGET(seen_at(candidates, MIN(place, left - 1))));
    edt_candidates_lay_out(candidates);
}

static void choose_only(EdtCandidates *candidates, GtkFlowBoxChild *child)
{
    gtk_flow_box_unselect_all(GTK_FLOW_BOX(candidates->box));
    gtk_flow_box_select_child(GTK_FLOW_BOX(candidates->box), child);
}

static void toggle(EdtCandidates *candidates, GtkFlowBoxChild *child)
{
    (gtk_flow_box_child_is_selected(child)
         ? gtk_flow_box_unselect_child
         : gtk_flow_box_select_child)(GTK_FLOW_BOX(candidates->box), child);
}

/* A double click has chosen it before. */
static void on_activated(GtkFlowBox *box, GtkFlowBoxChild *child, EdtCandidates *candidates)
{
    if (!gtk_flow_box_child_is_selected(child))
        choose_only(candidates, child);
    insert(candidates);
}

/* ---- the menu ---- */

static void add_item(EdtCandidates *candidates, const char *label, GCallback activated,
                     gboolean sensitive)
{
    GtkWidget *item = gtk_menu_item_new_with_label(label);
    gtk_widget_set_sensitive(item, sensitive);
    g_signal_connect_swapped(item, "activate", activated, candidates);
    gtk_menu_shell_append(GTK_MENU_SHELL(candidates->menu), item);
}

/* Of what is chosen; the one before it goes. */
static GtkMenu *new_menu(EdtCandidates *candidates)
{
    g_autoptr(GArray) chosen = chosen_of(candidates);
    gboolean some = candidates->ready && chosen->len > 0, one = some && chosen->len == 1;
    if (candidates->menu)
        gtk_widget_destroy(candidates->menu);
    candidates->menu = gtk_menu_new();
    edt_ui_name(candidates->menu, _("What to do with the draft"));
    add_item(candidates, _("Insert"), G_CALLBACK(insert), some);
    add_item(candidates, _("More like this"), G_CALLBACK(vary), one);
    add_item(candidates, _("Use its settings"), G_CALLBACK(use), one);
    add_item(candidates, _("Favourite"), G_CALLBACK(favour), one);
    add_item(candidates, _("Discard"), G_CALLBACK(put_away), chosen->len > 0);
    gtk_menu_attach_to_widget(GTK_MENU(candidates->menu), candidates->box, NULL);
    g_object_add_weak_pointer(G_OBJECT(candidates->menu), (gpointer *)&candidates->menu);
    gtk_widget_show_all(candidates->menu);
    return GTK_MENU(candidates->menu);
}

/* The one at a place of the box, which has the presses of all: they have no windows for them. */
static GtkFlowBoxChild *pressed_child(GtkWidget *box, const GdkEventButton *event)
{
    GtkWidget *under = gtk_get_event_widget((GdkEvent *)event);
    int x, y;
    return under && gtk_widget_translate_coordinates(under, box, (int)event->x, (int)event->y, &x,
                                                     &y)
               ? gtk_flow_box_get_child_at_pos(GTK_FLOW_BOX(box), x, y)
               : NULL;
}

static gboolean on_press(GtkWidget *box, GdkEventButton *event, EdtCandidates *candidates)
{
    GtkFlowBoxChild *child = pressed_child(box, event);
    if (!child || !gdk_event_triggers_context_menu((GdkEvent *)event))
        return GDK_EVENT_PROPAGATE;
    if (!gtk_flow_box_child_is_selected(child))
        choose_only(candidates, child);
    gtk_widget_grab_focus(GTK_WIDGET(child));
    gtk_menu_popup_at_pointer(new_menu(candidates), (GdkEvent *)event);
    return GDK_EVENT_STOP;
}

/* By the menu key: of what is chosen, else of the one that has the keyboard. */
static gboolean on_menu_key(GtkWidget *box, EdtCandidates *candidates)
{
    GtkWidget *child = gtk_container_get_focus_child(GTK_CONTAINER(box));
    g_autoptr(GArray) chosen = chosen_of(candidates);
    if (!child)
        return FALSE;
    if (!chosen->len)
        choose_only(candidates, GTK_FLOW_BOX_CHILD(child));
    gtk_menu_popup_at_widget(new_menu(candidates), child, GDK_GRAVITY_CENTER,
                             GDK_GRAVITY_NORTH_WEST, NULL);
    return TRUE;
}

/* ---- keys: those of a flow box are not the same in every GTK 3 ---- */

static int step_of(const EdtCandidates *candidates, guint key)
{
    switch (key) {
    case GDK_KEY_Left:
        return -1;
    case GDK_KEY_Right:
        return 1;
    case GDK_KEY_Up:
        return -candidates->columns;
    case GDK_KEY_Down:
        return candidates->columns;
    default:
        return 0;
    }
}

/* The first arrow chooses where the keyboard is; with Ctrl only that goes on. */
static void move(EdtCandidates *candidates, GtkFlowBoxChild *child, int step, gboolean choose)
{
    g_autoptr(GArray) chosen = chosen_of(candidates);
    int to = place_of(candidates, child) + (choose && !chosen->len ? 0 : step);
    GtkFlowBoxChild *there = to < 0 ? NULL : seen_at(candidates, to);
    if (!there)
        return;
    gtk_widget_grab_focus(GTK_WIDGET(there));
    if (choose)
        choose_only(candidates, there);
}

/* The one that a digit means, or NULL. */
static GtkFlowBoxChild *numbered(const EdtCandidates *candidates, guint key)
{
    gunichar letter = gdk_keyval_to_unicode(key);
    return letter >= '1' && letter <= '0' + DIGITS ? seen_at(candidates, (int)(letter - '1'))
                                                   : NULL;
}

/* A digit is a double click, with Ctrl a click with Ctrl. */
static void take_digit(EdtCandidates *candidates, GtkFlowBoxChild *child, gboolean control)
{
    gtk_widget_grab_focus(GTK_WIDGET(child));
    if (control) {
        toggle(candidates, child);
        return;
    }
    choose_only(candidates, child);
    insert(candidates);
}

static gboolean take_other_key(EdtCandidates *candidates, guint key)
{
    if (key == GDK_KEY_Delete || key == GDK_KEY_KP_Delete)
        put_away(candidates);
    else if (key == GDK_KEY_BackSpace && gtk_widget_is_sensitive(candidates->back))
        back(candidates);
    else
        return GDK_EVENT_PROPAGATE;
    return GDK_EVENT_STOP;
}

/* The dialog has Enter for its default button. */
static gboolean on_key(GtkWidget *box, GdkEventKey *event, EdtCandidates *candidates)
{
    GtkFlowBoxChild *child = (gpointer)gtk_container_get_focus_child(GTK_CONTAINER(box));
    GtkFlowBoxChild *meant = numbered(candidates, event->keyval);
    int step = step_of(candidates, event->keyval);
    gboolean control = event->state & GDK_CONTROL_MASK, alt = event->state & GDK_MOD1_MASK;
    gboolean enter = event->keyval == GDK_KEY_Return || event->keyval == GDK_KEY_KP_Enter;
    if (!child || alt || (enter && control))
        return GDK_EVENT_PROPAGATE;
    if (step)
        move(candidates, child, step, !control);
    else if (meant)
        take_digit(candidates, meant, control);
    else if (event->keyval == GDK_KEY_space)
        toggle(candidates, child);
    else if (enter)
        on_activated(GTK_FLOW_BOX(box), child, candidates);
    else
        return take_other_key(candidates, event->keyval);
    return GDK_EVENT_STOP;
}

void edt_candidates_listen(EdtCandidates *candidates)
{
    GtkWidget *box = candidates->box;
    atk_object_set_description(gtk_widget_get_accessible(box),
                               _("The keys 1 to 9 insert a draft, with Ctrl they choose it; Delete "
                                 "puts away what is chosen"));
    g_signal_connect(box, "child-activated", G_CALLBACK(on_activated), candidates);
    g_signal_connect(box, "key-press-event", G_CALLBACK(on_key), candidates);
    g_signal_connect(box, "button-press-event", G_CALLBACK(on_press), candidates);
    g_signal_connect(box, "popup-menu", G_CALLBACK(on_menu_key), candidates);
}

/* ---- buttons ---- */

static void add(EdtCandidates *candidates, GtkWidget *row, GtkWidget *button, GCallback clicked)
{
    g_signal_connect_swapped(button, "clicked", clicked, candidates);
    gtk_box_pack_start(GTK_BOX(row), button, FALSE, FALSE, 0);
}

static GtkWidget *new_amount(void)
{
    GtkWidget *amount = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, AMOUNT_LEAST,
                                                 AMOUNT_MOST, AMOUNT_LEAST);
    gtk_scale_set_draw_value(GTK_SCALE(amount), FALSE);
    gtk_range_set_value(GTK_RANGE(amount), AMOUNT);
    gtk_widget_set_tooltip_text(amount, _("How much they differ: a little on the left, a lot on "
                                          "the right"));
    edt_ui_name(amount, _("How much they differ"));
    return amount;
}

GtkWidget *edt_candidates_new_row(EdtCandidates *candidates)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    candidates->back = edt_ui_icon_button("go-previous-symbolic", _("Back"),
                                          _("What was shown before these drafts"));
    candidates->insert = edt_ui_word_button(_("Insert"), _("Finish what is chosen, as new layers"));
    candidates->vary =
        edt_ui_word_button(_("More like this"), _("Drafts that differ from the chosen one"));
    candidates->amount = new_amount();
    candidates->more =
        edt_ui_icon_button("list-add-symbolic", _("More drafts"),
                           _("As many drafts as these, from the seeds behind theirs"));
    gtk_widget_set_sensitive(candidates->back, FALSE);
    add(candidates, row, candidates->back, G_CALLBACK(back));
    add(candidates, row, candidates->insert, G_CALLBACK(insert));
    add(candidates, row, candidates->vary, G_CALLBACK(vary));
    gtk_box_pack_start(GTK_BOX(row), candidates->amount, TRUE, TRUE, 0);
    add(candidates, row, candidates->more, G_CALLBACK(more));
    return row;
}
