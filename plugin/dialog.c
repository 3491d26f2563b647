/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialog between ui/panel.c (widgets, no images), session/job.c (the worker) and layer.c
 * (images, no widgets).  Generate does not close it: the response is taken before
 * gimp_procedure_dialog_run() sees it.  One order runs, others wait behind it; what and where is
 * settled when the button is pressed, so settings may change meanwhile.  Cancel and Escape hold the
 * running one and ask; closing the window gives all of them up.  Next: choosing.c, drafts.
 */
#include "plugin/dialog.h"
#include "plugin/answer.h"
#include "plugin/colours.h"
#include "plugin/colours_row.h"
#include "plugin/dialog_state.h"
#include "plugin/frames.h"
#include "plugin/last.h"
#include "plugin/process.h"
#include "plugin/seeing.h"
#include "plugin/start.h"
#include "plugin/window.h"
#include "session/drafts.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>
#include <string.h>

static EdtRun *running(const EdtDialog *self)
{
    return g_queue_peek_head((GQueue *)&self->runs);
}

/* ---- buttons ---- */

static void set_label(EdtDialog *self, int response, const char *label)
{
    GtkWidget *button = gtk_dialog_get_widget_for_response(GTK_DIALOG(self->dialog), response);
    gtk_button_set_label(GTK_BUTTON(button), label);
}

/* Pictures of one order, and whether they are inserted without being chosen. */
static int count_of(const EdtDialog *self, gboolean *at_once)
{
    int count;
    g_object_get(self->config, "count", &count, "at-once", at_once, NULL);
    return count;
}

static void label_generate(EdtDialog *self)
{
    gboolean at_once;
    int n = edt_drafts_count(count_of(self, &at_once));
    g_autofree char *drafts =
        g_strdup_printf(ngettext("_Generate %d draft", "_Generate %d drafts", (gulong)n), n);
    set_label(self, GTK_RESPONSE_OK,
              !at_once      ? drafts
              : self->again ? _("_Generate again")
                            : _("_Generate"));
}

static void update_buttons(EdtDialog *self)
{
    gtk_dialog_set_response_sensitive(GTK_DIALOG(self->dialog), GTK_RESPONSE_OK, self->ready);
    label_generate(self);
    set_label(self, GTK_RESPONSE_CANCEL, running(self) ? _("_Cancel") : _("_Close"));
    edt_ui_panel_set_waiting(self->panel, MAX((int)self->runs.length - 1, 0));
}

void edt_dialog_say(EdtDialog *self, const GError *error)
{
    edt_ui_panel_say(self->panel, GTK_MESSAGE_ERROR, error->message);
}

/* ---- where ---- */

static void tell_place(gpointer user_data)
{
    EdtDialog *self = user_data;
    EdtPlace place;
    if (!edt_receiver_place(&self->receiver, &place, NULL))
        return; /* it is asked again in a moment */
    edt_ui_panel_allow_start(self->panel, edt_start_obstacle(EDT_FROM_LAYER, place.image),
                             edt_start_obstacle(EDT_FROM_SELECTION, place.image));
    edt_seeing_look(self, &place);
    EdtFrom from = edt_start_from(self->config);
    edt_start_foretell(from, self->config, &place);
    gboolean at_once;
    int n = count_of(self, &at_once);
    edt_telling_update(self->telling, &place, edt_ui_panel_side(self->panel), at_once ? n : 1);
    EdtRun *run = running(self); /* drafts come into their sheet */
    edt_telling_show_around(self->telling, &place, from == EDT_FROM_SELECTION,
                            !run || run->order->draft);
}

/* ---- a job ---- */

static void say_outcome(EdtDialog *self, const EdtRun *run, GimpImage *image, const GError *refused)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    g_autoptr(GError) sum = edt_answer_sum_up(outcome, refused);
    g_autofree char *more = sum ? NULL : edt_run_remark(run, image, self->last_print);
    if (sum)
        edt_ui_panel_say(self->panel,
                         outcome->error || refused ? GTK_MESSAGE_ERROR : GTK_MESSAGE_WARNING,
                         sum->message);
    else if (more)
        edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, more);
}

static void insert(EdtDialog *self, EdtRun *run)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    g_autoptr(GError) refused = NULL;
    GimpLayer **layers = NULL;
    EdtPlace place;
    GimpImage *image = edt_receiver_place_of(&self->receiver, run, &place, &refused)
                           ? edt_layer_insert_outcome(&place, outcome, &layers, &refused)
                           : NULL;
    edt_receiver_take(&self->receiver, image, layers);
    self->again |= image != NULL;
    say_outcome(self, run, image, refused);
    g_free(self->last_print);
    self->last_print = g_strdup(run->print);
}

static void on_frame(EdtJob *job, const EdtFrame *frame, gpointer user_data)
{
    EdtDialog *self = user_data;
    edt_ui_panel_show_frame(self->panel, frame);
    if (!frame->held || !self->asked)
        return;
    if (frame->step < 1 && frame->first_item < 1) { /* nothing to keep */
        edt_job_stop(job, FALSE);
        return;
    }
    self->asked = FALSE;
    int step = frame->step > 0 ? frame->step : frame->steps; /* all of the batch before */
    edt_ui_panel_ask(self->panel, step, frame->steps);
}

static void begin(EdtDialog *self)
{
    EdtRun *run = running(self);
    self->asked = FALSE;
    if (!run || run->since) /* what followed from the last one has begun by itself */
        return;
    run->since = g_get_monotonic_time();
    if (!edt_frames_measures(run))
        edt_ui_panel_begins(self->panel, run->order);
}

/* Its pictures become layers, or the drafts to choose from; the rest of the run goes. */
static void finish(EdtDialog *self, EdtRun *run)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    gboolean cancelled = g_error_matches(outcome->error, EDT_ERROR, EDT_ERROR_CANCELLED);
    gboolean measures = edt_frames_measures(run);
    int n = outcome->pictures ? outcome->pictures->n_pictures : 0;
    edt_ui_panel_ends(self->panel, cancelled ? 0 : n,
                      (double)(g_get_monotonic_time() - run->since) / G_USEC_PER_SEC);
    if (run->frames)
        edt_frames_take(self, run);
    else if (n && !outcome->error && run->order->draft)
        edt_choosing_take(self, run);
    else if (n && !cancelled && !run->order->draft)
        insert(self, run);
    else if (!cancelled)
        edt_dialog_say(self, outcome->error);
    if (!n && !run->order->draft)
        edt_telling_forget_around(self->telling);
    if (outcome->error)
        edt_choosing_show(self);
    if (n && !measures) /* also discarded ones are in the history */
        edt_ui_panel_made(self->panel, outcome);
    if (run->frames && !measures && !outcome->error && n == run->order->request.n_items)
        edt_frames_play(self, run);
    if (n && !run->order->draft) {
        edt_run_free(self->made);
        self->made = run;
    } else if (run != g_queue_peek_head(&self->sheets)) {
        edt_run_free(run);
    }
}

static void on_done(EdtJob *job, gpointer user_data)
{
    EdtDialog *self = user_data;
    finish(self, g_queue_pop_head(&self->runs));
    begin(self);
    update_buttons(self);
    tell_place(self);
}

void edt_dialog_start(EdtDialog *self, EdtOrder *order, EdtRun *run)
{
    static const EdtJobWatch watch = {on_frame, on_done};
    run->job = edt_studio_start(edt_process_studio(), order, &watch, self);
    g_queue_push_tail(&self->runs, run);
    update_buttons(self);
    edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, NULL); /* whoever orders has read it */
    if (run == running(self))
        begin(self);
}

static EdtOrder *new_order(EdtDialog *self, GError **error)
{
    gboolean at_once;
    count_of(self, &at_once);
    return (at_once ? edt_order_new : edt_order_drafts)(G_OBJECT(self->config),
                                                        edt_process_threads(), error);
}

gboolean edt_dialog_shows_model(const EdtDialog *self, const EdtOrder *order, GError **error)
{
    return edt_ui_panel_shows_model(self->panel, order->model_sha256) ||
           edt_order_is_of(order, NULL, error); /* the panel shows another one now */
}

static void generate(EdtDialog *self)
{
    g_autoptr(GError) error = NULL;
    EdtOrder *order = NULL;
    EdtPlace place;
    EdtFrom from = edt_start_from(self->config);
    gboolean placed = edt_receiver_place(&self->receiver, &place, &error);
    g_autofree GimpDrawable **selected =
        place.image ? gimp_image_get_selected_drawables(place.image) : NULL;
    if (placed && edt_colours_take(&place, self->config, &error))
        order = new_order(self, &error);
    if (order && !edt_dialog_shows_model(self, order, &error))
        g_clear_pointer(&order, edt_order_free);
    if (!order || !edt_start_take(from, self->config, selected, order, &place, &error)) {
        edt_dialog_say(self, error);
        edt_order_free(order);
        edt_layer_place_clear(&place);
        return;
    }
    edt_last_values_save(self->config); /* whatever happens from here on */
    edt_seeing_show(self, order);
    EdtRun *run = edt_run_new(order, &place, from);
    run->print = order->draft ? NULL : edt_run_print(self->config, from, &place);
    edt_dialog_start(self, order, run);
}

static void ask(EdtDialog *self)
{
    self->asked = TRUE;
    edt_job_hold(running(self)->job);
}

/* ---- what the panel tells ---- */

static void on_ready(gboolean ready, gpointer user_data)
{
    EdtDialog *self = user_data;
    if (ready != self->ready)
        edt_seeing_forget(self);
    self->ready = ready;
    update_buttons(self);
    if (self->telling)
        tell_place(self);
}

static void on_insert(const char *path, gpointer user_data)
{
    EdtDialog *self = user_data;
    g_autoptr(GError) error = NULL;
    GimpLayer **layers = NULL;
    EdtPlace place;
    GimpImage *image = edt_receiver_place(&self->receiver, &place, &error) &&
                               edt_colours_take(&place, self->config, &error)
                           ? edt_layer_insert_file(&place, path, &layers, &error)
                           : NULL;
    edt_receiver_take(&self->receiver, image, layers);
    if (!image)
        edt_dialog_say(self, error);
}

static void on_answer(EdtAnswer answer, gpointer user_data)
{
    EdtDialog *self = user_data;
    EdtRun *run = running(self);
    if (!run)
        return;
    if (answer == EDT_ANSWER_RESUME)
        edt_job_resume(run->job);
    else
        edt_job_stop(run->job, answer == EDT_ANSWER_KEEP);
}

static void on_drop(gpointer user_data)
{
    EdtDialog *self = user_data;
    while (self->runs.length > 1)
        edt_run_free(g_queue_pop_tail(&self->runs));
    update_buttons(self);
}

static void on_frames(gpointer user_data)
{
    edt_frames_ask(user_data);
}

/* ---- the window ---- */

/* Before GIMP's own handler, which would end the dialog. */
static void on_response(GtkDialog *dialog, int response, EdtDialog *self)
{
    gboolean ours =
        response == GTK_RESPONSE_OK || (response == GTK_RESPONSE_CANCEL && running(self));
    if (!ours)
        return;
    g_signal_stop_emission_by_name(dialog, "response");
    if (response == GTK_RESPONSE_OK)
        generate(self);
    else
        ask(self);
}

/* Escape. */
static void on_close(GtkDialog *dialog, EdtDialog *self)
{
    if (!running(self))
        return;
    g_signal_stop_emission_by_name(dialog, "close");
    ask(self);
}

/* Somebody may have painted. */
static gboolean on_turned_to(GtkWidget *dialog, GdkEventFocus *event, EdtDialog *self)
{
    if (self->seen) {
        edt_seeing_forget(self);
        tell_place(self);
    }
    return GDK_EVENT_PROPAGATE;
}

static void on_place(GObject *config, GParamSpec *property, EdtDialog *self)
{
    label_generate(self);
    tell_place(self);
}

static GtkWidget *new_dialog(EdtDialog *self, GimpProcedure *procedure)
{
    const EdtPanelEvents events = {
        on_ready,           on_insert,         on_answer,           on_drop,
        edt_choosing_again, edt_choosing_vary, edt_choosing_events, on_frames};
    static const char *const placing[] = {"fit",     "start", "into",    "margin",  "feather",
                                          "arrange", "count", "at-once", "context", "paper"};
    GtkWidget *dialog = gimp_procedure_dialog_new(procedure, self->config, _("Generate with EDT"));
    GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    self->dialog = dialog;
    self->panel = edt_ui_panel_new(G_OBJECT(self->config), &events, self);
    gtk_box_pack_start(GTK_BOX(box), self->panel, TRUE, TRUE, 0);
    edt_window_dress(dialog, self->panel);
    edt_ui_panel_add_more(self->panel, edt_colours_row(G_OBJECT(self->config)));
    g_signal_connect(dialog, "response", G_CALLBACK(on_response), self);
    g_signal_connect(dialog, "close", G_CALLBACK(on_close), self);
    for (gsize i = 0; i < G_N_ELEMENTS(placing); i++) {
        g_autofree char *signal = g_strconcat("notify::", placing[i], NULL);
        g_signal_connect(self->config, signal, G_CALLBACK(on_place), self);
    }
    g_signal_connect(dialog, "focus-in-event", G_CALLBACK(on_turned_to), self);
    self->telling = edt_telling_new(self->panel, tell_place, self);
    update_buttons(self);
    return dialog;
}

/* What lasts only as long as the dialog. */
static void clear(EdtDialog *self)
{
    g_signal_handlers_disconnect_by_data(self->config, self);
    g_clear_pointer(&self->telling, edt_telling_free); /* widgets that go may still tell */
    edt_frames_forget(self);
    edt_seeing_end(self);
    g_queue_clear_full(&self->runs, edt_run_free);
    g_queue_clear_full(&self->sheets, edt_run_free);
    edt_run_free(self->made);
    edt_last_values_save(self->config);
    gtk_widget_destroy(self->dialog);
}

GimpValueArray *edt_dialog_run(GimpProcedure *procedure, GimpImage *image,
                               GimpProcedureConfig *config, const EdtDialogStart *start)
{
    EdtDialog self = {.config = config,
                      .receiver = {config, image, GIMP_ITEM(start->over), g_ptr_array_new()}};
    gimp_ui_init(PRGNAME);
    g_object_set(config, "start", edt_from_choices.words[start->from], NULL);
    new_dialog(&self, procedure);
    edt_ui_panel_start(self.panel, edt_process_studio(), edt_process_threads());
    if (start->record)
        edt_ui_panel_restore(self.panel, start->record, start->picture);
    gimp_procedure_dialog_run(GIMP_PROCEDURE_DIALOG(self.dialog));
    clear(&self);
    GimpValueArray *values = edt_receiver_answer(&self.receiver, procedure);
    g_ptr_array_unref(self.receiver.layers);
    g_free(self.last_print);
    return values;
}
