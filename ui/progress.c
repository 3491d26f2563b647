/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A progress bar that says in words what it shows.
 */
#include "ui/progress.h"
#include "ui/row.h"

#include <glib/gi18n.h>

typedef struct {
    EdtDropped dropped;
    gpointer user_data;
    GtkWidget *bar, *drop;
    int waiting;
    gboolean works;    /* something is worked on */
    char *rest, *lack; /* what to say else; see progress.h */
} Progress;

static Progress *progress_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-progress");
}

/* ---- words ---- */

static char *time_left(double seconds)
{
    int whole = (int)(seconds + 0.5);
    if (whole < 60)
        return g_strdup_printf(ngettext("%d second left", "%d seconds left", (gulong)whole), whole);
    return g_strdup_printf(_("%d:%02d minutes left"), whole / 60, whole % 60);
}

/* "Step 12 of 50 · 3.4 steps/s · 11 seconds left" */
static char *text_of(const EdtFrame *frame)
{
    if (frame->phase == EDT_PHASE_LOADING)
        return g_strdup(_("Loading the model"));
    if (frame->phase == EDT_PHASE_DECODING)
        return g_strdup(_("Decoding the picture"));
    GString *text = g_string_new(NULL);
    if (frame->total_items > frame->n_items)
        g_string_append_printf(text, _("Pictures %d to %d of %d · "), frame->first_item + 1,
                               frame->first_item + frame->n_items, frame->total_items);
    g_string_append_printf(text, _("Step %d of %d"), frame->step, frame->steps);
    if (frame->rate > 0)
        g_string_append_printf(text, _(" · %.1f steps/s"), frame->rate);
    if (frame->bf16_in_f32)
        g_string_append(text, _(" · in f32, for this processor has no bf16"));
    if (frame->rate > 0 && frame->seconds_left >= 0) {
        char *left = time_left(frame->seconds_left);
        g_string_append_printf(text, " · %s", left);
        g_free(left);
    }
    return g_string_free(text, FALSE);
}

/* ---- showing ---- */

static void set(const Progress *progress, double fraction, const char *text)
{
    g_autoptr(GString) whole = g_string_new(text);
    if (progress->waiting)
        g_string_append_printf(whole,
                               ngettext(" · %d waits", " · %d wait", (gulong)progress->waiting),
                               progress->waiting);
    gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(progress->bar), fraction);
    gtk_progress_bar_set_text(GTK_PROGRESS_BAR(progress->bar), whole->str);
    gtk_widget_set_tooltip_text(progress->bar, whole->str);
    edt_ui_name(progress->bar, whole->len ? whole->str : _("Progress"));
}

void edt_ui_progress_say(GtkWidget *widget, const char *text)
{
    Progress *progress = progress_of(widget);
    progress->works = TRUE;
    set(progress, 0, text);
}

static void show_rest(const Progress *progress)
{
    if (!progress->works)
        set(progress, 0, progress->lack ? progress->lack : progress->rest);
}

void edt_ui_progress_rest(GtkWidget *widget, const char *text)
{
    Progress *progress = progress_of(widget);
    progress->works = FALSE;
    g_set_str(&progress->rest, text);
    show_rest(progress);
}

void edt_ui_progress_lack(GtkWidget *widget, const char *text)
{
    Progress *progress = progress_of(widget);
    g_set_str(&progress->lack, text);
    show_rest(progress);
}

void edt_ui_progress_show(GtkWidget *widget, const EdtFrame *frame)
{
    g_autofree char *text = text_of(frame);
    set(progress_of(widget), frame->fraction, text);
}

void edt_ui_progress_set_waiting(GtkWidget *widget, int waiting)
{
    Progress *progress = progress_of(widget);
    progress->waiting = waiting;
    gtk_widget_set_sensitive(progress->drop, waiting > 0);
}

static void progress_free(gpointer data)
{
    Progress *progress = data;
    g_free(progress->rest);
    g_free(progress->lack);
    g_free(progress);
}

static void on_drop(GtkButton *button, Progress *progress)
{
    progress->dropped(progress->user_data);
}

GtkWidget *edt_ui_progress_new(EdtDropped dropped, gpointer user_data)
{
    Progress *progress = g_new0(Progress, 1);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    *progress = (Progress){.dropped = dropped, .user_data = user_data};
    progress->bar = gtk_progress_bar_new();
    progress->drop = edt_ui_icon_button("edit-delete-symbolic", _("Drop what waits"),
                                        _("Make none of the pictures that wait"));
    gtk_progress_bar_set_show_text(GTK_PROGRESS_BAR(progress->bar), TRUE);
    gtk_progress_bar_set_ellipsize(GTK_PROGRESS_BAR(progress->bar), PANGO_ELLIPSIZE_END);
    gtk_widget_set_valign(progress->bar, GTK_ALIGN_CENTER);
    gtk_widget_set_sensitive(progress->drop, FALSE);
    g_signal_connect(progress->drop, "clicked", G_CALLBACK(on_drop), progress);
    gtk_box_pack_start(GTK_BOX(row), progress->bar, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), progress->drop, FALSE, FALSE, 0);
    g_object_set_data_full(G_OBJECT(row), "edt-progress", progress, progress_free);
    return row;
}
