/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Out of GIMP's thumbnails, so that a large image costs no more than a small one; see
 * surrounding.h.
 */
#include "plugin/surrounding.h"
#include "plugin/patch.h"

#include <string.h>

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

/* ---- the selection ---- */

/* As GIMP's thumbnail of it: [height, width], more than HALF where it is selected. */
typedef struct {
    EdtArea bounds;
    int width, height;
    GBytes *bytes;
} Selected;

static gboolean see_selection(GimpImage *image, Selected *selected)
{
    GimpSelection *selection = gimp_image_get_selection(image);
    EdtArea *there = &selected->bounds;
    int channels;
    selected->bytes =
        selection && edt_layer_selected(image, there)
            ? gimp_drawable_get_sub_thumbnail_data(GIMP_DRAWABLE(selection), there->x, there->y,
                                                   there->width, there->height, SIDE, SIDE,
                                                   &selected->width, &selected->height, &channels)
            : NULL;
    return selected->bytes != NULL;
}

char *edt_surrounding_print(const EdtPlace *place)
{
    const EdtArea *a = &place->area;
    Selected now;
    if (!see_selection(place->image, &now))
        return NULL;
    const EdtArea *b = &now.bounds;
    g_autofree char *shape = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, now.bytes);
    g_bytes_unref(now.bytes);
    return g_strdup_printf("%d %d %d %d %d %d %d %d %d %s", gimp_image_get_id(place->image), a->x,
                           a->y, a->width, a->height, b->x, b->y, b->width, b->height, shape);
}

/* ---- its outline ---- */

static gboolean is_selected(const Selected *s, const EdtArea *region, int x, int y)
{
    const EdtArea *b = &s->bounds;
    const guint8 *bytes = g_bytes_get_data(s->bytes, NULL);
    x = place_in(region->x - b->x, region->width, x, b->width, s->width);
    y = place_in(region->y - b->y, region->height, y, b->height, s->height);
    return x >= 0 && y >= 0 && bytes[y * s->width + x] >= HALF;
}

/* [SIDE, SIDE] */
static gboolean *outline_in(const Selected *s, const EdtArea *region)
{
    gboolean *edge = g_new(gboolean, SIDE * SIDE);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int x = i % SIDE, y = i / SIDE;
        edge[i] = is_selected(s, region, x, y) &&
                  !(is_selected(s, region, x - 1, y) && is_selected(s, region, x + 1, y) &&
                    is_selected(s, region, x, y - 1) && is_selected(s, region, x, y + 1));
    }
    return edge;
}

/* Black and white in turn, to be seen on everything. */
static GdkPixbuf *with_outline(const GdkPixbuf *picture, const gboolean *edge, int step)
{
    GdkPixbuf *out = gdk_pixbuf_copy(picture);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int x = i % SIDE, y = i / SIDE;
        if (edge[i])
            memset(pixel_at(out, x, y), (x + y + step) / DASH % 2 ? 255 : 0, 3);
        if (edge[i])
            pixel_at(out, x, y)[3] = 255;
    }
    return out;
}

GPtrArray *edt_surrounding_pictures(const EdtPlace *place)
{
    EdtArea region = edt_patch_square(&place->area, MARGIN);
    g_autoptr(GdkPixbuf) all = edt_surrounding_image(place->image, THUMBNAIL);
    Selected selected;
    if (!all || !see_selection(place->image, &selected))
        return NULL;
    g_autofree gboolean *edge = outline_in(&selected, &region);
    g_bytes_unref(selected.bytes);
    g_autoptr(GdkPixbuf) plain = gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, SIDE, SIDE);
    gdk_pixbuf_fill(plain, 0);
    draw_image(plain, all, place->image, &region);
    GPtrArray *pictures = g_ptr_array_new_with_free_func(g_object_unref);
    for (int step = 0; step < 2 * DASH; step++)
        g_ptr_array_add(pictures, with_outline(plain, edge, step));
    return pictures;
}
