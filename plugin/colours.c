/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See colours.h.  A picture is brought to its size first: what is between two pixels would be
 * between two colours, too.  The arithmetic of colours is session/palette.c's.
 */
#include "plugin/colours.h"
#include "plugin/pixels.h"
#include "session/palette.h"

#include <gegl.h>
#include <glib/gi18n.h>
#include <string.h>

#define IMAGE "image"
#define ACTIVE "active"

/* ---- which palette ---- */

static gboolean is_indexed(GimpImage *image)
{
    return image && gimp_image_is_valid(image) && gimp_image_get_base_type(image) == GIMP_INDEXED;
}

static EdtPalette *colours_of(GimpPalette *palette)
{
    int n;
    g_autofree guint8 *map = edt_pixels_colormap(palette, &n);
    if (!map || n < 1)
        return NULL;
    g_autofree float *colours = g_new(float, 3 * (gsize)n);
    for (int i = 0; i < 3 * n; i++)
        colours[i] = map[i] / 255.0f;
    return edt_palette_new(colours, n);
}

/* Why these are no colours to choose from, and what to do. */
static char *refuse_palette(const char *text, gboolean active, const char *name, gboolean found,
                            GError **error)
{
    if (!found && active)
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                            _("GIMP has no active palette: choose one in its dialog of palettes."));
    else if (!found)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("GIMP has no palette that is called “%s”: choose one of those in its dialog "
                      "of palettes."),
                    text);
    else if (!name || !*name)
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                            _("The active palette has no name, by which the layer could find it "
                              "again: give it one in GIMP's dialog of palettes."));
    else
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("The palette “%s” has no colors: add some to it, or choose another one."),
                    name);
    return NULL;
}

/* What is kept: the active palette will be another one. */
static char *word_of(const char *text, GimpImage *image, GError **error)
{
    if (!text || !*text || (strcmp(text, IMAGE) == 0 && is_indexed(image)))
        return g_strdup(text ? text : "");
    if (strcmp(text, IMAGE) == 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("This image has no palette: only one with indexed colors has."));
        return NULL;
    }
    gboolean active = strcmp(text, ACTIVE) == 0;
    GimpPalette *palette = active ? gimp_context_get_palette() : gimp_palette_get_by_name(text);
    g_autoptr(EdtPalette) colours = colours_of(palette);
    g_autofree char *name = palette ? gimp_resource_get_name(GIMP_RESOURCE(palette)) : NULL;
    if (colours && name && *name)
        return g_steal_pointer(&name);
    return refuse_palette(text, active, name, palette != NULL, error);
}

gboolean edt_colours_take(EdtPlace *place, GimpProcedureConfig *config, GError **error)
{
    g_autofree char *text = NULL;
    g_object_get(config, "palette", &text, NULL);
    g_autofree char *word = word_of(text, place->image, error);
    place->colours = word ? g_intern_string(word) : NULL; /* a place is copied, as its layers are */
    return word != NULL;
}

/* ---- a picture ---- */

static const Babl *format_of(const EdtPicture *picture)
{
    return babl_format(picture->channels == 4 ? "R'G'B'A float" : "R'G'B' float");
}

static GeglBuffer *buffer_of(const EdtPicture *picture, int width, int height)
{
    const GeglRectangle all = {0, 0, picture->width, picture->height};
    GeglBuffer *own = gegl_buffer_new(&all, format_of(picture));
    gegl_buffer_set(own, &all, 0, format_of(picture), picture->pixels, GEGL_AUTO_ROWSTRIDE);
    if (width == picture->width && height == picture->height)
        return own;
    GeglBuffer *scaled = gegl_filter_op(own, "gegl:scale-size", "x", (double)width, "y",
                                        (double)height, "sampler", GEGL_SAMPLER_CUBIC, NULL);
    g_object_unref(own);
    return scaled;
}

/* Those of an image with indexed colours, or of a palette of GIMP; neither becomes all of them
 * where GIMP does not answer, or where a palette is gone.  NULL: all colours. */
static gboolean find_palette(const char *word, GimpImage *image, EdtPalette **palette,
                             GError **error)
{
    GimpImageBaseType type;
    *palette = NULL;
    if (!edt_pixels_base_type(image, &type, error))
        return FALSE;
    if (type == GIMP_INDEXED)
        *palette = colours_of(gimp_image_get_palette(image));
    else if (!word || !*word || strcmp(word, IMAGE) == 0)
        return TRUE; /* "image": it was converted, or closed */
    else
        *palette = colours_of(gimp_palette_get_by_name(word));
    if (!*palette && type == GIMP_INDEXED)
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_FAILED,
                            _("GIMP does not hand out the colors of the image: try again."));
    else if (!*palette)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    _("GIMP does not hand out the colors of the palette “%s”: it may have been "
                      "deleted."),
                    word);
    return *palette != NULL;
}

gboolean edt_colours_check(const char *colours, GimpImage *image, GError **error)
{
    g_autoptr(EdtPalette) palette = NULL;
    return find_palette(colours, image, &palette, error);
}

gboolean edt_colours_limit(const EdtPicture *picture, const EdtArea *there, const char *colours,
                           GimpImage *image, EdtPicture *few, GError **error)
{
    const GeglRectangle all = {0, 0, there->width, there->height};
    gsize n = (gsize)there->width * (gsize)there->height;
    g_autoptr(EdtPalette) palette = NULL;
    *few = *picture;
    few->pixels = NULL;
    if (!find_palette(colours, image, &palette, error))
        return FALSE;
    if (!palette)
        return TRUE;
    GeglBuffer *buffer = buffer_of(picture, there->width, there->height);
    few->width = there->width;
    few->height = there->height;
    few->pixels = g_try_new(float, n *(gsize)few->channels);
    if (!few->pixels) {
        g_object_unref(buffer);
        return edt_pixels_too_large(few->width, few->height, error);
    }
    gegl_buffer_get(buffer, &all, 1.0, format_of(picture), few->pixels, GEGL_AUTO_ROWSTRIDE,
                    GEGL_ABYSS_CLAMP);
    g_object_unref(buffer);
    for (gsize i = 0; i < n * (gsize)few->channels; i++) /* the cubic goes beyond */
        few->pixels[i] = CLAMP(few->pixels[i], 0, 1);
    edt_palette_limit(palette, few->pixels, n, few->channels);
    return TRUE;
}
