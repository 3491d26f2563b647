/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A morph is an order like any other in the large dialog; with even steps drafts come before it,
 * which measure the way.  All frames are inserted, or none; see frames.h.
 */
#include "plugin/frames.h"
#include "plugin/answer.h"
#include "plugin/module.h"
#include "plugin/morph.h"
#include "plugin/process.h"
#include "session/even.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>

struct EdtFrames {
    GimpProcedureConfig *config;
    EdtPlace place;
    EdtEven *even;  /* NULL: the steps are as they are */
    EdtOrder *wait; /* the frames, while drafts measure their way */
};

void edt_frames_free(EdtFrames *frames)
{
    if (!frames)
        return;
    edt_even_free(frames->even);
    edt_order_free(frames->wait);
    edt_layer_place_clear(&frames->place);
    g_object_unref(frames->config);
    g_free(frames);
}

gboolean edt_frames_measures(const EdtRun *run)
{
    return run->frames && run->frames->wait;
}

/* ---- runs ---- */

/* Takes order and frames. */
static void start(EdtDialog *self, EdtOrder *order, EdtFrames *frames)
{
    if (frames->place.mask)
        g_object_ref(frames->place.mask); /* the run's own */
    EdtRun *run = edt_run_new(order, &frames->place, EDT_FROM_NOTHING);
    run->frames = frames;
    edt_dialog_start(self, order, run);
}

/* The next drafts, or the frames themselves.  Takes frames. */
static void go_on(EdtDialog *self, EdtFrames *frames)
{
    g_autoptr(GError) error = NULL;
    EdtOrder *drafts = edt_even_drafts(frames->even, frames->wait, &error);
    if (!drafts && !error)
        edt_even_apply(frames->even, frames->wait, &error);
    if (drafts) {
        start(self, drafts, frames);
    } else if (!error) {
        start(self, g_steal_pointer(&frames->wait), frames);
    } else {
        edt_dialog_say(self, error);
        edt_frames_free(frames);
    }
}

static const char *too_few(void)
{
    return _("Not all frames were made, so none is inserted.");
}

static void insert(EdtDialog *self, const EdtRun *run)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    g_autoptr(GError) refused = NULL;
    GimpLayer **layers = NULL;
    GimpImage *image = NULL;
    if (outcome->pictures->n_pictures == run->order->request.n_items)
        image = edt_morph_insert(&run->place, outcome, run->frames->config, &layers, &refused);
    else
        g_set_error_literal(&refused, EDT_ERROR, EDT_ERROR_CANCELLED, too_few());
    /* what comes next does not belong into an animation that is an image of its own */
    edt_receiver_take(&self->receiver, image == run->place.image ? image : NULL, layers);
    g_autoptr(GError) sum = edt_answer_sum_up(outcome, refused);
    if (sum)
        edt_ui_panel_say(self->panel, refused ? GTK_MESSAGE_ERROR : GTK_MESSAGE_WARNING,
                         sum->message);
}

void edt_frames_take(EdtDialog *self, EdtRun *run)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    if (g_error_matches(outcome->error, EDT_ERROR, EDT_ERROR_CANCELLED))
        return;
    if (outcome->error) {
        edt_dialog_say(self, outcome->error);
    } else if (!edt_frames_measures(run)) {
        insert(self, run);
    } else if (outcome->pictures->n_pictures == run->order->request.n_items) {
        edt_even_measure(run->frames->even, outcome->pictures);
        go_on(self, g_steal_pointer(&run->frames));
    } else {
        edt_ui_panel_say(self->panel, GTK_MESSAGE_WARNING, too_few());
    }
}

void edt_frames_play(EdtDialog *self, const EdtRun *run)
{
    int time;
    gboolean back;
    g_object_get(run->frames->config, "frame-time", &time, "back", &back, NULL);
    edt_ui_panel_play(self->panel, (guint)time, back);
}

/* ---- asking ---- */

/* What both procedures have is as it stands in the large dialog. */
static void copy_settings(GObject *from, GObject *to)
{
    guint n;
    g_autofree GParamSpec **all = g_object_class_list_properties(G_OBJECT_GET_CLASS(to), &n);
    for (guint i = 0; i < n; i++) {
        GParamSpec *other = g_object_class_find_property(G_OBJECT_GET_CLASS(from), all[i]->name);
        if (!other || other->value_type != all[i]->value_type ||
            (all[i]->flags & G_PARAM_CONSTRUCT_ONLY) || !(all[i]->flags & G_PARAM_WRITABLE))
            continue;
        g_auto(GValue) value = G_VALUE_INIT;
        g_object_get_property(from, all[i]->name, g_value_init(&value, other->value_type));
        g_object_set_property(to, all[i]->name, &value);
    }
}

static GimpProcedureConfig *settings_of(GimpProcedure *morph, GObject *settings)
{
    GimpProcedureConfig *config = gimp_procedure_create_config(morph);
    g_autofree char *second = NULL;
    copy_settings(settings, G_OBJECT(config));
    g_object_get(settings, "mix-class", &second, NULL);
    g_object_set(config, "to-class", second, NULL);
    return config;
}

/* Another one that was chosen in the small dialog was seen there. */
static gboolean has_model_of(const EdtDialog *self, GimpProcedureConfig *config)
{
    g_autofree char *own = NULL, *shown = NULL;
    g_object_get(config, "model", &own, NULL);
    g_object_get(self->config, "model", &shown, NULL);
    return g_strcmp0(own ? own : "", shown ? shown : "") == 0;
}

/* Takes a reference to the settings. */
static void begin(EdtDialog *self, GimpProcedureConfig *config)
{
    g_autoptr(GError) error = NULL;
    EdtFrames *frames = g_new0(EdtFrames, 1);
    gboolean even;
    frames->config = g_object_ref(config);
    EdtOrder *order =
        edt_morph_plan(config, edt_receiver_image(&self->receiver), &frames->place, &error);
    g_object_get(config, "even", &even, NULL);
    if (order && !edt_morph_is_of_layers(config) && has_model_of(self, config) &&
        !edt_dialog_shows_model(self, order, &error))
        g_clear_pointer(&order, edt_order_free);
    if (!order) {
        edt_dialog_say(self, error);
        edt_frames_free(frames);
    } else if (even) {
        frames->even = edt_even_new(order);
        frames->wait = order;
        go_on(self, frames);
    } else {
        start(self, order, frames);
    }
}

static gboolean ask(gpointer user_data)
{
    EdtDialog *self = user_data;
    g_autoptr(GError) error = NULL;
    GimpProcedure *morph = edt_process_procedure(EDT_PROC_MORPH);
    GimpProcedureConfig *config = settings_of(morph, G_OBJECT(self->config));
    if (edt_morph_ask(morph, GIMP_RUN_INTERACTIVE, config, &error))
        begin(self, config);
    else if (error)
        edt_dialog_say(self, error);
    g_object_unref(config);
    g_object_unref(morph);
    self->asking = 0;
    return G_SOURCE_REMOVE;
}

/* A main loop within a click would shut out screen readers; a double click is one. */
void edt_frames_ask(EdtDialog *self)
{
    if (!self->asking)
        self->asking = g_idle_add(ask, self);
}

void edt_frames_forget(EdtDialog *self)
{
    g_clear_handle_id(&self->asking, g_source_remove);
}
