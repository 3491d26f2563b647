/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The panel puts the pieces together: start.c and picker.c on the left, styles.c, knobs.c, place.c
 * and models.c in the middle, preview.c, progress.c and strip.c on the right.  The settings scroll
 * where the window is low, so that the picture and the buttons always are in sight.
 */
#include "ui/panel.h"
#include "catalogue.h"
#include "record.h"
#include "history.h"
#include "session/labels.h"
#include "session/properties.h"
#include "session/words.h"
#include "settings.h"
#include "ui/knobs.h"
#include "ui/models.h"
#include "ui/picker.h"
#include "ui/place.h"
#include "ui/progress.h"
#include "ui/row.h"
#include "ui/start.h"
#include "ui/strip.h"
#include "ui/styles.h"

#include <glib/gi18n.h>

typedef struct {
    GObject *settings;
    EdtPanelEvents events;
    gpointer user_data;
    GtkWidget *self, *start, *picker, *styles, *knobs, *place, *models;
    GtkWidget *preview, *notice, *progress, *strip;
    double recommended;     /* guidance; -1: no model was there yet */
    gboolean model, chosen; /* it makes pictures; it is known of what */
} Panel;

static Panel *panel_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-panel");
}

/* ---- messages ---- */

void edt_ui_panel_say(GtkWidget *widget, GtkMessageType type, const char *text)
{
    edt_ui_notice_say(panel_of(widget)->notice, type, text);
}

void edt_ui_panel_ask(GtkWidget *widget, int step, int steps)
{
    g_autofree char *text =
        g_strdup_printf(_("Stopped after step %d of %d. Keep what is there?"), step, steps);
    edt_ui_notice_ask(panel_of(widget)->notice, text);
}

static void on_answered(EdtAnswer answer, gpointer user_data)
{
    Panel *panel = user_data;
    panel->events.answer(answer, panel->user_data);
}

static void on_focus_lost(gpointer user_data)
{
    edt_ui_picker_focus(((Panel *)user_data)->picker);
}

static void on_dropped(gpointer user_data)
{
    Panel *panel = user_data;
    panel->events.drop(panel->user_data);
}

/* ---- a run ---- */

/* "fox, seed 42" */
static EdtShown shown_of(const char *label, guint64 seed)
{
    char number[24];
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, seed);
    return (EdtShown){g_strdup_printf(_("%s, seed %s"), label, number), seed};
}

static void show_order(Panel *panel, const EdtOrder *order)
{
    int n = order->request.n_items;
    g_autofree EdtShown *shown = g_new(EdtShown, n);
    g_autofree char *all = g_strdup_printf(_("%s, %d pictures"), order->label, n);
    for (int i = 0; i < n; i++)
        shown[i] = shown_of(order->class_labels[i], order->items[i].seed);
    edt_ui_preview_begin(panel->preview, shown, n, all);
    for (int i = 0; i < n; i++)
        g_free(shown[i].caption);
}

void edt_ui_panel_begins(GtkWidget *widget, const EdtOrder *order)
{
    Panel *panel = panel_of(widget);
    show_order(panel, order);
    edt_ui_knobs_seed_used(panel->knobs, MIN((double)order->items[0].seed, EDT_SEED_MAX));
    edt_ui_progress_say(panel->progress, _("Starting"));
}

/* "Ready", and what there is to know of the last run. */
void edt_ui_panel_ends(GtkWidget *widget, int n_pictures, double seconds)
{
    g_autoptr(GString) text = g_string_new(_("Ready"));
    if (n_pictures > 0)
        g_string_append_printf(text,
                               ngettext(" · %d picture in %.1f seconds",
                                        " · %d pictures in %.1f seconds", (gulong)n_pictures),
                               n_pictures, seconds);
    edt_ui_progress_say(panel_of(widget)->progress, text->str);
}

void edt_ui_panel_set_waiting(GtkWidget *widget, int waiting)
{
    edt_ui_progress_set_waiting(panel_of(widget)->progress, waiting);
}

void edt_ui_panel_show_frame(GtkWidget *widget, const EdtFrame *frame)
{
    Panel *panel = panel_of(widget);
    edt_ui_progress_show(panel->progress, frame);
    edt_ui_preview_show(panel->preview, frame->tiles, frame->n_tiles);
}

void edt_ui_panel_made(GtkWidget *widget, const EdtOrder *order, int n)
{
    Panel *panel = panel_of(widget);
    for (int i = 0; i < n; i++) {
        edt_ui_picker_used(panel->picker, order->class_names[i]);
        edt_thumbnails_offer(edt_ui_picker_pictures(panel->picker), order->model_sha256,
                             order->items[i].class_index,
                             edt_ui_preview_picture(panel->preview, i));
    }
    edt_ui_knobs_seed_used(panel->knobs, MIN((double)order->items[n - 1].seed, EDT_SEED_MAX));
    edt_ui_strip_refresh(panel->strip);
}

/* ---- history ---- */

static void on_insert(const char *path, gpointer user_data)
{
    Panel *panel = user_data;
    panel->events.insert(path, panel->user_data);
}

static void show_file(Panel *panel, const char *path, const EdtRecord *record)
{
    g_autofree char *label = edt_label_of(record);
    EdtShown shown = shown_of(label, record->item.seed);
    edt_ui_preview_show_file(panel->preview, path, &shown);
    g_free(shown.caption);
}

static void add_sentence(GString *text, const char *sentence)
{
    g_string_append_printf(text, "%s%s", text->len ? "\n" : "", sentence);
}

/* What makes another picture of the same settings, and what has changed out of sight. */
static void warn_of_another(Panel *panel, gboolean found, const EdtRecord *record,
                            gboolean new_precision)
{
    int done = record->steps_done, steps = record->request.steps;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!found)
        add_sentence(text, _("The model of this picture is not on this machine; all other "
                             "settings were restored."));
    if (done > 0 && done < steps) {
        g_autofree char *stopped = g_strdup_printf(
            _("This picture was stopped after step %d of %d; all steps make another one."), done,
            steps);
        add_sentence(text, stopped);
    }
    GtkMessageType type = text->len ? GTK_MESSAGE_WARNING : GTK_MESSAGE_INFO;
    if (new_precision)
        add_sentence(text, _("Under More settings, the precision is now the one of this picture."));
    edt_ui_panel_say(panel->self, type, text->len ? text->str : NULL);
}

/* "" for any, and where this model has none. */
static char *style_word(const EdtModelInfo *info, int style)
{
    return info && style >= 0 && style < info->n_styles ? edt_style_word(info, style)
                                                        : g_strdup("");
}

/* The model first: class and style are named in its words. */
static void restore(Panel *panel, const char *path, const EdtRecord *record)
{
    gboolean found = edt_ui_models_choose(panel->models, record->model_sha256);
    const EdtModelInfo *info = edt_ui_models_info(panel->models);
    const char *precision = edt_precision_words[record->precision];
    g_autofree char *class = edt_class_word(info, record->item.class_index);
    g_autofree char *style = style_word(info, record->item.style), *before = NULL;
    g_object_get(panel->settings, "precision", &before, NULL);
    g_object_set(panel->settings, "class", class, "style", style, "count", 1, "seed",
                 (double)record->item.seed, "precision", precision, NULL);
    edt_properties_write(panel->settings, &record->request);
    warn_of_another(panel, found, record, g_strcmp0(before, precision) != 0);
    show_file(panel, path, record);
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
        restore(panel, path, record);
    else
        edt_ui_panel_say(panel->self, GTK_MESSAGE_ERROR, error->message);
}

static void on_seed_kept(guint64 seed, gpointer user_data)
{
    Panel *panel = user_data;
    g_autoptr(GError) error = NULL;
    if (takes_seed(seed, &error))
        g_object_set(panel->settings, "seed", (double)seed, NULL);
    else
        edt_ui_panel_say(panel->self, GTK_MESSAGE_ERROR, error->message);
}

/* At first, the last picture that was made. */
static void show_last(Panel *panel)
{
    g_auto(GStrv) paths = edt_history_list(1);
    g_autoptr(EdtRecord) record = paths[0] ? edt_png_record(paths[0], NULL) : NULL;
    if (record)
        show_file(panel, paths[0], record);
}

/* ---- settings ---- */

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

static void tell_ready(Panel *panel)
{
    panel->events.ready(panel->model && panel->chosen, panel->user_data);
}

static void on_chosen(gboolean chosen, gpointer user_data)
{
    Panel *panel = user_data;
    panel->chosen = chosen;
    tell_ready(panel);
}

static void on_model(const EdtModelInfo *info, gpointer user_data)
{
    Panel *panel = user_data;
    panel->model = info && edt_model_info_makes(info) != EDT_MAKES_LATENTS_ONLY;
    edt_ui_picker_set_model(panel->picker, info);
    edt_ui_styles_set_model(panel->styles, info);
    edt_ui_knobs_set_model(panel->knobs, info);
    if (info)
        recommend_guidance(panel, info->cfg_scale);
    edt_ui_progress_say(panel->progress,
                        panel->model ? _("Ready") : _("No model that makes pictures"));
    tell_ready(panel);
}

int edt_ui_panel_side(GtkWidget *widget)
{
    const EdtModelInfo *info = edt_ui_models_info(panel_of(widget)->models);
    return info ? info->image_size : 0;
}

void edt_ui_panel_tell_place(GtkWidget *widget, const char *size, const char *where,
                             GdkPixbuf *picture)
{
    edt_ui_place_tell(panel_of(widget)->place, size, where, picture);
}

void edt_ui_panel_allow_start(GtkWidget *widget, const char *layer, const char *selection)
{
    edt_ui_start_allow(panel_of(widget)->start, layer, selection);
}

void edt_ui_panel_set_checks(GtkWidget *widget, const EdtChecks *checks)
{
    edt_ui_preview_set_checks(panel_of(widget)->preview, checks);
}

void edt_ui_panel_add_more(GtkWidget *widget, GtkWidget *row)
{
    gtk_box_pack_end(GTK_BOX(edt_ui_knobs_more(panel_of(widget)->knobs)), row, FALSE, FALSE, 0);
}

/* ---- making ---- */

static GtkWidget *new_left(Panel *panel)
{
    GtkWidget *left = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    panel->start = edt_ui_start_new(panel->settings);
    panel->picker = edt_ui_picker_new(panel->settings, on_chosen, panel);
    gtk_box_pack_start(GTK_BOX(left), panel->start, FALSE, FALSE, 0);
    gtk_box_pack_end(GTK_BOX(left), panel->picker, TRUE, TRUE, 0);
    return left;
}

static GtkWidget *new_middle(Panel *panel)
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

static GtkWidget *new_right(Panel *panel)
{
    static const EdtStripEvents strip_events = {on_insert, on_restore};
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6), *overlay = gtk_overlay_new();
    panel->preview = edt_ui_preview_new(on_seed_kept, panel);
    panel->notice = edt_ui_notice_new(on_answered, on_focus_lost, panel);
    panel->progress = edt_ui_progress_new(on_dropped, panel);
    panel->strip = edt_ui_strip_new(&strip_events, panel);
    gtk_container_add(GTK_CONTAINER(overlay), panel->preview);
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), panel->notice);
    gtk_box_pack_start(GTK_BOX(box), overlay, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->progress, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), panel->strip, FALSE, FALSE, 0);
    return box;
}

GtkWidget *edt_ui_panel_new(GObject *settings, const EdtPanelEvents *events, gpointer user_data)
{
    Panel *panel = g_new0(Panel, 1);
    GtkWidget *columns = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    *panel = (Panel){.self = columns,
                     .settings = settings,
                     .events = *events,
                     .user_data = user_data,
                     .recommended = -1};
    gtk_box_pack_start(GTK_BOX(columns), new_left(panel), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(columns), new_middle(panel), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(columns), new_right(panel), TRUE, TRUE, 0);
    g_object_set_data_full(G_OBJECT(columns), "edt-panel", panel, g_free);
    g_signal_connect_object(settings, "notify::guidance", G_CALLBACK(on_guidance), columns, 0);
    gtk_widget_show_all(columns);
    edt_ui_progress_say(panel->progress, _("Ready"));
    return columns;
}

void edt_ui_panel_start(GtkWidget *widget, EdtStudio *studio, int threads)
{
    Panel *panel = panel_of(widget);
    edt_ui_models_start(panel->models);
    edt_thumbnails_make(edt_ui_picker_pictures(panel->picker), studio, threads);
    show_last(panel);
    edt_ui_picker_listen(panel->picker);
}
