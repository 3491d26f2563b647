/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialog between ui/panel.c (widgets, no images), session/job.c (the worker) and layer.c
 * (images, no widgets).  Generate does not close it: the response is taken before
 * gimp_procedure_dialog_run() sees it.  One order runs, others wait behind it; what and where is
 * settled when the button is pressed, so settings may change meanwhile.  Cancel and Escape hold the
 * running one and ask; closing the window gives all of them up.
 */
#include "plugin/dialog.h"
#include "plugin/answer.h"
#include "plugin/last.h"
#include "plugin/layer.h"
#include "plugin/place.h"
#include "plugin/process.h"
#include "plugin/start.h"
#include "plugin/window.h"
#include "ui/panel.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>
#include <string.h>

/* One press of the button. */
typedef struct {
    EdtJob *job;
    const EdtOrder *order; /* the job's */
    EdtPlace place;
    char *image_name; /* NULL: there was none */
    char *print;      /* of what was asked for, to know it again; NULL: it will not come again */
    gint64 since;
} Run;

typedef struct {
    GimpProcedureConfig *config;
    GimpImage *image; /* NULL: none yet */
    GtkWidget *dialog, *panel;
    GQueue runs; /* the first one runs, the others wait */
    gboolean ready, asked, again;
    char *last_print;
    GPtrArray *layers; /* of all generations, and earlier pictures */
    EdtTelling *telling;
} Dialog;

static void run_free(gpointer data)
{
    Run *run = data;
    edt_job_close(run->job);
    edt_layer_place_clear(&run->place);
    g_free(run->image_name);
    g_free(run->print);
    g_free(run);
}

static Run *running(const Dialog *self)
{
    return g_queue_peek_head((GQueue *)&self->runs);
}

/* ---- buttons ---- */

static void set_label(Dialog *self, int response, const char *label)
{
    GtkWidget *button = gtk_dialog_get_widget_for_response(GTK_DIALOG(self->dialog), response);
    gtk_button_set_label(GTK_BUTTON(button), label);
}

static void update_buttons(Dialog *self)
{
    gtk_dialog_set_response_sensitive(GTK_DIALOG(self->dialog), GTK_RESPONSE_OK, self->ready);
    set_label(self, GTK_RESPONSE_OK, self->again ? _("_Generate again") : _("_Generate"));
    set_label(self, GTK_RESPONSE_CANCEL, running(self) ? _("_Cancel") : _("_Close"));
    edt_ui_panel_set_waiting(self->panel, MAX((int)self->runs.length - 1, 0));
}

static void say_error(Dialog *self, const GError *error)
{
    edt_ui_panel_say(self->panel, GTK_MESSAGE_ERROR, error->message);
}

/* ---- where ---- */

static GimpImage *image_now(Dialog *self)
{
    if (self->image && !gimp_image_is_valid(self->image))
        self->image = NULL; /* closed meanwhile: a new image is made */
    return self->image;
}

static EdtPlace place_now(Dialog *self)
{
    return edt_layer_place(image_now(self), edt_layer_fit(self->config), TRUE);
}

/* Where it was asked for; in the image that has been made or chosen since, where there was none. */
static EdtPlace place_of(Dialog *self, const Run *run)
{
    if (run->place.image && gimp_image_is_valid(run->place.image))
        return run->place;
    return edt_layer_place(image_now(self), run->place.fit, TRUE);
}

static void tell_place(gpointer user_data)
{
    Dialog *self = user_data;
    EdtPlace place = place_now(self);
    edt_ui_panel_allow_start(self->panel, edt_start_obstacle(EDT_FROM_LAYER, place.image),
                             edt_start_obstacle(EDT_FROM_SELECTION, place.image));
    edt_start_foretell(edt_start_from(self->config), self->config, &place);
    edt_telling_update(self->telling, &place, edt_ui_panel_side(self->panel));
}

/* ---- a job ---- */

/* What has come into an image (NULL: nothing); takes layers. */
static void note_layers(Dialog *self, GimpImage *image, GimpLayer **layers)
{
    if (image)
        self->image = image;
    for (int i = 0; layers && layers[i]; i++)
        g_ptr_array_add(self->layers, layers[i]);
    g_free(layers);
}

/* What somebody may wonder about, though all went well; NULL: nothing. */
static char *remark(Dialog *self, const Run *run, GimpImage *image)
{
    gboolean same = run->print && g_strcmp0(run->print, self->last_print) == 0;
    if (run->image_name && image != run->place.image)
        return g_strdup_printf(
            _("“%s” was closed meanwhile, so the picture is in an image of its own."),
            run->image_name);
    return same ? g_strdup(_("This is the same picture once more: neither the seed nor any other "
                             "setting has changed."))
                : NULL;
}

static void say_outcome(Dialog *self, const Run *run, GimpImage *image, const GError *refused)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    g_autoptr(GError) sum = edt_answer_sum_up(outcome, refused);
    g_autofree char *more = sum ? NULL : remark(self, run, image);
    if (sum)
        edt_ui_panel_say(self->panel,
                         outcome->error || refused ? GTK_MESSAGE_ERROR : GTK_MESSAGE_WARNING,
                         sum->message);
    else if (more)
        edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, more);
}

static void insert(Dialog *self, Run *run)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    g_autoptr(GError) refused = NULL;
    GimpLayer **layers = NULL;
    EdtPlace place = place_of(self, run);
    GimpImage *image = edt_layer_insert_outcome(&place, outcome, &layers, &refused);
    note_layers(self, image, layers);
    self->again |= image != NULL;
    say_outcome(self, run, image, refused);
    g_free(self->last_print);
    self->last_print = g_strdup(run->print);
}

static void on_frame(EdtJob *job, const EdtFrame *frame, gpointer user_data)
{
    Dialog *self = user_data;
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

static void begin(Dialog *self)
{
    Run *run = running(self);
    self->asked = FALSE;
    if (!run)
        return;
    run->since = g_get_monotonic_time();
    edt_ui_panel_begins(self->panel, run->order);
}

static void finish(Dialog *self, Run *run)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    gboolean cancelled = g_error_matches(outcome->error, EDT_ERROR, EDT_ERROR_CANCELLED);
    int n = outcome->pictures ? outcome->pictures->n_pictures : 0;
    edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, NULL);
    edt_ui_panel_ends(self->panel, cancelled ? 0 : n,
                      (double)(g_get_monotonic_time() - run->since) / G_USEC_PER_SEC);
    if (n && !cancelled)
        insert(self, run);
    else if (!cancelled)
        say_error(self, outcome->error);
    if (n) /* also discarded ones are in the history */
        edt_ui_panel_made(self->panel, run->order, n);
}

static void on_done(EdtJob *job, gpointer user_data)
{
    Dialog *self = user_data;
    Run *run = g_queue_pop_head(&self->runs);
    finish(self, run);
    begin(self);
    update_buttons(self);
    tell_place(self);
    run_free(run);
}

/* Settings that always make the same picture in the same place, as text. */
static char *print_of(Dialog *self, const EdtPlace *place)
{
    double seed;
    g_autofree char *class = NULL;
    g_object_get(self->config, "seed", &seed, "class", &class, NULL);
    if (seed < 0 || !class || !*class || edt_start_from(self->config) != EDT_FROM_NOTHING)
        return NULL;
    g_autofree char *all = gimp_config_serialize_to_string(GIMP_CONFIG(self->config), NULL);
    const EdtArea *area = &place->area;
    return g_strdup_printf("%s %d %d %d %d", all, area->x, area->y, area->width, area->height);
}

static void generate(Dialog *self)
{
    static const EdtJobWatch watch = {on_frame, on_done};
    g_autoptr(GError) error = NULL;
    EdtOrder *order = NULL;
    EdtPlace place = place_now(self);
    g_autofree GimpDrawable **selected =
        place.image ? gimp_image_get_selected_drawables(place.image) : NULL;
    if (edt_layer_accepts(place.image, &error))
        order = edt_order_new(G_OBJECT(self->config), edt_process_threads(), &error);
    if (!order || !edt_start_take(edt_start_from(self->config), self->config, selected, order,
                                  &place, &error)) {
        say_error(self, error);
        edt_order_free(order);
        return;
    }
    edt_last_values_save(self->config); /* whatever happens from here on */
    Run *run = g_new0(Run, 1);
    *run = (Run){.order = order, .place = place, .print = print_of(self, &place)};
    run->image_name = place.image ? gimp_image_get_name(place.image) : NULL;
    run->job = edt_studio_start(edt_process_studio(), order, &watch, self);
    g_queue_push_tail(&self->runs, run);
    update_buttons(self);
    if (run != running(self))
        return;
    edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, NULL);
    begin(self);
}

static void ask(Dialog *self)
{
    self->asked = TRUE;
    edt_job_hold(running(self)->job);
}

/* ---- what the panel tells ---- */

static void on_ready(gboolean ready, gpointer user_data)
{
    Dialog *self = user_data;
    self->ready = ready;
    update_buttons(self);
    if (self->telling)
        tell_place(self);
}

static void on_insert(const char *path, gpointer user_data)
{
    Dialog *self = user_data;
    g_autoptr(GError) error = NULL;
    GimpLayer **layers = NULL;
    EdtPlace place = place_now(self);
    GimpImage *image = edt_layer_insert_file(&place, path, &layers, &error);
    note_layers(self, image, layers);
    if (!image)
        say_error(self, error);
}

static void on_answer(EdtAnswer answer, gpointer user_data)
{
    Dialog *self = user_data;
    Run *run = running(self);
    if (!run)
        return;
    if (answer == EDT_ANSWER_RESUME)
        edt_job_resume(run->job);
    else
        edt_job_stop(run->job, answer == EDT_ANSWER_KEEP);
}

static void on_drop(gpointer user_data)
{
    Dialog *self = user_data;
    while (self->runs.length > 1)
        run_free(g_queue_pop_tail(&self->runs));
    update_buttons(self);
}

/* ---- the window ---- */

/* Before GIMP's own handler, which would end the dialog. */
static void on_response(GtkDialog *dialog, int response, Dialog *self)
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
static void on_close(GtkDialog *dialog, Dialog *self)
{
    if (!running(self))
        return;
    g_signal_stop_emission_by_name(dialog, "close");
    ask(self);
}

static void on_place(GObject *config, GParamSpec *property, Dialog *self)
{
    tell_place(self);
}

static GtkWidget *new_dialog(Dialog *self, GimpProcedure *procedure)
{
    static const EdtPanelEvents events = {on_ready, on_insert, on_answer, on_drop};
    static const char *const placing[] = {"fit", "start", "into", "margin", "feather"};
    GtkWidget *dialog = gimp_procedure_dialog_new(procedure, self->config, _("Generate with EDT"));
    GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    self->dialog = dialog;
    self->panel = edt_ui_panel_new(G_OBJECT(self->config), &events, self);
    gtk_box_pack_start(GTK_BOX(box), self->panel, TRUE, TRUE, 0);
    edt_window_dress(dialog, self->panel);
    g_signal_connect(dialog, "response", G_CALLBACK(on_response), self);
    g_signal_connect(dialog, "close", G_CALLBACK(on_close), self);
    for (gsize i = 0; i < G_N_ELEMENTS(placing); i++) {
        g_autofree char *signal = g_strconcat("notify::", placing[i], NULL);
        g_signal_connect(self->config, signal, G_CALLBACK(on_place), self);
    }
    self->telling = edt_telling_new(self->panel, tell_place, self);
    update_buttons(self);
    return dialog;
}

static GimpLayer **valid_layers(Dialog *self)
{
    GPtrArray *valid = g_ptr_array_new();
    for (guint i = 0; i < self->layers->len; i++)
        if (gimp_item_is_valid(g_ptr_array_index(self->layers, i)))
            g_ptr_array_add(valid, g_ptr_array_index(self->layers, i));
    g_ptr_array_add(valid, NULL);
    return (GimpLayer **)g_ptr_array_free(valid, FALSE);
}

static GimpValueArray *result(Dialog *self, GimpProcedure *procedure)
{
    gboolean there = self->image && gimp_image_is_valid(self->image);
    if (self->layers->len == 0)
        return gimp_procedure_new_return_values(procedure, GIMP_PDB_CANCEL, NULL);
    return edt_answer_succeeded(procedure, there ? self->image : NULL, valid_layers(self));
}

GimpValueArray *edt_dialog_run(GimpProcedure *procedure, GimpImage *image,
                               GimpProcedureConfig *config, EdtFrom from)
{
    Dialog self = {.config = config, .image = image, .layers = g_ptr_array_new()};
    gimp_ui_init(PRGNAME);
    g_object_set(config, "start", edt_from_choices.words[from], NULL);
    new_dialog(&self, procedure);
    edt_ui_panel_start(self.panel, edt_process_studio(), edt_process_threads());
    gimp_procedure_dialog_run(GIMP_PROCEDURE_DIALOG(self.dialog));
    g_signal_handlers_disconnect_by_data(config, &self);
    edt_telling_free(self.telling);
    g_queue_clear_full(&self.runs, run_free);
    edt_last_values_save(config);
    gtk_widget_destroy(self.dialog);
    GimpValueArray *values = result(&self, procedure);
    g_ptr_array_unref(self.layers);
    g_free(self.last_print);
    return values;
}
