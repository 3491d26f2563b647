/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scattered pictures become one layer; see scatter.h.  A tile is an image of its own.
 */
#include "plugin/scatter.h"
#include "plugin/answer.h"
#include "plugin/ask.h"
#include "plugin/collage.h"
#include "plugin/colours.h"
#include "plugin/process.h"
#include "plugin/start.h"
#include "settings.h"

#include <gegl.h>
#include <glib/gi18n.h>

static gboolean is_tile(GimpProcedureConfig *config)
{
    g_autofree char *word = NULL;
    g_object_get(config, "where", &word, NULL);
    return edt_word_find(edt_where_choices.words, word ? word : "") == EDT_WHERE_TILE;
}

/* Where there is no selection, a dialog begins with the tile. */
static void suggest(GimpProcedureConfig *config, GimpImage *image)
{
    if (edt_start_obstacle(EDT_FROM_SELECTION, image))
        g_object_set(config, "where", edt_where_choices.words[EDT_WHERE_TILE], NULL);
}

static gboolean check(GimpImage *image, gboolean tile, GError **error)
{
    const char *obstacle = tile ? NULL : edt_start_obstacle(EDT_FROM_SELECTION, image);
    if (!obstacle)
        return TRUE;
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, obstacle);
    return FALSE;
}

static GimpImage *make(GimpProcedureConfig *config, gboolean tile, EdtPlace *place,
                       GimpLayer ***layers, GError **error)
{
    EdtCollage collage = {0};
    GimpImage *image = NULL;
    EdtPicture all = {0};
    if (edt_colours_take(place, config, error) &&
        edt_collage_plan(&collage, config, tile, place, error))
        all = edt_collage_run(&collage, error);
    const EdtSheet sheet = {.picture = &all,
                            .name = collage.name,
                            .record = collage.record,
                            .colours = place->colours,
                            .scattered = collage.scattered};
    if (all.pixels)
        image = edt_layer_insert(place, &sheet, 1, NULL, layers, error);
    g_free(all.pixels);
    edt_collage_clear(&collage);
    return image;
}

GimpValueArray *edt_plugin_scatter_with(GimpProcedure *procedure, GimpRunMode run_mode,
                                        GimpImage *image, GimpProcedureConfig *config)
{
    static const char *const rows[] = {"class", "where",  "tile",  "spots",    "count",
                                       "size",  "differ", "turn",  "distance", "whole",
                                       "seed",  "steps",  "model", NULL};
    GError *error = NULL;
    GimpImage *made = NULL;
    GimpLayer **layers = NULL;
    if (edt_ask(procedure, run_mode, config, _("Scatter with EDT"), rows, &error) &&
        check(image, is_tile(config), &error)) {
        gboolean tile = is_tile(config);
        EdtPlace place;
        if (edt_layer_place(tile ? NULL : image, EDT_FIT_NATIVE,
                            run_mode != GIMP_RUN_NONINTERACTIVE, &place, &error))
            made = make(config, tile, &place, &layers, &error);
        edt_layer_place_clear(&place);
    }
    return made ? edt_answer_succeeded(procedure, made, layers)
                : edt_answer_failed(procedure, error);
}

GimpValueArray *edt_plugin_scatter(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                   GimpDrawable **drawables, GimpProcedureConfig *config)
{
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    if (run_mode == GIMP_RUN_INTERACTIVE)
        suggest(config, image);
    return edt_plugin_scatter_with(procedure, run_mode, image, config);
}
