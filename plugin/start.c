/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a picture starts from, out of an image; see start.h.  The areas and bytes are patch.c's.
 */
#include "plugin/start.h"
#include "canvas.h"
#include "plugin/patch.h"
#include "plugin/pixels.h"
#include "session/start.h"
#include "settings.h"

#include <glib/gi18n.h>

#define SKETCH_MARGIN 0.06 /* beside what is drawn, as a share of its longer side */
#define AROUND 0.25        /* paper that is looked at beside it, the same */
#define SHAPE_MARGIN 0.04  /* so that no edge of a shape lies on the square's */
#define COARSE 3 /* a shape as many times as wide as high gets few of the picture's pixels */

static gboolean refuse(GError **error, const char *sentence)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, sentence);
    return FALSE;
}

static EdtStart *start_new(const EdtPatch *patch)
{
    EdtStart *start = g_new0(EdtStart, 1);
    *start = (EdtStart){.width = patch->width, .height = patch->height, .freedom = 1};
    return start;
}

static int choice(GimpProcedureConfig *config, const char *name, const EdtChoices *choices)
{
    g_autofree char *word = NULL;
    g_object_get(config, name, &word, NULL);
    return MAX(edt_word_find(choices->words, word ? word : ""), 0);
}

static double number(GimpProcedureConfig *config, const char *name)
{
    double value;
    g_object_get(config, name, &value, NULL);
    return value;
}

EdtFrom edt_start_from(GimpProcedureConfig *config)
{
    return (EdtFrom)choice(config, "start", &edt_from_choices);
}

/* ---- what is there to start from ---- */

static GimpDrawable *only_layer(GimpImage *image, GimpDrawable **drawables)
{
    gboolean one = drawables && drawables[0] && !drawables[1];
    return one ? (GimpDrawable *)edt_layer_in(image, drawables[0]) : NULL;
}

static const char *several_layers(void)
{
    return _("Select one layer to start from, or one group of layers.");
}

static GimpDrawable *one_layer(GimpImage *image, GimpDrawable **drawables, GError **error)
{
    GimpDrawable *one = only_layer(image, drawables);
    if (!one)
        refuse(error, several_layers());
    return one;
}

static const char *nothing_selected(void)
{
    return _("Nothing is selected: select an area first.");
}

/* But for what is selected of the layers. */
static const char *general_obstacle(EdtFrom from, GimpImage *image)
{
    EdtArea area;
    if (from == EDT_FROM_NOTHING)
        return NULL;
    if (!image || !gimp_image_is_valid(image))
        return _("There is no image to start from: open one first.");
    if (gimp_image_get_floating_sel(image))
        return _("There is a floating selection: anchor it, or make it a layer, first.");
    if (from == EDT_FROM_SELECTION && !edt_layer_selected(image, &area))
        return nothing_selected();
    return NULL;
}

const char *edt_start_obstacle(EdtFrom from, GimpImage *image)
{
    const char *obstacle = general_obstacle(from, image);
    if (obstacle || from != EDT_FROM_LAYER)
        return obstacle;
    g_autofree GimpDrawable **selected = gimp_image_get_selected_drawables(image);
    return only_layer(image, selected) ? NULL : several_layers();
}

/* Whether the picture was made by what is asked now: redrawing, or completing. */
static gboolean is_asked_again(EdtFrom from, GimpProcedureConfig *config, GimpLayer *picture)
{
    g_autoptr(EdtRecord) record = edt_layer_record(picture, NULL);
    if (!record)
        return FALSE;
    if (from == EDT_FROM_LAYER)
        return record->source && record->item.fill == EDT_FILL_NONE;
    return choice(config, "into", &edt_into_choices) != EDT_INTO_MISSING ||
           record->item.fill == EDT_FILL_MISSING;
}

/* A new picture is the selected layer: who asks for the same once more means what that one started
 * from, as long as it was not painted on.  A script says what it means. */
static GimpDrawable *go_back(EdtFrom from, GimpProcedureConfig *config, GimpDrawable *layer,
                             EdtPlace *place)
{
    GimpLayer *origin = layer && place->display ? edt_layer_origin(GIMP_LAYER(layer)) : NULL;
    if (!origin || edt_layer_painted(GIMP_LAYER(layer)) ||
        !is_asked_again(from, config, GIMP_LAYER(layer)))
        return layer;
    place->above = GIMP_ITEM(layer);
    return GIMP_DRAWABLE(origin);
}

/* ---- a layer ---- */

/* The part of it that counts. */
static gboolean drawn_area(GimpImage *image, GimpDrawable *drawable, EdtArea *area,
                           gboolean *selected, GError **error)
{
    EdtArea bounds = edt_patch_bounds(drawable);
    if (!edt_layer_selection(image, area, selected, error))
        return FALSE;
    if (!*selected)
        *area = bounds;
    else if (!gimp_rectangle_intersect(bounds.x, bounds.y, bounds.width, bounds.height, area->x,
                                       area->y, area->width, area->height, NULL, NULL, NULL, NULL))
        return refuse(error, _("The selection does not touch the layer: move it onto what is to be "
                               "redrawn, or select nothing."));
    return TRUE;
}

/* What is paper is decided once, by all of the layer. */
static EdtPatch *read_drawn(GimpDrawable *layer, const EdtArea *area, EdtPaper *paper,
                            GError **error)
{
    EdtPatch *drawn = edt_patch_read(layer, area, error);
    if (drawn && *paper == EDT_PAPER_AUTO)
        *paper = edt_patch_is_opaque(drawn) ? EDT_PAPER_CLEAR : EDT_PAPER_KEEP;
    if (drawn && *paper == EDT_PAPER_CLEAR &&
        !edt_canvas_clear_paper(drawn->rgba, drawn->width, drawn->height))
        *paper = EDT_PAPER_KEEP;
    return drawn;
}

/* A small thing on a layer that was scaled down, once more and with what is around it: paper begins
 * at the border, and what is outside the layer is none.  Takes far. */
static EdtPatch *read_closer(GimpDrawable *layer, EdtPatch *far, EdtPaper paper, GError **error)
{
    const EdtArea all = far->area;
    EdtArea ink;
    if (MAX(all.width, all.height) <= EDT_PATCH_SIDE || !edt_patch_ink(far, &ink))
        return far;
    EdtArea near = edt_patch_square(&ink, AROUND);
    gimp_rectangle_intersect(near.x, near.y, near.width, near.height, all.x, all.y, all.width,
                             all.height, &near.x, &near.y, &near.width, &near.height);
    if (near.width == all.width && near.height == all.height)
        return far;
    const EdtPaper before = paper;
    EdtPatch *closer = read_drawn(layer, &near, &paper, error);
    EdtPatch *other = closer && paper != before ? closer : far; /* too little paper is around it */
    edt_patch_free(other);
    return other == far ? closer : far;
}

static gboolean is_enough(const EdtPatch *sketch, const EdtArea *ink, gboolean there,
                          GError **error)
{
    if (!there)
        return refuse(error,
                      _("There is nothing on the layer to start from: draw something first."));
    if (MAX(ink->width, ink->height) < EDT_LAYER_LEAST)
        return refuse(error,
                      _("What is drawn on the layer is smaller than 8 pixels: draw it larger."));
    return TRUE;
}

/* To a model with alpha a thing stands alone, so what is beside the area is cut off; another model
 * is shown all that is in its square. */
static EdtPatch *read_sketch(GimpDrawable *drawable, const EdtPatch *drawn, gboolean alpha,
                             const EdtArea *square, GError **error)
{
    return alpha ? edt_patch_cut(drawn, square) : edt_patch_read(drawable, square, error);
}

/* What is selected becomes the new layer's mask, where that is larger. */
static gboolean take_mask(EdtPlace *place, GError **error)
{
    g_autoptr(EdtPatch) selected = edt_patch_selection(place->image, &place->area, error);
    if (!selected || edt_patch_is_white(selected))
        return selected != NULL;
    place->mask = edt_patch_mask(place->image, &place->area, 0, error);
    return place->mask != NULL;
}

static EdtStart *from_layer(GimpProcedureConfig *config, GimpDrawable **drawables, gboolean alpha,
                            EdtPlace *place, GError **error)
{
    GimpDrawable *layer = one_layer(place->image, drawables, error);
    gboolean selected;
    EdtArea area, ink;
    if (!layer || !drawn_area(place->image, layer, &area, &selected, error))
        return NULL;
    EdtPaper paper = alpha ? (EdtPaper)choice(config, "paper", &edt_paper_choices) : EDT_PAPER_KEEP;
    g_autoptr(EdtPatch) drawn = read_drawn(layer, &area, &paper, error);
    if (drawn && alpha && !selected)
        drawn = read_closer(layer, drawn, paper, error);
    if (!drawn)
        return NULL;
    if (!is_enough(drawn, &ink, edt_patch_ink(drawn, &ink), error))
        return NULL;
    place->area = edt_patch_square(selected ? &area : &ink, alpha ? SKETCH_MARGIN : 0);
    place->above = place->above ? place->above : GIMP_ITEM(layer);
    place->origin = GIMP_ITEM(layer);
    if (selected && !take_mask(place, error))
        return NULL;
    g_autoptr(EdtPatch) sketch = read_sketch(layer, drawn, alpha, &place->area, error);
    if (!sketch)
        return NULL;
    EdtStart *start = start_new(sketch);
    start->source = g_steal_pointer(&sketch->rgba);
    start->freedom = number(config, "freedom");
    return start;
}

/* ---- the selection ---- */

/* All layers as they are seen, read and thrown away. */
static EdtPatch *read_visible(GimpImage *image, const EdtArea *area, GError **error)
{
    GimpLayer *visible = gimp_layer_new_from_visible(image, image, "EDT");
    if (!visible) {
        edt_pixels_withheld(error);
        return NULL;
    }
    EdtPatch *patch = edt_patch_read(GIMP_DRAWABLE(visible), area, error);
    gimp_item_delete(GIMP_ITEM(visible));
    return patch;
}

static EdtPatch *read_known(GimpProcedureConfig *config, GimpDrawable **drawables, gboolean alpha,
                            const EdtPlace *place, GError **error)
{
    if (choice(config, "context", &edt_context_choices) == EDT_CONTEXT_LAYER) {
        GimpDrawable *layer = one_layer(place->image, drawables, error);
        return layer ? edt_patch_read(layer, &place->area, error) : NULL;
    }
    if (!alpha)
        return read_visible(place->image, &place->area, error);
    refuse(error, edt_start_visible_obstacle(alpha));
    return NULL;
}

static gboolean complete(EdtStart *start, GimpProcedureConfig *config, GimpDrawable **drawables,
                         gboolean alpha, const EdtPlace *place, GError **error)
{
    g_autoptr(EdtPatch) known = read_known(config, drawables, alpha, place, error);
    EdtArea ink;
    if (!known)
        return FALSE;
    if (!edt_patch_ink(known, &ink))
        return refuse(error,
                      _("There is nothing near the selection that could be completed: select "
                        "the layer with the drawing."));
    start->source = g_steal_pointer(&known->rgba);
    start->fill = EDT_FILL_MISSING;
    g_object_get(config, "careful", &start->careful, NULL);
    return TRUE;
}

static gboolean is_large_enough(const EdtArea *area, EdtInto into, GError **error)
{
    int side =
        into == EDT_INTO_PLACE ? MIN(area->width, area->height) : MAX(area->width, area->height);
    if (side >= EDT_LAYER_LEAST || into == EDT_INTO_MISSING)
        return TRUE;
    return refuse(error, _("The selection is smaller than 8 pixels: select a larger area."));
}

static gboolean selected_area(GimpImage *image, EdtInto into, EdtArea *area, GError **error)
{
    gboolean selected;
    if (!edt_layer_selection(image, area, &selected, error))
        return FALSE;
    return selected ? is_large_enough(area, into, error) : refuse(error, nothing_selected());
}

static void warn_of_coarse(const EdtArea *area)
{
    if (MAX(area->width, area->height) > COARSE * MIN(area->width, area->height))
        g_message(_("The selection is more than three times as long as it is wide: the picture in "
                    "it will be coarse."));
}

static EdtArea square_around(EdtArea area, EdtInto into, double feather, double margin)
{
    int soft = (int)(feather + 0.5);
    if (into == EDT_INTO_PLACE)
        return area;
    area = (EdtArea){area.x - soft, area.y - soft, area.width + 2 * soft, area.height + 2 * soft};
    return edt_patch_square(&area, into == EDT_INTO_SHAPE ? SHAPE_MARGIN : margin);
}

/* Of a place it has neither source nor mask. */
static EdtStart *from_selection(GimpProcedureConfig *config, GimpDrawable **drawables,
                                gboolean alpha, EdtPlace *place, GError **error)
{
    EdtInto into = (EdtInto)choice(config, "into", &edt_into_choices);
    double feather = number(config, "feather");
    EdtArea area;
    if (!selected_area(place->image, into, &area, error))
        return NULL;
    place->area = square_around(area, into, feather, number(config, "margin"));
    place->selected = TRUE;
    g_autoptr(EdtPatch) mask = edt_patch_selection(place->image, &place->area, error);
    if (!mask)
        return NULL;
    g_autoptr(EdtStart) start = start_new(mask);
    if (into == EDT_INTO_MISSING && !complete(start, config, drawables, alpha, place, error))
        return NULL;
    if (into == EDT_INTO_SHAPE)
        start->fill = EDT_FILL_SHAPE;
    if (into == EDT_INTO_SHAPE)
        warn_of_coarse(&area);
    if (into != EDT_INTO_PLACE)
        start->mask = g_steal_pointer(&mask->rgba);
    place->origin = GIMP_ITEM(only_layer(place->image, drawables));
    place->above = place->above ? place->above : place->origin;
    place->mask = edt_patch_mask(place->image, &place->area, feather, error);
    return place->mask ? g_steal_pointer(&start) : NULL;
}

/* ---- */

/* All pictures lie where they start from. */
static void take_area(EdtPlace *place)
{
    place->fit = EDT_FIT_SELECTION;
    place->arrange = EDT_ARRANGE_STACK;
}

void edt_start_foretell(EdtFrom from, GimpProcedureConfig *config, EdtPlace *place)
{
    EdtInto into = (EdtInto)choice(config, "into", &edt_into_choices);
    EdtArea area;
    if (from == EDT_FROM_NOTHING || edt_start_obstacle(from, place->image))
        return;
    take_area(place);
    if (from == EDT_FROM_LAYER) {
        g_autofree GimpDrawable **selected = gimp_image_get_selected_drawables(place->image);
        place->origin = GIMP_ITEM(only_layer(place->image, selected));
    } else if (edt_layer_selected(place->image, &area)) {
        place->area =
            square_around(area, into, number(config, "feather"), number(config, "margin"));
        place->selected = TRUE;
    }
}

/* One alone, where it is yet to be chosen how many. */
gboolean edt_start_has_room(const EdtOrder *order, const EdtPlace *place, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(order->model, error);
    gboolean ok = info && edt_layer_has_room(place, info->image_size, info->image_size,
                                             order->draft ? 1 : order->request.n_items, error);
    edt_model_info_free(info);
    return ok;
}

static gboolean has_alpha(const EdtOrder *order, gboolean *alpha, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(order->model, error);
    *alpha = info && info->has_alpha;
    edt_model_info_free(info);
    return info != NULL;
}

gboolean edt_start_take(EdtFrom from, GimpProcedureConfig *config, GimpDrawable **drawables,
                        EdtOrder *order, EdtPlace *place, GError **error)
{
    gboolean alpha;
    if (from == EDT_FROM_NOTHING)
        return edt_start_has_room(order, place, error);
    const char *obstacle = general_obstacle(from, place->image);
    if (obstacle)
        return refuse(error, obstacle);
    if (!has_alpha(order, &alpha, error))
        return FALSE;
    GimpDrawable *one[] = {go_back(from, config, only_layer(place->image, drawables), place), NULL};
    drawables = one[0] ? one : drawables;
    take_area(place);
    g_autoptr(EdtStart) start = from == EDT_FROM_LAYER
                                    ? from_layer(config, drawables, alpha, place, error)
                                    : from_selection(config, drawables, alpha, place, error);
    return start && edt_start_lay(start, order, error);
}
