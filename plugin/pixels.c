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

#define COLOURS 256 /* of an image with indexed colours, at most */
#define ROUNDED 2   /* of 255, between two profiles */
#define STRIP 64    /* rows at once */

gboolean edt_pixels_refused(GError **error)
{
    const char *said = gimp_pdb_get_last_error(gimp_get_pdb());
    if (said && gimp_pdb_get_last_status(gimp_get_pdb()) != GIMP_PDB_SUCCESS)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("GIMP refused the new layer: “%s”."),
                    said);
    else
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_FAILED,
                            _("GIMP refused the new layer and did not say why: try again."));
    return FALSE;
}

gboolean edt_pixels_base_type(GimpImage *image, GimpImageBaseType *type, GError **error)
{
    *type = gimp_image_get_base_type(image); /* where GIMP does not answer: RGB */
    return gimp_pdb_get_last_status(gimp_get_pdb()) == GIMP_PDB_SUCCESS ||
           edt_pixels_refused(error);
}

GeglBuffer *edt_pixels_withheld(GError **error)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_FAILED,
                        _("GIMP does not hand out the pixels of a layer: try again."));
    return NULL;
}

gboolean edt_pixels_too_large(int width, int height, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                _("There is no memory for a layer of %d × %d pixels."), width, height);
    return FALSE;
}

guint8 *edt_pixels_colormap(GimpPalette *palette, int *n)
{
    gsize bytes;
    *n = 0;
    return palette ? gimp_palette_get_colormap(palette, babl_format("R'G'B' u8"), n, &bytes) : NULL;
}

/* libgimp gives the format of an indexed drawable the colours of its image; where GIMP does not
 * answer, those of no image. */
static gboolean has_its_colours(GimpDrawable *drawable, const Babl *format)
{
    if (!babl_format_is_palette(format))
        return TRUE;
    GimpImage *image = gimp_item_get_image(GIMP_ITEM(drawable));
    int n, bytes = babl_format_get_bytes_per_pixel(format);
    g_autofree guint8 *map = edt_pixels_colormap(image ? gimp_image_get_palette(image) : NULL, &n);
    guint8 all[COLOURS * 2] = {0}, seen[COLOURS * 3];
    if (!map || n < 1 || n > COLOURS || bytes > 2)
        return FALSE;
    for (int i = 0; i < n; i++)
        all[i * bytes] = (guint8)i;
    babl_process(babl_fish(format, babl_format("R'G'B' u8")), all, seen, n);
    for (int i = 0; i < 3 * n; i++)
        if (ABS(seen[i] - map[i]) > ROUNDED)
            return FALSE;
    return TRUE;
}

/* Takes it, just made.  Where libgimp cannot learn the drawable's size the buffer is one without
 * end; last it asks for the bytes of a pixel, without which the process would end at the first one.
 */
static GeglBuffer *checked(GeglBuffer *buffer, GError **error)
{
    const gboolean answered = gimp_pdb_get_last_status(gimp_get_pdb()) == GIMP_PDB_SUCCESS;
    if (buffer && answered && !gegl_rectangle_is_infinite_plane(gegl_buffer_get_extent(buffer)))
        return buffer;
    g_clear_object(&buffer);
    return edt_pixels_withheld(error);
}

GeglBuffer *edt_pixels_open(GimpDrawable *drawable, GError **error)
{
    GeglBuffer *buffer = checked(gimp_drawable_get_buffer(drawable), error);
    if (!buffer || has_its_colours(drawable, gegl_buffer_get_format(buffer)))
        return buffer;
    g_object_unref(buffer);
    return edt_pixels_withheld(error);
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

gboolean edt_pixels_write(GimpLayer *layer, const EdtPicture *picture, GError **error)
{
    GeglBuffer *buffer = edt_pixels_open(GIMP_DRAWABLE(layer), error);
    if (!buffer)
        return FALSE;
    set_pixels(buffer, picture, takes_bytes(gimp_item_get_image(GIMP_ITEM(layer))));
    g_object_unref(buffer); /* flushes */
    gimp_drawable_update(GIMP_DRAWABLE(layer), 0, 0, picture->width, picture->height);
    return TRUE;
}

gboolean edt_pixels_mask(GimpLayer *layer, GeglBuffer *mask, const EdtArea *there, GError **error)
{
    const GeglRectangle from = {there->x, there->y, there->width, there->height};
    const GeglRectangle to = {0, 0, there->width, there->height};
    GimpLayerMask *made = gimp_layer_create_mask(layer, GIMP_ADD_MASK_BLACK);
    if (!made)
        return edt_pixels_refused(error);
    GeglBuffer *buffer = edt_pixels_open(GIMP_DRAWABLE(made), error);
    if (!buffer)
        return FALSE;
    gegl_buffer_copy(mask, &from, GEGL_ABYSS_NONE, buffer, &to);
    g_object_unref(buffer); /* flushes */
    return (gimp_layer_add_mask(layer, made) &&
            gimp_layer_set_edit_mask(layer, FALSE)) || /* the next stroke is for the picture */
           edt_pixels_refused(error);
}

/* ---- from layer to layer ---- */

/* The selection, put aside: GIMP merges a shadow within it only.  saved NULL: there is none. */
static gboolean put_selection_aside(GimpImage *image, GimpChannel **saved, GError **error)
{
    *saved = NULL;
    if (gimp_selection_is_empty(image))
        return TRUE;
    GimpLayer **selected = gimp_image_get_selected_layers(image);
    GimpChannel *made = gimp_selection_save(image); /* selects the channel */
    gboolean ok =
        made &&
        (!selected || gimp_image_set_selected_layers(image, (const GimpLayer **)selected)) &&
        gimp_selection_none(image);
    if (!ok)
        edt_pixels_refused(error);
    if (!ok && made)
        gimp_image_remove_channel(image, made);
    if (!ok && selected)
        gimp_image_set_selected_layers(image, (const GimpLayer **)selected);
    g_free(selected);
    *saved = ok ? made : NULL;
    return ok;
}

/* Not as the context of a script may say: feathered once more. */
static gboolean select_exactly(GimpImage *image, GimpChannel *saved, GError **error)
{
    if (!gimp_context_push())
        return edt_pixels_refused(error);
    gboolean ok = (gimp_context_set_feather(FALSE) &&
                   gimp_image_select_item(image, GIMP_CHANNEL_OP_REPLACE, GIMP_ITEM(saved))) ||
                  edt_pixels_refused(error);
    gimp_context_pop();
    return ok;
}

/* What GIMP does not select again stays as the channel. */
static gboolean bring_selection_back(GimpImage *image, GimpChannel *saved, GError **error)
{
    if (!saved)
        return TRUE;
    error = error && *error ? NULL : error;
    return select_exactly(image, saved, error) &&
           (gimp_image_remove_channel(image, saved) || edt_pixels_refused(error));
}

/* Channels that are switched off in GIMP's dialog of channels: GIMP would merge the others only.
 * It answers for these. */
typedef struct {
    int n;
    GimpChannelType off[4];
} Off;

static gboolean find_off(GimpImage *image, Off *off, GError **error)
{
    static const GimpChannelType rgb[] = {GIMP_CHANNEL_RED, GIMP_CHANNEL_GREEN, GIMP_CHANNEL_BLUE,
                                          GIMP_CHANNEL_ALPHA},
                                 gray[] = {GIMP_CHANNEL_GRAY}, indexed[] = {GIMP_CHANNEL_INDEXED};
    GimpImageBaseType type;
    *off = (Off){0};
    if (!edt_pixels_base_type(image, &type, error))
        return FALSE;
    const GimpChannelType *all = type == GIMP_RGB ? rgb : type == GIMP_GRAY ? gray : indexed;
    int n = type == GIMP_RGB ? G_N_ELEMENTS(rgb) : 1;
    for (int i = 0; i < n; i++) {
        gboolean on = gimp_image_get_component_active(image, all[i]);
        if (gimp_pdb_get_last_status(gimp_get_pdb()) != GIMP_PDB_SUCCESS)
            return edt_pixels_refused(error);
        if (!on)
            off->off[off->n++] = all[i];
    }
    return TRUE;
}

/* All of them, also behind one that GIMP does not switch. */
static gboolean switch_off(GimpImage *image, const Off *off, gboolean really, GError **error)
{
    gboolean ok = TRUE;
    for (int i = 0; i < off->n; i++)
        if (!gimp_image_set_component_active(image, off->off[i], !really))
            ok = edt_pixels_refused(error && *error ? NULL : error);
    return ok;
}

/* Takes to, which is flushed so. */
static gboolean copy_pixels(GimpLayer *layer, GeglBuffer *from, GeglBuffer *to, GError **error)
{
    gegl_buffer_copy(from, NULL, GEGL_ABYSS_NONE, to, NULL);
    g_object_unref(to);
    return gimp_drawable_merge_shadow(GIMP_DRAWABLE(layer), TRUE) || edt_pixels_refused(error);
}

/* changed: also where a channel then stays switched on.  Takes to. */
static gboolean copy_all(GimpImage *image, GimpLayer *layer, GeglBuffer *from, GeglBuffer *to,
                         gboolean *changed, GError **error)
{
    Off off;
    g_autoptr(GeglBuffer) shadow = to;
    if (!find_off(image, &off, error))
        return FALSE;
    gboolean ok = switch_off(image, &off, FALSE, error) &&
                  copy_pixels(layer, from, g_steal_pointer(&shadow), error);
    *changed |= ok;
    return switch_off(image, &off, TRUE, error) && ok;
}

/* The buffers come first: where GIMP does not answer for one, libgimp may end the process, and
 * nothing is put aside yet. */
gboolean edt_pixels_replace(GimpLayer *layer, GimpLayer *with, gboolean *changed, GError **error)
{
    GimpImage *image = gimp_item_get_image(GIMP_ITEM(layer));
    GimpDrawable *drawable = GIMP_DRAWABLE(layer);
    GimpChannel *selection;
    if (!image)
        return edt_pixels_refused(error);
    g_autoptr(GeglBuffer) from = edt_pixels_open(GIMP_DRAWABLE(with), error);
    g_autoptr(GeglBuffer) to =
        from ? checked(gimp_drawable_get_shadow_buffer(drawable), error) : NULL;
    if (!to || !put_selection_aside(image, &selection, error))
        return FALSE;
    gboolean ok = copy_all(image, layer, from, g_steal_pointer(&to), changed, error);
    gimp_drawable_update(drawable, 0, 0, gimp_drawable_get_width(drawable),
                         gimp_drawable_get_height(drawable));
    gboolean back = bring_selection_back(image, selection, error);
    *changed |= !back;
    return ok && back;
}

char *edt_pixels_fingerprint(GimpLayer *layer, GError **error)
{
    g_autoptr(GeglBuffer) buffer = edt_pixels_open(GIMP_DRAWABLE(layer), error);
    if (!buffer)
        return NULL;
    const Babl *format = gegl_buffer_get_format(buffer);
    int width = gegl_buffer_get_width(buffer), height = gegl_buffer_get_height(buffer);
    gsize row = (gsize)width * (gsize)babl_format_get_bytes_per_pixel(format);
    g_autofree guint8 *pixels = g_malloc_n(STRIP, row);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *shape = g_strdup_printf("%d %d ", width, height);
    g_checksum_update(sum, (const guchar *)shape, -1);
    for (int y = 0; y < height; y += STRIP) {
        const GeglRectangle strip = {0, y, width, MIN(STRIP, height - y)};
        gegl_buffer_get(buffer, &strip, 1.0, format, pixels, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
        g_checksum_update(sum, pixels, (gssize)(row * (gsize)strip.height));
    }
    return g_strdup(g_checksum_get_string(sum));
}
