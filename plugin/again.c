/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The layer knows how it was made.  All pictures are computed first; then the image changes in one
 * step, which one undo takes back.  See again.h.
 */
#include "plugin/again.h"
#include "catalogue.h"
#include "plugin/answer.h"
#include "plugin/collage.h"
#include "plugin/colours.h"
#include "plugin/layer_settings.h"
#include "plugin/module.h"
#include "plugin/parasites.h"
#include "plugin/pixels.h"
#include "plugin/process.h"

#include <gegl.h>
#include <glib/gi18n.h>
#include <libgimp/gimpui.h>
#include <string.h>

/* One layer on its way. */
typedef struct {
    GimpLayer *layer;
    EdtRecord *record;
    char *scattered;    /* NULL: it is one picture */
    gboolean above;     /* instead of in its place */
    gboolean covers;    /* what was painted on it: that was asked */
    EdtJob *job;        /* of one picture */
    EdtCollage collage; /* and of several, which become one */
    EdtPicture all;
} Remake;

static void remake_free(gpointer data)
{
    Remake *remake = data;
    edt_record_free(remake->record);
    edt_job_close(remake->job);
    edt_collage_clear(&remake->collage);
    g_free(remake->all.pixels);
    g_free(remake->scattered);
    g_free(remake);
}

/* ---- which layers ---- */

static gboolean is_of_layer(gconstpointer remake, gconstpointer layer)
{
    return ((const Remake *)remake)->layer == layer;
}

/* Once, also where it is selected together with its group.  damage: of the first that has any. */
static void collect_one(GPtrArray *remakes, GimpLayer *layer, GError **damage)
{
    if (g_ptr_array_find_with_equal_func(remakes, layer, is_of_layer, NULL))
        return;
    EdtRecord *record = edt_layer_record(layer, *damage ? NULL : damage);
    if (!record)
        return;
    Remake *remake = g_new0(Remake, 1);
    *remake = (Remake){.layer = layer, .record = record};
    remake->scattered = edt_parasites_text(remake->layer, EDT_PARASITE_SCATTERED);
    g_ptr_array_add(remakes, remake);
}

/* Of a group its children. */
static void collect(GPtrArray *remakes, GimpLayer *layer, GError **damage)
{
    if (!gimp_item_is_group(GIMP_ITEM(layer))) {
        collect_one(remakes, layer, damage);
        return;
    }
    g_autofree GimpItem **children = gimp_item_get_children(GIMP_ITEM(layer));
    for (int i = 0; children && children[i]; i++)
        collect(remakes, GIMP_LAYER(children[i]), damage);
}

/* Not of another image, which a script may name: one undo would not bring all back. */
static GPtrArray *find_layers(GimpImage *image, GimpDrawable **drawables, GError **error)
{
    g_autoptr(GPtrArray) remakes = g_ptr_array_new_with_free_func(remake_free);
    g_autoptr(GError) damage = NULL;
    for (int i = 0; drawables && drawables[i]; i++) {
        GimpLayer *layer = edt_layer_in(image, drawables[i]);
        if (layer)
            collect(remakes, layer, &damage);
    }
    if (remakes->len)
        return g_steal_pointer(&remakes);
    if (damage) {
        g_propagate_error(error, g_steal_pointer(&damage));
        return NULL;
    }
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

/* By itself or a group that it is in; GIMP would write over its colours alone where its alpha is.
 */
static gboolean is_locked(const Remake *remake, GError **error)
{
    GimpDrawable *drawable = GIMP_DRAWABLE(remake->layer);
    gboolean alpha = gimp_drawable_has_alpha(drawable), locked = FALSE;
    for (GimpItem *item = GIMP_ITEM(drawable); item && !locked; item = gimp_item_get_parent(item))
        locked = gimp_item_get_lock_content(item) ||
                 (alpha && gimp_layer_get_lock_alpha(GIMP_LAYER(item)));
    if (!locked)
        return FALSE;
    g_autofree char *name = gimp_item_get_name(GIMP_ITEM(remake->layer));
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The pixels of the layer “%s” are locked: unlock them, or put the new picture "
                  "above."),
                name);
    return TRUE;
}

/* Somebody may have worked on while the pictures were made: what came onto a layer since stays to
 * be seen, and so does a layer that was locked. */
static gboolean look_again(GPtrArray *remakes, GError **error)
{
    for (guint i = 0; i < remakes->len; i++) {
        Remake *remake = remakes->pdata[i];
        if (!gimp_item_is_valid(GIMP_ITEM(remake->layer))) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                        _("A layer was deleted meanwhile. What was made is in the history."));
            return FALSE;
        }
        remake->above = remake->above || is_locked(remake, NULL) ||
                        (!remake->covers && edt_layer_painted(remake->layer));
    }
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
        remake->covers = painted && answer == REPLACE;
        g_autofree char *colours = edt_parasites_text(remake->layer, EDT_PARASITE_COLOURS);
        GimpImage *image = gimp_item_get_image(GIMP_ITEM(remake->layer));
        if ((!remake->above && is_locked(remake, error)) ||
            !edt_colours_check(colours, image, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- the pictures ---- */

static gboolean make_one(Remake *remake, double seed, int steps, GError **error)
{
    EdtOrder *order = edt_order_again(remake->record, seed, steps, edt_process_threads(), error);
    if (!order)
        return FALSE;
    remake->job = edt_process_make(order, error);
    return remake->job != NULL;
}

static gboolean scatter_again(Remake *remake, double seed, int steps, GError **error)
{
    if (edt_collage_again(&remake->collage, remake->layer, remake->record, remake->scattered, seed,
                          steps, error))
        remake->all = edt_collage_run(&remake->collage, error);
    return remake->all.pixels != NULL;
}

static gboolean make_all(GPtrArray *remakes, double seed, int steps, GError **error)
{
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < remakes->len; i++) {
        Remake *remake = remakes->pdata[i];
        ok = (remake->scattered ? scatter_again : make_one)(remake, seed, steps, error);
    }
    return ok;
}

static char *name_before(const Remake *remake, const char *label)
{
    const EdtRecord *record = remake->record;
    return remake->scattered ? edt_collage_name(label, record->item.seed)
                             : edt_layer_name(label, record->item.seed, record->steps_done,
                                              record->request.steps);
}

/* GIMP numbers a name that another layer has: "fox (seed 6) #1". */
static gboolean is_name(const char *now, const char *ours)
{
    const gboolean begins = g_str_has_prefix(now, ours);
    const char *rest = begins ? now + strlen(ours) : NULL;
    return begins && (!*rest || g_regex_match_simple("^ #[0-9]+$", rest, 0, 0));
}

/* A name that we gave follows the seed; the user's own stays. */
static gboolean rename_layer(const Remake *remake, const char *label, const char *name,
                             GError **error)
{
    g_autofree char *now = gimp_item_get_name(GIMP_ITEM(remake->layer));
    g_autofree char *ours = name_before(remake, label);
    g_autofree char *in_english =
        name_before(remake, remake->record->class_name ? remake->record->class_name : "");
    gboolean own = now && !is_name(now, ours) && !is_name(now, in_english);
    return own || (now && gimp_item_set_name(GIMP_ITEM(remake->layer), name)) ||
           edt_pixels_refused(error);
}

static GimpLayer *put_sheet(const Remake *remake, const EdtSheet *sheet, const char *label,
                            gboolean *changed, GError **error)
{
    if (remake->above)
        return edt_layer_insert_above(remake->layer, sheet, error);
    return edt_layer_replace(remake->layer, sheet, changed, error) &&
                   rename_layer(remake, label, sheet->name, error)
               ? remake->layer
               : NULL;
}

static GimpLayer *put(const Remake *remake, gboolean *changed, GError **error)
{
    const EdtCollage *collage = &remake->collage;
    if (remake->scattered) {
        const EdtSheet sheet = {.picture = &remake->all,
                                .name = collage->name,
                                .record = collage->record,
                                .scattered = collage->scattered};
        return put_sheet(remake, &sheet, collage->label, changed, error);
    }
    const EdtOutcome *outcome = edt_job_outcome(remake->job);
    const EdtOrder *order = outcome->order;
    const EdtPicture *picture = &outcome->pictures->pictures[0];
    const char *label = order->class_labels[0];
    g_autofree char *name =
        edt_layer_name(label, picture->item.seed, picture->steps_done, order->request.steps);
    const EdtSheet sheet = {.picture = picture, .name = name, .record = outcome->records[0]};
    return put_sheet(remake, &sheet, label, changed, error);
}

/* GIMP has no procedure that undoes. */
static void say_undo(GError *error)
{
    g_autofree char *told = error->message;
    error->message = g_strdup_printf(_("%s One undo takes back what has changed."), told);
}

static GimpLayer **put_all(GimpImage *image, GPtrArray *remakes, GError **error)
{
    gboolean ok = edt_layer_begin(image, error), changed = FALSE;
    if (!ok)
        return NULL;
    g_autofree GimpLayer **selected = gimp_image_get_selected_layers(image);
    GimpLayer **layers = g_new0(GimpLayer *, remakes->len + 1);
    gboolean above = FALSE;
    for (guint i = 0; ok && i < remakes->len; i++) {
        layers[i] = put(remakes->pdata[i], &changed, error);
        ok = layers[i] != NULL;
        changed |= ok;
        above |= ((Remake *)remakes->pdata[i])->above;
    }
    if (selected && (!ok || !above)) /* what came and went was selected meanwhile */
        gimp_image_set_selected_layers(image, (const GimpLayer **)selected);
    gimp_image_undo_group_end(image);
    gimp_displays_flush();
    if (ok)
        return layers;
    if (changed)
        say_undo(*error);
    g_free(layers);
    return NULL;
}

/* ---- where the model is gone ---- */

static gboolean lacks_model(const Remake *remake)
{
    const char *sha256 = remake->record->model_sha256;
    g_autofree char *path = sha256 ? edt_models_find_sha256(sha256) : NULL;
    return !path;
}

/* Whoever can be asked gets the dialog of the layer's settings, which says so, and makes another
 * picture of them with a model that is here. */
static GimpValueArray *ask_for_model(GimpImage *image, const Remake *remake)
{
    GimpDrawable *drawables[] = {GIMP_DRAWABLE(remake->layer), NULL};
    GimpProcedure *settings = edt_process_procedure(EDT_PROC_SETTINGS);
    GimpProcedureConfig *config = gimp_procedure_create_config(settings);
    GimpValueArray *values =
        edt_plugin_settings(settings, GIMP_RUN_INTERACTIVE, image, drawables, config);
    g_object_unref(config);
    g_object_unref(settings);
    return values;
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
        return look_again(remakes, error) ? put_all(image, remakes, error) : NULL;
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
    g_autoptr(GPtrArray) remakes = find_layers(image, drawables, &error);
    if (remakes && remakes->len == 1 && can_ask(run_mode) && lacks_model(remakes->pdata[0]))
        return ask_for_model(image, remakes->pdata[0]);
    GimpLayer **layers = remakes ? make_again(remakes, run_mode, image, config, &error) : NULL;
    if (layers)
        return edt_answer_succeeded(procedure, image, layers);
    if (!g_error_matches(error, EDT_ERROR, EDT_ERROR_CANCELLED))
        return edt_answer_failed(procedure, error);
    g_clear_error(&error);
    return gimp_procedure_new_return_values(procedure, GIMP_PDB_CANCEL, NULL);
}
