/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A finished picture and its canvas, in pixels: what is kept is laid over by the soft mask; alpha
 * becomes a shape's, which a picture without alpha is cut out by.  See easel.h; called from edt.c.
 */
#include "engine/mould.h"

#include <math.h>
#include <string.h>

#define RING 16       /* pixels around what was made that an autoencoder is judged by ... */
#define RING_LEAST 64 /* ... where there are so many */
#define RATIO_MOST 2.0
#define CONTRAST 0.2 /* deviation of a plane, of -1 .. 1, from which on it counts in full */

int edt_easel_channels(const EdtModelInfo *info, const EdtItem *item)
{
    return info->has_alpha || item->fill == EDT_FILL_SHAPE ? 4 : 3;
}

/* ---- the colours of an autoencoder ---- */

/* Whether anything within RING pixels of a row's (or column's) pixel is set. */
static void spread(const guint8 *from, int side, int step, guint8 *to)
{
    int last = -RING - 1; /* the last one that is set */
    for (int i = 0, ahead = 0; i < side; i++) {
        for (; ahead < side && ahead <= i + RING; ahead++)
            if (from[ahead * step])
                last = ahead;
        to[i * step] = last >= i - RING;
    }
}

/* Which pixels are kept and near those that are not. */
static int find_ring(const float *mask, int side, guint8 *ring)
{
    const gsize hw = (gsize)side * (gsize)side;
    g_autofree guint8 *made = g_malloc(hw), *rows = g_malloc(hw);
    int found = 0;

    for (gsize i = 0; i < hw; i++)
        made[i] = mask[i] > 0;
    for (int y = 0; y < side; y++)
        spread(made + y * side, side, 1, rows + y * side);
    for (int x = 0; x < side; x++)
        spread(rows + x, side, side, ring + x);
    for (gsize i = 0; i < hw; i++) {
        ring[i] = ring[i] && !made[i];
        found += ring[i];
    }
    return found;
}

static void measure(const float *plane, const guint8 *ring, gsize hw, int n, double *mean,
                    double *deviation)
{
    double sum = 0, squares = 0;
    for (gsize i = 0; i < hw; i++)
        if (ring[i]) {
            sum += plane[i];
            squares += (double)plane[i] * plane[i];
        }
    *mean = sum / n;
    *deviation = sqrt(MAX(squares / n - *mean * *mean, 0));
}

/* Contrast is told by what has some: on a ground of one colour there is but the noise of the
 * autoencoder, which says nothing of it. */
static double contrast_ratio(double should, double is)
{
    const double ratio = is > 1e-3 ? CLAMP(should / is, 1 / RATIO_MOST, RATIO_MOST) : 1;
    return 1 + (ratio - 1) * MIN(should / CONTRAST, 1);
}

/* An autoencoder gives back what is kept a little paler or darker: by as much as around the seam,
 * what was made is changed back. */
static void match_colours(const EdtModelInfo *info, const EdtItem *item, int channels,
                          float *planes)
{
    const gsize hw = (gsize)info->image_size * (gsize)info->image_size;
    g_autofree guint8 *ring = g_malloc(hw);
    const int n = find_ring(item->mask, info->image_size, ring);

    for (int c = 0; c < channels && n >= RING_LEAST; c++) {
        float *made = planes + (gsize)c * hw;
        double is, is_deviation, should, should_deviation;
        measure(made, ring, hw, n, &is, &is_deviation);
        measure(item->source + (gsize)c * hw, ring, hw, n, &should, &should_deviation);
        const double ratio = contrast_ratio(should_deviation, is_deviation);
        for (gsize i = 0; i < hw; i++)
            made[i] = (float)((made[i] - is) * ratio + should);
    }
}

/* ---- the three ways ---- */

static void keep(const EdtItem *item, gsize hw, int channels, float *planes)
{
    for (gsize at = 0; at < (gsize)channels * hw; at++)
        planes[at] = edt_step_blend(item->mask[at % hw], planes[at], item->source[at]);
}

/* As in the steps, for samplers that end beside their last estimate. */
static void hold_alpha(const EdtItem *item, gsize hw, float *planes)
{
    for (gsize at = 0; at < 4 * hw; at++) {
        const float alpha = 2 * item->mask[at % hw] - 1;
        planes[at] = at >= 3 * hw ? alpha : MIN(planes[at], alpha);
    }
}

/* Premultiplied, so all planes alike; without alpha the mask is it. */
static void cut_out(const EdtItem *item, gsize hw, float *planes)
{
    for (gsize at = 0; at < 4 * hw; at++) {
        const float value = CLAMP((planes[at] + 1) / 2, 0.0f, 1.0f);
        planes[at] = 2 * value * item->mask[at % hw] - 1;
    }
}

/* As after the steps, of which a stopped run, or the last one, may not have had all. */
static void mould(const EdtModelInfo *info, const EdtItem *item, float *planes)
{
    g_autofree float *room = g_new(float, edt_mould_room(info->image_size));
    edt_mould_planes(item->mask, info->image_size, planes, room);
}

float *edt_easel_compose(const EdtModelInfo *info, const EdtItem *item, const float *planes)
{
    const gsize hw = (gsize)info->image_size * (gsize)info->image_size;
    const int channels = edt_easel_channels(info, item), made = info->has_alpha ? 4 : 3;
    float *out = g_new(float, (gsize)channels *hw);

    memcpy(out, planes, (gsize)made * hw * sizeof(float));
    for (gsize at = (gsize)made * hw; at < (gsize)channels * hw; at++)
        out[at] = 1;
    if (item->fill == EDT_FILL_MISSING) {
        if (info->needs_vae)
            match_colours(info, item, channels, out);
        keep(item, hw, channels, out);
    } else if (item->fill == EDT_FILL_SHAPE) {
        if (info->has_alpha && info->needs_vae)
            mould(info, item, out);
        else if (info->has_alpha)
            hold_alpha(item, hw, out);
        else
            cut_out(item, hw, out);
    }
    return out;
}
