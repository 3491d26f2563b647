/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Orders of few steps, and the ones that follow from them; see drafts.h.
 */
#include "session/drafts.h"
#include "canvas.h"

#include <glib/gi18n.h>
#include <math.h>

int edt_drafts_count(int pictures)
{
    return pictures > 1 ? pictures : EDT_DRAFTS;
}

/* What draws no noise but at the start. */
static void settle_noise(EdtRequest *request)
{
    if (request->sampler == EDT_SAMPLER_DDPM)
        request->sampler = EDT_SAMPLER_DPMPP_2M;
    request->eta = 0;
}

static void be_quick(EdtOrder *order, const EdtModelInfo *info)
{
    order->draft = TRUE;
    order->request.steps = MIN(order->asked.steps, EDT_DRAFT_STEPS);
    if (info->has_draft)
        order->request.vae = EDT_DECODE_DRAFT;
}

/* Of the very model: what is laid out is as large as its pictures. */
static EdtModelInfo *info_of(const EdtOrder *order, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(order->model, error);
    if (!info || edt_order_is_of(order, info->sha256, error))
        return info;
    edt_model_info_free(info);
    return NULL;
}

gboolean edt_drafts_lay_out(EdtOrder *order, GError **error)
{
    EdtModelInfo *info = info_of(order, error);
    if (!info)
        return FALSE;
    settle_noise(&order->request);
    order->asked = order->request;
    order->asked.items = NULL;
    order->asked.n_items = 0;
    be_quick(order, info);
    edt_model_info_free(info);
    return TRUE;
}

/* ---- orders that follow ---- */

static float *copy_canvas(const float *numbers, const EdtModelInfo *info, int planes)
{
    gsize side = (gsize)info->image_size;
    return g_memdup2(numbers, (gsize)planes * side * side * sizeof *numbers);
}

/* What all items started from, once more: the other order may go first. */
static void take_canvas(EdtOrder *order, const EdtOrder *from, const EdtModelInfo *info)
{
    order->source = copy_canvas(from->source, info, edt_canvas_source_channels(info));
    order->mask = copy_canvas(from->mask, info, 1);
    for (int i = 0; i < order->request.n_items; i++) {
        order->items[i].source = order->source;
        order->items[i].mask = order->mask;
    }
}

/* With the same model and n items, item i being that of chosen[i]. */
static EdtOrder *order_like(const EdtOrder *from, const int *chosen, int n,
                            const EdtModelInfo *info)
{
    EdtOrder *order = g_new0(EdtOrder, 1);
    order->model = g_strdup(from->model);
    order->model_sha256 = g_strdup(from->model_sha256);
    order->options = from->options;
    order->request = order->asked = from->asked;
    EdtItem *items = g_new(EdtItem, n);
    for (int i = 0; i < n; i++)
        items[i] = from->items[chosen[i]];
    edt_order_take_items(order, info, items, n);
    take_canvas(order, from, info);
    return order;
}

EdtOrder *edt_drafts_of(const EdtOrder *order, const EdtItem *items, int n, GError **error)
{
    EdtModelInfo *info = info_of(order, error);
    if (!info)
        return NULL;
    EdtOrder from = *order; /* borrows all */
    g_autofree int *all = g_new(int, n);
    for (int i = 0; i < n; i++)
        all[i] = i;
    from.items = (EdtItem *)items;
    if (!order->draft)
        from.asked = order->request;
    from.asked.items = NULL;
    from.asked.n_items = 0;
    EdtOrder *drafts = order_like(&from, all, n, info);
    be_quick(drafts, info);
    edt_model_info_free(info);
    return drafts;
}

/* By how much others are varied than the first one; 0: they are no variations of it. */
static double amount_of(const EdtOrder *drafts)
{
    int n = drafts->request.n_items;
    const EdtVariation *first = &drafts->items[0].variation,
                       *last = &drafts->items[n - 1].variation;
    return last->n > first->n ? last->of[last->n - 1].amount : 0;
}

EdtOrder *edt_drafts_more(const EdtOrder *drafts, GError **error)
{
    if (amount_of(drafts) > 0)
        return edt_drafts_vary(drafts, 0, amount_of(drafts), error);
    EdtOrder *order = edt_drafts_of(drafts, drafts->items, drafts->request.n_items, error);
    for (int i = 0; order && i < order->request.n_items; i++)
        order->items[i].seed += (guint64)order->request.n_items;
    return order;
}

#define ENOUGH 0.2 /* of another seed: less changes little of any picture */
/* Root mean square: of stamps, a quarter of another seed makes 0.024 to 0.09. */
#define ALIKE 0.03

static double alpha_of(const EdtPicture *picture, gsize i)
{
    return picture->channels == 4 ? picture->pixels[4 * i + 3] : 1;
}

/* Colours of what is transparent do not count. */
double edt_drafts_distance(const EdtPicture *a, const EdtPicture *b)
{
    gsize n = (gsize)a->width * (gsize)a->height, channels = (gsize)a->channels;
    double sum = 0;
    for (gsize i = 0; i < n; i++) {
        double one = alpha_of(a, i), two = alpha_of(b, i);
        sum += (one - two) * (one - two);
        for (gsize c = 0; c < 3; c++) {
            double apart = one * a->pixels[channels * i + c] - two * b->pixels[channels * i + c];
            sum += apart * apart;
        }
    }
    return sqrt(sum / (4.0 * (double)n));
}

gboolean edt_drafts_are_alike(const EdtOrder *order, const EdtPictures *pictures)
{
    double sum = 0;
    int n = pictures->n_pictures;
    for (int i = 1; i < n; i++)
        sum += edt_drafts_distance(&pictures->pictures[0], &pictures->pictures[i]);
    return n > 1 && amount_of(order) >= ENOUGH && sum / (n - 1) < ALIKE;
}

EdtOrder *edt_drafts_finish(const EdtOrder *drafts, const int *chosen, int n, GError **error)
{
    EdtModelInfo *info = info_of(drafts, error);
    if (!info)
        return NULL;
    EdtOrder *order = order_like(drafts, chosen, n, info);
    edt_model_info_free(info);
    return order;
}

/* The first one stays as it is. */
static void vary_items(EdtOrder *order, double amount)
{
    for (int i = 1; i < order->request.n_items; i++) {
        EdtVariation *variation = &order->items[i].variation;
        variation->of[variation->n].seed = g_random_int();
        variation->of[variation->n++].amount = amount;
    }
}

EdtOrder *edt_drafts_vary(const EdtOrder *drafts, int chosen, double amount, GError **error)
{
    int n = drafts->request.n_items;
    if (drafts->items[chosen].variation.n >= EDT_VARIATIONS_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("This picture has been varied %d times, which is as often as it can be: "
                      "insert it, or make new drafts."),
                    EDT_VARIATIONS_MAX);
        return NULL;
    }
    EdtModelInfo *info = info_of(drafts, error);
    if (!info)
        return NULL;
    g_autofree int *all = g_new(int, n);
    for (int i = 0; i < n; i++)
        all[i] = chosen;
    EdtOrder *order = order_like(drafts, all, n, info);
    vary_items(order, amount);
    be_quick(order, info);
    edt_model_info_free(info);
    return order;
}

/* ---- of a record ---- */

/* Drafts of its picture, all the same. */
static EdtOrder *drafts_of(const EdtRecord *record, int threads, GError **error)
{
    EdtOrder *order = edt_order_again(record, EDT_SEED_SAME, 0, threads, error);
    EdtModelInfo *info = order ? edt_model_info_read(order->model, error) : NULL;
    int n = edt_drafts_count(1);
    if (info) {
        EdtItem *items = g_new(EdtItem, n);
        for (int i = 0; i < n; i++)
            items[i] = order->items[0];
        edt_order_take_items(order, info, items, n);
        order->request.want_previews = TRUE;
    }
    if (order && (!info || !edt_drafts_lay_out(order, error)))
        g_clear_pointer(&order, edt_order_free);
    edt_model_info_free(info);
    return order;
}

EdtOrder *edt_drafts_again(const EdtRecord *record, int threads, GError **error)
{
    EdtOrder *order = drafts_of(record, threads, error);
    for (int i = 0; order && i < order->request.n_items; i++)
        order->items[i].seed += (guint64)i + 1;
    return order;
}

EdtOrder *edt_drafts_like(const EdtRecord *record, double amount, int threads, GError **error)
{
    g_autoptr(EdtOrder) drafts = drafts_of(record, threads, error);
    return drafts ? edt_drafts_vary(drafts, 0, amount, error) : NULL;
}
