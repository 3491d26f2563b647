/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The distance of drawings on drawn shapes: blind to place, size, side and hand, not to shape and
 * colour.  What it is worth on real pictures says `edt-emoji-nearest DATASET --validate`.
 */
#include "distance.h"

#include <math.h>
#include <string.h>

typedef enum { DISC, CROSS, FLAG } Shape; /* a flag has its cloth on one side */

typedef struct {
    Shape shape;
    float x, y, size; /* middle and half side, in pixels */
    guint8 colour[3];
    gboolean mirrored;
} Stamp;

static gboolean covers(const Stamp *stamp, float x, float y)
{
    x = (x - stamp->x) / stamp->size * (stamp->mirrored ? -1 : 1);
    y = (y - stamp->y) / stamp->size;
    if (fabsf(x) > 1 || fabsf(y) > 1)
        return FALSE;
    if (stamp->shape == DISC)
        return x * x + y * y < 1;
    if (stamp->shape == CROSS)
        return fabsf(x) < 0.3f || fabsf(y) < 0.3f;
    return fabsf(x + 0.7f) < 0.2f || (y < 0 && x > -0.7f);
}

static void draw(const Stamp *stamp, guint8 *rgba)
{
    memset(rgba, 0, EMOJI_SIDE * EMOJI_SIDE * 4);
    for (int i = 0; i < EMOJI_SIDE * EMOJI_SIDE; i++) {
        if (covers(stamp, (float)(i % EMOJI_SIDE) + 0.5f, (float)(i / EMOJI_SIDE) + 0.5f)) {
            memcpy(rgba + 4 * i, stamp->colour, 3);
            rgba[4 * i + 3] = 255;
        }
    }
}

static float distance(const Stamp *asked, const Stamp *known)
{
    guint8 a[EMOJI_SIDE * EMOJI_SIDE * 4], b[EMOJI_SIDE * EMOJI_SIDE * 4];
    EmojiQuestion *question = g_new(EmojiQuestion, 1);
    EmojiPicture *picture = g_new(EmojiPicture, 1);
    draw(asked, a);
    draw(known, b);
    emoji_question_from_rgba(question, a);
    emoji_picture_from_rgba(picture, b);
    float result = emoji_distance(question, picture);
    g_assert_cmpfloat(emoji_distance_quick(question, picture), >=, result);
    g_free(question);
    g_free(picture);
    return result;
}

static float copy_distance(const Stamp *a, const Stamp *b)
{
    guint8 rgba[EMOJI_SIDE * EMOJI_SIDE * 4];
    EmojiPicture *p = g_new(EmojiPicture, 1), *q = g_new(EmojiPicture, 1);
    draw(a, rgba);
    emoji_picture_from_rgba(p, rgba);
    draw(b, rgba);
    emoji_picture_from_rgba(q, rgba);
    float result = emoji_copy_distance(p->fine, q->fine, EMOJI_COPY_SHIFT);
    g_free(p);
    g_free(q);
    return result;
}

#define RED {220, 40, 30}
#define ORANGE {240, 110, 40}
#define GREEN {40, 170, 60}

static void test_same(void)
{
    const Stamp flag = {FLAG, 32, 32, 28, RED, FALSE};
    g_assert_cmpfloat(fabsf(distance(&flag, &flag)), <, 1e-4f);
    g_assert_cmpfloat(copy_distance(&flag, &flag), <, 1e-6f);
}

static void test_place_size_side(void)
{
    const Stamp flag = {FLAG, 32, 32, 20, RED, FALSE}, cross = {CROSS, 32, 32, 20, RED, FALSE};
    const Stamp moved = {FLAG, 36, 28, 20, RED, FALSE}, larger = {FLAG, 32, 32, 23, RED, FALSE};
    const Stamp mirrored = {FLAG, 32, 32, 20, RED, TRUE};
    float other = distance(&cross, &flag);
    g_assert_cmpfloat(fabsf(distance(&moved, &flag)), <, 1e-4f); /* by whole cells */
    g_assert_cmpfloat(distance(&larger, &flag), <, 0.25f * other);
    g_assert_cmpfloat(fabsf(distance(&mirrored, &flag)), <, 1e-4f);
}

/* Six cells are too far: a limit, not a wish. */
static void test_too_far(void)
{
    const Stamp here = {DISC, 32, 20, 16, RED, FALSE}, there = {DISC, 32, 44, 16, RED, FALSE};
    g_assert_cmpfloat(distance(&here, &there), >, 0.2f);
}

static void test_shape_before_shade(void)
{
    const Stamp disc = {DISC, 32, 32, 28, RED, FALSE}, shade = {DISC, 32, 32, 28, ORANGE, FALSE};
    const Stamp cross = {CROSS, 32, 32, 28, RED, FALSE};
    g_assert_cmpfloat(distance(&shade, &disc), <, distance(&cross, &disc));
}

static void test_colour_tells(void)
{
    const Stamp red = {DISC, 32, 32, 28, RED, FALSE}, shade = {DISC, 32, 32, 28, ORANGE, FALSE};
    const Stamp green = {DISC, 32, 32, 28, GREEN, FALSE};
    g_assert_cmpfloat(distance(&shade, &red), <, 0.5f * distance(&shade, &green));
}

static void test_copies(void)
{
    const Stamp disc = {DISC, 32, 32, 28, RED, FALSE}, moved = {DISC, 34, 30, 28, RED, FALSE};
    const Stamp shade = {DISC, 32, 32, 28, ORANGE, FALSE}, cross = {CROSS, 32, 32, 28, RED, FALSE};
    g_assert_cmpfloat(copy_distance(&disc, &moved), <, 0.03f);
    g_assert_cmpfloat(copy_distance(&disc, &shade), >, 0.1f);
    g_assert_cmpfloat(copy_distance(&disc, &cross), >, 0.2f);
}

static void test_empty(void)
{
    const Stamp disc = {DISC, 32, 32, 28, RED, FALSE}, nothing = {DISC, -99, 0, 1, RED, FALSE};
    g_assert_cmpfloat(distance(&nothing, &disc), ==, 1);
    g_assert_cmpfloat(distance(&nothing, &nothing), ==, 0);
    g_assert_cmpfloat(copy_distance(&nothing, &nothing), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/emoji/distance/same", test_same);
    g_test_add_func("/emoji/distance/place-size-side", test_place_size_side);
    g_test_add_func("/emoji/distance/too-far", test_too_far);
    g_test_add_func("/emoji/distance/shape-before-shade", test_shape_before_shade);
    g_test_add_func("/emoji/distance/colour-tells", test_colour_tells);
    g_test_add_func("/emoji/distance/copies", test_copies);
    g_test_add_func("/emoji/distance/empty", test_empty);
    return g_test_run();
}
