/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures become layers; see layer.h.  Next: pixels.c, the last station.
 */
#include "plugin/layer.h"
#include "plugin/pixels.h"
#include "record.h"
#include "session/labels.h"
#include "settings.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gegl.h>
#include <glib/gi18n.h>
#include <string.h>

/* Parasites. */
#define RECORD "edt-record"
#define PIXELS "edt-pixels"
#define ORIGIN "edt-origin"

gboolean edt_layer_accepts(GimpImage *image, GError **error)
{
    if (!image || !gimp_image_is_valid(image) || gimp_image_get_base_type(image) != GIMP_INDEXED)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("This image has indexed colors, which a picture would not survive. Convert it "
                  "with Image > Mode > RGB first."));
    return FALSE;
}

/* ---- where ---- */

EdtFit edt_layer_fit(GimpProcedureConfig *config)
{
    g_autofree char *word = NULL;
    g_object_get(config, "fit", &word, NULL);
    return (EdtFit)MAX(edt_word_find(edt_fit_words, word ? word : ""), EDT_FIT_NATIVE);
}

gboolean edt_layer_selected(GimpImage *image, EdtArea *area)
{
    gboolean selected;
    int x1, y1, x2, y2;
    if (!gimp_selection_bounds(image, &selected, &x1, &y1, &x2, &y2) || !selected)
        return FALSE;
    *area = (EdtArea){x1, y1, x2 - x1, y2 - y1};
    return TRUE;
}

EdtPlace edt_layer_place(GimpImage *image, EdtFit fit, gboolean display)
{
    EdtPlace place = {.image = image, .fit = fit, .display = display};
    if (!image || !gimp_image_is_valid(image))
        return place;
    place.area = (EdtArea){0, 0, gimp_image_get_width(image), gimp_image_get_height(image)};
    place.selected = fit != EDT_FIT_IMAGE && edt_layer_selected(image, &place.area);
    return place;
}

void edt_layer_place_clear(EdtPlace *place)
{
    g_clear_object(&place->mask);
}

/* Native size, or as large as fits into the area; in its middle either way. */
EdtArea edt_layer_area(const EdtPlace *place, int width, int height)
{
    const EdtArea *area = &place->area;
    double scale = 1;
    if (place->fit != EDT_FIT_NATIVE && area->width > 0)
        scale = MIN((double)area->width / width, (double)area->height / height);
    EdtArea result = {0, 0, MAX((int)(width * scale + 0.5), 1),
                      MAX((int)(height * scale + 0.5), 1)};
    result.x = area->x + (area->width - result.width) / 2;
    result.y = area->y + (area->height - result.height) / 2;
    return result;
}

/* ---- what a layer knows of itself ---- */

/* Undoable: in an image GIMP could not take the step back otherwise. */
static void attach(GimpLayer *layer, const char *name, const char *text)
{
    GimpParasite *parasite = gimp_parasite_new(
        name, GIMP_PARASITE_PERSISTENT | GIMP_PARASITE_UNDOABLE, (guint32)strlen(text) + 1, text);
    gimp_item_attach_parasite(GIMP_ITEM(layer), parasite);
    gimp_parasite_free(parasite);
}

static char *attached(GimpLayer *layer, const char *name)
{
    GimpParasite *parasite = gimp_item_get_parasite(GIMP_ITEM(layer), name);
    guint32 bytes = 0;
    const char *data = parasite ? gimp_parasite_get_data(parasite, &bytes) : NULL;
    char *text = data ? g_strndup(data, bytes) : NULL;
    if (parasite)
        gimp_parasite_free(parasite);
    return text;
}

/* How it was made, and what it looks like now. */
static void describe(GimpLayer *layer, const char *record)
{
    if (!record)
        return;
    g_autofree char *pixels = edt_pixels_fingerprint(layer);
    attach(layer, RECORD, record);
    attach(layer, PIXELS, pixels);
}

EdtRecord *edt_layer_record(GimpLayer *layer)
{
    g_autofree char *json = attached(layer, RECORD);
    return json ? edt_record_read(json, NULL) : NULL;
}

gboolean edt_layer_painted(GimpLayer *layer)
{
    g_autofree char *before = attached(layer, PIXELS), *now = edt_pixels_fingerprint(layer);
    return g_strcmp0(before, now) != 0;
}

static void name_origin(GimpLayer *layer, GimpItem *origin)
{
    if (!origin || !gimp_item_is_valid(origin))
        return;
    g_autofree char *tattoo = g_strdup_printf("%u", gimp_item_get_tattoo(origin));
    attach(layer, ORIGIN, tattoo);
}

GimpLayer *edt_layer_origin(GimpLayer *layer)
{
    g_autofree char *tattoo = attached(layer, ORIGIN);
    return tattoo ? gimp_image_get_layer_by_tattoo(gimp_item_get_image(GIMP_ITEM(layer)),
                                                   (guint)g_ascii_strtoull(tattoo, NULL, 10))
                  : NULL;
}

/* ---- one layer ---- */

static GimpLayer *new_layer(GimpImage *image, const EdtSheet *sheet)
{
    const EdtPicture *picture = sheet->picture;
    gboolean gray = gimp_image_get_base_type(image) == GIMP_GRAY, alpha = picture->channels == 4;
    GimpImageType type = gray ? (alpha ? GIMP_GRAYA_IMAGE : GIMP_GRAY_IMAGE)
                              : (alpha ? GIMP_RGBA_IMAGE : GIMP_RGB_IMAGE);
    return gimp_layer_new(image, sheet->name, picture->width, picture->height, type, 100.0,
                          gimp_image_get_default_new_layer_mode(image));
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

/* there: where it shall be, and how large. */
static GimpLayer *insert_one(GimpImage *image, GimpLayer *parent, int position,
                             const EdtSheet *sheet, const EdtArea *there, GError **error)
{
    GimpLayer *layer = new_layer(image, sheet);
    if (!layer) {
        edt_pixels_refused(error);
        return NULL;
    }
    edt_pixels_write(layer, sheet->picture);
    if (!gimp_image_insert_layer(image, layer, parent, position)) {
        edt_pixels_refused(error);
        gimp_item_delete(GIMP_ITEM(layer));
        return NULL;
    }
    if (!fit_layer(layer, sheet->picture, there, error)) {
        gimp_image_remove_layer(image, layer);
        return NULL;
    }
    describe(layer, sheet->record);
    return layer;
}

/* ---- instead of one that is there, or above it ---- */

GimpLayer *edt_layer_insert_above(GimpLayer *layer, const EdtSheet *sheet, GError **error)
{
    GimpItem *item = GIMP_ITEM(layer), *parent = gimp_item_get_parent(item);
    GimpImage *image = gimp_item_get_image(item);
    EdtArea there = {0, 0, gimp_drawable_get_width(GIMP_DRAWABLE(layer)),
                     gimp_drawable_get_height(GIMP_DRAWABLE(layer))};
    gimp_drawable_get_offsets(GIMP_DRAWABLE(layer), &there.x, &there.y);
    return insert_one(image, parent ? GIMP_LAYER(parent) : NULL,
                      gimp_image_get_item_position(image, item), sheet, &there, error);
}

/* The new pixels are scaled in a layer of their own, as at the first time. */
gboolean edt_layer_replace(GimpLayer *layer, const EdtSheet *sheet, GError **error)
{
    GimpLayer *made = edt_layer_insert_above(layer, sheet, error);
    if (!made)
        return FALSE;
    gboolean ok = edt_pixels_replace(layer, made, error);
    gimp_image_remove_layer(gimp_item_get_image(GIMP_ITEM(layer)), made);
    if (ok)
        describe(layer, sheet->record);
    return ok;
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

/* All or none. */
static gboolean insert_all(GimpImage *image, const EdtSheet *sheets, int n, const char *group_name,
                           const EdtPlace *place, GimpLayer **layers, GError **error)
{
    int position;
    GimpLayer *group = NULL, *parent = insertion_parent(image, place, &position);
    if (n > 1 && !(group = insert_group(image, parent, position, group_name, error)))
        return FALSE;
    for (int i = 0; i < n; i++) {
        const EdtPicture *picture = sheets[i].picture;
        EdtArea there = edt_layer_area(place, picture->width, picture->height);
        layers[i] = insert_one(image, group ? group : parent, group ? i : position, &sheets[i],
                               &there, error);
        if (!layers[i] ||
            (place->mask && !edt_pixels_mask(layers[i], place->mask, &there, error))) {
            if (group || layers[i])
                gimp_image_remove_layer(image, group ? group : layers[i]); /* with those before */
            return FALSE;
        }
        name_origin(layers[i], place->origin);
    }
    if (group)
        gimp_image_set_selected_layers(image, (const GimpLayer *[]){group, NULL});
    return TRUE;
}

static GimpImage *insert_into_new(const EdtPlace *place, const EdtSheet *sheets, int n,
                                  const char *group_name, GimpLayer **layers, GError **error)
{
    const EdtPicture *first = sheets[0].picture;
    const EdtPlace whole = {.area = {0, 0, first->width, first->height}};
    GimpImage *image = gimp_image_new(first->width, first->height, GIMP_RGB);
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

GimpImage *edt_layer_insert(const EdtPlace *place, const EdtSheet *sheets, int n,
                            const char *group_name, GimpLayer ***layers, GError **error)
{
    GimpImage *image = place->image;
    gboolean ok;
    if (!edt_layer_accepts(image, error)) /* its mode may have changed */
        return NULL;
    GimpLayer **made = g_new0(GimpLayer *, n + 1);
    if (image && gimp_image_is_valid(image)) {
        gimp_image_undo_group_start(image);
        ok = insert_all(image, sheets, n, group_name, place, made, error);
        gimp_image_undo_group_end(image);
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

/* ---- from a job, from a file ---- */

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
        sheets[i] = (EdtSheet){picture,
                               edt_layer_name(order->class_labels[i], picture->item.seed,
                                              picture->steps_done, order->request.steps),
                               outcome->records[i]};
    }
    char *group_name = g_strdup_printf(_("%s, %d pictures"), order->label, n);
    GimpImage *image = edt_layer_insert(place, sheets, n, group_name, layers, error);
    for (int i = 0; i < n; i++)
        g_free(sheets[i].name);
    g_free(group_name);
    g_free(sheets);
    return image;
}

/* Its pixels are the caller's to free. */
static EdtPicture picture_of(const GdkPixbuf *pixbuf)
{
    int width = gdk_pixbuf_get_width(pixbuf), height = gdk_pixbuf_get_height(pixbuf);
    int channels = gdk_pixbuf_get_n_channels(pixbuf);
    gsize stride = (gsize)gdk_pixbuf_get_rowstride(pixbuf), row = (gsize)width * (gsize)channels;
    const guint8 *bytes = gdk_pixbuf_read_pixels(pixbuf);
    float *pixels = g_new(float, row *(gsize)height);
    for (int y = 0; y < height; y++)
        for (gsize i = 0; i < row; i++)
            pixels[(gsize)y * row + i] = bytes[(gsize)y * stride + i] / 255.0f;
    return (EdtPicture){.width = width, .height = height, .channels = channels, .pixels = pixels};
}

/* As when the picture was made. */
static char *name_of_file(const char *path, const char *json)
{
    g_autoptr(EdtRecord) record = json ? edt_record_read(json, NULL) : NULL;
    if (!record)
        return g_path_get_basename(path);
    g_autofree char *label = edt_label_of(record);
    return edt_layer_name(label, record->item.seed, record->steps_done, record->request.steps);
}

GimpImage *edt_layer_insert_file(const EdtPlace *place, const char *path, GimpLayer ***layers,
                                 GError **error)
{
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new_from_file(path, error);
    if (!pixbuf)
        return NULL;
    g_autofree char *record = edt_png_record_text(path, NULL);
    g_autofree char *name = name_of_file(path, record);
    EdtPicture picture = picture_of(pixbuf);
    EdtSheet sheet = {&picture, name, record};
    GimpImage *image = edt_layer_insert(place, &sheet, 1, NULL, layers, error);
    g_free(picture.pixels);
    return image;
}
