/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures become layers; see layer.h.  Next: pixels.c, the last station.
 */
#include "plugin/layer.h"
#include "plugin/colours.h"
#include "plugin/parasites.h"
#include "plugin/pixels.h"
#include "session/placed.h"
#include "settings.h"

#include <gegl.h>
#include <glib/gi18n.h>

/* ---- where ---- */

static int choice(GimpProcedureConfig *config, const char *name, const EdtChoices *choices)
{
    g_autofree char *word = NULL;
    g_object_get(config, name, &word, NULL);
    return MAX(edt_word_find(choices->words, word ? word : ""), 0);
}

EdtFit edt_layer_fit(GimpProcedureConfig *config)
{
    return (EdtFit)choice(config, "fit", &edt_fit_choices);
}

EdtArrange edt_layer_arrange(GimpProcedureConfig *config)
{
    return (EdtArrange)choice(config, "arrange", &edt_arrange_choices);
}

gboolean edt_layer_selection(GimpImage *image, EdtArea *area, gboolean *selected, GError **error)
{
    int x1, y1, x2, y2;
    if (!gimp_selection_bounds(image, selected, &x1, &y1, &x2, &y2)) {
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_FAILED,
                            _("GIMP does not say what is selected: try again."));
        return FALSE;
    }
    if (*selected)
        *area = (EdtArea){x1, y1, x2 - x1, y2 - y1};
    return TRUE;
}

gboolean edt_layer_selected(GimpImage *image, EdtArea *area)
{
    gboolean selected;
    return edt_layer_selection(image, area, &selected, NULL) && selected;
}

gboolean edt_layer_place(GimpImage *image, EdtFit fit, gboolean display, EdtPlace *place,
                         GError **error)
{
    *place = (EdtPlace){.fit = fit, .display = display};
    if (!image || !gimp_image_is_valid(image))
        return TRUE;
    place->image = image;
    place->width = gimp_image_get_width(image);
    place->height = gimp_image_get_height(image);
    place->area = (EdtArea){0, 0, place->width, place->height};
    return fit == EDT_FIT_IMAGE ||
           edt_layer_selection(image, &place->area, &place->selected, error);
}

gboolean edt_layer_place_moved(const EdtPlace *place)
{
    return place->image && gimp_image_is_valid(place->image) &&
           (gimp_image_get_width(place->image) != place->width ||
            gimp_image_get_height(place->image) != place->height);
}

gboolean edt_layer_place_anew(EdtPlace *place, GError **error)
{
    const EdtPlace before = *place;
    if (!edt_layer_place(before.image, before.fit, before.display, place, error)) {
        *place = before;
        return FALSE;
    }
    place->arrange = before.arrange;
    place->above = before.above;
    place->colours = before.colours;
    return TRUE;
}

void edt_layer_place_clear(EdtPlace *place)
{
    g_clear_object(&place->mask);
}

/* Native size, or as large as fits into the area, or all of it. */
void edt_layer_areas(const EdtPlace *place, int width, int height, EdtArea *there, int n)
{
    for (int i = 0; place->whole && i < n; i++)
        there[i] = place->area;
    if (place->whole)
        return;
    edt_arrange(place->arrange, &place->area, place->fit != EDT_FIT_NATIVE, width, height, there,
                n);
}

gboolean edt_layer_has_room(const EdtPlace *place, int width, int height, int n, GError **error)
{
    g_autofree EdtArea *there = g_new(EdtArea, n);
    edt_layer_areas(place, width, height, there, n);
    if (MIN(there->width, there->height) >= EDT_LAYER_LEAST || there->width >= width)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("There is too little room: the picture would be %d × %d pixels. Select a larger "
                  "area, or choose another size."),
                there->width, there->height);
    return FALSE;
}

/* ---- one layer ---- */

static GimpLayer *new_layer(GimpImage *image, const EdtSheet *sheet, GError **error)
{
    static const GimpImageType types[][2] = {
        [GIMP_RGB] = {GIMP_RGB_IMAGE, GIMP_RGBA_IMAGE},
        [GIMP_GRAY] = {GIMP_GRAY_IMAGE, GIMP_GRAYA_IMAGE},
        [GIMP_INDEXED] = {GIMP_INDEXED_IMAGE, GIMP_INDEXEDA_IMAGE},
    };
    const EdtPicture *picture = sheet->picture;
    GimpImageBaseType type;
    if (!edt_pixels_base_type(image, &type, error))
        return NULL;
    GimpLayer *layer = gimp_layer_new(image, sheet->name, picture->width, picture->height,
                                      types[type][picture->channels == 4], 100.0,
                                      gimp_image_get_default_new_layer_mode(image));
    if (!layer)
        edt_pixels_refused(error);
    return layer;
}

static gboolean fit_layer(GimpLayer *layer, const EdtPicture *picture, const EdtArea *there,
                          GError **error)
{
    gboolean ok = TRUE;
    if (there->width != picture->width || there->height != picture->height) {
        gimp_context_push();
        gimp_context_set_interpolation(GIMP_INTERPOLATION_CUBIC);
        ok = gimp_layer_scale(layer, there->width, there->height, FALSE) ||
             edt_pixels_refused(error);
        gimp_context_pop();
    }
    return ok && (gimp_layer_set_offsets(layer, there->x, there->y) || edt_pixels_refused(error));
}

static GimpLayer *insert_pixels(GimpImage *image, GimpLayer *parent, int position,
                                const EdtSheet *sheet, const EdtArea *there, GError **error)
{
    GimpLayer *layer = new_layer(image, sheet, error);
    if (!layer)
        return NULL;
    if (!edt_pixels_write(layer, sheet->picture, error) ||
        (!gimp_image_insert_layer(image, layer, parent, position) && !edt_pixels_refused(error))) {
        gimp_item_delete(GIMP_ITEM(layer));
        return NULL;
    }
    if (!fit_layer(layer, sheet->picture, there, error) ||
        !edt_parasites_describe(layer, sheet, error)) {
        gimp_image_remove_layer(image, layer);
        return NULL;
    }
    return layer;
}

/* there: where it shall be, and how large. */
static GimpLayer *insert_one(GimpImage *image, GimpLayer *parent, int position,
                             const EdtSheet *sheet, const EdtArea *there, GError **error)
{
    EdtPicture few;
    EdtSheet limited = *sheet;
    if (!edt_colours_limit(sheet->picture, there, sheet->colours, image, &few, error))
        return NULL;
    if (few.pixels)
        limited.picture = &few;
    GimpLayer *layer = insert_pixels(image, parent, position, &limited, there, error);
    g_free(few.pixels);
    return layer;
}

/* What is scattered is as large as its selection, or its tile. */
static GimpLayer *insert_placed(GimpImage *image, GimpLayer *parent, int position,
                                const EdtSheet *sheet, EdtFit fit, const EdtArea *there,
                                GError **error)
{
    const EdtPlaced how = {fit, (double)there->width / sheet->picture->width};
    g_autofree char *placed = sheet->scattered ? NULL : edt_placed_write(&how);
    EdtSheet with = *sheet;
    with.placed = placed;
    return insert_one(image, parent, position, &with, there, error);
}

/* ---- instead of one that is there, or above it ---- */

GimpLayer *edt_layer_in(GimpImage *image, gpointer drawable)
{
    GimpLayer *layer = GIMP_IS_LAYER_MASK(drawable) ? gimp_layer_from_mask(drawable)
                       : GIMP_IS_LAYER(drawable)    ? drawable
                                                    : NULL;
    return layer && gimp_item_get_image(GIMP_ITEM(layer)) == image ? layer : NULL;
}

/* Where the layer lies, but among the layers of this parent. */
static GimpLayer *insert_over(GimpLayer *layer, GimpItem *parent, int position,
                              const EdtSheet *sheet, GError **error)
{
    GimpImage *image = gimp_item_get_image(GIMP_ITEM(layer));
    EdtArea there = {0, 0, gimp_drawable_get_width(GIMP_DRAWABLE(layer)),
                     gimp_drawable_get_height(GIMP_DRAWABLE(layer))};
    g_autofree char *colours = edt_parasites_text(layer, EDT_PARASITE_COLOURS);
    g_autofree char *placed = edt_parasites_text(layer, EDT_PARASITE_PLACE);
    EdtSheet same = *sheet;
    same.colours = colours;
    same.placed = placed;
    gimp_drawable_get_offsets(GIMP_DRAWABLE(layer), &there.x, &there.y);
    return insert_one(image, parent ? GIMP_LAYER(parent) : NULL, position, &same, &there, error);
}

/* The mask, too, and whether it hides something: what was not covered is not covered now. */
static gboolean copy_mask(GimpLayer *from, GimpLayer *to, GError **error)
{
    GimpLayerMask *mask = gimp_layer_get_mask(from);
    if (!mask)
        return TRUE;
    const EdtArea all = {0, 0, gimp_drawable_get_width(GIMP_DRAWABLE(mask)),
                         gimp_drawable_get_height(GIMP_DRAWABLE(mask))};
    g_autoptr(GeglBuffer) buffer = edt_pixels_open(GIMP_DRAWABLE(mask), error);
    if (!buffer || !edt_pixels_mask(to, buffer, &all, error))
        return FALSE;
    const gboolean applied = gimp_layer_get_apply_mask(from);
    return (gimp_pdb_get_last_status(gimp_get_pdb()) == GIMP_PDB_SUCCESS &&
            gimp_layer_set_apply_mask(to, applied)) ||
           edt_pixels_refused(error);
}

GimpLayer *edt_layer_insert_above(GimpLayer *layer, const EdtSheet *sheet, GError **error)
{
    GimpItem *item = GIMP_ITEM(layer);
    GimpImage *image = gimp_item_get_image(item);
    GimpLayer *made = insert_over(layer, gimp_item_get_parent(item),
                                  gimp_image_get_item_position(image, item), sheet, error);
    if (!made || (copy_mask(layer, made, error) &&
                  edt_parasites_name_origin(made, (GimpItem *)edt_layer_origin(layer), error)))
        return made;
    gimp_image_remove_layer(image, made);
    return NULL;
}

/* The new pixels are scaled in a layer of their own, as at the first time; what that one knows of
 * itself holds for both.  In no group, which may be locked: there it is scaled and goes again. */
gboolean edt_layer_replace(GimpLayer *layer, const EdtSheet *sheet, gboolean *changed,
                           GError **error)
{
    GimpImage *image = gimp_item_get_image(GIMP_ITEM(layer));
    GimpLayer *made = image ? insert_over(layer, NULL, 0, sheet, error) : NULL;
    if (!image)
        return edt_pixels_refused(error);
    if (!made)
        return FALSE;
    g_autofree char *pixels = edt_parasites_text(made, EDT_PARASITE_PIXELS);
    gboolean ok =
        pixels ? edt_pixels_replace(layer, made, changed, error) : edt_pixels_refused(error);
    if (!gimp_image_remove_layer(image, made)) {
        *changed = TRUE;
        ok = ok && edt_pixels_refused(error);
    }
    return ok && edt_parasites_attach_record(layer, sheet, pixels, error);
}

/* ---- all of them ---- */

/* Right above the selected layer, also above a selected group: GIMP itself would insert into it,
 * and the layer after a group of pictures would end up in there. */
static GimpLayer *insertion_parent(GimpImage *image, const EdtPlace *place, int *position)
{
    GimpLayer **selected = gimp_image_get_selected_layers(image);
    GimpItem *above = place->above && gimp_item_is_valid(place->above) ? place->above
                      : selected && selected[0]                        ? GIMP_ITEM(selected[0])
                                                                       : NULL;
    GimpItem *parent = above ? gimp_item_get_parent(above) : NULL;
    *position = above ? gimp_image_get_item_position(image, above) : 0;
    g_free(selected);
    return parent ? GIMP_LAYER(parent) : NULL;
}

static GimpLayer *insert_group(GimpImage *image, GimpLayer *parent, int position, const char *name,
                               GError **error)
{
    GimpLayer *group = GIMP_LAYER(gimp_group_layer_new(image, name));
    if (group && gimp_image_insert_layer(image, group, parent, position))
        return group;
    edt_pixels_refused(error);
    if (group)
        gimp_item_delete(GIMP_ITEM(group));
    return NULL;
}

static void take_back(GimpImage *image, GimpLayer *group, GimpLayer **layers)
{
    if (group)
        gimp_image_remove_layer(image, group); /* with those in it */
    for (int i = 0; !group && layers[i]; i++)
        gimp_image_remove_layer(image, layers[i]);
}

/* All or none.  Images with indexed colours have no groups. */
static gboolean insert_all(GimpImage *image, const EdtSheet *sheets, int n, const char *group_name,
                           const EdtPlace *place, GimpLayer **layers, GError **error)
{
    int position;
    GimpLayer *group = NULL, *parent = insertion_parent(image, place, &position);
    gboolean grouped = n > 1 && group_name && gimp_image_get_base_type(image) != GIMP_INDEXED;
    if (grouped && !(group = insert_group(image, parent, position, group_name, error)))
        return FALSE;
    g_autofree EdtArea *there = g_new(EdtArea, n);
    edt_layer_areas(place, sheets[0].picture->width, sheets[0].picture->height, there, n);
    for (int i = 0; i < n; i++) {
        layers[i] = insert_placed(image, group ? group : parent, group ? i : position + i,
                                  &sheets[i], place->fit, &there[i], error);
        if (!layers[i] ||
            (place->mask && !edt_pixels_mask(layers[i], place->mask, &there[i], error)) ||
            !edt_parasites_name_origin(layers[i], place->origin, error)) {
            take_back(image, group, layers);
            return FALSE;
        }
    }
    if (group)
        gimp_image_set_selected_layers(image, (const GimpLayer *[]){group, NULL});
    return TRUE;
}

gboolean edt_layer_begin(GimpImage *image, GError **error)
{
    return gimp_image_undo_group_start(image) || edt_pixels_refused(error);
}

static GimpImage *insert_into_new(const EdtPlace *place, const EdtSheet *sheets, int n,
                                  const char *group_name, GimpLayer **layers, GError **error)
{
    const EdtPicture *first = sheets[0].picture;
    g_autofree EdtArea *there = g_new(EdtArea, n);
    EdtPlace whole = {.arrange = place->arrange};
    edt_layer_areas(&whole, first->width, first->height, there, n);
    EdtArea all = edt_arrange_bounds(there, n);
    whole.area = (EdtArea){0, 0, all.width, all.height};
    GimpImage *image = gimp_image_new(all.width, all.height, GIMP_RGB);
    if (!image) {
        edt_pixels_refused(error);
        return NULL;
    }
    gimp_image_undo_disable(image);
    gboolean ok = insert_all(image, sheets, n, group_name, &whole, layers, error);
    gimp_image_undo_enable(image);
    if (!ok) {
        gimp_image_delete(image);
        return NULL;
    }
    if (place->display)
        gimp_display_new(image);
    return image;
}

/* What comes and goes is selected meanwhile, and GIMP selects one layer after it, not several. */
static gboolean insert_into_old(GimpImage *image, const EdtPlace *place, const EdtSheet *sheets,
                                int n, const char *group_name, GimpLayer **layers, GError **error)
{
    if (!edt_layer_begin(image, error))
        return FALSE;
    g_autofree GimpLayer **selected = gimp_image_get_selected_layers(image);
    gboolean ok = insert_all(image, sheets, n, group_name, place, layers, error);
    if (!ok && selected)
        gimp_image_set_selected_layers(image, (const GimpLayer **)selected);
    gimp_image_undo_group_end(image);
    return ok;
}

GimpImage *edt_layer_insert(const EdtPlace *place, const EdtSheet *sheets, int n,
                            const char *group_name, GimpLayer ***layers, GError **error)
{
    GimpImage *image = place->image;
    gboolean ok;
    GimpLayer **made = g_new0(GimpLayer *, n + 1);
    if (image && gimp_image_is_valid(image)) {
        ok = insert_into_old(image, place, sheets, n, group_name, made, error);
    } else {
        image = insert_into_new(place, sheets, n, group_name, made, error);
        ok = image != NULL;
    }
    gimp_displays_flush();
    if (ok)
        *layers = made;
    else
        g_free(made);
    return ok ? image : NULL;
}

/* ---- from a job ---- */

/* The number is a word of its own: format macros cannot be translated.  A picture that was stopped
 * says so: it is another one than its seed makes. */
char *edt_layer_name(const char *label, guint64 seed, int done, int steps)
{
    char number[24];
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, seed);
    if (done > 0 && done < steps)
        return g_strdup_printf(_("%s (seed %s, step %d of %d)"), label, number, done, steps);
    return g_strdup_printf(_("%s (seed %s)"), label, number);
}

GimpImage *edt_layer_insert_outcome(const EdtPlace *place, const EdtOutcome *outcome,
                                    GimpLayer ***layers, GError **error)
{
    const EdtPictures *pictures = outcome->pictures;
    int n = pictures->n_pictures;
    EdtSheet *sheets = g_new0(EdtSheet, n);
    const EdtOrder *order = outcome->order;
    for (int i = 0; i < n; i++) {
        const EdtPicture *picture = &pictures->pictures[i];
        sheets[i] = (EdtSheet){.picture = picture,
                               .name = edt_layer_name(order->class_labels[i], picture->item.seed,
                                                      picture->steps_done, order->request.steps),
                               .record = outcome->records[i],
                               .colours = place->colours};
    }
    char *group_name = g_strdup_printf(_("%s, %d pictures"), order->label, n);
    GimpImage *image = edt_layer_insert(place, sheets, n, group_name, layers, error);
    for (int i = 0; i < n; i++)
        g_free(sheets[i].name);
    g_free(group_name);
    g_free(sheets);
    return image;
}
