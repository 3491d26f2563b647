/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scattered pictures drawn over each other; see scatter.h.  Colours are premultiplied on the way,
 * so that what is transparent has none.
 */
#include "session/scatter.h"

#include <math.h>
#include <string.h>

#define FINEST 8 /* samples a side of a pixel, of pictures that are reduced */

/* ---- a picture ---- */

typedef struct {
    int size;      /* pixels a side */
    float *pixels; /* [size, size, 4], premultiplied */
} Stamp;

static Stamp stamp_of(const EdtPicture *picture)
{
    gsize n = (gsize)picture->width * (gsize)picture->height, channels = (gsize)picture->channels;
    Stamp stamp = {picture->width, g_new(float, 4 * n)};
    for (gsize i = 0; i < n; i++) {
        const float *from = picture->pixels + channels * i;
        float alpha = channels == 4 ? from[3] : 1;
        for (int c = 0; c < 3; c++)
            stamp.pixels[4 * i + (gsize)c] = from[c] * alpha;
        stamp.pixels[4 * i + 3] = alpha;
    }
    return stamp;
}

/* Catmull and Rom's cubic: it passes through the pixels. */
static void weights(double t, double out[4])
{
    out[0] = ((-t + 2) * t - 1) * t / 2;
    out[1] = ((3 * t - 5) * t * t + 2) / 2;
    out[2] = ((-3 * t + 4) * t + 1) * t / 2;
    out[3] = (t - 1) * t * t / 2;
}

/* Adds what is at u, v, in pixels; beside the picture there is nothing. */
static void sample(const Stamp *stamp, double u, double v, double sum[4])
{
    double wx[4], wy[4];
    int left = (int)floor(u - 0.5), top = (int)floor(v - 0.5);
    weights(u - 0.5 - left, wx);
    weights(v - 0.5 - top, wy);
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 4; i++) {
            int x = left - 1 + i, y = top - 1 + j;
            if (x < 0 || y < 0 || x >= stamp->size || y >= stamp->size)
                continue;
            const float *pixel = stamp->pixels + 4 * ((gsize)y * (gsize)stamp->size + (gsize)x);
            for (int c = 0; c < 4; c++)
                sum[c] += wx[i] * wy[j] * pixel[c];
        }
}

/* ---- on the canvas ---- */

typedef struct {
    const Stamp *stamp;
    double x, y; /* middle */
    double scale, cosine, sine;
    int fine; /* samples a side of a pixel */
} Pose;

static Pose pose_of(const Stamp *stamp, const EdtSpot *spot)
{
    Pose pose = {.stamp = stamp,
                 .x = spot->x,
                 .y = spot->y,
                 .scale = stamp->size / spot->side,
                 .cosine = cos(spot->turn),
                 .sine = sin(spot->turn)};
    pose.fine = (int)CLAMP(ceil(pose.scale - 1e-9), 1, FINEST);
    if (spot->turn == 0 && spot->side == stamp->size) { /* its own pixels, none between two */
        double half = stamp->size / 2.0;
        pose.x = floor(spot->x - half + 0.5) + half;
        pose.y = floor(spot->y - half + 0.5) + half;
    }
    return pose;
}

static void look(const Pose *pose, int x, int y, float out[4])
{
    double sum[4] = {0}, half = pose->stamp->size / 2.0;
    for (int j = 0; j < pose->fine; j++)
        for (int i = 0; i < pose->fine; i++) {
            double dx = x + (i + 0.5) / pose->fine - pose->x;
            double dy = y + (j + 0.5) / pose->fine - pose->y;
            sample(pose->stamp, half + pose->scale * (pose->cosine * dx + pose->sine * dy),
                   half + pose->scale * (pose->cosine * dy - pose->sine * dx), sum);
        }
    out[3] = (float)CLAMP(sum[3] / (pose->fine * pose->fine), 0, 1);
    for (int c = 0; c < 3; c++)
        out[c] = (float)CLAMP(sum[c] / (pose->fine * pose->fine), 0, (double)out[3]);
}

static void lay_over(float *under, const float *over)
{
    for (int c = 0; c < 4; c++)
        under[c] = over[c] + under[c] * (1 - over[3]);
}

static void draw(const EdtScatter *s, const Pose *pose, double side, float *canvas)
{
    double reach = side * G_SQRT2 / 2 + 2; /* the cubic reaches out of the square */
    int left = MAX((int)floor(pose->x - reach), 0), top = MAX((int)floor(pose->y - reach), 0);
    int right = MIN((int)ceil(pose->x + reach), s->width);
    int bottom = MIN((int)ceil(pose->y + reach), s->height);
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            float over[4];
            look(pose, x, y, over);
            if (over[3] > 0)
                lay_over(canvas + 4 * ((gsize)y * (gsize)s->width + (gsize)x), over);
        }
}

/* On a tile a picture may be seen at all four corners, and a large one more often. */
static void draw_spot(const EdtScatter *s, const Stamp *stamp, const EdtSpot *spot, float *canvas)
{
    Pose pose = pose_of(stamp, spot);
    double x = pose.x, y = pose.y;
    int across = s->wrap ? (int)ceil(spot->side / s->width) + 1 : 0;
    int down = s->wrap ? (int)ceil(spot->side / s->height) + 1 : 0;
    for (int j = -down; j <= down; j++)
        for (int i = -across; i <= across; i++) {
            pose.x = x + (double)i * s->width;
            pose.y = y + (double)j * s->height;
            draw(s, &pose, spot->side, canvas);
        }
}

static void take_apart(float *canvas, gsize n)
{
    for (gsize i = 0; i < n; i++)
        for (int c = 0; c < 3 && canvas[4 * i + 3] > 0; c++)
            canvas[4 * i + (gsize)c] = MIN(canvas[4 * i + (gsize)c] / canvas[4 * i + 3], 1.0f);
}

EdtPicture edt_scatter_draw(const EdtScatter *scatter, const GArray *spots,
                            const EdtPicture *pictures)
{
    gsize n = (gsize)scatter->width * (gsize)scatter->height;
    EdtPicture all = {.width = scatter->width, .height = scatter->height, .channels = 4};
    all.pixels = g_try_malloc0(4 * sizeof(float) * n);
    if (!all.pixels)
        return all;
    Stamp *stamps = g_new(Stamp, scatter->pictures);
    for (int i = 0; i < scatter->pictures; i++)
        stamps[i] = stamp_of(&pictures[i]);
    for (guint i = 0; i < spots->len; i++) {
        const EdtSpot *spot = &g_array_index(spots, EdtSpot, i);
        draw_spot(scatter, &stamps[spot->picture], spot, all.pixels);
    }
    for (int i = 0; i < scatter->pictures; i++)
        g_free(stamps[i].pixels);
    g_free(stamps);
    take_apart(all.pixels, n);
    return all;
}
