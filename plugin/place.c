/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A place in words and pixels; see place.h.
 */
#include "plugin/place.h"
#include "ui/panel.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>

#define PICTURE 32

struct EdtTelling {
    GtkWidget *panel;
    void (*look)(gpointer user_data);
    gpointer user_data;
    guint timer;
    char *size, *where; /* as they stand there */
};

/* What starts from a layer is as large as what is drawn on it: only known when it is read. */
static char *size_text(const EdtPlace *place, const EdtArea *area, int side)
{
    if (place->origin)
        return g_strdup(_("as large as what is drawn"));
    double scale = (double)area->width / side;
    if (area->width == side)
        return g_strdup_printf(_("%d × %d px, as it is made"), side, side);
    if (scale > 1)
        return g_strdup_printf(_("%d × %d px, enlarged %.1f times"), area->width, area->height,
                               scale);
    return g_strdup_printf(_("%d × %d px, reduced to %.0f %%"), area->width, area->height,
                           scale * 100);
}

static char *where_text(const EdtPlace *place)
{
    if (!place->image)
        return g_strdup(_("in a new image"));
    if (place->origin) {
        g_autofree char *layer = gimp_item_get_name(place->origin);
        return g_strdup_printf(_("above the layer “%s”"), layer);
    }
    g_autofree char *name = gimp_image_get_name(place->image);
    if (gimp_image_get_floating_sel(place->image))
        return g_strdup_printf(_("below the floating selection of “%s”"), name);
    return g_strdup_printf(
        place->selected ? _("in the selection of “%s”") : _("in the middle of “%s”"), name);
}

/* As gimp_image_get_thumbnail(), which GIMP 3.0 cannot do for every image. */
static GdkPixbuf *picture_of(GimpImage *image)
{
    int width = PICTURE, height = PICTURE, channels;
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

void edt_telling_update(EdtTelling *telling, const EdtPlace *place, int side)
{
    EdtArea area = edt_layer_area(place, MAX(side, 1), MAX(side, 1));
    g_autofree char *size = side ? size_text(place, &area, side) : g_strdup("");
    g_autofree char *where = side ? where_text(place) : g_strdup("");
    if (g_strcmp0(size, telling->size) == 0 && g_strcmp0(where, telling->where) == 0)
        return;
    g_autoptr(GdkPixbuf) picture = place->image ? picture_of(place->image) : NULL;
    edt_ui_panel_tell_place(telling->panel, size, where, picture);
    g_set_str(&telling->size, size);
    g_set_str(&telling->where, where);
}

static gboolean on_timer(gpointer data)
{
    EdtTelling *telling = data;
    telling->look(telling->user_data);
    return G_SOURCE_CONTINUE;
}

EdtTelling *edt_telling_new(GtkWidget *panel, void (*look)(gpointer user_data), gpointer user_data)
{
    EdtTelling *telling = g_new0(EdtTelling, 1);
    *telling = (EdtTelling){.panel = panel, .look = look, .user_data = user_data};
    telling->timer = g_timeout_add_seconds(1, on_timer, telling);
    return telling;
}

void edt_telling_free(EdtTelling *telling)
{
    g_source_remove(telling->timer);
    g_free(telling->size);
    g_free(telling->where);
    g_free(telling);
}
