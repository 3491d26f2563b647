/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drafts in the dialog.  They are orders like others; the last sheets stay, for what is chosen of
 * them is another order, and one can go back.
 */
#include "plugin/colours.h"
#include "plugin/dialog_state.h"
#include "plugin/process.h"
#include "plugin/start.h"
#include "session/drafts.h"
#include "session/properties.h"
#include "settings.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>

#define SHEETS_MAX 8

static EdtRun *sheet_of(EdtDialog *self)
{
    return g_queue_peek_head(&self->sheets);
}

/* ---- sheets ---- */

void edt_choosing_show(EdtDialog *self)
{
    EdtRun *run = sheet_of(self);
    gboolean at_once;
    g_object_get(self->config, "at-once", &at_once, NULL);
    edt_ui_panel_choose(self->panel, run ? edt_job_outcome(run->job) : NULL,
                        at_once || self->sheets.length > 1);
}

/* What is said of them; NULL: nothing. */
static const char *remark(EdtDialog *self, const EdtRun *run)
{
    const EdtOutcome *outcome = edt_job_outcome(run->job);
    g_autofree char *sampler = NULL;
    g_object_get(self->config, "sampler", &sampler, NULL);
    if (g_strcmp0(sampler, edt_sampler_words[EDT_SAMPLER_DDPM]) == 0)
        return _("Drafts and what comes of them are made with DPM++ 2M: DDPM draws noise in every "
                 "step, so that more steps make another picture.");
    if (edt_drafts_are_alike(outcome->order, outcome->pictures))
        return _("This class has few variations: the model hardly knows other pictures of it.");
    return NULL;
}

void edt_choosing_take(EdtDialog *self, EdtRun *run)
{
    g_queue_push_head(&self->sheets, run);
    if (self->sheets.length > SHEETS_MAX)
        edt_run_free(g_queue_pop_tail(&self->sheets));
    edt_choosing_show(self);
    const char *text = remark(self, run);
    if (text)
        edt_ui_panel_say(self->panel, GTK_MESSAGE_INFO, text);
}

/* ---- what follows ---- */

/* Of what started from the image where that was; else where the settings say, if there is room. */
static gboolean find_place(EdtDialog *self, const EdtRun *before, const EdtOrder *order,
                           EdtPlace *place, GError **error)
{
    if (before && before->from != EDT_FROM_NOTHING) {
        *place = before->place;
        return TRUE;
    }
    if (!edt_receiver_place(&self->receiver, place, error) ||
        !edt_start_has_room(order, place, error))
        return FALSE;
    if (!before)
        return edt_colours_take(place, self->config, error);
    place->colours = before->place.colours;
    return TRUE;
}

/* before: the run that it follows from, NULL: one of another day.  Takes order and error, of which
 * one is NULL. */
static EdtRun *follow(EdtDialog *self, const EdtRun *before, EdtOrder *order, GError *error)
{
    EdtPlace place;
    gboolean placed = order && find_place(self, before, order, &place, &error);
    if (!placed) {
        if (g_error_matches(error, EDT_ERROR, EDT_ERROR_FAILED)) /* of the model: look anew */
            edt_ui_panel_shows_model(self->panel, NULL);
        edt_dialog_say(self, error);
        g_error_free(error);
        edt_order_free(order);
        return NULL;
    }
    if (place.mask)
        g_object_ref(place.mask);
    EdtRun *run = edt_run_new(order, &place, before ? before->from : EDT_FROM_NOTHING);
    edt_dialog_start(self, order, run);
    return run;
}

static void on_insert(const int *chosen, int n, gpointer user_data)
{
    GError *error = NULL;
    EdtOrder *order = edt_drafts_finish(sheet_of(user_data)->order, chosen, n, &error);
    follow(user_data, sheet_of(user_data), order, error);
}

static void on_vary(int chosen, double amount, gpointer user_data)
{
    GError *error = NULL;
    EdtOrder *order = edt_drafts_vary(sheet_of(user_data)->order, chosen, amount, &error);
    follow(user_data, sheet_of(user_data), order, error);
}

static void on_more(gpointer user_data)
{
    GError *error = NULL;
    EdtOrder *order = edt_drafts_more(sheet_of(user_data)->order, &error);
    follow(user_data, sheet_of(user_data), order, error);
}

/* Before drafts of the picture that was shown there was that, whatever sheets there were before. */
static void on_back(gpointer user_data)
{
    EdtDialog *self = user_data;
    EdtRun *run = g_queue_pop_head(&self->sheets);
    gboolean at_once;
    g_object_get(self->config, "at-once", &at_once, NULL);
    if (run && run->of_shown && at_once)
        edt_ui_panel_choose(self->panel, NULL, FALSE);
    else
        edt_choosing_show(self);
    edt_run_free(run);
}

/* Not what the record has, but what the draft started from. */
static void restore_start(EdtDialog *self, const EdtRun *run, const EdtItem *item)
{
    g_object_set(self->config, "start", edt_from_choices.words[run->from], NULL);
    if (run->from == EDT_FROM_LAYER)
        g_object_set(self->config, "freedom", item->freedom, NULL);
}

/* Its picture is made with all steps then, as a draft of these settings begins with it. */
static void on_use(int chosen, gpointer user_data)
{
    EdtDialog *self = user_data;
    const EdtRun *run = sheet_of(self);
    const EdtOrder *order = run->order;
    EdtRecord record = {.request = order->asked,
                        .item = order->items[chosen],
                        .class_name = order->class_names[chosen],
                        .model_sha256 = order->model_sha256,
                        .precision = order->options.precision};
    edt_ui_panel_use(self->panel, &record);
    restore_start(self, run, &record.item);
}

static void on_favour(int chosen, gpointer user_data)
{
    EdtDialog *self = user_data;
    edt_ui_panel_favour(self->panel, sheet_of(self)->order->class_names[chosen]);
}

/* ---- of the picture that is shown ---- */

/* The run that made a picture, if it is the last one. */
static const EdtRun *run_of(const EdtDialog *self, const char *record)
{
    const EdtOutcome *outcome = self->made ? edt_job_outcome(self->made->job) : NULL;
    return outcome && g_strv_contains((const char *const *)outcome->records, record) ? self->made
                                                                                     : NULL;
}

/* Where it is computed is no matter of the picture. */
static EdtBackendKind backend_of(const EdtDialog *self)
{
    g_autofree char *word = NULL;
    g_object_get(self->config, "backend", &word, NULL);
    return (EdtBackendKind)MAX(edt_word_find(edt_backend_words, word ? word : ""), 0);
}

/* Whoever asks for precision anew would have the engine loaded anew. */
static void follow_record(EdtDialog *self, const char *json, EdtOrder *order, GError *error)
{
    const EdtRun *before = run_of(self, json);
    if (order)
        order->request.want_previews = TRUE;
    if (order && before)
        order->options = before->order->options;
    if (order)
        order->options.backend = backend_of(self);
    EdtRun *run = follow(self, before, order, error);
    if (run)
        run->of_shown = TRUE;
}

void edt_choosing_again(const char *json, gpointer user_data)
{
    EdtDialog *self = user_data;
    GError *error = NULL;
    EdtOrder *order = NULL;
    gboolean at_once;
    g_autoptr(EdtRecord) record = edt_record_read(json, &error);
    g_object_get(self->config, "at-once", &at_once, NULL);
    if (record)
        order = at_once ? edt_order_again(record, EDT_SEED_NEXT, 0, edt_process_threads(), &error)
                        : edt_drafts_again(record, edt_process_threads(), &error);
    follow_record(self, json, order, error);
}

void edt_choosing_vary(const char *json, double amount, gpointer user_data)
{
    GError *error = NULL;
    g_autoptr(EdtRecord) record = edt_record_read(json, &error);
    EdtOrder *order =
        record ? edt_drafts_like(record, amount, edt_process_threads(), &error) : NULL;
    follow_record(user_data, json, order, error);
}

const EdtCandidatesEvents edt_choosing_events = {on_insert, on_vary, on_more,
                                                 on_back,   on_use,  on_favour};
