/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two pictures become frames; see morph.h.  What a frame in between is computed from is an item
 * like any other: a mix and a variation (core/edt.h), so its record makes it again.
 */
#include "session/morph.h"
#include "catalogue.h"
#include "session/words.h"
#include "settings.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean refuse(GError **error, const char *sentence)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, sentence);
    return FALSE;
}

/* ---- between two items ---- */

/* All classes that have a part in a picture. */
typedef struct {
    int n;
    struct {
        int class_index, style;
        double weight;
    } of[2 * (EDT_MIX_MAX + 1)];
} Parts;

static void add_part(Parts *parts, int class_index, int style, double weight)
{
    int i = 0;
    while (i < parts->n && (parts->of[i].class_index != class_index || parts->of[i].style != style))
        i++;
    if (i == parts->n) {
        parts->of[parts->n].class_index = class_index;
        parts->of[parts->n].style = style;
        parts->of[parts->n++].weight = 0;
    }
    parts->of[i].weight += weight;
}

static void add_parts(Parts *parts, const EdtItem *item, double share)
{
    double rest = 1;
    for (int k = 0; k < item->mix.n; k++)
        rest -= item->mix.of[k].weight;
    add_part(parts, item->class_index, item->style, share * MAX(rest, 0));
    for (int k = 0; k < item->mix.n; k++)
        add_part(parts, item->mix.of[k].class_index, item->mix.of[k].style,
                 share * item->mix.of[k].weight);
}

static gboolean same_mix(const EdtItem *a, const EdtItem *b)
{
    return a->class_index == b->class_index && a->style == b->style && a->mix_how == b->mix_how &&
           edt_setting_equal(edt_setting_named("mix"), &a->mix, &b->mix);
}

/* The end is the beginning in the looks of another class. */
static gboolean changes_looks(const EdtItem *from, const EdtItem *to)
{
    return from->mix.n == 0 && to->mix.n == 1 && to->mix_how == EDT_MIX_SHAPE &&
           from->class_index == to->class_index && from->style == to->style;
}

static gboolean blend(const EdtItem *from, const EdtItem *to, double share, EdtItem *out,
                      GError **error)
{
    Parts parts = {0};
    if (same_mix(from, to))
        return TRUE;
    if (changes_looks(from, to)) {
        out->mix = to->mix;
        out->mix.of[0].weight *= share;
        out->mix_how = to->mix_how;
        return TRUE;
    }
    if (from->mix_how != EDT_MIX_BLEND || to->mix_how != EDT_MIX_BLEND)
        return refuse(error, _("A picture with the shape of one class and the looks of another "
                               "cannot become one of other classes."));
    add_parts(&parts, from, 1 - share);
    add_parts(&parts, to, share);
    if (parts.n > EDT_MIX_MAX + 1)
        return refuse(error, _("The two pictures are made of more classes together than one "
                               "picture can be mixed of."));
    out->mix.n = parts.n - 1;
    for (int k = 0; k < out->mix.n; k++) {
        out->mix.of[k].class_index = parts.of[k + 1].class_index;
        out->mix.of[k].style = parts.of[k + 1].style;
        out->mix.of[k].weight = parts.of[k + 1].weight;
    }
    return TRUE;
}

static gboolean turn_by(EdtItem *out, guint64 seed, double amount, GError **error)
{
    EdtVariation *variation = &out->variation;
    if (variation->n == EDT_VARIATIONS_MAX)
        return refuse(error, _("A picture is a variation of so many seeds already that it cannot "
                               "become another one."));
    variation->of[variation->n].seed = seed;
    variation->of[variation->n++].amount = amount;
    return TRUE;
}

/* Noise is turned from seed to seed, so one of both ends has to be a seed of its own. */
static gboolean turn(const EdtItem *from, const EdtItem *to, double share, EdtItem *out,
                     GError **error)
{
    if (from->seed == to->seed &&
        edt_setting_equal(edt_setting_named("variation"), &from->variation, &to->variation))
        return TRUE;
    if (!to->variation.n)
        return turn_by(out, to->seed, share, error);
    if (from->variation.n)
        return refuse(error, _("Both pictures are variations: only one of them can be."));
    out->seed = to->seed;
    out->variation = to->variation;
    return turn_by(out, from->seed, 1 - share, error);
}

gboolean edt_morph_between(const EdtItem *from, const EdtItem *to, double share, EdtItem *out,
                           GError **error)
{
    *out = *from;
    return blend(from, to, share, out, error) && turn(from, to, share, out, error);
}

gboolean edt_morph_at(const EdtOrder *morph, double share, EdtItem *out, GError **error)
{
    const EdtItem *last = &morph->items[morph->request.n_items - 1];
    if (share <= 0 || share >= 1) {
        *out = share <= 0 ? morph->items[0] : *last;
        return TRUE;
    }
    return edt_morph_between(&morph->items[0], last, share, out, error);
}

/* ---- orders ---- */

static gboolean check_sampler(const EdtRequest *request, GError **error)
{
    return (request->sampler != EDT_SAMPLER_DDPM &&
            (request->sampler != EDT_SAMPLER_DDIM || request->eta == 0)) ||
           refuse(error, _("This sampler draws noise in every step, so that the frames would "
                           "flicker: choose another one."));
}

static gboolean check_ends(const EdtItem *from, const EdtItem *to, int frames, GError **error)
{
    if (frames < 2)
        return refuse(error, _("A morph has at least two frames, its beginning and its end: ask "
                               "for more."));
    if (frames > EDT_FRAMES_MAX)
        return refuse(error, _("A morph has at most 240 frames: ask for fewer."));
    if (from->seed == to->seed && same_mix(from, to) &&
        edt_setting_equal(edt_setting_named("variation"), &from->variation, &to->variation))
        return refuse(error, _("The morph would end where it begins: choose another class or seed "
                               "for its end."));
    return TRUE;
}

static void name(EdtOrder *order, const EdtModelInfo *info)
{
    const EdtItem *end = &order->items[order->request.n_items - 1];
    gboolean looks = changes_looks(&order->items[0], end);
    g_autofree char *first = edt_class_label(info, order->items[0].class_index);
    g_autofree char *last =
        edt_class_label(info, looks ? end->mix.of[0].class_index : end->class_index);
    if (strcmp(first, last) == 0)
        return;
    g_free(order->label);
    order->label = g_strdup_printf("%s → %s", first, last);
}

/* order has the first picture as its only item. */
static gboolean fill(EdtOrder *order, EdtItem to, int frames, const EdtModelInfo *info,
                     GError **error)
{
    const EdtItem from = order->items[0];
    to.source = from.source; /* the same one, or both have none */
    to.mask = from.mask;
    if (!check_sampler(&order->request, error) || !check_ends(&from, &to, frames, error))
        return FALSE;
    EdtItem *items = g_new(EdtItem, frames);
    gboolean ok = TRUE;
    for (int i = 1; ok && i < frames - 1; i++)
        ok = edt_morph_between(&from, &to, edt_frame_share(i, frames), &items[i], error);
    items[0] = from;
    items[frames - 1] = to;
    if (ok) {
        edt_order_take_items(order, info, items, frames);
        name(order, info);
    } else {
        g_free(items);
    }
    return ok;
}

static EdtOrder *finish(EdtOrder *order, const EdtItem *to, int frames, const EdtModelInfo *info,
                        GError **error)
{
    if (fill(order, *to, frames, info, error))
        return order;
    edt_order_free(order);
    return NULL;
}

/* ---- from settings ---- */

static gboolean is_of_looks(GObject *settings)
{
    g_autofree char *word = NULL;
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(settings), "mix-how"))
        g_object_get(settings, "mix-how", &word, NULL);
    return edt_word_find(edt_mix_how_words, word ? word : "") == EDT_MIX_SHAPE;
}

/* Not the other class, but the first one in its looks. */
static void keep_shape(EdtItem *to, int class_index)
{
    to->mix = (EdtMix){.n = 1, .of = {{to->class_index, to->style, 1}}};
    to->mix_how = EDT_MIX_SHAPE;
    to->class_index = class_index;
}

static gboolean read_end(GObject *settings, const EdtModelInfo *info, EdtItem *to, GError **error)
{
    g_autofree char *class_text = NULL;
    double seed;
    g_object_get(settings, "to-class", &class_text, "to-seed", &seed, NULL);
    gboolean other = class_text && class_text[strspn(class_text, " ")];
    int class_index = other ? edt_order_class(info, class_text, error) : to->class_index;
    const int first = to->class_index;
    gboolean same = class_index == first;
    to->class_index = class_index;
    if (!same && is_of_looks(settings))
        keep_shape(to, first);
    return class_index >= 0 &&
           ((seed == EDT_SEED_NEW && !same) || edt_order_seed(seed, &to->seed, error));
}

EdtOrder *edt_morph_new(GObject *settings, int threads, GError **error)
{
    EdtOrder *order = edt_order_new(settings, threads, error), *made = NULL;
    EdtModelInfo *info = order ? edt_model_info_read(order->model, error) : NULL;
    int frames;
    g_object_get(settings, "frames", &frames, NULL);
    EdtItem to = info ? order->items[0] : (EdtItem){0};
    if (info && read_end(settings, info, &to, error))
        made = finish(g_steal_pointer(&order), &to, frames, info, error);
    edt_order_free(order);
    edt_model_info_free(info);
    return made;
}

/* ---- from records ---- */

/* What the two were not made with alike, or NULL; which class and noise may differ. */
static const char *difference(const EdtRecord *a, const EdtRecord *b)
{
    static const char *const free_ones[] = {"class",   "style",     "seed", "mix",
                                            "mix_how", "variation", NULL};
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++)
        if (!g_strv_contains(free_ones, settings[i].name) &&
            !edt_setting_equal(&settings[i], edt_setting_field(&settings[i], &a->request, &a->item),
                               edt_setting_field(&settings[i], &b->request, &b->item)))
            return settings[i].name;
    return g_strcmp0(a->model_sha256, b->model_sha256) ? "model"
           : a->precision != b->precision              ? "precision"
           : g_strcmp0(a->source, b->source)           ? "source"
           : g_strcmp0(a->mask, b->mask)               ? "mask"
                                                       : NULL;
}

EdtOrder *edt_morph_records(const EdtRecord *from, const EdtRecord *to, int frames, int threads,
                            GError **error)
{
    const char *other = difference(from, to);
    if (other) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("The two pictures were not made alike (“%s” differs): make one of them again "
                      "with the settings of the other."),
                    other);
        return NULL;
    }
    EdtOrder *order = edt_order_again(from, EDT_SEED_NEXT, 0, threads, error);
    EdtModelInfo *info = order ? edt_model_info_read(order->model, error) : NULL;
    if (order)
        order->items[0].seed = from->item.seed;
    EdtOrder *made = info ? finish(g_steal_pointer(&order), &to->item, frames, info, error) : NULL;
    edt_order_free(order);
    edt_model_info_free(info);
    return made;
}
