/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The panel puts the pieces together: start.c and picker.c on the left, styles.c, knobs.c, place.c
 * and models.c in the middle, stage.c, progress.c and strip.c on the right.  The settings scroll
 * where the window is low, so that the picture and the buttons always are in sight.  Next:
 * panel_earlier.c, what is done with earlier pictures.
 */
#include "ui/panel_state.h"
#include "catalogue.h"
#include "session/properties.h"
#include "session/words.h"
#include "ui/knobs.h"
#include "ui/mix.h"
#include "ui/models.h"
#include "ui/picker.h"
#include "ui/place.h"
#include "ui/progress.h"
#include "ui/row.h"
#include "ui/stage.h"
#include "ui/start.h"
#include "ui/strip.h"
#include "ui/styles.h"

#include <glib/gi18n.h>

static void panel_free(gpointer data)
{
    EdtPanel *panel = data;
    for (gsize i = 0; i < G_N_ELEMENTS(panel->lacks); i++)
        g_free(panel->lacks[i]);
    g_free(panel);
}

EdtPanel *edt_panel_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-panel");
}

/* ---- messages ---- */

void edt_ui_panel_say(GtkWidget *widget, GtkMessageType type, const char *text)
{
    edt_ui_notice_say(edt_ui_stage_notice(edt_panel_of(widget)->stage), type, text);
}

void edt_ui_panel_ask(GtkWidget *widget, int step, int steps)
{
    g_autofree char *text =
        g_strdup_printf(_("Stopped after step %d of %d. Keep what is there?"), step, steps);
    edt_ui_notice_ask(edt_ui_stage_notice(edt_panel_of(widget)->stage), text);
}

static void on_answered(EdtAnswer answer, gpointer user_data)
{
    EdtPanel *panel = user_data;
    panel->events.answer(answer, panel->user_data);
}

static void on_focus_lost(gpointer user_data)
{
    edt_ui_picker_focus(((EdtPanel *)user_data)->picker);
}

static void on_dropped(gpointer user_data)
{
    EdtPanel *panel = user_data;
    panel->events.drop(panel->user_data);
}

/* ---- a run ---- */

void edt_ui_panel_begins(GtkWidget *widget, const EdtOrder *order)
{
    EdtPanel *panel = edt_panel_of(widget);
    edt_ui_stage_begins(panel->stage, order);
    edt_ui_knobs_seed_used(panel->knobs, MIN((double)order->items[0].seed, EDT_SEED_MAX));
    edt_ui_progress_say(panel->progress, _("Starting"));
}

/* "Ready", and what there is to know of the last run. */
void edt_ui_panel_ends(GtkWidget *widget, int n_pictures, double seconds)
{
    g_autoptr(GString) text = g_string_new(_("Ready"));
    edt_ui_notice_end(edt_ui_stage_notice(edt_panel_of(widget)->stage));
    if (n_pictures > 0)
        g_string_append_printf(text,
                               ngettext(" · %d picture in %.1f seconds",
                                        " · %d pictures in %.1f seconds", (gulong)n_pictures),
                               n_pictures, seconds);
    edt_ui_progress_rest(edt_panel_of(widget)->progress, text->str);
    edt_ui_stage_ends(edt_panel_of(widget)->stage);
}

void edt_ui_panel_choose(GtkWidget *widget, const EdtOutcome *drafts, gboolean back)
{
    edt_ui_stage_choose(edt_panel_of(widget)->stage, drafts, back);
}

void edt_ui_panel_favour(GtkWidget *widget, const char *class_name)
{
    edt_ui_picker_favour(edt_panel_of(widget)->picker, class_name);
}

void edt_ui_panel_set_waiting(GtkWidget *widget, int waiting)
{
    edt_ui_progress_set_waiting(edt_panel_of(widget)->progress, waiting);
}

void edt_ui_panel_show_frame(GtkWidget *widget, const EdtFrame *frame)
{
    EdtPanel *panel = edt_panel_of(widget);
    edt_ui_progress_show(panel->progress, frame);
    edt_ui_stage_show_frame(panel->stage, frame);
}

/* The picture of its class, where there is none yet. */
static void offer(EdtPanel *panel, const EdtOrder *order, int i, const EdtPicture *made)
{
    g_autoptr(GdkPixbuf) picture = edt_ui_picture_pixbuf(made);
    edt_thumbnails_offer(edt_ui_picker_pictures(panel->picker), order->model_sha256,
                         order->items[i].class_index, picture);
}

/* It is finished, and of its class alone. */
static gboolean shows_class(const EdtOrder *order, int i, const EdtPicture *made)
{
    const EdtItem *item = &order->items[i];
    return !order->draft && !item->mix.n && !item->variation.n && !item->source && !item->mask &&
           made->steps_done >= order->request.steps;
}

void edt_ui_panel_made(GtkWidget *widget, const EdtOutcome *outcome)
{
    EdtPanel *panel = edt_panel_of(widget);
    const EdtOrder *order = outcome->order;
    int n = outcome->pictures->n_pictures;
    edt_ui_stage_made(panel->stage, outcome);
    edt_ui_picker_used(panel->picker, (const char *const *)order->class_names, n);
    for (int i = 0; i < n; i++)
        if (shows_class(order, i, &outcome->pictures->pictures[i]))
            offer(panel, order, i, &outcome->pictures->pictures[i]);
    edt_ui_knobs_seed_used(panel->knobs, MIN((double)order->items[n - 1].seed, EDT_SEED_MAX));
    edt_ui_strip_refresh(panel->strip);
}

void edt_ui_panel_play(GtkWidget *widget, guint milliseconds, gboolean back)
{
    edt_ui_stage_play(edt_panel_of(widget)->stage, milliseconds, back);
}

/* ---- what is shown ---- */

static void on_again(const char *record, gpointer user_data)
{
    EdtPanel *panel = user_data;
    panel->events.again(record, panel->user_data);
}

static void on_vary(const char *record, gpointer user_data)
{
    EdtPanel *panel = user_data;
    panel->events.vary(record, edt_ui_stage_amount(panel->stage), panel->user_data);
}

static void on_back(gpointer user_data)
{
    edt_ui_stage_back(((EdtPanel *)user_data)->stage);
}

static void on_favour(const char *class_name, gpointer user_data)
{
    edt_ui_picker_favour(((EdtPanel *)user_data)->picker, class_name);
}

/* ---- settings ---- */

/* A guidance that nobody chose follows the model.  Settings that are new, or reset, have -1. */
static void on_guidance(GObject *settings, GParamSpec *spec, GtkWidget *widget)
{
    double guidance, recommended = edt_panel_of(widget)->recommended;
    g_object_get(settings, "guidance", &guidance, NULL);
    if (guidance < 0 && recommended >= 0)
        g_object_set(settings, "guidance", recommended, NULL);
}

/* What no widget shows is not left of an earlier picture when another one is meant. */
static void on_another(GObject *settings, GParamSpec *spec, GtkWidget *widget)
{
    edt_properties_end_variation(settings);
}

static void recommend_guidance(EdtPanel *panel, double scale)
{
    double guidance;
    g_object_get(panel->settings, "guidance", &guidance, NULL);
    gboolean follows = guidance == panel->recommended;
    panel->recommended = scale;
    if (follows)
        g_object_set(panel->settings, "guidance", scale, NULL);
}

static void tell_ready(EdtPanel *panel)
{
    const char *missing = panel->lacks[0] ? panel->lacks[0] : panel->lacks[1];
    edt_ui_progress_lack(panel->progress,
                         panel->model ? missing : _("No model that makes pictures"));
    panel->events.ready(panel->model && !missing, panel->user_data);
}

static void on_chosen(const char *missing, gpointer user_data)
{
    EdtPanel *panel = user_data;
    edt_ui_stage_refresh(panel->stage); /* the picker's star was pressed, for all that is known */
    g_set_str(&panel->lacks[0], missing);
    tell_ready(panel);
}

static void on_second(const char *missing, gpointer user_data)
{
    EdtPanel *panel = user_data;
    edt_ui_stage_refresh(panel->stage); /* it has a star, too */
    g_set_str(&panel->lacks[1], missing);
    tell_ready(panel);
}

static void on_frames(gpointer user_data)
{
    EdtPanel *panel = user_data;
    panel->events.frames(panel->user_data);
}

static void on_model(const EdtModelInfo *info, gpointer user_data)
{
    EdtPanel *panel = user_data;
    panel->model = info && edt_model_info_makes(info) != EDT_MAKES_LATENTS_ONLY;
    edt_ui_start_set_model(panel->start, info);
    edt_ui_picker_set_model(panel->picker, info);
    edt_ui_mix_set_model(panel->mix, info);
    edt_ui_styles_set_model(panel->styles, info, edt_ui_models_by_hand(panel->models));
    edt_ui_knobs_set_model(panel->knobs, info);
    if (info)
        recommend_guidance(panel, info->cfg_scale);
}

int edt_ui_panel_side(GtkWidget *widget)
{
    const EdtModelInfo *info = edt_ui_models_info(edt_panel_of(widget)->models);
    return info ? info->image_size : 0;
}

gboolean edt_ui_panel_shows_model(GtkWidget *widget, const char *sha256)
{
    GtkWidget *models = edt_panel_of(widget)->models;
    const EdtModelInfo *info = edt_ui_models_info(models);
    if (info && g_strcmp0(info->sha256, sha256) == 0)
        return TRUE;
    edt_ui_models_start(models);
    return FALSE;
}

void edt_ui_panel_tell_place(GtkWidget *widget, const char *size, const char *where,
                             GdkPixbuf *picture)
{
    edt_ui_place_tell(edt_panel_of(widget)->place, size, where, picture);
}

void edt_ui_panel_show_seen(GtkWidget *widget, const EdtTile *seen)
{
    g_autoptr(GdkPixbuf) picture = seen ? edt_ui_tile_pixbuf(seen) : NULL;
    edt_ui_stage_show_seen(edt_panel_of(widget)->stage, picture);
}

void edt_ui_panel_show_place(GtkWidget *widget, GPtrArray *pictures)
{
    edt_ui_stage_show_place(edt_panel_of(widget)->stage, pictures);
}

void edt_ui_panel_allow_start(GtkWidget *widget, const char *layer, const char *selection)
{
    edt_ui_start_allow(edt_panel_of(widget)->start, layer, selection);
}

void edt_ui_panel_set_checks(GtkWidget *widget, const EdtChecks *checks)
{
    edt_ui_stage_set_checks(edt_panel_of(widget)->stage, checks);
}

void edt_ui_panel_add_more(GtkWidget *widget, GtkWidget *row)
{
    gtk_box_pack_end(GTK_BOX(edt_ui_knobs_more(edt_panel_of(widget)->knobs)), row, FALSE, FALSE, 0);
}

/* ---- making ---- */

static GtkWidget *new_left(EdtPanel *panel)
{
    GtkWidget *left = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    panel->start = edt_ui_start_new(panel->settings);
    panel->picker = edt_ui_picker_new(panel->settings, &edt_picker_class, NULL, on_chosen, panel);
    gtk_box_pack_start(GTK_BOX(left), panel->start, FALSE, FALSE, 0);
    panel->mix = edt_ui_mix_new(panel->settings, edt_ui_picker_pictures(panel->picker), on_second,
                                on_frames, panel);
    gtk_box_pack_start(GTK_BOX(left), panel->picker, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(left), panel->mix, FALSE, FALSE, 0);
    return left;
}

static GtkWidget *new_middle(EdtPanel *panel)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *scroller = gtk_scrolled_window_new(NULL, NULL);
    panel->styles = edt_ui_styles_new(panel->settings);
    panel->knobs = edt_ui_knobs_new(panel->settings);
    panel->place = edt_ui_place_new(panel->settings);
    panel->models = edt_ui_models_new(panel->settings, on_model, panel);
    edt_ui_start_add_details(panel->start, GTK_BOX(box));
    gtk_box_pack_start(GTK_BOX(box), panel->styles, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->knobs, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->place, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->models, FALSE, FALSE, 0);
    edt_ui_rows_align(box);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_overlay_scrolling(GTK_SCROLLED_WINDOW(scroller), FALSE);
    gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scroller), TRUE);
    gtk_container_add(GTK_CONTAINER(scroller), box);
    gtk_widget_set_hexpand(scroller, FALSE); /* the preview takes what is left */
    return scroller;
}

static GtkWidget *new_right(EdtPanel *panel)
{
    static const EdtStageEvents stage_events = {
        {edt_panel_keep_seed, on_again, on_vary, on_favour, on_back}, on_answered, on_focus_lost};
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    panel->stage = edt_ui_stage_new(panel->settings, &stage_events, panel,
                                    &panel->events.candidates, panel->user_data);
    panel->progress = edt_ui_progress_new(on_dropped, panel);
    panel->strip = edt_panel_new_strip(panel);
    gtk_box_pack_start(GTK_BOX(box), panel->stage, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->progress, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->strip, FALSE, FALSE, 0);
    return box;
}

GtkWidget *edt_ui_panel_new(GObject *settings, const EdtPanelEvents *events, gpointer user_data)
{
    EdtPanel *panel = g_new0(EdtPanel, 1);
    GtkWidget *columns = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    edt_properties_forget_unseen(settings);
    *panel = (EdtPanel){.self = columns,
                        .settings = settings,
                        .events = *events,
                        .user_data = user_data,
                        .recommended = -1};
    gtk_box_pack_start(GTK_BOX(columns), new_left(panel), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(columns), new_middle(panel), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(columns), new_right(panel), TRUE, TRUE, 0);
    g_object_set_data_full(G_OBJECT(columns), "edt-panel", panel, panel_free);
    g_signal_connect_object(settings, "notify::guidance", G_CALLBACK(on_guidance), columns, 0);
    g_signal_connect_object(settings, "notify::class", G_CALLBACK(on_another), columns, 0);
    g_signal_connect_object(settings, "notify::seed", G_CALLBACK(on_another), columns, 0);
    gtk_widget_show_all(columns);
    edt_ui_progress_rest(panel->progress, _("Ready"));
    return columns;
}

void edt_ui_panel_start(GtkWidget *widget, EdtStudio *studio, int threads)
{
    EdtPanel *panel = edt_panel_of(widget);
    edt_panel_show_last(panel); /* first: where the next one will come may be told at once */
    edt_ui_models_start(panel->models);
    edt_thumbnails_make(edt_ui_picker_pictures(panel->picker), studio, threads);
    edt_ui_mix_listen(panel->mix);
    edt_ui_picker_listen(panel->picker);
}
