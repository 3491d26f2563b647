/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The panel puts the pieces together: picker.c, styles.c, knobs.c, models.c on the left, preview.c
 * on the right, strip.c below.
 */
#include "ui/panel.h"
#include "catalogue.h"
#include "record.h"
#include "session/properties.h"
#include "session/words.h"
#include "settings.h"
#include "ui/knobs.h"
#include "ui/models.h"
#include "ui/picker.h"
#include "ui/preview.h"
#include "ui/row.h"
#include "ui/strip.h"
#include "ui/styles.h"

#include <glib/gi18n.h>

enum { ANSWER_KEEP = 1, ANSWER_DISCARD, ANSWER_RESUME };

typedef struct {
    GObject *settings;
    EdtPanelEvents events;
    gpointer user_data;
    GtkWidget *self, *left, *picker, *styles, *knobs, *models, *preview, *bar, *strip;
    GtkWidget *info, *info_text, *keep, *discard, *resume;
    double recommended; /* guidance; -1: no model was there yet */
} Panel;

static Panel *panel_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-panel");
}

/* ---- messages ---- */

static void show_info(Panel *panel, GtkMessageType type, const char *text, gboolean question)
{
    gtk_label_set_text(GTK_LABEL(panel->info_text), text);
    edt_ui_name(panel->info, text);
    gtk_info_bar_set_message_type(GTK_INFO_BAR(panel->info), type);
    gtk_info_bar_set_show_close_button(GTK_INFO_BAR(panel->info), !question);
    gtk_widget_set_visible(panel->keep, question);
    gtk_widget_set_visible(panel->discard, question);
    gtk_widget_set_visible(panel->resume, question);
    gtk_widget_show(panel->info);
    if (question)
        gtk_widget_grab_focus(panel->keep);
}

void edt_ui_panel_say(GtkWidget *widget, GtkMessageType type, const char *text)
{
    Panel *panel = panel_of(widget);
    if (text)
        show_info(panel, type, text, FALSE);
    else
        gtk_widget_hide(panel->info);
}

void edt_ui_panel_ask(GtkWidget *widget, int step, int steps)
{
    char *text =
        g_strdup_printf(_("Stopped after step %d of %d. Keep what is there?"), step, steps);
    show_info(panel_of(widget), GTK_MESSAGE_QUESTION, text, TRUE);
    g_free(text);
}

static void on_info(GtkInfoBar *info, int response, Panel *panel)
{
    gtk_widget_hide(GTK_WIDGET(info));
    if (response == ANSWER_KEEP)
        panel->events.answer(EDT_ANSWER_KEEP, panel->user_data);
    else if (response == ANSWER_DISCARD)
        panel->events.answer(EDT_ANSWER_DISCARD, panel->user_data);
    else if (response == ANSWER_RESUME)
        panel->events.answer(EDT_ANSWER_RESUME, panel->user_data);
}

static GtkWidget *new_info(Panel *panel)
{
    GtkInfoBar *info = GTK_INFO_BAR(gtk_info_bar_new());
    panel->info = GTK_WIDGET(info);
    panel->info_text = gtk_label_new(NULL);
    gtk_label_set_line_wrap(GTK_LABEL(panel->info_text), TRUE);
    gtk_label_set_xalign(GTK_LABEL(panel->info_text), 0);
    gtk_label_set_selectable(GTK_LABEL(panel->info_text), TRUE);
    gtk_widget_set_can_focus(panel->info_text, FALSE);
    gtk_box_pack_start(GTK_BOX(gtk_info_bar_get_content_area(info)), panel->info_text, TRUE, TRUE,
                       0);
    panel->keep = gtk_info_bar_add_button(info, _("_Keep"), ANSWER_KEEP);
    panel->discard = gtk_info_bar_add_button(info, _("Discard"), ANSWER_DISCARD);
    panel->resume = gtk_info_bar_add_button(info, _("Go on"), ANSWER_RESUME);
    g_signal_connect(info, "response", G_CALLBACK(on_info), panel);
    gtk_widget_show_all(panel->info);
    gtk_widget_hide(panel->info);
    gtk_widget_set_no_show_all(panel->info, TRUE);
    return panel->info;
}

/* ---- progress ---- */

static char *time_left(double seconds)
{
    int whole = (int)(seconds + 0.5);
    if (whole < 60)
        return g_strdup_printf(ngettext("%d second left", "%d seconds left", (gulong)whole), whole);
    return g_strdup_printf(_("%d:%02d minutes left"), whole / 60, whole % 60);
}

/* "Step 12 of 50 · 3.4 steps/s · 11 seconds left" */
static char *progress_text(const EdtFrame *frame)
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

static void set_progress(Panel *panel, double fraction, const char *text)
{
    gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(panel->bar), fraction);
    gtk_progress_bar_set_text(GTK_PROGRESS_BAR(panel->bar), text);
    edt_ui_name(panel->bar, *text ? text : _("Progress"));
}

void edt_ui_panel_show_frame(GtkWidget *widget, const EdtFrame *frame)
{
    Panel *panel = panel_of(widget);
    char *text = progress_text(frame);
    set_progress(panel, frame->fraction, text);
    edt_ui_preview_show(panel->preview, frame->tiles, frame->n_tiles);
    g_free(text);
}

void edt_ui_panel_set_running(GtkWidget *widget, gboolean running)
{
    Panel *panel = panel_of(widget);
    gtk_widget_set_sensitive(panel->left, !running);
    gtk_widget_set_sensitive(panel->strip, !running);
    set_progress(panel, 0, running ? _("Starting") : _("Ready"));
}

void edt_ui_panel_made(GtkWidget *widget, const char *class_name, guint64 seed)
{
    Panel *panel = panel_of(widget);
    if (class_name)
        edt_ui_picker_used(panel->picker, class_name);
    edt_ui_knobs_seed_used(panel->knobs, MIN((double)seed, EDT_SEED_MAX));
    edt_ui_strip_refresh(panel->strip);
}

/* ---- history ---- */

static void on_insert(const char *path, gpointer user_data)
{
    Panel *panel = user_data;
    panel->events.insert(path, panel->user_data);
}

/* What makes another picture of the same settings. */
static void warn_of_another(Panel *panel, gboolean found, const EdtRecord *record)
{
    int done = record->steps_done, steps = record->request.steps;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!found)
        g_string_append(text, _("The model of this picture is not on this machine; all other "
                                "settings were restored."));
    if (done > 0 && done < steps) {
        g_string_append(text, text->len ? "\n" : "");
        g_string_append_printf(
            text, _("This picture was stopped after step %d of %d; all steps make another one."),
            done, steps);
    }
    edt_ui_panel_say(panel->self, GTK_MESSAGE_WARNING, text->len ? text->str : NULL);
}

/* "" for any, and where this model has none. */
static char *style_word(const EdtModelInfo *info, int style)
{
    return info && style >= 0 && style < info->n_styles ? edt_style_word(info, style)
                                                        : g_strdup("");
}

/* The model first: class and style are named in its words. */
static void restore(Panel *panel, const EdtRecord *record)
{
    gboolean found = edt_ui_models_choose(panel->models, record->model_sha256);
    const EdtModelInfo *info = edt_ui_models_info(panel->models);
    g_autofree char *class = edt_class_word(info, record->item.class_index);
    g_autofree char *style = style_word(info, record->item.style);
    g_object_set(panel->settings, "class", class, "style", style, "count", 1, "seed",
                 (double)record->item.seed, "precision", edt_precision_words[record->precision],
                 NULL);
    edt_properties_write(panel->settings, &record->request);
    warn_of_another(panel, found, record);
}

/* Another seed would be another picture. */
static gboolean takes_seed(guint64 seed, GError **error)
{
    char number[24];
    if (seed <= (guint64)EDT_SEED_MAX)
        return TRUE;
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, seed);
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("The seed of this picture, %s, is larger than the dialog can take; its settings "
                  "were not restored."),
                number);
    return FALSE;
}

static void on_restore(const char *path, gpointer user_data)
{
    Panel *panel = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(EdtRecord) record = edt_png_record(path, &error);
    if (record && takes_seed(record->item.seed, &error))
        restore(panel, record);
    else
        edt_ui_panel_say(panel->self, GTK_MESSAGE_ERROR, error->message);
}

/* ---- making ---- */

/* A guidance that nobody chose follows the model.  Settings that are new, or reset, have -1. */
static void on_guidance(GObject *settings, GParamSpec *spec, GtkWidget *widget)
{
    double guidance, recommended = panel_of(widget)->recommended;
    g_object_get(settings, "guidance", &guidance, NULL);
    if (guidance < 0 && recommended >= 0)
        g_object_set(settings, "guidance", recommended, NULL);
}

static void recommend_guidance(Panel *panel, double scale)
{
    double guidance;
    g_object_get(panel->settings, "guidance", &guidance, NULL);
    gboolean follows = guidance == panel->recommended;
    panel->recommended = scale;
    if (follows)
        g_object_set(panel->settings, "guidance", scale, NULL);
}

static void on_model(const EdtModelInfo *info, gpointer user_data)
{
    Panel *panel = user_data;
    gboolean ready = info && edt_model_info_makes(info) != EDT_MAKES_LATENTS_ONLY;
    edt_ui_picker_set_model(panel->picker, info);
    edt_ui_styles_set_model(panel->styles, info);
    if (info)
        recommend_guidance(panel, info->cfg_scale);
    set_progress(panel, 0, ready ? _("Ready") : _("No model that makes pictures"));
    panel->events.ready(ready, panel->user_data);
}

static GtkWidget *new_left(Panel *panel)
{
    panel->left = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
    panel->picker = edt_ui_picker_new(panel->settings);
    panel->styles = edt_ui_styles_new(panel->settings);
    panel->knobs = edt_ui_knobs_new(panel->settings);
    panel->models = edt_ui_models_new(panel->settings, on_model, panel);
    gtk_box_pack_start(GTK_BOX(panel->left), panel->picker, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(panel->left), panel->styles, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(panel->left), panel->knobs, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(panel->left), panel->models, FALSE, FALSE, 0);
    gtk_widget_set_hexpand(panel->left, FALSE); /* the preview takes what is left */
    return panel->left;
}

static GtkWidget *new_right(Panel *panel)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    panel->preview = edt_ui_preview_new();
    panel->bar = gtk_progress_bar_new();
    gtk_progress_bar_set_show_text(GTK_PROGRESS_BAR(panel->bar), TRUE);
    gtk_progress_bar_set_ellipsize(GTK_PROGRESS_BAR(panel->bar), PANGO_ELLIPSIZE_END);
    gtk_box_pack_start(GTK_BOX(box), new_info(panel), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->preview, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->bar, FALSE, FALSE, 0);
    return box;
}

GtkWidget *edt_ui_panel_new(GObject *settings, const EdtPanelEvents *events, gpointer user_data)
{
    static const EdtStripEvents strip_events = {on_insert, on_restore};
    Panel *panel = g_new0(Panel, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkWidget *columns = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 18);
    *panel = (Panel){.self = box,
                     .settings = settings,
                     .events = *events,
                     .user_data = user_data,
                     .recommended = -1};
    panel->strip = edt_ui_strip_new(&strip_events, panel);
    gtk_box_pack_start(GTK_BOX(columns), new_left(panel), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(columns), new_right(panel), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), columns, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->strip, FALSE, FALSE, 0);
    g_object_set_data_full(G_OBJECT(box), "edt-panel", panel, g_free);
    g_signal_connect_object(settings, "notify::guidance", G_CALLBACK(on_guidance), box, 0);
    gtk_widget_show_all(box);
    set_progress(panel, 0, _("Ready"));
    return box;
}

void edt_ui_panel_start(GtkWidget *widget)
{
    edt_ui_models_start(panel_of(widget)->models);
}
