/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture of the history becomes a layer, named as when it was made; see layer.h.
 */
#include "plugin/layer.h"
#include "session/labels.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

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
    EdtSheet sheet = {
        .picture = &picture, .name = name, .record = record, .colours = place->colours};
    GimpImage *image = edt_layer_has_room(place, picture.width, picture.height, 1, error)
                           ? edt_layer_insert(place, &sheet, 1, NULL, layers, error)
                           : NULL;
    g_free(picture.pixels);
    return image;
}
