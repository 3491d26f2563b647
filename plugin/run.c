/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known of a press of a button; see run.h.
 */
#include "plugin/run.h"
#include "plugin/frames.h"

#include <glib/gi18n.h>

EdtRun *edt_run_new(const EdtOrder *order, const EdtPlace *place, EdtFrom from)
{
    EdtRun *run = g_new0(EdtRun, 1);
    *run = (EdtRun){.order = order, .place = *place, .from = from};
    run->image_name = place->image && gimp_image_is_valid(place->image)
                          ? gimp_image_get_name(place->image)
                          : NULL;
    return run;
}

void edt_run_free(gpointer data)
{
    EdtRun *run = data;
    if (!run)
        return;
    edt_job_close(run->job);
    edt_layer_place_clear(&run->place);
    edt_frames_free(run->frames);
    g_free(run->image_name);
    g_free(run->print);
    g_free(run);
}

char *edt_run_print(GimpProcedureConfig *config, EdtFrom from, const EdtPlace *place)
{
    double seed;
    g_autofree char *class = NULL;
    g_object_get(config, "seed", &seed, "class", &class, NULL);
    if (seed < 0 || !class || !*class || from != EDT_FROM_NOTHING)
        return NULL;
    g_autofree char *all = gimp_config_serialize_to_string(GIMP_CONFIG(config), NULL);
    const EdtArea *area = &place->area;
    return g_strdup_printf("%s %d %d %d %d", all, area->x, area->y, area->width, area->height);
}

char *edt_run_remark(const EdtRun *run, GimpImage *image, const char *last_print)
{
    gboolean same = run->print && g_strcmp0(run->print, last_print) == 0;
    if (run->image_name && image != run->place.image)
        return g_strdup_printf(
            _("“%s” was closed meanwhile, so the picture is in an image of its own."),
            run->image_name);
    if (run->from != EDT_FROM_NOTHING && edt_layer_place_moved(&run->place))
        return g_strdup_printf(_("“%s” has another size than when this was asked for: see whether "
                                 "the layer lies where it should."),
                               run->image_name);
    return same ? g_strdup(_("This is the same picture once more: neither the seed nor any other "
                             "setting has changed."))
                : NULL;
}
