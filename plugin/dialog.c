/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialog between ui/panel.c (widgets, no images), session/job.c (the worker) and layer.c
 * (images, no widgets).  Generate does not close it: the response is taken before
 * gimp_procedure_dialog_run() sees it.  While a job runs, Cancel and Escape hold it and ask;
 * closing the window gives it up.
 */
#include "plugin/dialog.h"
#include "plugin/answer.h"
#include "plugin/last.h"
#include "plugin/layer.h"
#include "plugin/process.h"
#include "ui/panel.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>


typedef struct {
    GimpProcedureConfig *config;
    GimpImage *image; /* NULL: none yet */
    GtkWidget *dialog, *panel;
    EdtJob *job; /* NULL: none runs */
    gboolean ready, asked, again;
    GPtrArray *layers; /* of all generations, and earlier pictures */
} Dialog;

/* ---- buttons ---- */

static void set_label(Dialog *self, int response, const char *label)
{
    GtkWidget *button = gtk_dialog_get_widget_for_response(GTK_DIALOG(self->dialog), response);
    gtk_button_set_label(GTK_BUTTON(button), label);
}

static void update_buttons(Dialog *self)
{
    gboolean running = self->job != NULL;
    gtk_dialog_set_response_sensitive(GTK_DIALOG(self->dialog), GTK_RESPONSE_OK,
                                      self->ready && !running);
    set_label(self, GTK_RESPONSE_OK, self->again ? _("_Generate again") : _("_Generate"));
    set_label(self, GTK_RESPONSE_CANCEL, running ? _("_Cancel") : _("_Close"));
}

static void say_error(Dialog *self, const GError *error)
{
    edt_ui_panel_say(self->panel, GTK_MESSAGE_ERROR, error->message);
}

/* ---- a job ---- */

static EdtPlace place_now(Dialog *self)
{
    if (self->image && !gimp_image_is_valid(self->image))
        self->image = NULL; /* closed meanwhile: a new image is made */
    return edt_layer_place(self->image, self->config, TRUE);
}

/* What has come into an image (NULL: nothing); takes layers. */
static void note_layers(Dialog *self, GimpImage *image, GimpLayer **layers)
{
    if (image)
        self->image = image;
    for (int i = 0; layers && layers[i]; i++)
        g_ptr_array_add(self->layers, layers[i]);
    g_free(layers);
}

static void insert(Dialog *self, const EdtOutcome *outcome)
{
    GError *refused = NULL;
    GimpLayer **layers = NULL;
    EdtPlace place = place_now(self);
    GimpImage *image = edt_layer_insert_outcome(&place, outcome, &layers, &refused);
    GError *sum = edt_answer_sum_up(outcome, refused);
    note_layers(self, image, layers);
    self->again |= image != NULL;
    if (sum)
        edt_ui_panel_say(self->panel,
                         outcome->error || refused ? GTK_MESSAGE_ERROR : GTK_MESSAGE_WARNING,
                         sum->message);
    g_clear_error(&sum);
    g_clear_error(&refused);
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

static void on_done(EdtJob *job, gpointer user_data)
{
    Dialog *self = user_data;
    const EdtOutcome *outcome = edt_job_outcome(job);
    const EdtPictures *pictures = outcome->pictures;
    gboolean cancelled = g_error_matches(outcome->error, EDT_ERROR, EDT_ERROR_CANCELLED);
    self->asked = FALSE;
    edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, NULL);
    edt_ui_panel_set_running(self->panel, FALSE);
    if (pictures && !cancelled)
        insert(self, outcome);
    else if (!cancelled)
        say_error(self, outcome->error);
    if (pictures) /* also discarded ones are in the history */
        edt_ui_panel_made(self->panel, outcome->order->class_name,
                          pictures->pictures[pictures->n_pictures - 1].item.seed);
    self->job = NULL;
    edt_job_close(job);
    update_buttons(self);
}

static void generate(Dialog *self)
{
    static const EdtJobWatch watch = {on_frame, on_done};
    GError *error = NULL;
    EdtOrder *order = NULL;
    if (self->image && !gimp_image_is_valid(self->image))
        self->image = NULL;
    if (edt_layer_accepts(self->image, &error))
        order = edt_order_new(G_OBJECT(self->config), edt_process_threads(), &error);
    if (!order) {
        say_error(self, error);
        g_error_free(error);
        return;
    }
    edt_last_values_save(self->config); /* whatever happens from here on */
    edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, NULL);
    edt_ui_panel_set_running(self->panel, TRUE);
    self->asked = FALSE;
    self->job = edt_studio_start(edt_process_studio(), order, &watch, self);
    update_buttons(self);
}

static void ask(Dialog *self)
{
    self->asked = TRUE;
    edt_job_hold(self->job);
}

/* ---- what the panel says ---- */

static void on_ready(gboolean ready, gpointer user_data)
{
    Dialog *self = user_data;
    self->ready = ready;
    update_buttons(self);
}

static void on_insert(const char *path, gpointer user_data)
{
    Dialog *self = user_data;
    GError *error = NULL;
    GimpLayer **layers = NULL;
    EdtPlace place = place_now(self);
    GimpImage *image = edt_layer_insert_file(&place, path, &layers, &error);
    note_layers(self, image, layers);
    if (error)
        say_error(self, error);
    g_clear_error(&error);
}

static void on_answer(EdtAnswer answer, gpointer user_data)
{
    Dialog *self = user_data;
    if (!self->job)
        return;
    if (answer == EDT_ANSWER_RESUME)
        edt_job_resume(self->job);
    else
        edt_job_stop(self->job, answer == EDT_ANSWER_KEEP);
}

/* ---- the window ---- */

/* Before GIMP's own handler, which would end the dialog. */
static void on_response(GtkDialog *dialog, int response, Dialog *self)
{
    gboolean ours =
        response == GTK_RESPONSE_OK || (response == GTK_RESPONSE_CANCEL && self->job != NULL);
    if (!ours)
        return;
    g_signal_stop_emission_by_name(dialog, "response");
    if (response == GTK_RESPONSE_OK && !self->job)
        generate(self);
    else if (response == GTK_RESPONSE_CANCEL)
        ask(self);
}

/* Escape. */
static void on_close(GtkDialog *dialog, Dialog *self)
{
    if (!self->job)
        return;
    g_signal_stop_emission_by_name(dialog, "close");
    ask(self);
}

static GtkWidget *new_dialog(Dialog *self, GimpProcedure *procedure)
{
    static const EdtPanelEvents events = {on_ready, on_insert, on_answer};
    GtkWidget *dialog = gimp_procedure_dialog_new(procedure, self->config, _("Generate with EDT"));
    GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    self->dialog = dialog;
    self->panel = edt_ui_panel_new(G_OBJECT(self->config), &events, self);
    gtk_box_pack_start(GTK_BOX(box), self->panel, TRUE, TRUE, 0);
    gtk_window_set_default_size(GTK_WINDOW(dialog), 1000, 640);
    g_signal_connect(dialog, "response", G_CALLBACK(on_response), self);
    g_signal_connect(dialog, "close", G_CALLBACK(on_close), self);
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
                               GimpProcedureConfig *config)
{
    Dialog self = {.config = config, .image = image, .layers = g_ptr_array_new()};
    gimp_ui_init(PRGNAME);
    new_dialog(&self, procedure);
    edt_ui_panel_start(self.panel);
    gimp_procedure_dialog_run(GIMP_PROCEDURE_DIALOG(self.dialog));
    g_clear_pointer(&self.job, edt_job_close);
    edt_last_values_save(config);
    gtk_widget_destroy(self.dialog);
    GimpValueArray *values = result(&self, procedure);
    g_ptr_array_unref(self.layers);
    return values;
}
