/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Mirroring, a small affine map, a turn of the hue; see augment.h.  All of it happens on
 * premultiplied colours, where transparent pixels have none that could bleed into edges.
 */
#include "train/augment.h"

#include <math.h>

enum { FLIP, SHIFT_X, SHIFT_Y, SCALE, TURN, HUE, DRAWS };

/* Where a target pixel lies in the source: (a x + b y + c, -b x + a y + d). */
typedef struct {
    float a, b, c, d;
    gboolean flip, plain; /* plain: pixels stay where they are */
} Map;

static float spread(float draw, double width)
{
    return (float)((2.0 * (double)draw - 1.0) * width);
}

static Map choose_map(const EdtPictureOptions *o, const float draws[DRAWS])
{
    float side = (float)o->side, middle = (side - 1) / 2, turn = spread(draws[TURN], o->affine);
    float scale = 1.0f + spread(draws[SCALE], o->affine);
    Map map = {.flip = o->flip && draws[FLIP] < 0.5f, .plain = o->affine == 0};

    map.a = cosf(turn) / scale;
    map.b = sinf(turn) / scale;
    map.c = middle - map.a * middle - map.b * middle + spread(draws[SHIFT_X], o->affine) * side;
    map.d = middle + map.b * middle - map.a * middle + spread(draws[SHIFT_Y], o->affine) * side;
    return map;
}

/* Adds weight times the premultiplied pixel (0..1); outside is transparent. */
static void add_pixel(const guint8 *pixels, int side, int x, int y, float weight, float rgba[4])
{
    if (x < 0 || y < 0 || x >= side || y >= side)
        return;
    const guint8 *p = pixels + (y * side + x) * 4;
    float alpha = weight * (float)p[3] / 255.0f;
    for (int c = 0; c < 3; c++)
        rgba[c] += alpha * (float)p[c] / 255.0f;
    rgba[3] += alpha;
}

static void read_pixel(const guint8 *pixels, int side, const Map *map, int x, int y, float rgba[4])
{
    rgba[0] = rgba[1] = rgba[2] = rgba[3] = 0;
    x = map->flip ? side - 1 - x : x;
    if (map->plain) {
        add_pixel(pixels, side, x, y, 1.0f, rgba);
        return;
    }
    float u = map->a * (float)x + map->b * (float)y + map->c;
    float v = -map->b * (float)x + map->a * (float)y + map->d;
    int left = (int)floorf(u), top = (int)floorf(v);
    u -= (float)left;
    v -= (float)top;
    add_pixel(pixels, side, left, top, (1 - u) * (1 - v), rgba);
    add_pixel(pixels, side, left + 1, top, u * (1 - v), rgba);
    add_pixel(pixels, side, left, top + 1, (1 - u) * v, rgba);
    add_pixel(pixels, side, left + 1, top + 1, u * v, rgba);
}

/* A turn around the grey axis; brightness and grey stay. */
static void turn_hue(float cosine, float sine, float rgba[4])
{
    float side = sqrtf(1.0f / 3.0f) * sine, mean = (1.0f - cosine) / 3.0f;
    float r = rgba[0], g = rgba[1], b = rgba[2], grey = mean * (r + g + b);
    rgba[0] = CLAMP(cosine * r + grey + side * (b - g), 0.0f, rgba[3]);
    rgba[1] = CLAMP(cosine * g + grey + side * (r - b), 0.0f, rgba[3]);
    rgba[2] = CLAMP(cosine * b + grey + side * (g - r), 0.0f, rgba[3]);
}

void edt_augment(const guint8 *pixels, const EdtPictureOptions *o, EdtRandom *random, float *x)
{
    const int area = o->side * o->side;
    float draws[DRAWS], rgba[4];

    edt_random_uniform(random, draws, DRAWS);
    Map map = choose_map(o, draws);
    float hue = spread(draws[HUE], o->hue * G_PI / 180.0), cosine = cosf(hue), sine = sinf(hue);
    for (int i = 0; i < area; i++) {
        read_pixel(pixels, o->side, &map, i % o->side, i / o->side, rgba);
        if (o->hue > 0)
            turn_hue(cosine, sine, rgba);
        for (int c = 0; c < o->channels; c++) {
            float value = o->channels == 3 ? rgba[c] + 1.0f - rgba[3] : rgba[c];
            x[c * area + i] = 2.0f * value - 1.0f;
        }
    }
}
