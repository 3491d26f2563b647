/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See easel.h.  Next: run.c, and compose.c for what shows in the end.
 */
#include "engine/easel.h"
#include "sample/conditions.h"
#include "vae/latents.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

/* The log-SNR that a run begins at: from where only details change to where only the rough shape is
 * left.  In between freedom is linear, so it feels alike with every noise schedule. */
#define LOG_SNR_LEAST_FREEDOM 0.5
#define LOG_SNR_SPAN (-6.5)

#define WEIGHT_SLACK 1e-9 /* 0.3 + 0.6 + 0.1 is more than 1 */

double edt_easel_freedom(const EdtItem *item)
{
    return item->source ? item->freedom : 1.0;
}

static gboolean is_careful(const EdtItem *item)
{
    return item->fill == EDT_FILL_MISSING && item->careful;
}

gboolean edt_easel_alike(const EdtItem *a, const EdtItem *b)
{
    return edt_easel_freedom(a) == edt_easel_freedom(b) && a->fill == b->fill &&
           is_careful(a) == is_careful(b) && edt_conditions_more(a) == edt_conditions_more(b);
}

EdtItem edt_item_asked(const EdtModelInfo *info, const EdtItem *item)
{
    EdtItem asked = *item;
    asked.style = info->n_styles ? item->style : EDT_STYLE_ANY;
    asked.freedom = edt_easel_freedom(item);
    asked.careful = is_careful(item);
    if (asked.fill == EDT_FILL_NONE)
        asked.mask = NULL;
    if (asked.freedom == 1.0 && asked.fill != EDT_FILL_MISSING)
        asked.source = NULL;
    if (!asked.mix.n)
        asked.mix_how = EDT_MIX_BLEND;
    return asked;
}

/* ---- what can be asked for ---- */

static gboolean wrong(GError **error, const char *sentence)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, sentence);
    return FALSE;
}

static gboolean check_fill(const EdtItem *item, GError **error)
{
    if (item->fill != EDT_FILL_NONE && !item->mask)
        return wrong(error, _("There is no mask that says where the picture is to be made."));
    if (item->fill == EDT_FILL_MISSING && !item->source)
        return wrong(error, _("There is no picture that something could be missing in."));
    return TRUE;
}

static gboolean check_mix(const EdtItem *item, GError **error)
{
    double sum = 0;
    for (int k = 0; k < item->mix.n; k++)
        sum += item->mix.of[k].weight;
    if (sum > 1 + WEIGHT_SLACK)
        return wrong(error, _("The weights of the classes of a mix are more than 1 together."));
    if (item->mix_how == EDT_MIX_SHAPE && item->mix.n > 1)
        return wrong(error, _("A shape can have the looks of one other class, not of several."));
    return TRUE;
}

gboolean edt_easel_check(const EdtModelInfo *info, const EdtRequest *request, const EdtItem *item,
                         GError **error)
{
    if (!check_fill(item, error) || !check_mix(item, error))
        return FALSE;
    EdtNoiseSchedule *schedule = edt_easel_schedule(info, request, item, error);
    edt_noise_schedule_free(schedule);
    return schedule != NULL;
}

EdtNoiseSchedule *edt_easel_schedule(const EdtModelInfo *info, const EdtRequest *request,
                                     const EdtItem *item, GError **error)
{
    const EdtRespace respace =
        request->spacing == EDT_SPACING_KARRAS ? EDT_RESPACE_KARRAS : EDT_RESPACE_EVEN;
    const double freedom = edt_easel_freedom(item);
    if (freedom == 1.0 && request->steps > 1) /* one even step is at timestep 0, from noise */
        return edt_noise_schedule_new(info->schedule, respace, request->steps, error);
    const double log_snr = LOG_SNR_LEAST_FREEDOM + LOG_SNR_SPAN * freedom;
    const int last =
        freedom == 1.0 ? EDT_TIMESTEPS - 1 : edt_noise_timestep(info->schedule, log_snr);
    return edt_noise_schedule_from(info->schedule, respace, last, request->steps, error);
}

/* ---- a batch ---- */

static gsize plane(const EdtEasel *easel)
{
    const EdtModelInfo *info = easel->engine->info;
    return (gsize)info->latent_size * (gsize)info->latent_size;
}

static gsize count(const EdtEasel *easel)
{
    return plane(easel) * (gsize)easel->engine->info->channels;
}

void edt_easel_plan(EdtEasel *easel, EdtEngine *engine, const EdtItem *items, int B)
{
    const EdtModelInfo *info = engine->info;
    *easel = (EdtEasel){
        .engine = engine,
        .items = items,
        .B = B,
        .starts = edt_easel_freedom(items) < 1.0,
        .keeps = items->fill == EDT_FILL_MISSING,
        /* without alpha there is nothing to hold to a mask: compose.c cuts the picture out */
        .shapes = items->fill == EDT_FILL_SHAPE && info->has_alpha && !info->needs_vae,
        .moulds = items->fill == EDT_FILL_SHAPE && info->has_alpha && info->needs_vae,
        .careful = is_careful(items),
    };
}

void edt_easel_carve(EdtEasel *easel, EdtArena *host)
{
    const gsize B = (gsize)easel->B * sizeof(float);
    if (easel->starts || easel->keeps)
        easel->source = edt_arena_take(host, B * count(easel));
    if (easel->keeps || easel->shapes)
        easel->mask = edt_arena_take(host, B * plane(easel));
}

/* A cell is to be made if any of its pixels is: what is kept of it would bleed into the rest. */
static void reduce_mask(const EdtModelInfo *info, const float *mask, float *out)
{
    const int side = info->latent_size, factor = info->image_size / side;
    for (int y = 0; y < info->image_size; y++)
        for (int x = 0; x < info->image_size; x++)
            if (mask[y * info->image_size + x] > 0)
                out[y / factor * side + x / factor] = 1;
}

static void load_mask(const EdtEasel *easel, int i)
{
    const EdtModelInfo *info = easel->engine->info;
    float *out = easel->mask + (gsize)i * plane(easel);

    if (easel->shapes) {
        memcpy(out, easel->items[i].mask, plane(easel) * sizeof(float));
        return;
    }
    memset(out, 0, plane(easel) * sizeof(float));
    reduce_mask(info, easel->items[i].mask, out);
}

gboolean edt_easel_encode(const EdtEasel *easel, const float *pixels, float *out, GError **error)
{
    const EdtModelInfo *info = easel->engine->info;
    const int side = info->latent_size;
    g_autofree float *variance = g_new(float, count(easel));
    EdtVae *vae = edt_engine_encoder(easel->engine, error);

    if (!vae || !edt_vae_encode(vae, side, side, pixels, out, variance, error))
        return FALSE;
    edt_latents_to_sampler(info->latents, edt_vae_shape(vae)->kind, info->channels, side * side,
                           out, out);
    return TRUE;
}

/* Neighbours mostly start from the same picture. */
static gboolean load_source(const EdtEasel *easel, int i, GError **error)
{
    const gsize bytes = count(easel) * sizeof(float);
    float *out = easel->source + (gsize)i * count(easel);
    const float *source = easel->items[i].source;

    if (i > 0 && source == easel->items[i - 1].source)
        memcpy(out, out - count(easel), bytes);
    else if (easel->engine->info->needs_vae)
        return edt_easel_encode(easel, source, out, error);
    else
        memcpy(out, source, bytes);
    return TRUE;
}

gboolean edt_easel_load(EdtEasel *easel, GError **error)
{
    EdtVae *const before[] = {easel->engine->decoder, easel->engine->draft};
    for (gsize k = 0; easel->source && k < G_N_ELEMENTS(before); k++)
        if (before[k]) /* of the batch before: there is room for one of them */
            edt_vae_trim(before[k]);
    for (int i = 0; i < easel->B; i++) {
        if (easel->mask)
            load_mask(easel, i);
        if (easel->source && !load_source(easel, i, error))
            return FALSE;
    }
    if (easel->source && easel->engine->encoder)
        edt_vae_trim(easel->engine->encoder); /* its room is for the steps now */
    return TRUE;
}

void edt_easel_begin(const EdtEasel *easel, const EdtNoiseSchedule *schedule, float *z)
{
    const int last = schedule->S - 1;
    const double of_source = schedule->sqrt_alphas_cumprod[last];
    const double of_z = schedule->sqrt_one_minus_alphas_cumprod[last];
    const gsize hw = plane(easel), all = count(easel);

    for (gsize at = 0; easel->source && at < (gsize)easel->B * all; at++) {
        const gsize pixel = at / all * hw + at % hw;
        if (easel->starts || easel->mask[pixel] == 0)
            z[at] = (float)(of_source * easel->source[at] + of_z * z[at]);
    }
}
