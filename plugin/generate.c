/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The run modes.  With a dialog: dialog.c.
 */
#include "plugin/generate.h"
#include "plugin/answer.h"
#include "plugin/colours.h"
#include "plugin/dialog.h"
#include "plugin/layer.h"
#include "plugin/process.h"
#include "plugin/start.h"

#include <gegl.h>

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

/* The seeds that a script lists, or as many as "count" says. */
static EdtOrder *new_order(GimpProcedureConfig *config, GError **error)
{
    g_auto(GValue) value = G_VALUE_INIT;
    gsize n = 0;
    g_object_get_property(G_OBJECT(config), "seeds", g_value_init(&value, GIMP_TYPE_DOUBLE_ARRAY));
    const double *seeds = gimp_value_get_double_array(&value, &n);
    if (n > 0)
        g_object_set(config, "count", (int)MIN(n, EDT_COUNT_MAX), NULL);
    EdtOrder *order = edt_order_new(G_OBJECT(config), edt_process_threads(), error);
    if (order && n > 0 && !edt_order_take_seeds(order, seeds, (int)MIN(n, G_MAXINT), error))
        g_clear_pointer(&order, edt_order_free);
    return order;
}

static GimpValueArray *run_plain(const Call *call, GimpImage *image, GimpDrawable **drawables)
{
    GError *error = NULL;
    EdtOrder *order = new_order(call->config, &error);
    if (!order)
        return edt_answer_failed(call->procedure, error);
    EdtPlace place;
    gboolean placed = edt_layer_place(image, edt_layer_fit(call->config),
                                      call->run_mode != GIMP_RUN_NONINTERACTIVE, &place, &error);
    place.arrange = edt_layer_arrange(call->config);
    EdtFrom from = edt_start_from(call->config);
    GimpValueArray *values;
    if (placed && edt_colours_take(&place, call->config, &error) &&
        edt_start_take(from, call->config, drawables, order, &place, &error)) {
        EdtJob *job = edt_process_run(order);
        if (from == EDT_FROM_NOTHING && edt_layer_place_moved(&place))
            edt_layer_place_anew(&place, NULL);
        values = finish(call->procedure, &place, job);
    } else {
        edt_order_free(order);
        values = edt_answer_failed(call->procedure, error);
    }
    edt_layer_place_clear(&place);
    return values;
}

static GimpValueArray *run(const Call *call, GimpImage *image, GimpDrawable **drawables)
{
    GError *error = NULL;
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    if (call->run_mode != GIMP_RUN_INTERACTIVE)
        return run_plain(call, image, drawables);
    if (!edt_process_display(&error))
        return edt_answer_failed(call->procedure, error);
    const EdtDialogStart start = {.from = call->from};
    return edt_dialog_run(call->procedure, image, call->config, &start);
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
