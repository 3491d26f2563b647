/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A request: what it is unless something else is said, and whether a model can answer it.  Next:
 * edt.c.
 */
#include "request.h"
#include "settings.h"
#include "engine/easel.h"
#include "model/format.h"

#include <glib/gi18n-lib.h>

void edt_request_init(EdtRequest *request, const EdtEngine *engine)
{
    edt_settings_usual(request);
    if (!engine)
        return;
    request->cfg_scale = engine->info->cfg_scale;
    request->cfg_pow = engine->info->cfg_pow;
    request->clip_denoised = !engine->info->needs_vae; /* pixels have bounds, latents have none */
}

void edt_item_init(EdtItem *item)
{
    *item = (EdtItem){.style = EDT_STYLE_ANY, .freedom = 1};
}

double edt_frame_share(int i, int n)
{
    const double share = n > 1 ? (double)i / (n - 1) : 1;
    return share * share * (3 - 2 * share);
}

static gboolean wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean wrong(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, text);
    return FALSE;
}

/* Each setting within its bounds, of the request or of one item (NULL: the request's own). */
static gboolean check_settings(const EdtRequest *request, const EdtItem *item, GError **error)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        const EdtSetting *setting = &settings[i];
        if (setting->of_item != (item != NULL) ||
            edt_setting_fits(setting, edt_setting_field(setting, request, item)))
            continue;
        g_autofree char *expected = edt_setting_expected(setting);
        return wrong(error, _("The setting “%s” must be %s."), setting->name, expected);
    }
    return TRUE;
}

static gboolean check_class(const EdtModelInfo *info, int class_index, int style, GError **error)
{
    if (class_index < 0 || class_index >= info->n_classes + info->has_null)
        return wrong(error, _("There is no class %d: “%s” has classes 0 to %d."), class_index,
                     info->path, info->n_classes - 1);
    if (info->n_styles && (style < EDT_STYLE_ANY || style >= info->n_styles))
        return wrong(error, _("There is no style %d: “%s” has styles 0 to %d."), style, info->path,
                     info->n_styles - 1);
    return TRUE;
}

gboolean edt_item_check(const EdtModelInfo *info, const EdtRequest *request, const EdtItem *item,
                        GError **error)
{
    if (!check_class(info, item->class_index, item->style, error) ||
        !check_settings(request, item, error))
        return FALSE;
    for (int k = 0; k < item->mix.n; k++)
        if (!check_class(info, item->mix.of[k].class_index, item->mix.of[k].style, error))
            return FALSE;
    return edt_easel_check(info, request, item, error);
}

static gboolean check_items(const EdtModelInfo *info, const EdtRequest *request, GError **error)
{
    for (int i = 0; i < request->n_items; i++)
        if (!edt_item_check(info, request, &request->items[i], error))
            return FALSE;
    return TRUE;
}

gboolean edt_request_check(const EdtModelInfo *info, const EdtRequest *request, GError **error)
{
    if (request->n_items < 1 || !request->items)
        return wrong(error, _("There is nothing to make: ask for at least one picture."));
    if (!check_settings(request, NULL, error) || !check_items(info, request, error))
        return FALSE;
    if (request->cfg_scale != 1 && !info->has_null)
        return wrong(error,
                     _("“%s” was trained without a null class, so there is no guidance: ask for a "
                       "guidance of 1."),
                     info->path);
    if (request->vae == EDT_DECODE_DRAFT && !info->has_draft)
        return wrong(error,
                     _("“%s” has no small autoencoder beside its own. Import the checkpoint with "
                       "one (edt import CHECKPOINT --vae FILE --draft-vae FILE), or decode with "
                       "the full one."),
                     info->path);
    if (edt_model_info_makes(info) == EDT_MAKES_LATENTS_ONLY && !request->latent_only)
        return edt_engine_lacks_vae(info, error);
    return TRUE;
}
