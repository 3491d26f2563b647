/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The last station of the journey: floats go into a layer's buffer, and babl converts them to the
 * image's mode, precision and profile.  "R'G'B' float" without a space means sRGB, which is what
 * the engine makes, whatever the profile of the image is.
 */
#include "plugin/pixels.h"

#include <gegl.h>
#include <glib/gi18n.h>
#include <string.h>

gboolean edt_pixels_refused(GError **error)
{
    const char *said = gimp_pdb_get_last_error(gimp_get_pdb());
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("GIMP refused the new layer: “%s”."),
                said ? said : "");
    return FALSE;
}

/* ---- a picture ---- */

/* In a plain 8-bit sRGB image the bytes are those of `edt sample`, which rounds to nearest; babl's
 * own conversion may differ by one. */
static gboolean takes_bytes(GimpImage *image)
{
    GimpColorProfile *profile = gimp_image_get_color_profile(image);
    gboolean plain = !profile && gimp_image_get_base_type(image) == GIMP_RGB &&
                     gimp_image_get_precision(image) == GIMP_PRECISION_U8_NON_LINEAR;
    g_clear_object(&profile);
    return plain;
}

static void set_pixels(GeglBuffer *buffer, const EdtPicture *picture, gboolean bytes)
{
    GeglRectangle all = {0, 0, picture->width, picture->height};
    gboolean alpha = picture->channels == 4;
    if (!bytes) {
        gegl_buffer_set(buffer, &all, 0, babl_format(alpha ? "R'G'B'A float" : "R'G'B' float"),
                        picture->pixels, GEGL_AUTO_ROWSTRIDE);
        return;
    }
    g_autofree guint8 *rounded =
        g_malloc((gsize)picture->width * picture->height * picture->channels);
    edt_picture_to_u8(picture, rounded);
    gegl_buffer_set(buffer, &all, 0, babl_format(alpha ? "R'G'B'A u8" : "R'G'B' u8"), rounded,
                    GEGL_AUTO_ROWSTRIDE);
}

void edt_pixels_write(GimpLayer *layer, const EdtPicture *picture)
{
    GeglBuffer *buffer = gimp_drawable_get_buffer(GIMP_DRAWABLE(layer));
    set_pixels(buffer, picture, takes_bytes(gimp_item_get_image(GIMP_ITEM(layer))));
    g_object_unref(buffer); /* flushes */
    gimp_drawable_update(GIMP_DRAWABLE(layer), 0, 0, picture->width, picture->height);
}

gboolean edt_pixels_mask(GimpLayer *layer, GeglBuffer *mask, const EdtArea *there, GError **error)
{
    const GeglRectangle from = {there->x, there->y, there->width, there->height};
    const GeglRectangle to = {0, 0, there->width, there->height};
    GimpLayerMask *made = gimp_layer_create_mask(layer, GIMP_ADD_MASK_BLACK);
    if (!made)
        return edt_pixels_refused(error);
    GeglBuffer *buffer = gimp_drawable_get_buffer(GIMP_DRAWABLE(made));
    gegl_buffer_copy(mask, &from, GEGL_ABYSS_NONE, buffer, &to);
    g_object_unref(buffer); /* flushes */
    return gimp_layer_add_mask(layer, made) || edt_pixels_refused(error);
}

/* ---- from layer to layer ---- */

/* The selection, put aside: GIMP merges a shadow within it only.  NULL: there is none. */
static GimpChannel *put_selection_aside(GimpImage *image)
{
    if (gimp_selection_is_empty(image))
        return NULL;
    GimpLayer **selected = gimp_image_get_selected_layers(image);
    GimpChannel *saved = GIMP_CHANNEL(gimp_selection_save(image)); /* selects the channel */
    gimp_image_set_selected_layers(image, (const GimpLayer **)selected);
    gimp_selection_none(image);
    g_free(selected);
    return saved;
}

static void bring_selection_back(GimpImage *image, GimpChannel *saved)
{
    if (!saved)
        return;
    gimp_image_select_item(image, GIMP_CHANNEL_OP_REPLACE, GIMP_ITEM(saved));
    gimp_image_remove_channel(image, saved);
}

gboolean edt_pixels_replace(GimpLayer *layer, GimpLayer *with, GError **error)
{
    GimpImage *image = gimp_item_get_image(GIMP_ITEM(layer));
    GimpDrawable *drawable = GIMP_DRAWABLE(layer);
    GimpChannel *selection = put_selection_aside(image);
    GeglBuffer *from = gimp_drawable_get_buffer(GIMP_DRAWABLE(with));
    GeglBuffer *to = gimp_drawable_get_shadow_buffer(drawable);
    gegl_buffer_copy(from, NULL, GEGL_ABYSS_NONE, to, NULL);
    g_object_unref(to); /* flushes */
    g_object_unref(from);
    gboolean ok = gimp_drawable_merge_shadow(drawable, TRUE) || edt_pixels_refused(error);
    gimp_drawable_update(drawable, 0, 0, gimp_drawable_get_width(drawable),
                         gimp_drawable_get_height(drawable));
    bring_selection_back(image, selection);
    return ok;
}

char *edt_pixels_fingerprint(GimpLayer *layer)
{
    GimpDrawable *drawable = GIMP_DRAWABLE(layer);
    const Babl *format = gimp_drawable_get_format(drawable);
    int width = gimp_drawable_get_width(drawable), height = gimp_drawable_get_height(drawable);
    gsize bytes = (gsize)width * (gsize)height * (gsize)babl_format_get_bytes_per_pixel(format);
    g_autofree guint8 *pixels = g_malloc(bytes);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *shape = g_strdup_printf("%d %d ", width, height);
    GeglBuffer *buffer = gimp_drawable_get_buffer(drawable);
    gegl_buffer_get(buffer, NULL, 1.0, format, pixels, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
    g_object_unref(buffer);
    g_checksum_update(sum, (const guchar *)shape, -1);
    g_checksum_update(sum, pixels, (gssize)bytes);
    return g_strdup(g_checksum_get_string(sum));
}
