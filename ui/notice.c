/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An info bar for an overlay, its buttons below the text: it has to fit over a narrow preview.
 */
#include "ui/notice.h"
#include "ui/row.h"

#include <glib/gi18n.h>

typedef struct {
    EdtAnswered answered;
    EdtFocusLost lost;
    gpointer user_data;
    GtkWidget *bar, *icon, *text, *answers, *keep;
    GtkWidget *before; /* had the keyboard when the question came; may be gone */
    gboolean asking;
    GtkMessageType later_type;
    char *later; /* what came meanwhile; or NULL */
} Notice;

static Notice *notice_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-notice");
}

/* ---- the keyboard ---- */

static void set_before(Notice *notice, GtkWidget *widget)
{
    if (notice->before)
        g_object_remove_weak_pointer(G_OBJECT(notice->before), (gpointer *)&notice->before);
    notice->before = widget;
    if (widget)
        g_object_add_weak_pointer(G_OBJECT(widget), (gpointer *)&notice->before);
}

static void notice_free(gpointer data)
{
    set_before(data, NULL);
    g_free(((Notice *)data)->later);
    g_free(data);
}

static void give_focus_back(Notice *notice)
{
    if (notice->before && gtk_widget_is_visible(notice->before))
        gtk_widget_grab_focus(notice->before);
    else
        notice->lost(notice->user_data);
    set_before(notice, NULL);
}

static void hide(Notice *notice)
{
    gboolean asking = notice->asking;
    notice->asking = FALSE;
    gtk_widget_hide(notice->bar);
    if (asking)
        give_focus_back(notice);
}

/* ---- showing ---- */

static const char *icon_of(GtkMessageType type)
{
    switch (type) {
    case GTK_MESSAGE_ERROR:
        return "dialog-error";
    case GTK_MESSAGE_WARNING:
        return "dialog-warning";
    case GTK_MESSAGE_QUESTION:
        return "dialog-question";
    default:
        return "dialog-information";
    }
}

static void show(Notice *notice, GtkMessageType type, const char *text)
{
    gtk_label_set_text(GTK_LABEL(notice->text), text);
    gtk_image_set_from_icon_name(GTK_IMAGE(notice->icon), icon_of(type), GTK_ICON_SIZE_BUTTON);
    gtk_info_bar_set_message_type(GTK_INFO_BAR(notice->bar), type);
    edt_ui_name(notice->bar, text); /* GTK has just named it after its type */
    gtk_info_bar_set_show_close_button(GTK_INFO_BAR(notice->bar), !notice->asking);
    gtk_widget_set_visible(notice->answers, notice->asking);
    gtk_widget_show(notice->bar);
}

void edt_ui_notice_say(GtkWidget *widget, GtkMessageType type, const char *text)
{
    Notice *notice = notice_of(widget);
    if (notice->asking) { /* until it is answered: a run waits for that */
        g_free(notice->later);
        notice->later = g_strdup(text);
        notice->later_type = type;
        return;
    }
    hide(notice);
    if (text)
        show(notice, type, text);
}

void edt_ui_notice_ask(GtkWidget *widget, const char *text)
{
    Notice *notice = notice_of(widget);
    GtkWidget *window = gtk_widget_get_toplevel(widget);
    hide(notice);
    set_before(notice, gtk_window_get_focus(GTK_WINDOW(window)));
    notice->asking = TRUE;
    show(notice, GTK_MESSAGE_QUESTION, text);
    gtk_widget_grab_focus(notice->keep);
}

void edt_ui_notice_end(GtkWidget *widget)
{
    Notice *notice = notice_of(widget);
    g_autofree char *later = g_steal_pointer(&notice->later);
    if (!notice->asking &&
        gtk_info_bar_get_message_type(GTK_INFO_BAR(notice->bar)) != GTK_MESSAGE_INFO)
        return; /* what went wrong may be of another run, and nobody has read it yet */
    hide(notice);
    if (later)
        show(notice, notice->later_type, later);
}

static void on_response(GtkInfoBar *bar, int response, Notice *notice)
{
    g_autofree char *later = g_steal_pointer(&notice->later);
    hide(notice);
    if (later)
        show(notice, notice->later_type, later);
    if (response >= 0)
        notice->answered((EdtAnswer)response, notice->user_data);
}

/* ---- making ---- */

static void on_answer(GtkButton *button, GtkInfoBar *bar)
{
    gtk_info_bar_response(bar, GPOINTER_TO_INT(g_object_get_data(G_OBJECT(button), "edt-answer")));
}

static GtkWidget *add_answer(Notice *notice, const char *label, EdtAnswer answer)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(label);
    g_object_set_data(G_OBJECT(button), "edt-answer", GINT_TO_POINTER(answer));
    g_signal_connect(button, "clicked", G_CALLBACK(on_answer), notice->bar);
    gtk_box_pack_start(GTK_BOX(notice->answers), button, FALSE, FALSE, 0);
    return button;
}

static GtkWidget *new_message(Notice *notice)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    notice->icon = gtk_image_new();
    notice->text = gtk_label_new(NULL);
    gtk_label_set_line_wrap(GTK_LABEL(notice->text), TRUE);
    gtk_label_set_width_chars(GTK_LABEL(notice->text), 20);
    gtk_label_set_xalign(GTK_LABEL(notice->text), 0);
    gtk_label_set_selectable(GTK_LABEL(notice->text), TRUE);
    gtk_widget_set_can_focus(notice->text, FALSE);
    gtk_box_pack_start(GTK_BOX(row), notice->icon, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), notice->text, TRUE, TRUE, 0);
    return row;
}

GtkWidget *edt_ui_notice_new(EdtAnswered answered, EdtFocusLost lost, gpointer user_data)
{
    Notice *notice = g_new0(Notice, 1);
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    *notice = (Notice){.answered = answered, .lost = lost, .user_data = user_data};
    notice->bar = gtk_info_bar_new();
    notice->answers = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    notice->keep = add_answer(notice, _("_Keep"), EDT_ANSWER_KEEP);
    add_answer(notice, _("Discard"), EDT_ANSWER_DISCARD);
    add_answer(notice, _("Go on"), EDT_ANSWER_RESUME);
    gtk_box_pack_start(GTK_BOX(column), new_message(notice), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(column), notice->answers, FALSE, FALSE, 0);
    gtk_container_add(GTK_CONTAINER(gtk_info_bar_get_content_area(GTK_INFO_BAR(notice->bar))),
                      column);
    gtk_widget_set_valign(notice->bar, GTK_ALIGN_START);
    gtk_widget_show_all(notice->bar);
    gtk_widget_hide(notice->bar);
    gtk_widget_set_no_show_all(notice->bar, TRUE);
    g_object_set_data_full(G_OBJECT(notice->bar), "edt-notice", notice, notice_free);
    g_signal_connect(notice->bar, "response", G_CALLBACK(on_response), notice);
    return notice->bar;
}
