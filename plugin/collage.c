/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See collage.h.  Where pictures lie is session/scatter.c's, what they look like collage.c's there.
 */
#include "plugin/collage.h"
#include "plugin/patch.h"
#include "plugin/pixels.h"
#include "plugin/process.h"
#include "session/scattered.h"

#include <gegl.h>
#include <glib/gi18n.h>

static gboolean refuse(GError **error, const char *sentence)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, sentence);
    return FALSE;
}

/* As large as what is scattered. */
static gboolean need_mask(EdtCollage *collage, GError **error)
{
    EdtScatter *s = &collage->scatter;
    collage->mask = g_try_new(float, (gsize)s->width *(gsize)s->height);
    if (!collage->mask)
        edt_pixels_too_large(s->width, s->height, error);
    s->mask = collage->mask;
    return collage->mask != NULL;
}

/* ---- the area ---- */

static gboolean is_all(const float *mask, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (mask[i] < 1)
            return FALSE;
    return TRUE;
}

/* As it is now: it may be another one when the pictures are there.  A rectangle is no mask. */
static gboolean take_selection(EdtCollage *collage, EdtPlace *place, GError **error)
{
    const EdtArea *area = &place->area;
    const GeglRectangle there = {area->x, area->y, area->width, area->height};
    gsize n = (gsize)area->width * (gsize)area->height;
    collage->scatter.width = area->width;
    collage->scatter.height = area->height;
    if (!need_mask(collage, error))
        return FALSE;
    place->mask = edt_patch_mask(place->image, area, 0, error);
    if (!place->mask)
        return FALSE;
    gegl_buffer_get(place->mask, &there, 1.0, babl_format("Y float"), collage->mask,
                    GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
    if (is_all(collage->mask, n))
        g_clear_object(&place->mask);
    return TRUE;
}

static void take_tile(EdtCollage *collage, GimpProcedureConfig *config)
{
    g_object_get(config, "tile", &collage->scatter.width, NULL);
    collage->scatter.height = collage->scatter.width;
    collage->scatter.wrap = TRUE;
}

/* ---- settings ---- */

static gboolean read_settings(EdtCollage *collage, GimpProcedureConfig *config, GError **error)
{
    EdtScatter *s = &collage->scatter;
    int size;
    g_object_get(config, "spots", &s->spots, "size", &size, "differ", &s->differ, "turn", &s->turn,
                 "distance", &s->distance, NULL);
    EdtModelInfo *info = edt_model_info_read(collage->order->model, error);
    if (!info)
        return FALSE;
    s->side = size > 0 ? size : info->image_size;
    s->pictures = collage->order->request.n_items;
    s->seed = collage->order->items[0].seed;
    edt_model_info_free(info);
    return TRUE;
}

char *edt_collage_name(const char *label, guint64 seed)
{
    g_autofree char *of = edt_layer_name(label, seed, 0, 0);
    return g_strdup_printf(_("%s, scattered"), of);
}

/* Once all is settled. */
static gboolean throw_all(EdtCollage *collage, GError **error)
{
    collage->label = g_strdup(collage->order->label);
    collage->name = edt_collage_name(collage->label, collage->order->items[0].seed);
    collage->scattered = edt_scattered_write(&collage->scatter, collage->order);
    collage->spots = edt_scatter(&collage->scatter);
    return collage->spots->len > 0 ||
           refuse(error, _("There is no room for even one picture: make them smaller, or let them "
                           "leave the selection."));
}

gboolean edt_collage_plan(EdtCollage *collage, GimpProcedureConfig *config, gboolean tile,
                          EdtPlace *place, GError **error)
{
    *collage = (EdtCollage){0};
    collage->order = edt_order_new(G_OBJECT(config), edt_process_threads(), error);
    if (!collage->order || !read_settings(collage, config, error))
        return FALSE;
    if (tile)
        take_tile(collage, config);
    else if (!take_selection(collage, place, error))
        return FALSE;
    if (!tile)
        g_object_get(config, "whole", &collage->scatter.whole, NULL);
    return throw_all(collage, error);
}

/* ---- of a layer that is there ---- */

/* A rectangle is no mask of the layer, but a selection all the same: what is thrown into one is
 * thrown another way than onto a tile (session/scatter.c). */
static gboolean take_rectangle(EdtCollage *collage, GError **error)
{
    EdtScatter *s = &collage->scatter;
    const gsize n = (gsize)s->width * (gsize)s->height;
    if (!need_mask(collage, error))
        return FALSE;
    for (gsize i = 0; i < n; i++)
        collage->mask[i] = 1;
    return TRUE;
}

/* As large as it was when it was made: who has scaled the layer has scaled what is scattered. */
static gboolean take_layer_mask(EdtCollage *collage, GimpLayer *layer, GError **error)
{
    GimpLayerMask *mask = gimp_layer_get_mask(layer);
    if (collage->scatter.wrap)
        return TRUE;
    if (!mask)
        return take_rectangle(collage, error);
    g_autoptr(GeglBuffer) buffer = edt_pixels_open(GIMP_DRAWABLE(mask), error);
    if (!buffer)
        return FALSE;
    int width = gegl_buffer_get_width(buffer), height = gegl_buffer_get_height(buffer);
    EdtScatter *s = &collage->scatter;
    g_autofree float *now = g_try_new(float, (gsize)width *(gsize)height);
    if (!now)
        edt_pixels_too_large(width, height, error);
    if (!now || !need_mask(collage, error))
        return FALSE;
    gegl_buffer_get(buffer, NULL, 1.0, babl_format("Y float"), now, GEGL_AUTO_ROWSTRIDE,
                    GEGL_ABYSS_NONE);
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++)
            collage->mask[(gsize)y * (gsize)s->width + (gsize)x] =
                now[(gsize)((gint64)y * height / s->height) * (gsize)width +
                    (gsize)((gint64)x * width / s->width)];
    return TRUE;
}

gboolean edt_collage_again(EdtCollage *collage, GimpLayer *layer, const EdtRecord *record,
                           const char *scattered, double seed, int steps, GError **error)
{
    *collage = (EdtCollage){0};
    collage->order = edt_scattered_again(record, scattered, seed, steps, edt_process_threads(),
                                         &collage->scatter, error);
    return collage->order && take_layer_mask(collage, layer, error) && throw_all(collage, error);
}

void edt_collage_clear(EdtCollage *collage)
{
    edt_order_free(collage->order);
    g_clear_pointer(&collage->spots, g_array_unref);
    g_free(collage->mask);
    g_free(collage->name);
    g_free(collage->label);
    g_free(collage->scattered);
    g_free(collage->record);
}

/* ---- the pictures ---- */

EdtPicture edt_collage_run(EdtCollage *collage, GError **error)
{
    EdtPicture all = {0};
    EdtJob *job = edt_process_make(g_steal_pointer(&collage->order), error);
    if (!job)
        return all;
    const EdtOutcome *outcome = edt_job_outcome(job);
    collage->record = g_strdup(outcome->records[0]);
    all = edt_scatter_draw(&collage->scatter, collage->spots, outcome->pictures->pictures);
    if (!all.pixels)
        edt_pixels_too_large(all.width, all.height, error);
    edt_job_close(job);
    return all;
}
