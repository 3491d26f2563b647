/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Texts in parasites of a layer; see parasites.h.
 */
#include "plugin/parasites.h"
#include "plugin/pixels.h"

#include <string.h>

/* Undoable: in an image GIMP could not take the step back otherwise. */
static GimpParasite *new_parasite(const char *name, const char *text)
{
    return gimp_parasite_new(name, GIMP_PARASITE_PERSISTENT | GIMP_PARASITE_UNDOABLE,
                             (guint32)strlen(text) + 1, text);
}

static gboolean attach(GimpLayer *layer, const char *name, const char *text, GError **error)
{
    GimpParasite *parasite = new_parasite(name, text);
    gboolean ok =
        gimp_item_attach_parasite(GIMP_ITEM(layer), parasite) || edt_pixels_refused(error);
    gimp_parasite_free(parasite);
    return ok;
}

/* Takes the parasite, which may be NULL. */
static char *text_of(GimpParasite *parasite)
{
    guint32 bytes = 0;
    const char *data = parasite ? gimp_parasite_get_data(parasite, &bytes) : NULL;
    char *text = data ? g_strndup(data, bytes) : NULL;
    if (parasite)
        gimp_parasite_free(parasite);
    return text;
}

char *edt_parasites_text(GimpLayer *layer, const char *name)
{
    return text_of(gimp_item_get_parasite(GIMP_ITEM(layer), name));
}

/* ---- how it was made ---- */

gboolean edt_parasites_attach_record(GimpLayer *layer, const EdtSheet *sheet, const char *pixels,
                                     GError **error)
{
    return (!sheet->scattered || attach(layer, EDT_PARASITE_SCATTERED, sheet->scattered, error)) &&
           attach(layer, EDT_PARASITE_RECORD, sheet->record, error) &&
           attach(layer, EDT_PARASITE_PIXELS, pixels, error);
}

gboolean edt_parasites_describe(GimpLayer *layer, const EdtSheet *sheet, GError **error)
{
    if (!sheet->record)
        return TRUE;
    if (sheet->colours && *sheet->colours &&
        !attach(layer, EDT_PARASITE_COLOURS, sheet->colours, error))
        return FALSE;
    if (sheet->placed && !attach(layer, EDT_PARASITE_PLACE, sheet->placed, error))
        return FALSE;
    g_autofree char *pixels = edt_pixels_fingerprint(layer, error);
    return pixels && edt_parasites_attach_record(layer, sheet, pixels, error);
}

EdtRecord *edt_layer_record(GimpLayer *layer, GError **error)
{
    g_autofree char *json = edt_parasites_text(layer, EDT_PARASITE_RECORD);
    return json ? edt_record_read(json, error) : NULL;
}

gboolean edt_layer_painted(GimpLayer *layer)
{
    g_autofree char *before = edt_parasites_text(layer, EDT_PARASITE_PIXELS);
    g_autofree char *now = edt_pixels_fingerprint(layer, NULL);
    return g_strcmp0(before, now) != 0;
}

/* ---- what it started from ---- */

/* Layers are numbered within their image, and one that goes into another takes its parasites along:
 * so an image has a name, too.  NULL: it has none. */
static char *image_name(GimpImage *image)
{
    return text_of(gimp_image_get_parasite(image, EDT_PARASITE_IMAGE));
}

static char *name_image(GimpImage *image, GError **error)
{
    g_autofree char *name = image_name(image);
    if (name)
        return g_steal_pointer(&name);
    name = g_uuid_string_random();
    GimpParasite *parasite = new_parasite(EDT_PARASITE_IMAGE, name);
    const gboolean ok = gimp_image_attach_parasite(image, parasite) || edt_pixels_refused(error);
    gimp_parasite_free(parasite);
    return ok ? g_steal_pointer(&name) : NULL;
}

gboolean edt_parasites_name_origin(GimpLayer *layer, GimpItem *origin, GError **error)
{
    if (!origin || !gimp_item_is_valid(origin))
        return TRUE;
    guint tattoo = gimp_item_get_tattoo(origin);
    if (!tattoo)
        return edt_pixels_refused(error);
    g_autofree char *image = name_image(gimp_item_get_image(GIMP_ITEM(layer)), error);
    g_autofree char *text = image ? g_strdup_printf("%u %s", tattoo, image) : NULL;
    return text && attach(layer, EDT_PARASITE_ORIGIN, text, error);
}

GimpLayer *edt_layer_origin(GimpLayer *layer)
{
    GimpImage *image = gimp_item_get_image(GIMP_ITEM(layer));
    g_autofree char *text = edt_parasites_text(layer, EDT_PARASITE_ORIGIN);
    g_autofree char *here = image_name(image);
    char *rest = NULL;
    const guint64 tattoo = text ? g_ascii_strtoull(text, &rest, 10) : 0;
    if (!tattoo || (*rest == ' ' && g_strcmp0(rest + 1, here) != 0)) /* before 2026-12 no image */
        return NULL;
    return gimp_image_get_layer_by_tattoo(image, (guint)tattoo);
}
