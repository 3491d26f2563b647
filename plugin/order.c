/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings become an order.  Who is pictured and from which seed is decided here, so that the
 * record and the layer's name say it.  Next: job.c.
 */
#include "plugin/order.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/choices.h"

typedef struct {
    char *class_text, *sampler, *amm, *model, *backend, *precision;
    int steps, count;
    double seed, guidance;
} Settings;

static void read_settings(GObject *object, Settings *s)
{
    g_object_get(object, "class", &s->class_text, "sampler", &s->sampler, "amm", &s->amm, "model",
                 &s->model, "backend", &s->backend, "precision", &s->precision, "seed", &s->seed,
                 "steps", &s->steps, "count", &s->count, "guidance", &s->guidance, NULL);
}

static void clear_settings(Settings *s)
{
    char *texts[] = {s->class_text, s->sampler, s->amm, s->model, s->backend, s->precision};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}

/* The user's own folder of models, the one to put a model into. */
static char *models_folder(void)
{
    return g_build_filename(g_get_user_data_dir(), "edt", "models", NULL);
}

static void explain_none(GError **error)
{
    char *folder = models_folder();
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("There is no model yet. Open Filters > Generate > EDT and choose Import, or "
                  "put a model into “%s”."),
                folder);
    g_free(folder);
}

char *edt_order_model(const char *text, GError **error)
{
    if (text && *text)
        return edt_models_find(text, error);
    GError *why = NULL;
    char *path = edt_models_first(&why);
    if (why)
        g_propagate_error(error, why);
    else if (!path)
        explain_none(error);
    return path;
}

int edt_order_class(const EdtModelInfo *info, const char *text, GError **error)
{
    char *clean = g_strstrip(g_strdup(text ? text : ""));
    int found =
        *clean ? edt_class_find(info, clean, error) : g_random_int_range(0, info->n_classes);
    g_free(clean);
    return found;
}

static gboolean unknown(const char *what, const char *word, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, _("There is no %s called “%s”."), what,
                word ? word : "");
    return FALSE;
}

static gboolean read_words(const Settings *s, EdtOrder *order, GError **error)
{
    static const EdtBackendKind backends[] = {EDT_BACKEND_AUTO, EDT_BACKEND_CPU, EDT_BACKEND_CUDA};
    static const EdtPrecision precisions[] = {EDT_PRECISION_AUTO, EDT_PRECISION_F32,
                                              EDT_PRECISION_BF16};
    int backend = edt_ui_choice_find(edt_ui_backends, s->backend);
    int precision = edt_ui_choice_find(edt_ui_precisions, s->precision);
    if (!edt_sampler_parse(s->sampler, &order->request.sampler))
        return unknown(_("sampler"), s->sampler, error);
    if (!edt_amm_parse(s->amm, &order->request.amm))
        return unknown(_("AMM mode"), s->amm, error);
    if (backend < 0)
        return unknown(_("backend"), s->backend, error);
    if (precision < 0)
        return unknown(_("precision"), s->precision, error);
    order->options.backend = backends[backend];
    order->options.precision = precisions[precision];
    return TRUE;
}

static gboolean choose_seed(double wanted, guint64 *seed, GError **error)
{
    *seed = wanted >= 0 ? (guint64)wanted : g_random_int();
    if (wanted == -1 || (double)*seed == wanted)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The seed must be a whole number, or -1 for a new one; not %g."), wanted);
    return FALSE;
}

static gboolean choose_guidance(double wanted, const EdtModelInfo *info, double *guidance,
                                GError **error)
{
    *guidance = wanted == -1 ? info->cfg_scale : wanted;
    if (*guidance >= 0)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The guidance must not be negative, but for -1, which takes what the model "
                  "recommends; not %g."),
                wanted);
    return FALSE;
}

/* One class, successive seeds, as `edt sample --batch-count` does. */
static gboolean add_items(const Settings *s, const EdtModelInfo *info, EdtOrder *order,
                          GError **error)
{
    guint64 seed;
    int class_index = edt_order_class(info, s->class_text, error);
    if (class_index < 0 || !choose_seed(s->seed, &seed, error))
        return FALSE;
    order->items = g_new0(EdtItem, s->count);
    order->class_name = edt_class_name(info, class_index);
    order->class_label = edt_class_label(info, class_index);
    for (int i = 0; i < s->count; i++)
        order->items[i] = (EdtItem){
            .class_index = class_index, .seed = seed + (guint64)i, .style = EDT_STYLE_ANY};
    order->request.items = order->items;
    order->request.n_items = s->count;
    return TRUE;
}

static gboolean makes_pixels(const EdtModelInfo *info, GError **error)
{
    if (!info->needs_vae || info->has_vae)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” has no VAE, so it makes no pictures. Import its checkpoint again, together "
                  "with a VAE."),
                info->path);
    return FALSE;
}

static gboolean fill(EdtOrder *order, const Settings *s, const EdtModelInfo *info, GError **error)
{
    order->model_sha256 = g_strdup(info->sha256);
    edt_request_init(&order->request, NULL);
    order->request.steps = s->steps;
    order->request.want_previews = TRUE;
    return makes_pixels(info, error) && read_words(s, order, error) &&
           choose_guidance(s->guidance, info, &order->request.cfg_scale, error) &&
           add_items(s, info, order, error);
}

EdtOrder *edt_order_new(GObject *settings, int threads, GError **error)
{
    Settings s = {0};
    EdtModelInfo *info = NULL;
    EdtOrder *order = g_new0(EdtOrder, 1);
    read_settings(settings, &s);
    order->options.threads = threads;
    order->model = edt_order_model(s.model, error);
    if (order->model)
        info = edt_model_info_read(order->model, error);
    if (!info || !fill(order, &s, info, error))
        g_clear_pointer(&order, edt_order_free);
    edt_model_info_free(info);
    clear_settings(&s);
    return order;
}
