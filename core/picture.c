/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The end of the journey: a finished picture as bytes and as a PNG, with its record (key "edt", and
 * for other programs as a line of text under "parameters").
 */
#include "record.h"
#include "settings.h"
#include "files/png.h"

#include <glib/gi18n-lib.h>
#include <math.h>

void edt_pictures_free(EdtPictures *pictures)
{
    if (!pictures)
        return;
    for (int i = 0; i < pictures->n_pictures; i++) {
        g_free(pictures->pictures[i].pixels);
        g_free(pictures->pictures[i].latent);
    }
    g_clear_error(&pictures->error);
    g_free(pictures->pictures);
    g_free(pictures);
}

void edt_picture_to_u8(const EdtPicture *picture, guint8 *out)
{
    gsize count = (gsize)picture->width * (gsize)picture->height * (gsize)picture->channels;
    for (gsize i = 0; i < count; i++)
        out[i] = (guint8)lrintf(CLAMP(picture->pixels[i], 0.0f, 1.0f) * 255.0f);
}

/* "golden retriever\nSteps: 25, Sampler: dpm++2m, CFG scale: 4, Seed: 7, Size: 256x256, Model: ...,
 * Model hash: 0123456789": the line that web interfaces and picture browsers understand. */
static char *parameters_text(const EdtRecord *record, const EdtPicture *picture)
{
    const EdtRequest *request = &record->request;
    g_autofree char *scale = edt_setting_write(edt_setting_named("cfg_scale"), &request->cfg_scale);
    return g_strdup_printf("%s\nSteps: %d, Sampler: %s, CFG scale: %s, Seed: %" G_GUINT64_FORMAT
                           ", Size: %dx%d, Model: %s, Model hash: %.10s",
                           record->class_name ? record->class_name : "unknown class",
                           request->steps, edt_sampler_words[request->sampler], scale,
                           picture->item.seed, picture->width, picture->height,
                           record->model ? record->model : "EDT",
                           record->model_sha256 ? record->model_sha256 : "");
}

static gboolean write_png(const EdtPicture *picture, const guint8 *pixels, const char *path,
                          const EdtRecord *record, EdtWrite write, char **written, GError **error)
{
    g_autofree char *parameters = record ? parameters_text(record, picture) : NULL;
    g_autofree char *json = record ? edt_record_write(record) : NULL;
    const char *keys[] = {"parameters", "edt"}, *values[] = {parameters, json};
    return edt_png_write_as(path, picture->width, picture->height, picture->channels, pixels, keys,
                            values, record ? 2 : 0, write, written, error);
}

gboolean edt_picture_save(const EdtPicture *picture, const char *path, const EdtRecord *record,
                          EdtWrite write, char **written, GError **error)
{
    if (!picture->pixels) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("There are no pixels to save in %s, only a latent: use a model with a VAE."),
                    path);
        return FALSE;
    }
    gsize bytes = (gsize)picture->width * picture->height * picture->channels;
    g_autofree guint8 *pixels = g_try_malloc(bytes);
    if (!pixels) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, _("There is no memory to write %s."),
                    path);
        return FALSE;
    }
    edt_picture_to_u8(picture, pixels);
    return write_png(picture, pixels, path, record, write, written, error);
}

gboolean edt_picture_save_png(const EdtPicture *picture, const char *path, const EdtRecord *record,
                              GError **error)
{
    return edt_picture_save(picture, path, record, EDT_WRITE_REPLACE, NULL, error);
}

char *edt_png_record_text(const char *path, GError **error)
{
    return edt_png_read_text(path, "edt", error);
}

EdtRecord *edt_png_record(const char *path, GError **error)
{
    g_autofree char *json = edt_png_record_text(path, error);
    return json ? edt_record_read(json, error) : NULL;
}
