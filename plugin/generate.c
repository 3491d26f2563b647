/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The run modes.  With a dialog: dialog.c.
 */
#include "plugin/generate.h"
#include "plugin/answer.h"
#include "plugin/dialog.h"
#include "plugin/layer.h"
#include "plugin/process.h"
#include "plugin/start.h"

#include <gegl.h>
#include <glib/gi18n.h>

typedef struct {
    GimpProcedure *procedure;
    GimpRunMode run_mode;
    GimpProcedureConfig *config;
    EdtFrom from; /* what the dialog is opened with; the other run modes have it in the settings */
} Call;

/* ---- without a dialog ---- */

/* A script gets all of its pictures or none: it would not know of a new image. */
static GimpValueArray *finish(GimpProcedure *procedure, const EdtPlace *place, EdtJob *job)
{
    const EdtOutcome *outcome = edt_job_outcome(job);
    GError *refused = NULL;
    GimpLayer **layers = NULL;
    GimpImage *image = NULL;
    if (outcome->pictures && (!outcome->error || place->display))
        image = edt_layer_insert_outcome(place, outcome, &layers, &refused);
    GError *sum = edt_answer_sum_up(outcome, refused);
    gboolean failed = outcome->error || refused;
    g_clear_error(&refused);
    edt_job_close(job);
    if (failed) {
        g_free(layers);
        return edt_answer_failed(procedure, sum);
    }
    if (sum)
        g_message("%s", sum->message);
    g_clear_error(&sum);
    return edt_answer_succeeded(procedure, image, layers);
}

static GimpValueArray *run_plain(const Call *call, GimpImage *image, GimpDrawable **drawables)
{
    GError *error = NULL;
    EdtOrder *order = edt_order_new(G_OBJECT(call->config), edt_process_threads(), &error);
    if (!order)
        return edt_answer_failed(call->procedure, error);
    EdtPlace place = edt_layer_place(image, edt_layer_fit(call->config),
                                     call->run_mode != GIMP_RUN_NONINTERACTIVE);
    EdtFrom from = edt_start_from(call->config);
    GimpValueArray *values;
    if (edt_start_take(from, call->config, drawables, order, &place, &error)) {
        values = finish(call->procedure, &place, edt_process_run(order));
    } else {
        edt_order_free(order);
        values = edt_answer_failed(call->procedure, error);
    }
    edt_layer_place_clear(&place);
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

static GimpValueArray *run(const Call *call, GimpImage *image, GimpDrawable **drawables)
{
    GError *error = NULL;
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    if (!edt_layer_accepts(image, &error))
        return edt_answer_failed(call->procedure, error);
    if (call->run_mode != GIMP_RUN_INTERACTIVE)
        return run_plain(call, image, drawables);
    if (!display_there(&error))
        return edt_answer_failed(call->procedure, error);
    return edt_dialog_run(call->procedure, image, call->config, call->from);
}

GimpValueArray *edt_plugin_generate(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpDrawable **drawables,
                                    GimpProcedureConfig *config)
{
    const Call call = {procedure, run_mode, config, EDT_FROM_NOTHING};
    return run(&call, image, drawables);
}

GimpValueArray *edt_plugin_redraw(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                  GimpDrawable **drawables, GimpProcedureConfig *config)
{
    const Call call = {procedure, run_mode, config, EDT_FROM_LAYER};
    return run(&call, image, drawables);
}

GimpValueArray *edt_plugin_fill(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                GimpDrawable **drawables, GimpProcedureConfig *config)
{
    const Call call = {procedure, run_mode, config, EDT_FROM_SELECTION};
    return run(&call, image, drawables);
}
