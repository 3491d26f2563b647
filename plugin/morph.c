/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two pictures become an animation; what the frames are is session/morph.c's.  All of them are
 * computed first, then the image changes in one step; see morph.h.
 */
#include "plugin/morph.h"
#include "plugin/answer.h"
#include "plugin/ask.h"
#include "plugin/colours.h"
#include "plugin/layer.h"
#include "plugin/parasites.h"
#include "plugin/patch.h"
#include "plugin/pixels.h"
#include "plugin/process.h"
#include "plugin/start.h"
#include "session/even.h"
#include "session/morph.h"
#include "settings.h"

#include <gegl.h>
#include <glib/gi18n.h>

/* ---- two layers ---- */

typedef struct {
    GimpLayer *lower, *upper;
    EdtRecord *from, *to; /* theirs */
} Ends;

static void clear_ends(Ends *ends)
{
    edt_record_free(ends->from);
    edt_record_free(ends->to);
}

/* The upper one of two layers, wherever they are; takes items. */
static GimpLayer *upper_of(GimpItem **items, GimpLayer *a, GimpLayer *b)
{
    GimpLayer *found = NULL;
    for (int i = 0; items && items[i] && !found; i++)
        if (items[i] == GIMP_ITEM(a) || items[i] == GIMP_ITEM(b))
            found = GIMP_LAYER(items[i]);
        else if (gimp_item_is_group(items[i]))
            found = upper_of(gimp_item_get_children(items[i]), a, b);
    g_free(items);
    return found;
}

/* What was scattered has the record of its first picture alone. */
static EdtRecord *record_of(GimpLayer *layer)
{
    g_autofree char *scattered = edt_parasites_text(layer, EDT_PARASITE_SCATTERED);
    return scattered ? NULL : edt_layer_record(layer, NULL);
}

/* Of no image: of the one that the first layer is in, as a script may have it. */
static gboolean find_ends(GimpImage *image, GimpDrawable **drawables, Ends *ends)
{
    gboolean two = drawables && drawables[0] && drawables[1] && !drawables[2];
    if (two && !image)
        image = gimp_item_get_image(GIMP_ITEM(drawables[0]));
    GimpLayer *a = two ? edt_layer_in(image, drawables[0]) : NULL,
              *b = two ? edt_layer_in(image, drawables[1]) : NULL;
    if (!a || !b)
        return FALSE;
    ends->upper = upper_of((GimpItem **)gimp_image_get_layers(image), a, b);
    ends->lower = ends->upper == a ? b : a;
    ends->from = record_of(ends->lower);
    ends->to = record_of(ends->upper);
    if (ends->from && ends->to)
        return TRUE;
    clear_ends(ends);
    *ends = (Ends){0};
    return FALSE;
}

/* ---- the order ---- */

gboolean edt_morph_is_of_layers(GimpProcedureConfig *config)
{
    g_autofree char *word = NULL;
    g_object_get(config, "between", &word, NULL);
    return edt_word_find(edt_between_choices.words, word ? word : "") == EDT_BETWEEN_LAYERS;
}

/* Frames show what the layer shows. */
static gboolean take_mask(GimpLayer *layer, EdtPlace *place, GError **error)
{
    GimpLayerMask *mask = gimp_layer_get_mask(layer);
    const EdtArea *area = &place->area;
    const GeglRectangle there = {area->x, area->y, area->width, area->height};
    const gboolean applied = mask && gimp_layer_get_apply_mask(layer);
    if (mask && gimp_pdb_get_last_status(gimp_get_pdb()) != GIMP_PDB_SUCCESS)
        return edt_pixels_refused(error);
    if (!applied)
        return TRUE;
    g_autoptr(GeglBuffer) own = edt_pixels_open(GIMP_DRAWABLE(mask), error);
    if (!own)
        return FALSE;
    place->mask = gegl_buffer_new(&there, gegl_buffer_get_format(own));
    gegl_buffer_copy(own, NULL, GEGL_ABYSS_NONE, place->mask, &there);
    return TRUE;
}

/* Frames of layers lie where the first one does, in its colours. */
static EdtOrder *order_of_layers(GimpProcedureConfig *config, const Ends *ends, EdtPlace *place,
                                 GError **error)
{
    int frames;
    g_object_get(config, "frames", &frames, NULL);
    if (!ends->lower) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("Select the two layers that the morph goes between; EDT has to have made "
                      "both."));
        return NULL;
    }
    place->fit = EDT_FIT_SELECTION;
    place->area = edt_patch_bounds(GIMP_DRAWABLE(ends->lower));
    place->whole = TRUE; /* also where that was squeezed since */
    place->above = GIMP_ITEM(ends->upper);
    g_autofree char *colours = edt_parasites_text(ends->lower, EDT_PARASITE_COLOURS);
    if (colours && !(place->colours && *place->colours))
        place->colours = g_intern_string(colours);
    if (!take_mask(ends->lower, place, error))
        return NULL;
    return edt_morph_records(ends->from, ends->to, frames, edt_process_threads(), error);
}

static EdtOrder *order_of(GimpProcedureConfig *config, const Ends *ends, EdtPlace *place,
                          GError **error)
{
    return edt_morph_is_of_layers(config)
               ? order_of_layers(config, ends, place, error)
               : edt_morph_new(G_OBJECT(config), edt_process_threads(), error);
}

/* ---- layers ---- */

/* What GIMP reads is not translated; a frame that one can see through replaces the one before. */
static char *frame_name(int number, int milliseconds, gboolean alpha)
{
    g_autofree char *frame = g_strdup_printf(_("Frame %d"), number);
    return g_strdup_printf("%s (%dms)%s", frame, milliseconds, alpha ? " (replace)" : "");
}

/* The layers in the order of play. */
static void reverse(GimpLayer **layers, int n)
{
    for (int i = 0; i < n / 2; i++) {
        GimpLayer *other = layers[i];
        layers[i] = layers[n - 1 - i];
        layers[n - 1 - i] = other;
    }
}

GimpImage *edt_morph_insert(const EdtPlace *place, const EdtOutcome *outcome,
                            GimpProcedureConfig *config, GimpLayer ***layers, GError **error)
{
    int n = outcome->pictures->n_pictures, time;
    gboolean back;
    g_object_get(config, "frame-time", &time, "back", &back, NULL);
    int total = back ? 2 * n - 2 : n;
    EdtSheet *sheets = g_new0(EdtSheet, total);
    for (int i = 0; i < total; i++) {
        int of = i < n ? i : 2 * n - 2 - i;
        const EdtPicture *picture = &outcome->pictures->pictures[of];
        sheets[total - 1 - i] = (EdtSheet){.picture = picture,
                                           .name = frame_name(i + 1, time, picture->channels == 4),
                                           .record = outcome->records[of],
                                           .colours = place->colours};
    }
    g_autofree char *group = g_strdup_printf(_("%s, %d frames"), outcome->order->label, total);
    gboolean fresh = !place->image || !gimp_image_is_valid(place->image);
    EdtPlace now = *place;
    if (!now.above && edt_layer_place_moved(&now)) /* frames of layers lie where these did */
        edt_layer_place_anew(&now, NULL);
    GimpImage *image = edt_layer_insert(&now, sheets, total, fresh ? NULL : group, layers, error);
    if (image)
        reverse(*layers, total);
    for (int i = 0; i < total; i++)
        g_free(sheets[i].name);
    g_free(sheets);
    return image;
}

/* Two and more rounds of drafts, before the frames are made. */
static gboolean even_out(EdtOrder *order, GError **error)
{
    g_autoptr(EdtEven) even = edt_even_new(order);
    g_autoptr(GError) refused = NULL;
    EdtOrder *drafts;
    while ((drafts = edt_even_drafts(even, order, &refused))) {
        EdtJob *job = edt_process_make(drafts, error);
        if (!job)
            return FALSE;
        edt_even_measure(even, edt_job_outcome(job)->pictures);
        edt_job_close(job);
    }
    if (!refused)
        return edt_even_apply(even, order, error);
    g_propagate_error(error, g_steal_pointer(&refused));
    return FALSE;
}

static gboolean settle(EdtOrder *order, GimpProcedureConfig *config, GError **error)
{
    gboolean even;
    g_object_get(config, "even", &even, NULL);
    return !even || even_out(order, error);
}

/* All frames or none. */
static GimpImage *make(EdtOrder *order, const EdtPlace *place, GimpProcedureConfig *config,
                       GimpLayer ***layers, GError **error)
{
    g_autoptr(GError) refused = NULL;
    if (!settle(order, config, error)) {
        edt_order_free(order);
        return NULL;
    }
    EdtJob *job = edt_process_make(order, error);
    if (!job)
        return NULL;
    const EdtOutcome *outcome = edt_job_outcome(job);
    GimpImage *image = edt_morph_insert(place, outcome, config, layers, &refused);
    if (!image)
        g_propagate_error(error, edt_answer_sum_up(outcome, refused));
    edt_job_close(job);
    return image;
}

/* ---- */

static EdtOrder *plan(GimpProcedureConfig *config, GimpImage *image, const Ends *ends,
                      gboolean display, EdtPlace *place, GError **error)
{
    gboolean fresh;
    g_object_get(config, "new-image", &fresh, NULL);
    EdtOrder *order =
        edt_layer_place(fresh ? NULL : image, edt_layer_fit(config), display, place, error) &&
                edt_colours_take(place, config, error)
            ? order_of(config, ends, place, error)
            : NULL;
    if (order && !edt_start_has_room(order, place, error))
        g_clear_pointer(&order, edt_order_free);
    return order;
}

EdtOrder *edt_morph_plan(GimpProcedureConfig *config, GimpImage *image, EdtPlace *place,
                         GError **error)
{
    Ends ends = {0};
    g_autofree GimpDrawable **selected = image ? gimp_image_get_selected_drawables(image) : NULL;
    find_ends(image, selected, &ends);
    EdtOrder *order = plan(config, image, &ends, TRUE, place, error);
    clear_ends(&ends);
    return order;
}

gboolean edt_morph_ask(GimpProcedure *procedure, GimpRunMode run_mode, GimpProcedureConfig *config,
                       GError **error)
{
    static const char *const rows[] = {"between",   "class",  "seed",  "to-class",   "to-seed",
                                       "mix-how",   "frames", "even",  "frame-time", "back",
                                       "new-image", "steps",  "model", NULL};
    return edt_ask(procedure, run_mode, config, _("Morph with EDT"), rows, error);
}

GimpValueArray *edt_plugin_morph(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                 GimpDrawable **drawables, GimpProcedureConfig *config)
{
    GError *error = NULL;
    GimpImage *made = NULL;
    GimpLayer **layers = NULL;
    Ends ends = {0};
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    gboolean two = find_ends(image, drawables, &ends);
    if (run_mode == GIMP_RUN_INTERACTIVE)
        g_object_set(config, "between",
                     edt_between_choices.words[two ? EDT_BETWEEN_LAYERS : EDT_BETWEEN_SETTINGS],
                     NULL);
    if (edt_morph_ask(procedure, run_mode, config, &error)) {
        EdtPlace place;
        EdtOrder *order =
            plan(config, image, &ends, run_mode != GIMP_RUN_NONINTERACTIVE, &place, &error);
        made = order ? make(order, &place, config, &layers, &error) : NULL;
        edt_layer_place_clear(&place);
    }
    clear_ends(&ends);
    return made ? edt_answer_succeeded(procedure, made, layers)
                : edt_answer_failed(procedure, error);
}
