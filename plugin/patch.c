/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of an image as bytes; see patch.h.  babl converts from whatever the image is in.
 */
#include "plugin/patch.h"
#include "plugin/pixels.h"

#include <gegl.h>
#include <math.h>
#include <string.h>

#define INK 8 /* alpha that is seen */

void edt_patch_free(EdtPatch *patch)
{
    if (!patch)
        return;
    g_free(patch->rgba);
    g_free(patch);
}

/* ---- areas ---- */

EdtArea edt_patch_bounds(GimpDrawable *drawable)
{
    EdtArea area = {0, 0, gimp_drawable_get_width(drawable), gimp_drawable_get_height(drawable)};
    gimp_drawable_get_offsets(drawable, &area.x, &area.y);
    return area;
}

EdtArea edt_patch_square(const EdtArea *area, double margin)
{
    int longer = MAX(area->width, area->height);
    int side = longer + 2 * (int)(longer * margin + 0.5);
    return (EdtArea){area->x - (side - area->width) / 2, area->y - (side - area->height) / 2, side,
                     side};
}

/* ---- reading ---- */

static double scale_for(const EdtArea *area)
{
    return MIN(1.0, (double)EDT_PATCH_SIDE / MAX(area->width, area->height));
}

static EdtPatch *patch_new(const EdtArea *area, int width, int height)
{
    EdtPatch *patch = g_new(EdtPatch, 1);
    *patch = (EdtPatch){*area, width, height, g_malloc0((gsize)width * (gsize)height * 4)};
    return patch;
}

static EdtPatch *patch_for(const EdtArea *area)
{
    double scale = scale_for(area);
    return patch_new(area, MAX((int)(area->width * scale), 1), MAX((int)(area->height * scale), 1));
}

/* GEGL wants the rectangle in scaled pixels of the buffer.  Of one with an odd side it mixes what is
 * beyond the border into the last ones: paper would not be opaque. */
static gboolean read_into(GimpDrawable *drawable, const EdtPatch *patch, const char *format,
                          gpointer pixels, GError **error)
{
    double scale = scale_for(&patch->area);
    int x, y;
    g_autoptr(GeglBuffer) buffer = gimp_drawable_get_offsets(drawable, &x, &y)
                                       ? edt_pixels_open(drawable, error)
                                       : edt_pixels_withheld(error);
    if (!buffer)
        return FALSE;
    const GeglRectangle there = {(int)floor((patch->area.x - x) * scale),
                                 (int)floor((patch->area.y - y) * scale), patch->width,
                                 patch->height};
    const GeglRectangle whole = {patch->area.x - x, patch->area.y - y, patch->area.width,
                                 patch->area.height};
    const gboolean inside = gegl_rectangle_contains(gegl_buffer_get_extent(buffer), &whole);
    gegl_buffer_get(buffer, &there, scale, babl_format(format), pixels, GEGL_AUTO_ROWSTRIDE,
                    inside ? GEGL_ABYSS_CLAMP : GEGL_ABYSS_NONE);
    return TRUE;
}

/* The drawable as it is seen: its buffer has what its mask hides, too. */
static gboolean hide_masked(GimpDrawable *drawable, const EdtPatch *patch, GError **error)
{
    GimpLayer *layer = GIMP_IS_LAYER(drawable) ? GIMP_LAYER(drawable) : NULL;
    GimpLayerMask *mask =
        layer && gimp_layer_get_apply_mask(layer) ? gimp_layer_get_mask(layer) : NULL;
    if (!mask)
        return TRUE;
    gsize n = (gsize)patch->width * (gsize)patch->height;
    g_autofree float *seen = g_new0(float, n);
    if (!read_into(GIMP_DRAWABLE(mask), patch, "Y float", seen, error))
        return FALSE;
    for (gsize i = 0; i < n; i++)
        patch->rgba[4 * i + 3] = (guint8)(patch->rgba[4 * i + 3] * CLAMP(seen[i], 0, 1) + 0.5f);
    return TRUE;
}

static EdtPatch *read_plain(GimpDrawable *drawable, const EdtArea *area, GError **error)
{
    g_autoptr(EdtPatch) patch = patch_for(area);
    if (!read_into(drawable, patch, "R'G'B'A u8", patch->rgba, error) ||
        !hide_masked(drawable, patch, error))
        return NULL;
    return g_steal_pointer(&patch);
}

/* Of a layer; those of a group are not looked at.  FALSE: GIMP does not say. */
static gboolean find_filters(GimpDrawable *drawable, gboolean *found, GError **error)
{
    *found = FALSE;
    if (!GIMP_IS_LAYER(drawable) || gimp_item_is_group(GIMP_ITEM(drawable)))
        return TRUE;
    g_autofree GimpDrawableFilter **filters = gimp_drawable_get_filters(drawable);
    *found = filters && filters[0];
    return gimp_pdb_get_last_status(gimp_get_pdb()) == GIMP_PDB_SUCCESS ||
           edt_pixels_withheld(error);
}

/* An empty one in which filters do what they do in this one; they are seen in all colours, also
 * where the image has few.  NULL: GIMP makes none. */
static GimpImage *image_like(GimpImage *image)
{
    GimpImageBaseType type;
    if (!image || !edt_pixels_base_type(image, &type, NULL))
        return NULL;
    GimpImage *made = gimp_image_new_with_precision(1, 1, type == GIMP_GRAY ? GIMP_GRAY : GIMP_RGB,
                                                    gimp_image_get_precision(image));
    g_autoptr(GimpColorProfile) profile = made ? gimp_image_get_color_profile(image) : NULL;
    if (!profile || gimp_image_set_color_profile(made, profile))
        return made;
    gimp_image_delete(made);
    return NULL;
}

/* Filters that GIMP keeps beside the pixels are in no buffer: a copy has them in its own.  To merge
 * them is a step of an image, which must not be the user's: nothing may be there to undo. */
static EdtPatch *read_filtered(GimpDrawable *drawable, const EdtArea *area, GError **error)
{
    GimpImage *apart = image_like(gimp_item_get_image(GIMP_ITEM(drawable)));
    GimpLayer *copy = apart ? gimp_layer_new_from_drawable(drawable, apart) : NULL;
    EdtPatch *patch = NULL;
    if (copy && gimp_drawable_merge_filters(GIMP_DRAWABLE(copy)))
        patch = read_plain(GIMP_DRAWABLE(copy), area, error);
    else
        edt_pixels_withheld(error);
    if (copy)
        gimp_item_delete(GIMP_ITEM(copy));
    if (apart)
        gimp_image_delete(apart);
    return patch;
}

EdtPatch *edt_patch_read(GimpDrawable *drawable, const EdtArea *area, GError **error)
{
    gboolean filtered;
    if (!find_filters(drawable, &filtered, error))
        return NULL;
    return (filtered ? read_filtered : read_plain)(drawable, area, error);
}

static GimpDrawable *selection_of(GimpImage *image, GError **error)
{
    GimpSelection *selection = gimp_image_get_selection(image);
    if (!selection)
        edt_pixels_withheld(error);
    return (GimpDrawable *)selection;
}

EdtPatch *edt_patch_selection(GimpImage *image, const EdtArea *area, GError **error)
{
    g_autoptr(EdtPatch) patch = patch_for(area);
    GimpDrawable *selection = selection_of(image, error);
    gsize n = (gsize)patch->width * (gsize)patch->height;
    g_autofree float *selected = g_new0(float, n);
    if (!selection || !read_into(selection, patch, "Y float", selected, error))
        return NULL;
    for (gsize i = 0; i < n; i++) {
        memset(patch->rgba + 4 * i, (int)(CLAMP(selected[i], 0, 1) * 255 + 0.5f), 3);
        patch->rgba[4 * i + 3] = 255;
    }
    return g_steal_pointer(&patch);
}

/* GIMP's own feather has this deviation for a radius. */
#define DEVIATION(radius) ((radius) / 3.5)

GeglBuffer *edt_patch_mask(GimpImage *image, const EdtArea *area, double feather, GError **error)
{
    const int soft = feather > 0 ? (int)ceil(feather) : 0;
    /* with what lies around: the blur of an edge needs both of its sides, and beyond the canvas the
     * selection goes on as it is at its border, as when GIMP feathers one */
    const GeglRectangle there = {area->x - soft, area->y - soft, area->width + 2 * soft,
                                 area->height + 2 * soft};
    GimpDrawable *selection = selection_of(image, error);
    GeglBuffer *now = selection ? edt_pixels_open(selection, error) : NULL;
    if (!now)
        return NULL;
    GeglBuffer *mask = gegl_buffer_new(&there, gegl_buffer_get_format(now));
    gegl_buffer_copy(now, &there, soft ? GEGL_ABYSS_CLAMP : GEGL_ABYSS_NONE, mask, &there);
    g_object_unref(now);
    if (feather <= 0)
        return mask;
    GeglBuffer *blurred = gegl_filter_op(mask, "gegl:gaussian-blur", "std-dev-x",
                                         DEVIATION(feather), "std-dev-y", DEVIATION(feather), NULL);
    g_object_unref(mask);
    return blurred;
}

EdtPatch *edt_patch_cut(const EdtPatch *patch, const EdtArea *area)
{
    double scale = scale_for(&patch->area);
    EdtPatch *cut = patch_new(area, MAX((int)(area->width * scale + 0.5), 1),
                              MAX((int)(area->height * scale + 0.5), 1));
    int x = (int)floor((area->x - patch->area.x) * scale);
    int y = (int)floor((area->y - patch->area.y) * scale);
    int from = MAX(x, 0), to = MIN(x + cut->width, patch->width);
    for (int row = 0; row < cut->height && from < to; row++) {
        int there = y + row;
        if (there >= 0 && there < patch->height)
            memcpy(cut->rgba + 4 * ((gsize)row * (gsize)cut->width + (gsize)(from - x)),
                   patch->rgba + 4 * ((gsize)there * (gsize)patch->width + (gsize)from),
                   4 * (gsize)(to - from));
    }
    return cut;
}

gboolean edt_patch_ink(const EdtPatch *patch, EdtArea *ink)
{
    double scale = scale_for(&patch->area);
    int left = patch->width, right = -1, top = patch->height, bottom = -1;
    for (int y = 0; y < patch->height; y++)
        for (int x = 0; x < patch->width; x++)
            if (patch->rgba[4 * ((gsize)y * (gsize)patch->width + (gsize)x) + 3] >= INK) {
                left = MIN(left, x);
                right = MAX(right, x);
                top = MIN(top, y);
                bottom = y;
            }
    if (right < 0)
        return FALSE;
    *ink = (EdtArea){patch->area.x + (int)(left / scale), patch->area.y + (int)(top / scale),
                     (int)ceil((right - left + 1) / scale), (int)ceil((bottom - top + 1) / scale)};
    return TRUE;
}

static gboolean has_only(const EdtPatch *patch, int channel)
{
    for (gsize i = 0; i < (gsize)patch->width * (gsize)patch->height; i++)
        if (patch->rgba[4 * i + (gsize)channel] < 255)
            return FALSE;
    return TRUE;
}

gboolean edt_patch_is_opaque(const EdtPatch *patch)
{
    return has_only(patch, 3);
}

gboolean edt_patch_is_white(const EdtPatch *patch)
{
    return has_only(patch, 0);
}
