/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The next order is made as Generate makes it, and thrown away.
 */
#include "plugin/seeing.h"
#include "plugin/process.h"
#include "plugin/start.h"
#include "plugin/surrounding.h"
#include "session/start.h"

void edt_seeing_show(EdtDialog *self, const EdtOrder *order)
{
    EdtTile seen;
    gboolean there = order && edt_start_seen(order, &seen);
    edt_ui_panel_show_seen(self->panel, there ? &seen : NULL);
    if (there)
        g_bytes_unref(seen.pixels);
}

/* What it depends on, but for what is painted; NULL: it starts from nothing that is seen. */
static char *print_of(EdtDialog *self, EdtFrom from, const EdtPlace *place,
                      GimpDrawable *const *selected)
{
    g_autofree char *into = NULL, *context = NULL, *paper = NULL, *model = NULL;
    double margin, feather;
    g_object_get(self->config, "into", &into, "context", &context, "paper", &paper, "model", &model,
                 "margin", &margin, "feather", &feather, NULL);
    gboolean missing = g_strcmp0(into, edt_into_choices.words[EDT_INTO_MISSING]) == 0;
    if (from == EDT_FROM_NOTHING || (from == EDT_FROM_SELECTION && !missing) ||
        edt_start_obstacle(from, place->image) || !selected || !selected[0])
        return NULL;
    g_autofree char *selection = edt_surrounding_print(place);
    return g_strdup_printf("%d %s %s %s %g %g %d %d %d %s", from, context, paper, model, margin,
                           feather, gimp_image_get_id(place->image),
                           gimp_item_get_id(GIMP_ITEM(selected[0])), selected[1] != NULL,
                           selection ? selection : "");
}

static GimpDrawable **selected_in(EdtFrom from, GimpImage *image)
{
    return from != EDT_FROM_NOTHING && image && gimp_image_is_valid(image)
               ? gimp_image_get_selected_drawables(image)
               : NULL;
}

/* When nobody waits: it takes as long as the layer is large. */
static gboolean look(gpointer data)
{
    EdtDialog *self = data;
    EdtFrom from = edt_start_from(self->config);
    EdtPlace place = {0};
    self->seeing = 0;
    if (!self->seen || !edt_receiver_place(&self->receiver, &place, NULL))
        return G_SOURCE_REMOVE;
    g_autofree GimpDrawable **selected = selected_in(from, place.image);
    g_autoptr(EdtOrder) order = edt_order_new(G_OBJECT(self->config), edt_process_threads(), NULL);
    gboolean ok = order && edt_start_take(from, self->config, selected, order, &place, NULL);
    edt_seeing_show(self, ok ? order : NULL);
    edt_layer_place_clear(&place);
    return G_SOURCE_REMOVE;
}

void edt_seeing_look(EdtDialog *self, const EdtPlace *place)
{
    EdtFrom from = edt_start_from(self->config);
    g_autofree GimpDrawable **selected = selected_in(from, place->image);
    g_autofree char *print = print_of(self, from, place, selected);
    if (g_strcmp0(print, self->seen) == 0)
        return;
    g_set_str(&self->seen, print);
    if (!print)
        edt_seeing_show(self, NULL);
    else if (!self->seeing)
        self->seeing = g_idle_add(look, self);
}

void edt_seeing_forget(EdtDialog *self)
{
    g_set_str(&self->seen, NULL);
}

void edt_seeing_end(EdtDialog *self)
{
    if (self->seeing)
        g_source_remove(self->seeing);
    self->seeing = 0;
    edt_seeing_forget(self);
}
