/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a picture starts from, out of an image; see start.h.
 */
#include "plugin/start.h"
#include "plugin/patch.h"

#include <glib/gi18n.h>

#define LEAST 8           /* pixels of something to redraw */
#define SHAPE_MARGIN 0.04 /* so that no edge of a shape lies on the square's */

static gboolean refuse(GError **error, const char *sentence)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, sentence);
    return FALSE;
}

static EdtStart *start_new(const EdtPatch *patch)
{
    EdtStart *start = g_new0(EdtStart, 1);
    start->width = patch ? patch->width : 0;
    start->height = patch ? patch->height : 0;
    start->freedom = 1;
    return start;
}

/* ---- a layer ---- */

/* The part of it that counts. */
static gboolean drawn_area(GimpImage *image, GimpDrawable *drawable, EdtArea *area, GError **error)
{
    EdtArea bounds = edt_patch_bounds(drawable), selected;
    *area = bounds;
    if (edt_patch_selected(image, &selected) && !edt_patch_intersect(&bounds, &selected, area))
        return refuse(error, _("The selection does not touch the layer: move it onto what is to be "
                               "redrawn, or select nothing."));
    return TRUE;
}

static gboolean is_opaque(const EdtPatch *patch)
{
    for (gsize i = 0; i < (gsize)patch->width * (gsize)patch->height; i++)
        if (patch->rgba[4 * i + 3] < 255)
            return FALSE;
    return TRUE;
}

EdtStart *edt_start_from_layer(GimpImage *image, GimpDrawable *drawable, EdtPaper paper,
                               gboolean alpha, EdtArea *square, GError **error)
{
    EdtArea area;
    if (!drawn_area(image, drawable, &area, error))
        return NULL;
    g_autoptr(EdtPatch) whole = edt_patch_read(drawable, &area);
    if (alpha && (paper == EDT_PAPER_CLEAR || (paper == EDT_PAPER_AUTO && is_opaque(whole))))
        edt_canvas_clear_paper(whole->rgba, whole->width, whole->height);
    if (!edt_patch_ink(whole, &area)) {
        refuse(error, _("There is nothing on the layer to start from: draw something first."));
        return NULL;
    }
    if (MAX(area.width, area.height) < LEAST) {
        refuse(error, _("What is drawn on the layer is smaller than 8 pixels: draw it larger."));
        return NULL;
    }
    *square = edt_patch_square(&area, EDT_SKETCH_MARGIN);
    g_autoptr(EdtPatch) sketch = edt_patch_cut(whole, square);
    EdtStart *start = start_new(sketch);
    start->source = g_steal_pointer(&sketch->rgba);
    return start;
}

/* ---- the selection ---- */

/* All layers as they are seen, read and thrown away. */
static EdtPatch *read_visible(GimpImage *image, const EdtArea *area)
{
    GimpLayer *visible = gimp_layer_new_from_visible(image, image, "EDT");
    EdtPatch *patch = edt_patch_read(GIMP_DRAWABLE(visible), area);
    gimp_item_delete(GIMP_ITEM(visible));
    return patch;
}

static EdtStart *missing(GimpImage *image, GimpDrawable *drawable, const EdtFillWish *wish,
                         gboolean alpha, const EdtArea *square, GError **error)
{
    gboolean visible = wish->context == EDT_CONTEXT_VISIBLE;
    EdtArea bounds = visible ? *square : edt_patch_bounds(drawable), both;
    if (visible && alpha) {
        refuse(error, _("This model draws things on a transparent ground: it completes the drawing "
                        "on a layer, not what is visible."));
        return NULL;
    }
    if (!edt_patch_intersect(&bounds, square, &both)) {
        refuse(error, _("The layer has nothing near the selection that could be completed: select "
                        "the layer with the drawing."));
        return NULL;
    }
    g_autoptr(EdtPatch) known =
        visible ? read_visible(image, square) : edt_patch_read(drawable, square);
    EdtStart *start = start_new(known);
    start->source = g_steal_pointer(&known->rgba);
    start->fill = EDT_FILL_MISSING;
    start->careful = wish->careful;
    return start;
}

EdtStart *edt_start_from_selection(GimpImage *image, GimpDrawable *drawable,
                                   const EdtFillWish *wish, gboolean alpha, EdtArea *square,
                                   GError **error)
{
    EdtArea area;
    if (!edt_patch_selected(image, &area)) {
        refuse(error, _("Nothing is selected: select an area first."));
        return NULL;
    }
    if (wish->into == EDT_INTO_PLACE) {
        *square = area;
        return start_new(NULL);
    }
    gboolean shape = wish->into == EDT_INTO_SHAPE;
    *square = edt_patch_square(&area, shape ? SHAPE_MARGIN : wish->margin);
    g_autoptr(EdtPatch) mask = edt_patch_selection(image, square);
    EdtStart *start =
        shape ? start_new(mask) : missing(image, drawable, wish, alpha, square, error);
    if (!start)
        return NULL;
    if (shape)
        start->fill = EDT_FILL_SHAPE;
    start->mask = g_steal_pointer(&mask->rgba);
    return start;
}
