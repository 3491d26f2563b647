/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Images and layers may go at any time while the dialog is open; see receiver.h.
 */
#include "plugin/receiver.h"
#include "plugin/answer.h"
#include "plugin/patch.h"

GimpImage *edt_receiver_image(EdtReceiver *receiver)
{
    if (receiver->image && !gimp_image_is_valid(receiver->image))
        receiver->image = NULL; /* closed meanwhile: a new image is made */
    return receiver->image;
}

static void lie_over(const EdtReceiver *receiver, EdtPlace *place)
{
    GimpItem *item = receiver->over;
    if (!item || place->selected || place->fit == EDT_FIT_IMAGE || !place->image ||
        !gimp_item_is_valid(item) || gimp_item_get_image(item) != place->image)
        return;
    EdtArea there = edt_patch_bounds(GIMP_DRAWABLE(item));
    if (there.width < 1 || there.height < 1) /* GIMP does not say */
        return;
    place->area = there;
    place->over = item;
}

gboolean edt_receiver_place(EdtReceiver *receiver, EdtPlace *place, GError **error)
{
    gboolean ok = edt_layer_place(edt_receiver_image(receiver), edt_layer_fit(receiver->config),
                                  TRUE, place, error);
    place->arrange = edt_layer_arrange(receiver->config);
    if (ok)
        lie_over(receiver, place);
    return ok;
}

gboolean edt_receiver_place_of(EdtReceiver *receiver, const EdtRun *run, EdtPlace *place,
                               GError **error)
{
    GimpImage *image = run->place.image;
    *place = run->place;
    /* asked twice: where GIMP does not answer once, the run's mask must not be lost */
    if (image && (gimp_image_is_valid(image) || image == edt_receiver_image(receiver))) {
        if (run->from != EDT_FROM_NOTHING || run->frames || !edt_layer_place_moved(place))
            return TRUE;
        if (!edt_layer_place_anew(place, error))
            return FALSE;
        if (run->place.over)
            lie_over(receiver, place);
        return TRUE;
    }
    gboolean ok = edt_layer_place(edt_receiver_image(receiver), run->place.fit, TRUE, place, error);
    place->arrange = run->place.arrange;
    place->colours = run->place.colours;
    return ok;
}

void edt_receiver_take(EdtReceiver *receiver, GimpImage *image, GimpLayer **layers)
{
    if (image)
        receiver->image = image;
    for (int i = 0; layers && layers[i]; i++)
        g_ptr_array_add(receiver->layers, layers[i]);
    g_free(layers);
}

static GimpLayer **valid_layers(const EdtReceiver *receiver)
{
    GPtrArray *valid = g_ptr_array_new();
    for (guint i = 0; i < receiver->layers->len; i++)
        if (gimp_item_is_valid(g_ptr_array_index(receiver->layers, i)))
            g_ptr_array_add(valid, g_ptr_array_index(receiver->layers, i));
    g_ptr_array_add(valid, NULL);
    return (GimpLayer **)g_ptr_array_free(valid, FALSE);
}

GimpValueArray *edt_receiver_answer(const EdtReceiver *receiver, GimpProcedure *procedure)
{
    gboolean there = receiver->image && gimp_image_is_valid(receiver->image);
    if (receiver->layers->len == 0)
        return gimp_procedure_new_return_values(procedure, GIMP_PDB_CANCEL, NULL);
    return edt_answer_succeeded(procedure, there ? receiver->image : NULL, valid_layers(receiver));
}
