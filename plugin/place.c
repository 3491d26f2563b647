/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A place in words and pixels; see place.h.
 */
#include "plugin/place.h"
#include "plugin/surrounding.h"
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
    char *around;       /* which place the preview shows; NULL: none */
};

/* What starts from a layer is as large as what is drawn on it: only known when it is read. */
static char *size_text(const EdtPlace *place, const EdtArea *area, int side)
{
    if (place->origin)
        return g_strdup(_("as large as what is drawn"));
    double scale = (double)area->width / side;
    if (MIN(area->width, area->height) < EDT_LAYER_LEAST && area->width < side)
        return g_strdup_printf(_("%d × %d px: too small for a picture"), area->width, area->height);
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
    if (place->over) {
        g_autofree char *layer = gimp_item_get_name(place->over);
        return g_strdup_printf(_("in the middle of the layer “%s”"), layer);
    }
    g_autofree char *name = gimp_image_get_name(place->image);
    if (gimp_image_get_floating_sel(place->image))
        return g_strdup_printf(_("below the floating selection of “%s”"), name);
    EdtArea selected;
    if (place->selected && edt_layer_selected(place->image, &selected))
        return g_strdup_printf(_("in the selection of “%s”, %d × %d px"), name, selected.width,
                               selected.height);
    return g_strdup_printf(_("in the middle of “%s”"), name);
}

/* Beside each other they may be smaller than one alone. */
static char *sizes_text(const EdtPlace *place, int side, int n)
{
    g_autofree EdtArea *there = g_new(EdtArea, n);
    edt_layer_areas(place, side, side, there, n);
    g_autofree char *one = size_text(place, &there[0], side);
    if (n < 2 || place->arrange == EDT_ARRANGE_STACK)
        return g_steal_pointer(&one);
    return g_strdup_printf(_("each %s"), one);
}

void edt_telling_show_around(EdtTelling *telling, const EdtPlace *place, gboolean wanted,
                             gboolean free)
{
    g_autofree char *around = wanted && place->selected ? edt_surrounding_print(place) : NULL;
    if (g_strcmp0(around, telling->around) == 0)
        return;
    g_set_str(&telling->around, around);
    if (!free)
        return;
    g_autoptr(GPtrArray) pictures = around ? edt_surrounding_pictures(place) : NULL;
    edt_ui_panel_show_place(telling->panel, pictures);
}

void edt_telling_forget_around(EdtTelling *telling)
{
    g_clear_pointer(&telling->around, g_free);
}

void edt_telling_update(EdtTelling *telling, const EdtPlace *place, int side, int n)
{
    g_autofree char *size = side ? sizes_text(place, side, n) : g_strdup("");
    g_autofree char *where = side ? where_text(place) : g_strdup("");
    if (g_strcmp0(size, telling->size) == 0 && g_strcmp0(where, telling->where) == 0)
        return;
    g_autoptr(GdkPixbuf) picture =
        place->image ? edt_surrounding_image(place->image, PICTURE) : NULL;
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
    g_free(telling->around);
    g_free(telling);
}
