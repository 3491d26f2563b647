/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See mould.h.
 */
#include "engine/mould.h"

#include <string.h>

#define HAZE 0.1f /* alpha that may be the autoencoder's own noise: its colours mean nothing */

/* ---- colours where there were none ---- */

/* Colour and alpha of one size, [side, side, 4] premultiplied. */
typedef struct {
    int side;
    float *pixels;
} Level;

/* Four pixels become one, as opaque as they are together: what is there has to say something of
 * what is around it. */
static void halve(const Level *from, const Level *to)
{
    for (int y = 0; y < to->side; y++)
        for (int x = 0; x < to->side; x++) {
            float sum[4] = {0};
            for (int k = 0; k < 4; k++) {
                const int fy = 2 * y + k / 2, fx = 2 * x + k % 2;
                if (fy < from->side && fx < from->side)
                    for (int c = 0; c < 4; c++)
                        sum[c] += from->pixels[4 * (fy * from->side + fx) + c];
            }
            const float share = sum[3] > 1 ? 1 / sum[3] : 1;
            for (int c = 0; c < 4; c++)
                to->pixels[4 * (y * to->side + x) + c] = sum[c] * share;
        }
}

/* Of the nearest two of a line half as long, the weight of the second. */
static void between(int i, int side, int *a, int *b, float *weight)
{
    const float at = ((float)i - 0.5f) / 2;
    *a = at < 0 ? 0 : (int)at;
    *b = MIN(*a + 1, side - 1);
    *weight = at < 0 ? 0 : at - (float)*a;
}

static float smooth(const Level *from, int y, int x, int c)
{
    int top, bottom, left, right;
    float down, across;
    between(y, from->side, &top, &bottom, &down);
    between(x, from->side, &left, &right, &across);
    const float *p = from->pixels + c;
    const float upper = p[4 * (top * from->side + left)] * (1 - across) +
                        p[4 * (top * from->side + right)] * across;
    const float lower = p[4 * (bottom * from->side + left)] * (1 - across) +
                        p[4 * (bottom * from->side + right)] * across;
    return upper * (1 - down) + lower * down;
}

/* What is missing to opaque comes from the level of half the size, which is opaque by now. */
static void complete(const Level *half, const Level *whole)
{
    for (int y = 0; y < whole->side; y++)
        for (int x = 0; x < whole->side; x++) {
            float *p = whole->pixels + 4 * (y * whole->side + x);
            const float missing = 1 - p[3];
            for (int c = 0; missing > 0 && c < 4; c++)
                p[c] += missing * smooth(half, y, x, c);
        }
}

/* Gortler et al. 1996 (The Lumigraph), pull and push: an opaque picture of one that has holes.  The
 * smaller levels lie behind it. */
static void fill(const Level *whole)
{
    if (whole->side == 1) {
        float *p = whole->pixels;
        for (int c = 0; c < 4; c++)
            p[c] = p[3] > 0 ? p[c] / p[3] : 0.5f;
        return;
    }
    const Level half = {(whole->side + 1) / 2, whole->pixels + 4 * whole->side * whole->side};
    halve(whole, &half);
    fill(&half);
    complete(&half, whole);
}

gsize edt_mould_room(int side)
{
    return 2 * 4 * (gsize)(side * side); /* all levels together are less than twice the first */
}

void edt_mould_planes(const float *mask, int side, float *planes, float *room)
{
    const int hw = side * side;

    for (int i = 0; i < hw; i++) {
        const float alpha = CLAMP((planes[3 * hw + i] + 1) / 2, 0.0f, 1.0f);
        const float sure = MAX(alpha - HAZE, 0.0f) / (1 - HAZE);
        for (int c = 0; c < 3; c++)
            room[4 * i + c] =
                sure > 0 ? CLAMP((planes[c * hw + i] + 1) / 2, 0.0f, alpha) / alpha * sure : 0;
        room[4 * i + 3] = sure;
    }
    fill(&(Level){side, room});
    for (int i = 0; i < hw; i++)
        for (int c = 0; c < 4; c++)
            planes[c * hw + i] = 2 * mask[i] * (c < 3 ? room[4 * i + c] : 1) - 1;
}

/* ---- a step ---- */

void edt_mould_carve(EdtMould *mould, EdtArena *host)
{
    const EdtStep *step = mould->step;
    const gsize bytes = (gsize)(step->pictures * step->C * step->hw) * sizeof(float);

    if (!mould->easel->moulds)
        return;
    mould->estimates = edt_arena_take(host, bytes);
    mould->x = edt_arena_take(host, bytes);
    mould->room = edt_arena_take(host, edt_mould_room(mould->easel->engine->info->image_size) *
                                           sizeof(float));
}

static gboolean bring(const EdtStep *step, float *to, const void *from, gsize bytes, GError **error)
{
    step->backend->download(step->dev, to, from, bytes);
    return step->backend->sync(step->dev, error);
}

static gboolean hold_one(const EdtMould *mould, int i, float *estimate, GError **error)
{
    const EdtEasel *easel = mould->easel;
    EdtEngine *engine = easel->engine;
    EdtVae *decoder = edt_engine_decoder(engine, EDT_DECODE_FULL, error);
    float *planes = decoder ? edt_engine_decode(engine, decoder, estimate, error) : NULL;

    if (!planes)
        return FALSE;
    edt_mould_planes(easel->items[i].mask, engine->info->image_size, planes, mould->room);
    return edt_easel_encode(easel, planes, estimate, error);
}

gboolean edt_mould_hold(EdtMould *mould, GError **error)
{
    const EdtStep *step = mould->step;
    const gsize count = (gsize)(step->C * step->hw), all = (gsize)step->pictures * count;
    const float gain = edt_step_gain(step->host.how);
    float *x = mould->x;

    if (!bring(step, mould->estimates, step->denoised, all * sizeof(float), error) ||
        !bring(step, x, step->x, all * sizeof(float), error))
        return FALSE;
    for (gsize at = 0; at < all; at++)
        x[at] -= gain * mould->estimates[at];
    for (int i = 0; i < step->pictures; i++)
        if (!hold_one(mould, i, mould->estimates + (gsize)i * count, error))
            return FALSE;
    for (gsize at = 0; at < all; at++)
        x[at] += gain * mould->estimates[at];
    step->backend->upload(step->dev, step->denoised, mould->estimates, all * sizeof(float));
    edt_step_place(step, x);
    return TRUE;
}
