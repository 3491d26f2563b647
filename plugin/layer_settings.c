/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A layer's record into a dialog; see layer_settings.h.  What was scattered has the small dialog of
 * the procedure that scatters, everything else the large one.
 */
#include "plugin/layer_settings.h"
#include "catalogue.h"
#include "plugin/answer.h"
#include "plugin/dialog.h"
#include "plugin/generate.h"
#include "plugin/module.h"
#include "plugin/parasites.h"
#include "plugin/patch.h"
#include "plugin/process.h"
#include "plugin/scatter.h"
#include "session/placed.h"
#include "session/properties.h"
#include "session/scattered.h"

#include <gegl.h>
#include <glib/gi18n.h>

/* ---- the layer ---- */

static GimpLayer *layer_of(GimpImage *image, GimpDrawable **drawables)
{
    return drawables && drawables[0] && !drawables[1] ? edt_layer_in(image, drawables[0]) : NULL;
}

static EdtRecord *record_of(GimpLayer *layer, GError **error)
{
    g_autoptr(GError) damage = NULL;
    EdtRecord *record = layer ? edt_layer_record(layer, &damage) : NULL;
    if (damage)
        g_propagate_error(error, g_steal_pointer(&damage));
    else if (!record)
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                            _("Select one layer that EDT made: of others it knows no settings."));
    return record;
}

static void free_pixels(guchar *pixels, gpointer data)
{
    g_free(pixels);
}

static GdkPixbuf *picture_of(GimpLayer *layer)
{
    EdtArea there = edt_patch_bounds(GIMP_DRAWABLE(layer));
    g_autoptr(EdtPatch) patch = edt_patch_read(GIMP_DRAWABLE(layer), &there, NULL);
    if (!patch)
        return NULL;
    return gdk_pixbuf_new_from_data(g_steal_pointer(&patch->rgba), GDK_COLORSPACE_RGB, TRUE, 8,
                                    patch->width, patch->height, 4 * patch->width, free_pixels,
                                    NULL);
}

/* What it started from, where that is there to start from again. */
static EdtFrom start_of(const EdtRecord *record, GimpLayer *layer)
{
    if (record->item.fill != EDT_FILL_NONE)
        return EDT_FROM_SELECTION;
    return record->source && edt_layer_origin(layer) ? EDT_FROM_LAYER : EDT_FROM_NOTHING;
}

/* How it was put into its image; what starts from something has its place from there. */
static void take_place(GimpProcedureConfig *config, GimpLayer *layer, const EdtRecord *record,
                       EdtFrom from)
{
    g_autofree char *colours = edt_parasites_text(layer, EDT_PARASITE_COLOURS);
    g_autofree char *placed = edt_parasites_text(layer, EDT_PARASITE_PLACE);
    int width = gimp_drawable_get_width(GIMP_DRAWABLE(layer));
    g_object_set(config, "palette", colours ? colours : "", NULL);
    if (from == EDT_FROM_NOTHING)
        g_object_set(config, "fit",
                     edt_fit_choices.words[edt_placed_fit(placed, record->size, width)], NULL);
}

/* ---- what was scattered ---- */

/* The settings of a procedure of ours; no aux arguments are among them. */
static GimpProcedureConfig *settings_of(GimpProcedure *procedure, const EdtRecord *record,
                                        const EdtScatter *scatter)
{
    GimpProcedureConfig *config = gimp_procedure_create_config(procedure);
    g_autofree char *path = edt_models_find_sha256(record->model_sha256);
    g_autofree char *other = path ? NULL : edt_models_first(NULL); /* what "" means */
    const char *model = path ? path : other;
    EdtModelInfo *info = model ? edt_model_info_read(model, NULL) : NULL;
    edt_properties_restore(G_OBJECT(config), info, record);
    g_object_set(config, "model", path ? path : "", "count", scatter->pictures, "spots",
                 scatter->spots, "size", (int)(scatter->side + 0.5), "differ", scatter->differ,
                 "turn", scatter->turn, "distance", scatter->distance, "where",
                 edt_where_choices.words[scatter->wrap ? EDT_WHERE_TILE : EDT_WHERE_SELECTION],
                 NULL);
    if (scatter->wrap)
        g_object_set(config, "tile", scatter->width, NULL);
    else
        g_object_set(config, "whole", scatter->whole, NULL);
    edt_model_info_free(info);
    return config;
}

static GimpValueArray *scatter(GimpProcedure *procedure, GimpImage *image, GimpLayer *layer,
                               const EdtRecord *record, const char *text)
{
    GError *error = NULL;
    EdtScatter scatter;
    if (!edt_scattered_read(text, &scatter, &error))
        return edt_answer_failed(procedure, error);
    GimpProcedure *scatters = edt_process_procedure(EDT_PROC_SCATTER);
    GimpProcedureConfig *config = settings_of(scatters, record, &scatter);
    g_autofree char *colours = edt_parasites_text(layer, EDT_PARASITE_COLOURS);
    g_object_set(config, "palette", colours ? colours : "", NULL);
    if (edt_scattered_is_mixed(text))
        g_object_set(config, "class", "", NULL);
    GimpValueArray *values = edt_plugin_scatter_with(scatters, GIMP_RUN_INTERACTIVE, image, config);
    g_object_unref(config);
    g_object_unref(scatters);
    return values;
}

/* ---- */

/* Not of the dialog that scatters, whose settings are those of another procedure. */
static gboolean is_scattered(GimpLayer *layer)
{
    g_autofree char *scattered = layer ? edt_parasites_text(layer, EDT_PARASITE_SCATTERED) : NULL;
    return scattered != NULL;
}

static GimpValueArray *open_dialog(GimpProcedure *procedure, GimpImage *image, GimpLayer *layer,
                                   const EdtRecord *record, GimpProcedureConfig *config)
{
    g_autofree char *scattered = edt_parasites_text(layer, EDT_PARASITE_SCATTERED);
    if (scattered)
        return scatter(procedure, image, layer, record, scattered);
    g_autoptr(GdkPixbuf) picture = picture_of(layer);
    const EdtDialogStart start = {start_of(record, layer), record, picture, layer};
    take_place(config, layer, record, start.from);
    return edt_dialog_run(procedure, image, config, &start);
}

GimpValueArray *edt_plugin_settings(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpDrawable **drawables,
                                    GimpProcedureConfig *config)
{
    GError *error = NULL;
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    GimpLayer *layer = layer_of(image, drawables);
    if (run_mode == GIMP_RUN_WITH_LAST_VALS && !is_scattered(layer)) /* GIMP's Repeat */
        return edt_plugin_generate(procedure, run_mode, image, drawables, config);
    g_autoptr(EdtRecord) record = record_of(layer, &error);
    if (!record)
        return edt_answer_failed(procedure, error);
    if (run_mode != GIMP_RUN_INTERACTIVE) {
        g_set_error_literal(&error, EDT_ERROR, EDT_ERROR_USAGE,
                            _("This opens a dialog: a script calls plug-in-edt-again."));
        return edt_answer_failed(procedure, error);
    }
    if (!edt_process_display(&error))
        return edt_answer_failed(procedure, error);
    return open_dialog(procedure, image, layer, record, config);
}
