/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Out of GIMP's thumbnail, so that a large image costs no more than a small one; see surrounding.h.
 */
#include "plugin/surrounding.h"
#include "plugin/patch.h"

#define SIDE 320      /* of the picture */
#define THUMBNAIL 512 /* of the image */
#define MARGIN 0.3    /* beside the area, as a share of its longer side */
#define DASH 4        /* pixels of the outline */
#define HALF 128      /* from here on a pixel is selected */

/* As gimp_image_get_thumbnail(), which GIMP 3.0 cannot do for every image. */
GdkPixbuf *edt_surrounding_image(GimpImage *image, int side)
{
    int width = side, height = side, channels;
    g_autoptr(GBytes) data = gimp_image_get_thumbnail_data(image, &width, &height, &channels);
    if (!data || channels < 1 || channels > 4 || width < 1 || height < 1)
        return NULL;
    const guint8 *from = g_bytes_get_data(data, NULL);
    gboolean gray = channels < 3, alpha = channels % 2 == 0;
    GdkPixbuf *picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, alpha, 8, width, height);
    int stride = gdk_pixbuf_get_rowstride(picture), wide = alpha ? 4 : 3;
    for (int i = 0; i < width * height; i++) {
        guint8 *to = gdk_pixbuf_get_pixels(picture) + i / width * stride + i % width * wide;
        for (int c = 0; c < 3; c++)
            to[c] = from[i * channels + (gray ? 0 : c)];
        if (alpha)
            to[3] = from[i * channels + channels - 1];
    }
    return picture;
}

static guint8 *pixel_at(GdkPixbuf *picture, int x, int y)
{
    return gdk_pixbuf_get_pixels(picture) + y * gdk_pixbuf_get_rowstride(picture) +
           x * gdk_pixbuf_get_n_channels(picture);
}

/* Where a part of the region is in so many pixels of an image of that size; -1: beside it. */
static int place_in(int start, int length, int i, int size, int pixels)
{
    double there = start + (i + 0.5) * length / SIDE;
    return there >= 0 && there < size ? MIN((int)(there * pixels / size), pixels - 1) : -1;
}

static void draw_image(GdkPixbuf *out, GdkPixbuf *all, GimpImage *image, const EdtArea *region)
{
    int width = gimp_image_get_width(image), height = gimp_image_get_height(image);
    gboolean alpha = gdk_pixbuf_get_has_alpha(all);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int x = place_in(region->x, region->width, i % SIDE, width, gdk_pixbuf_get_width(all));
        int y = place_in(region->y, region->height, i / SIDE, height, gdk_pixbuf_get_height(all));
        if (x < 0 || y < 0)
            continue;
        const guint8 *from = pixel_at(all, x, y);
        guint8 *to = pixel_at(out, i % SIDE, i / SIDE);
        for (int c = 0; c < 3; c++)
            to[c] = from[c];
        to[3] = alpha ? from[3] : 255;
    }
}

static gboolean is_selected(const EdtPatch *mask, int x, int y)
{
    if (x < 0 || y < 0 || x >= SIDE || y >= SIDE)
        return FALSE;
    int there = y * mask->height / SIDE * mask->width + x * mask->width / SIDE;
    return mask->rgba[4 * there] >= HALF;
}

/* Black and white in turn, to be seen on everything. */
static void draw_outline(GdkPixbuf *out, const EdtPatch *mask)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        int x = i % SIDE, y = i / SIDE;
        gboolean edge = is_selected(mask, x, y) &&
                        !(is_selected(mask, x - 1, y) && is_selected(mask, x + 1, y) &&
                          is_selected(mask, x, y - 1) && is_selected(mask, x, y + 1));
        guint8 *to = pixel_at(out, x, y), shade = (x + y) / DASH % 2 ? 255 : 0;
        if (edge)
            to[0] = to[1] = to[2] = shade;
        if (edge)
            to[3] = 255;
    }
}

GdkPixbuf *edt_surrounding_picture(const EdtPlace *place)
{
    EdtArea region = edt_patch_square(&place->area, MARGIN);
    g_autoptr(GdkPixbuf) all = edt_surrounding_image(place->image, THUMBNAIL);
    g_autoptr(EdtPatch) mask = edt_patch_selection(place->image, &region, NULL);
    if (!all || !mask)
        return NULL;
    GdkPixbuf *out = gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, SIDE, SIDE);
    gdk_pixbuf_fill(out, 0);
    draw_image(out, all, place->image, &region);
    draw_outline(out, mask);
    return out;
}
