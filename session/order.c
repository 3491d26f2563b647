/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings become an order.  Who is pictured and from which seed is decided here, so that the
 * record and the layer's name say it.  Next: studio.c.
 */
#include "session/order.h"
#include "canvas.h"
#include "catalogue.h"
#include "session/drafts.h"
#include "session/labels.h"
#include "session/properties.h"
#include "settings.h"

#include <glib/gi18n.h>

typedef struct {
    char *class_text, *style_text, *model, *backend, *precision;
    char *mix_class, *mix_how;
    int count;
    double seed, mix, vary, vary_seed;
} Settings;

/* Objects of older scripts have none of these. */
static void read_optional(GObject *object, const char *name, gpointer field)
{
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(object), name))
        g_object_get(object, name, field, NULL);
}

static void read_settings(GObject *object, Settings *s)
{
    g_object_get(object, "class", &s->class_text, "style", &s->style_text, "model", &s->model,
                 "backend", &s->backend, "precision", &s->precision, "seed", &s->seed, NULL);
    s->count = 1;
    s->vary_seed = -1;
    read_optional(object, "count", &s->count);
    read_optional(object, "mix-class", &s->mix_class);
    read_optional(object, "mix", &s->mix);
    read_optional(object, "mix-how", &s->mix_how);
    read_optional(object, "vary", &s->vary);
    read_optional(object, "vary-seed", &s->vary_seed);
}

static void clear_settings(Settings *s)
{
    g_free(s->class_text);
    g_free(s->style_text);
    g_free(s->mix_class);
    g_free(s->mix_how);
    g_free(s->model);
    g_free(s->backend);
    g_free(s->precision);
}

static void explain_none(GError **error)
{
    g_autofree char *folder = edt_models_own_folder();
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("There is no model yet. Open Filters > Generate > Picture of a Class (EDT) and "
                  "choose Import, or "
                  "put a model into “%s”."),
                folder);
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
    g_autofree char *clean = g_strstrip(g_strdup(text ? text : ""));
    return edt_class_choose(info, *clean ? clean : NULL, NULL, error);
}

gboolean edt_order_style(const EdtModelInfo *info, const char *text, int *style, GError **error)
{
    g_autofree char *clean = g_strstrip(g_strdup(text ? text : ""));
    return edt_style_choose(info, *clean ? clean : NULL, style, NULL, error);
}

static gboolean read_word(const char *name, const char *word, const char *const *words, int *place,
                          GError **error)
{
    *place = edt_word_find(words, word ? word : "");
    if (*place < 0)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, _("There is no %s called “%s”."), name,
                    word ? word : "");
    return *place >= 0;
}

static gboolean read_machine(const Settings *s, EdtEngineOptions *options, GError **error)
{
    int backend, precision;
    if (!read_word(_("backend"), s->backend, edt_backend_words, &backend, error) ||
        !read_word(_("precision"), s->precision, edt_precision_words, &precision, error))
        return FALSE;
    options->backend = (EdtBackendKind)backend;
    options->precision = (EdtPrecision)precision;
    return TRUE;
}

/* -1 is what the model recommends. */
static gboolean choose_guidance(double *guidance, const EdtModelInfo *info, GError **error)
{
    if (*guidance == -1)
        *guidance = info->cfg_scale;
    if (*guidance >= 0)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The guidance must not be negative, but for -1, which takes what the model "
                  "recommends; not %g."),
                *guidance);
    return FALSE;
}

static void name_items(EdtOrder *order, const EdtModelInfo *info)
{
    int n = order->request.n_items;
    gboolean several = FALSE;
    order->class_names = g_new0(char *, n + 1);
    order->class_labels = g_new0(char *, n + 1);
    for (int i = 0; i < n; i++) {
        order->class_names[i] = edt_class_name(info, order->items[i].class_index);
        order->class_labels[i] = edt_label_of_item(info, &order->items[i]);
        several |= order->items[i].class_index != order->items[0].class_index;
    }
    order->label = g_strdup(several ? _("Several classes") : order->class_labels[0]);
}

void edt_order_take_items(EdtOrder *order, const EdtModelInfo *info, EdtItem *items, int n)
{
    g_strfreev(order->class_names);
    g_strfreev(order->class_labels);
    g_free(order->label);
    g_free(order->items);
    order->items = items;
    order->request.items = items;
    order->request.n_items = n;
    name_items(order, info);
}

/* What every item has beside its class and seed: another class, the noise of another seed. */
static gboolean read_mix(const Settings *s, const EdtModelInfo *info, int style, EdtItem *item,
                         GError **error)
{
    int how = EDT_MIX_BLEND;
    item->style = style;
    if (s->mix_class && *s->mix_class && s->mix > 0) {
        item->mix =
            (EdtMix){.n = 1, .of = {{edt_order_class(info, s->mix_class, error), style, s->mix}}};
        if (item->mix.of[0].class_index < 0 ||
            (s->mix_how && !read_word(_("way to mix"), s->mix_how, edt_mix_how_words, &how, error)))
            return FALSE;
        item->mix_how = (EdtMixHow)how;
    }
    if (s->vary > 0) {
        item->variation = (EdtVariation){.n = 1, .of = {{0, s->vary}}};
        return edt_order_seed(s->vary_seed, &item->variation.of[0].seed, error);
    }
    return TRUE;
}

/* Successive seeds, as `edt sample --batch-count` does; one class in one style, or a class at
 * random for each. */
static gboolean add_items(const Settings *s, const EdtModelInfo *info, EdtOrder *order,
                          GError **error)
{
    EdtItem base;
    guint64 seed;
    int class_index = edt_order_class(info, s->class_text, error), style;
    edt_item_init(&base);
    if (class_index < 0 || !edt_order_style(info, s->style_text, &style, error) ||
        !edt_order_seed(s->seed, &seed, error) || !read_mix(s, info, style, &base, error))
        return FALSE;
    gboolean any = !s->class_text || !s->class_text[strspn(s->class_text, " ")];
    EdtItem *items = g_new0(EdtItem, s->count);
    for (int i = 0; i < s->count; i++) {
        items[i] = base;
        items[i].class_index = class_index;
        items[i].seed = seed + (guint64)i;
        if (any)
            class_index = edt_order_class(info, "", NULL);
    }
    edt_order_take_items(order, info, items, s->count);
    return TRUE;
}

gboolean edt_order_makes_pictures(const EdtModelInfo *info, GError **error)
{
    if (edt_model_info_makes(info) != EDT_MAKES_LATENTS_ONLY)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” has no VAE, so it makes no pictures. Import its checkpoint again, together "
                  "with a VAE."),
                info->path);
    return FALSE;
}

static gboolean fill(EdtOrder *order, GObject *settings, const Settings *s,
                     const EdtModelInfo *info, GError **error)
{
    EdtRequest *request = &order->request;
    order->model_sha256 = g_strdup(info->sha256);
    edt_request_init(request, NULL);
    request->want_previews = TRUE;
    return edt_order_makes_pictures(info, error) && edt_properties_read(settings, request, error) &&
           edt_properties_read_speed(settings, request, error) &&
           read_machine(s, &order->options, error) &&
           choose_guidance(&request->cfg_scale, info, error) && add_items(s, info, order, error);
}

gboolean edt_order_is_of(const EdtOrder *order, const char *model_sha256, GError **error)
{
    if (g_strcmp0(model_sha256, order->model_sha256) == 0)
        return TRUE;
    g_set_error_literal(
        error, EDT_ERROR, EDT_ERROR_FAILED,
        _("The model is another one now: look at its settings, and generate again."));
    return FALSE;
}

void edt_order_free(EdtOrder *order)
{
    if (!order)
        return;
    g_free(order->model);
    g_free(order->model_sha256);
    g_free(order->items);
    g_free(order->source);
    g_free(order->mask);
    g_strfreev(order->class_names);
    g_strfreev(order->class_labels);
    g_free(order->label);
    g_free(order);
}

gboolean edt_order_lay(EdtOrder *order, float *source, float *mask, double freedom, EdtFill fill,
                       gboolean careful, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(order->model, error);
    gboolean ok = info != NULL;
    g_free(order->source);
    g_free(order->mask);
    order->source = source;
    order->mask = mask;
    for (int i = 0; i < order->request.n_items; i++) {
        EdtItem *item = &order->items[i];
        item->source = source;
        item->mask = mask;
        item->freedom = freedom;
        item->fill = fill;
        item->careful = careful;
        ok = ok && edt_item_check(info, &order->request, item, error) &&
             (!order->draft || edt_item_check(info, &order->asked, item, error));
    }
    edt_model_info_free(info);
    return ok;
}

static EdtOrder *new_order(GObject *settings, const Settings *s, int threads, GError **error)
{
    EdtModelInfo *info = NULL;
    EdtOrder *order = g_new0(EdtOrder, 1);
    order->options.threads = threads;
    order->model = edt_order_model(s->model, error);
    if (order->model)
        info = edt_model_info_read(order->model, error);
    if (!info || !fill(order, settings, s, info, error))
        g_clear_pointer(&order, edt_order_free);
    edt_model_info_free(info);
    return order;
}

EdtOrder *edt_order_new(GObject *settings, int threads, GError **error)
{
    Settings s = {0};
    read_settings(settings, &s);
    EdtOrder *order = new_order(settings, &s, threads, error);
    clear_settings(&s);
    return order;
}

EdtOrder *edt_order_drafts(GObject *settings, int threads, GError **error)
{
    Settings s = {0};
    read_settings(settings, &s);
    s.count = edt_drafts_count(s.count);
    EdtOrder *order = new_order(settings, &s, threads, error);
    clear_settings(&s);
    if (order && !edt_drafts_lay_out(order, error))
        g_clear_pointer(&order, edt_order_free);
    return order;
}

#define SKETCH_STEPS 10
#define SKETCH_SEED 1

EdtOrder *edt_order_sketches(GObject *settings, const int *classes, int n, int threads,
                             GError **error)
{
    Settings s = {0};
    read_settings(settings, &s);
    g_set_str(&s.class_text, "0");
    g_set_str(&s.style_text, "");
    g_set_str(&s.mix_class, ""); /* another model's, maybe: these are of one class each */
    s.vary = 0;
    s.count = n;
    s.seed = SKETCH_SEED;
    EdtOrder *order = new_order(settings, &s, threads, error);
    clear_settings(&s);
    if (!order)
        return NULL;
    for (int i = 0; i < n; i++) {
        edt_item_init(&order->items[i]);
        order->items[i].class_index = classes[i];
        order->items[i].seed = SKETCH_SEED;
    }
    EdtModelInfo *info = edt_model_info_read(order->model, NULL);
    edt_request_init(&order->request, NULL);
    order->request.items = order->items;
    order->request.n_items = n;
    order->request.steps = SKETCH_STEPS;
    order->request.sampler = EDT_SAMPLER_DPMPP_2M;
    order->request.cfg_scale = info ? info->cfg_scale : order->request.cfg_scale;
    order->background = TRUE;
    edt_model_info_free(info);
    return order;
}

/* ---- from a record ---- */

static char *model_of(const EdtRecord *record, GError **error)
{
    char *path = record->model_sha256 ? edt_models_find_sha256(record->model_sha256) : NULL;
    if (!path)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    _("The model “%s” that this picture was made with is not on this machine: "
                      "import it again."),
                    record->model ? record->model : "");
    return path;
}

/* What the picture of a record started from. */
static gboolean find_canvas(EdtOrder *order, const EdtRecord *record, const EdtModelInfo *info,
                            GError **error)
{
    if (record->source)
        order->source = edt_canvas_find(info, EDT_CANVAS_SOURCE, record->source, NULL, error);
    if (record->source && !order->source)
        return FALSE;
    if (record->mask)
        order->mask = edt_canvas_find(info, EDT_CANVAS_MASK, record->mask, NULL, error);
    order->items[0].source = order->source;
    order->items[0].mask = order->mask;
    return !record->mask || order->mask;
}

static gboolean take_item(EdtOrder *order, const EdtRecord *record, const EdtModelInfo *info,
                          double seed, GError **error)
{
    guint64 number = record->item.seed + (seed == EDT_SEED_NEXT);
    if (seed != EDT_SEED_NEXT && seed != EDT_SEED_SAME && !edt_order_seed(seed, &number, error))
        return FALSE;
    EdtItem *item = g_new(EdtItem, 1);
    *item = record->item;
    item->seed = number;
    edt_order_take_items(order, info, item, 1);
    return find_canvas(order, record, info, error);
}

EdtOrder *edt_order_again(const EdtRecord *record, double seed, int steps, int threads,
                          GError **error)
{
    g_autofree char *path = model_of(record, error);
    EdtModelInfo *info = path ? edt_model_info_read(path, error) : NULL;
    EdtOrder *order = g_new0(EdtOrder, 1);
    order->options = (EdtEngineOptions){.threads = threads, .precision = record->precision};
    order->request = record->request;
    if (steps > 0)
        order->request.steps = steps;
    if (!info || !take_item(order, record, info, seed, error)) {
        g_clear_pointer(&order, edt_order_free);
    } else {
        order->model = g_steal_pointer(&path);
        order->model_sha256 = g_strdup(info->sha256);
    }
    edt_model_info_free(info);
    return order;
}
