/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The module's entry.  Without a dialog a job runs under a main loop of its own, which keeps GIMP's
 * wire alive: should GIMP go away, libgimp ends this process.  With a dialog: dialog.c.
 */
#include "plugin/generate.h"

#include <gegl.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>

#include "plugin/dialog.h"
#include "plugin/layer.h"
#include "plugin/lists.h"
#include "plugin/module.h"
#include "plugin/order.h"

static EdtStudio *studio;

/* Also at exit(): libraries must not be taken apart under a running worker. */
static void quit(void)
{
    g_clear_pointer(&studio, edt_studio_free);
}

EdtStudio *edt_plugin_studio(void)
{
    if (!studio) {
        studio = edt_studio_new();
        atexit(quit);
    }
    return studio;
}

int edt_plugin_threads(void)
{
    int wanted = gimp_get_num_processors();
    return wanted < (int)g_get_num_processors() ? wanted : 0;
}

/* ---- return values ---- */

GimpValueArray *edt_plugin_failed(GimpProcedure *procedure, GError *error)
{
    gboolean usage = g_error_matches(error, EDT_ERROR, EDT_ERROR_USAGE);
    return gimp_procedure_new_return_values(
        procedure, usage ? GIMP_PDB_CALLING_ERROR : GIMP_PDB_EXECUTION_ERROR, error);
}

GimpValueArray *edt_plugin_succeeded(GimpProcedure *procedure, GimpImage *image, GimpLayer **layers)
{
    GimpValueArray *values = gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, NULL);
    GIMP_VALUES_SET_IMAGE(values, 1, image);
    GIMP_VALUES_TAKE_CORE_OBJECT_ARRAY(values, 2, (GObject **)layers);
    return values;
}

GError *edt_plugin_sum_up(const EdtOutcome *outcome, const GError *refused)
{
    const GError *errors[] = {outcome->error, refused, outcome->history_error}, *first = NULL;
    GString *text = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++) {
        if (!errors[i])
            continue;
        g_string_append_printf(text, "%s%s", first ? " " : "", errors[i]->message);
        first = first ? first : errors[i];
    }
    if (first && outcome->pictures && !outcome->history_error)
        g_string_append_printf(text, " %s", _("What was made is in the history."));
    GError *sum = first ? g_error_new_literal(first->domain, first->code, text->str) : NULL;
    g_string_free(text, TRUE);
    return sum;
}

/* ---- without a dialog ---- */

typedef struct {
    GMainLoop *loop;
} Wait;

static void on_frame(EdtJob *job, const EdtFrame *frame, gpointer user_data)
{
    if (frame->phase == EDT_PHASE_DECODING)
        gimp_progress_set_text(_("Decoding the picture"));
    else if (frame->bf16_in_f32)
        gimp_progress_set_text(_("Computing in f32, for this processor has no bf16"));
    gimp_progress_update(frame->fraction);
}

static void on_done(EdtJob *job, gpointer user_data)
{
    Wait *wait = user_data;
    g_main_loop_quit(wait->loop);
}

static EdtJob *run_job(EdtOrder *order)
{
    static const EdtJobWatch watch = {on_frame, on_done};
    Wait wait = {g_main_loop_new(NULL, FALSE)};
    gimp_progress_init_printf(_("Generating “%s”"), order->class_label);
    EdtJob *job = edt_studio_start(edt_plugin_studio(), order, &watch, &wait);
    g_main_loop_run(wait.loop);
    gimp_progress_end();
    g_main_loop_unref(wait.loop);
    return job;
}

/* A script gets all of its pictures or none: it would not know of a new image. */
static GimpValueArray *finish(GimpProcedure *procedure, const EdtPlace *place, EdtJob *job)
{
    const EdtOutcome *outcome = edt_job_outcome(job);
    GError *refused = NULL;
    GimpLayer **layers = NULL;
    GimpImage *image = NULL;
    if (outcome->pictures && (!outcome->error || place->display))
        image = edt_layer_insert_outcome(place, outcome, &layers, &refused);
    GError *sum = edt_plugin_sum_up(outcome, refused);
    gboolean failed = outcome->error || refused;
    g_clear_error(&refused);
    edt_job_close(job);
    if (failed) {
        g_free(layers);
        return edt_plugin_failed(procedure, sum);
    }
    if (sum)
        g_message("%s", sum->message);
    g_clear_error(&sum);
    return edt_plugin_succeeded(procedure, image, layers);
}

static GimpValueArray *run_plain(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                 GimpProcedureConfig *config)
{
    GError *error = NULL;
    char *fit = NULL;
    EdtOrder *order = edt_order_new(G_OBJECT(config), edt_plugin_threads(), &error);
    if (!order)
        return edt_plugin_failed(procedure, error);
    g_object_get(config, "fit", &fit, NULL);
    EdtPlace place = {image, fit, run_mode != GIMP_RUN_NONINTERACTIVE};
    GimpValueArray *values = finish(procedure, &place, run_job(order));
    g_free(fit);
    return values;
}

/* GTK ends the process where it finds no display. */
static gboolean display_there(GError **error)
{
    if (g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY"))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("There is no display for a dialog: call it with RUN-NONINTERACTIVE."));
    return FALSE;
}

/* libgimp's handlers call exit(), which waits for ever where the signal came in the middle of a
 * malloc(): the process would stay behind.  Nothing here needs an orderly end. */
static void end_at_once_when_told(void)
{
    const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], SIG_DFL);
}

GimpValueArray *edt_plugin_generate(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpProcedureConfig *config)
{
    GError *error = NULL;
    end_at_once_when_told();
    gegl_init(NULL, NULL);
    if (!edt_layer_accepts(image, &error))
        return edt_plugin_failed(procedure, error);
    if (run_mode != GIMP_RUN_INTERACTIVE)
        return run_plain(procedure, run_mode, image, config);
    if (!display_there(&error))
        return edt_plugin_failed(procedure, error);
    return edt_dialog_run(procedure, image, config);
}

const EdtModule *edt_plugin_module(void)
{
    static const EdtModule module = {{EDT_VERSION, sizeof module},
                                     edt_plugin_generate,
                                     edt_plugin_classes,
                                     edt_plugin_models,
                                     quit};
    return &module;
}
