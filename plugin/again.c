/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The layer knows how it was made.  All pictures are computed first; then the image changes in one
 * step, which one undo takes back.  See again.h.
 */
#include "plugin/again.h"
#include "plugin/answer.h"
#include "plugin/layer.h"
#include "plugin/process.h"

#include <gegl.h>
#include <glib/gi18n.h>
#include <libgimp/gimpui.h>

/* One layer on its way. */
typedef struct {
    GimpLayer *layer;
    EdtRecord *record;
    gboolean above; /* instead of in its place */
    EdtJob *job;
} Remake;

static void remake_free(gpointer data)
{
    Remake *remake = data;
    edt_record_free(remake->record);
    edt_job_close(remake->job);
    g_free(remake);
}

/* ---- which layers ---- */

/* Of a group its children. */
static void collect(GPtrArray *remakes, GimpItem *item)
{
    if (gimp_item_is_group(item)) {
        GimpItem **children = gimp_item_get_children(item);
        for (int i = 0; children && children[i]; i++)
            collect(remakes, children[i]);
        g_free(children);
        return;
    }
    EdtRecord *record = gimp_item_is_layer(item) ? edt_layer_record(GIMP_LAYER(item)) : NULL;
    if (!record)
        return;
    Remake *remake = g_new0(Remake, 1);
    *remake = (Remake){.layer = GIMP_LAYER(item), .record = record};
    g_ptr_array_add(remakes, remake);
}

static GPtrArray *find_layers(GimpDrawable **drawables, GError **error)
{
    g_autoptr(GPtrArray) remakes = g_ptr_array_new_with_free_func(remake_free);
    for (int i = 0; drawables && drawables[i]; i++)
        collect(remakes, GIMP_ITEM(drawables[i]));
    if (remakes->len)
        return g_steal_pointer(&remakes);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("None of the selected layers was made by EDT: select one that was."));
    return NULL;
}

/* ---- in place, or above ---- */

enum { REPLACE = 1, ABOVE };

static int ask(void)
{
    gimp_ui_init(PRGNAME);
    GtkWidget *dialog =
        gtk_message_dialog_new(NULL, GTK_DIALOG_MODAL, GTK_MESSAGE_QUESTION, GTK_BUTTONS_NONE, "%s",
                               _("This layer was painted on or scaled since it was made."));
    gtk_message_dialog_format_secondary_text(
        GTK_MESSAGE_DIALOG(dialog), "%s",
        _("A new picture in its place covers that; one undo brings it back."));
    gtk_dialog_add_buttons(GTK_DIALOG(dialog), _("_Cancel"), GTK_RESPONSE_CANCEL, _("Put _Above"),
                           ABOVE, _("_Replace"), REPLACE, NULL);
    gtk_dialog_set_default_response(GTK_DIALOG(dialog), ABOVE);
    int answer = gtk_dialog_run(GTK_DIALOG(dialog));
    gtk_widget_destroy(dialog);
    return answer;
}

static gboolean can_ask(GimpRunMode run_mode)
{
    return run_mode == GIMP_RUN_INTERACTIVE && (g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY"));
}

static gboolean is_locked(const Remake *remake, GError **error)
{
    g_autofree char *name = gimp_item_get_name(GIMP_ITEM(remake->layer));
    if (!gimp_item_get_lock_content(GIMP_ITEM(remake->layer)))
        return FALSE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The pixels of the layer “%s” are locked: unlock them, or put the new picture "
                  "above."),
                name);
    return TRUE;
}

/* What was painted on is never covered without being asked; a script cannot be. */
static gboolean choose_places(GPtrArray *remakes, gboolean above, GimpRunMode run_mode,
                              GError **error)
{
    int answer = 0;
    for (guint i = 0; i < remakes->len; i++) {
        Remake *remake = remakes->pdata[i];
        gboolean painted = !above && edt_layer_painted(remake->layer);
        if (painted && !answer)
            answer = can_ask(run_mode) ? ask() : ABOVE;
        if (painted && answer != REPLACE && answer != ABOVE) {
            g_set_error_literal(error, EDT_ERROR, EDT_ERROR_CANCELLED, _("Cancelled."));
            return FALSE;
        }
        remake->above = above || (painted && answer == ABOVE);
        if (!remake->above && is_locked(remake, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- the pictures ---- */

static gboolean make_all(GPtrArray *remakes, double seed, int steps, GError **error)
{
    for (guint i = 0; i < remakes->len; i++) {
        Remake *remake = remakes->pdata[i];
        EdtOrder *order =
            edt_order_again(remake->record, seed, steps, edt_process_threads(), error);
        if (!order)
            return FALSE;
        remake->job = edt_process_run(order);
        GError *sum = edt_answer_sum_up(edt_job_outcome(remake->job), NULL);
        if (sum) {
            g_propagate_error(error, sum);
            return FALSE;
        }
    }
    return TRUE;
}

/* A name that we gave follows the seed; the user's own stays. */
static void rename_layer(const Remake *remake, const char *label, const char *name)
{
    g_autofree char *now = gimp_item_get_name(GIMP_ITEM(remake->layer));
    const EdtRecord *record = remake->record;
    g_autofree char *ours =
        edt_layer_name(label, record->item.seed, record->steps_done, record->request.steps);
    g_autofree char *in_english =
        edt_layer_name(record->class_name ? record->class_name : "", record->item.seed,
                       record->steps_done, record->request.steps);
    if (g_strcmp0(now, ours) == 0 || g_strcmp0(now, in_english) == 0)
        gimp_item_set_name(GIMP_ITEM(remake->layer), name);
}

static GimpLayer *put(const Remake *remake, GError **error)
{
    const EdtOutcome *outcome = edt_job_outcome(remake->job);
    const EdtOrder *order = outcome->order;
    const EdtPicture *picture = &outcome->pictures->pictures[0];
    const char *label = order->class_labels[0];
    g_autofree char *name =
        edt_layer_name(label, picture->item.seed, picture->steps_done, order->request.steps);
    EdtSheet sheet = {picture, name, outcome->records[0]};
    if (remake->above)
        return edt_layer_insert_above(remake->layer, &sheet, error);
    if (!edt_layer_replace(remake->layer, &sheet, error))
        return NULL;
    rename_layer(remake, label, name);
    return remake->layer;
}

static GimpLayer **put_all(GimpImage *image, GPtrArray *remakes, GError **error)
{
    GimpLayer **layers = g_new0(GimpLayer *, remakes->len + 1);
    gboolean ok = TRUE;
    gimp_image_undo_group_start(image);
    for (guint i = 0; ok && i < remakes->len; i++) {
        layers[i] = put(remakes->pdata[i], error);
        ok = layers[i] != NULL;
    }
    gimp_image_undo_group_end(image);
    gimp_displays_flush();
    if (ok)
        return layers;
    g_free(layers);
    return NULL;
}

/* ---- */

static GimpLayer **make_again(GPtrArray *remakes, GimpRunMode run_mode, GimpImage *image,
                              GimpProcedureConfig *config, GError **error)
{
    g_autofree char *target = NULL;
    double seed;
    int steps;
    g_object_get(config, "target", &target, "seed", &seed, "steps", &steps, NULL);
    gboolean above = g_strcmp0(target, "above") == 0;
    if (!choose_places(remakes, above, run_mode, error) || !make_all(remakes, seed, steps, error))
        return NULL;
    if (gimp_image_is_valid(image))
        return put_all(image, remakes, error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("The image was closed meanwhile. What was made is in the history."));
    return NULL;
}

GimpValueArray *edt_plugin_again(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                 GimpDrawable **drawables, GimpProcedureConfig *config)
{
    GError *error = NULL;
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    g_autoptr(GPtrArray) remakes =
        edt_layer_accepts(image, &error) ? find_layers(drawables, &error) : NULL;
    GimpLayer **layers = remakes ? make_again(remakes, run_mode, image, config, &error) : NULL;
    if (layers)
        return edt_answer_succeeded(procedure, image, layers);
    if (!g_error_matches(error, EDT_ERROR, EDT_ERROR_CANCELLED))
        return edt_answer_failed(procedure, error);
    g_clear_error(&error);
    return gimp_procedure_new_return_values(procedure, GIMP_PDB_CANCEL, NULL);
}
