/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/scatter.c and collage.c: distances, masks, tiles without seams, and pixels that stay what
 * they are.
 */
#include "session/scatter.h"

#include <math.h>
#include <string.h>

static EdtScatter usual(void)
{
    return (EdtScatter){.width = 200,
                        .height = 150,
                        .spots = 40,
                        .pictures = 3,
                        .side = 20,
                        .differ = 0.5,
                        .turn = 90,
                        .distance = 1,
                        .seed = 7};
}

static const EdtSpot *spot_of(const GArray *spots, guint i)
{
    return &g_array_index(spots, EdtSpot, i);
}

static double way(double a, double b, double length, gboolean wrap)
{
    double straight = fabs(a - b);
    return wrap && length - straight < straight ? length - straight : straight;
}

static void assert_apart(const EdtScatter *s, const GArray *spots)
{
    for (guint i = 0; i < spots->len; i++)
        for (guint k = 0; k < i; k++) {
            const EdtSpot *a = spot_of(spots, i), *b = spot_of(spots, k);
            double x = way(a->x, b->x, s->width, s->wrap), y = way(a->y, b->y, s->height, s->wrap);
            g_assert_cmpfloat(hypot(x, y), >=, s->distance * (a->side + b->side) / 2);
        }
}

static void test_places(void)
{
    EdtScatter s = usual();
    GArray *spots = edt_scatter(&s), *again = edt_scatter(&s);
    double smallest = 20, largest = 0, turned = 0;
    g_assert_cmpuint(spots->len, ==, 40);
    g_assert_true(memcmp(spots->data, again->data, spots->len * sizeof(EdtSpot)) == 0);
    assert_apart(&s, spots);
    for (guint i = 0; i < spots->len; i++) {
        smallest = MIN(smallest, spot_of(spots, i)->side);
        largest = MAX(largest, spot_of(spots, i)->side);
        turned = MAX(turned, fabs(spot_of(spots, i)->turn));
    }
    g_assert_true(smallest >= 10 && smallest < 12 && largest > 18 && largest <= 20);
    g_assert_true(turned > 1 && turned <= G_PI / 2);
    s.seed = G_GUINT64_CONSTANT(7) + (G_GUINT64_CONSTANT(1) << 32);
    GArray *other = edt_scatter(&s);
    g_assert_false(spot_of(other, 0)->x == spot_of(spots, 0)->x);
    g_array_unref(spots);
    g_array_unref(again);
    g_array_unref(other);
}

/* Each picture comes once before one comes again. */
static void test_deck(void)
{
    EdtScatter s = usual();
    int seen[3] = {0};
    GArray *spots = edt_scatter(&s);
    for (guint i = 0; i < 39; i++) {
        seen[spot_of(spots, i)->picture]++;
        if (i % 3 == 2)
            g_assert_true(seen[0] == seen[1] && seen[1] == seen[2]);
    }
    g_array_unref(spots);
}

/* No more than there is room for: discs of 20 pixels cover at most 0.91 of the area. */
static void test_full(void)
{
    EdtScatter s = usual();
    s.spots = 1000;
    s.differ = 0;
    for (int wrap = 0; wrap < 2; wrap++) {
        s.wrap = wrap;
        GArray *spots = edt_scatter(&s);
        g_assert_cmpuint(spots->len, >, 40);
        g_assert_cmpuint(spots->len, <, 200 * 150 / 400 + 30);
        assert_apart(&s, spots);
        g_array_unref(spots);
    }
    s.distance = 0; /* they may lie on each other */
    GArray *spots = edt_scatter(&s);
    g_assert_cmpuint(spots->len, ==, 1000);
    g_array_unref(spots);
}

static gboolean in_ring(double x, double y)
{
    double radius = hypot(x - 100, y - 75);
    return radius >= 30 && radius <= 70;
}

static void test_mask(void)
{
    EdtScatter s = usual();
    g_autofree float *mask = g_new0(float, 200 * 150);
    for (int i = 0; i < 200 * 150; i++)
        mask[i] = in_ring(i % 200 + 0.5, i / 200 + 0.5) ? 1 : 0;
    s.mask = mask;
    for (int whole = 0; whole < 2; whole++) {
        s.whole = whole;
        GArray *spots = edt_scatter(&s);
        g_assert_cmpuint(spots->len, >, 15);
        for (guint i = 0; i < spots->len; i++) {
            const EdtSpot *spot = spot_of(spots, i);
            double radius = hypot(spot->x - 100, spot->y - 75), room = whole ? spot->side / 2 : 0;
            g_assert_true(radius >= 30 + room - 2 && radius <= 70 - room + 2);
        }
        g_array_unref(spots);
    }
    s.side = 100; /* nowhere in the ring */
    s.differ = 0;
    GArray *none = edt_scatter(&s);
    g_assert_cmpuint(none->len, ==, 0);
    g_array_unref(none);
    memset(mask, 0, sizeof(float) * 200 * 150);
    s.whole = FALSE;
    none = edt_scatter(&s);
    g_assert_cmpuint(none->len, ==, 0);
    g_array_unref(none);
}

/* ---- drawing ---- */

/* No two pixels are alike; channels 4 has a hole in it. */
static EdtPicture picture_of(int size, int channels)
{
    gsize n = (gsize)(size * size);
    EdtPicture picture = {.width = size, .height = size, .channels = channels};
    picture.pixels = g_new(float, n *(gsize)channels);
    for (gsize i = 0; i < n; i++) {
        for (gsize c = 0; c < 3; c++)
            picture.pixels[i * (gsize)channels + c] = (float)((i * 7 + c * 31) % 97) / 97;
        if (channels == 4)
            picture.pixels[4 * i + 3] = i % 5 ? 1 : 0;
    }
    return picture;
}

static void test_own_pixels(void)
{
    for (int channels = 3; channels <= 4; channels++) {
        EdtPicture picture = picture_of(16, channels);
        EdtScatter s = {.width = 40, .height = 40, .pictures = 1};
        EdtSpot spot = {.x = 20.3, .y = 17.8, .side = 16};
        g_autoptr(GArray) spots = g_array_new(FALSE, FALSE, sizeof spot);
        g_array_append_val(spots, spot);
        EdtPicture all = edt_scatter_draw(&s, spots, &picture);
        g_assert_true(all.width == 40 && all.height == 40 && all.channels == 4);
        for (int i = 0; i < 40 * 40; i++) {
            int x = i % 40 - 12, y = i / 40 - 10;
            gboolean inside = x >= 0 && y >= 0 && x < 16 && y < 16;
            const float *from = picture.pixels + channels * (y * 16 + x), *to = all.pixels + 4 * i;
            float alpha = !inside ? 0 : channels == 4 ? from[3] : 1;
            g_assert_cmpfloat(to[3], ==, alpha);
            for (int c = 0; c < 3 && alpha > 0; c++)
                g_assert_cmpfloat(to[c], ==, from[c]);
        }
        g_free(all.pixels);
        g_free(picture.pixels);
    }
}

/* A quarter turn clockwise takes the upper left corner to the upper right one. */
static void test_turned(void)
{
    EdtPicture picture = {.width = 8, .height = 8, .channels = 3};
    picture.pixels = g_new0(float, 8 * 8 * 3);
    for (int i = 0; i < 64; i++)
        picture.pixels[3 * i] = i % 8 < 4 && i / 8 < 4;
    EdtScatter s = {.width = 32, .height = 32, .pictures = 1};
    EdtSpot spot = {.x = 16, .y = 16, .side = 24, .turn = G_PI / 2};
    g_autoptr(GArray) spots = g_array_new(FALSE, FALSE, sizeof spot);
    g_array_append_val(spots, spot);
    EdtPicture all = edt_scatter_draw(&s, spots, &picture);
    const int corners[4][3] = {{10, 10, 0}, {21, 10, 1}, {10, 21, 0}, {21, 21, 0}};
    for (int i = 0; i < 4; i++) {
        const float *pixel = all.pixels + 4 * (corners[i][1] * 32 + corners[i][0]);
        g_assert_cmpfloat_with_epsilon(pixel[0], corners[i][2], 0.05);
        g_assert_cmpfloat_with_epsilon(pixel[3], 1, 1e-6);
    }
    g_assert_cmpfloat(all.pixels[4 * (16 * 32 + 1) + 3], ==, 0); /* beside it */
    g_free(all.pixels);
    g_free(picture.pixels);
}

/* A reduced picture is the mean of its pixels. */
static void test_reduced(void)
{
    EdtPicture picture = picture_of(64, 3);
    for (int i = 0; i < 64 * 64 * 3; i++)
        picture.pixels[i] = (float)((i / 3 + i / 192) % 2); /* a board of black and white */
    EdtScatter s = {.width = 8, .height = 8, .pictures = 1};
    EdtSpot spot = {.x = 4, .y = 4, .side = 8};
    g_autoptr(GArray) spots = g_array_new(FALSE, FALSE, sizeof spot);
    g_array_append_val(spots, spot);
    EdtPicture all = edt_scatter_draw(&s, spots, &picture);
    g_assert_cmpfloat_with_epsilon(all.pixels[4 * (4 * 8 + 4)], 0.5, 0.02);
    g_free(all.pixels);
    g_free(picture.pixels);
}

/* By half of the area, with what leaves it coming in again. */
static void move(GArray *spots)
{
    for (guint i = 0; i < spots->len; i++) {
        EdtSpot *spot = &g_array_index(spots, EdtSpot, i);
        spot->x = fmod(spot->x + 100, 200);
        spot->y = fmod(spot->y + 75, 150);
    }
}

static void assert_moved(const float *tile, const float *moved)
{
    double apart = 0, covered = 0;
    for (int i = 0; i < 150 * 200; i++) {
        int there = (i / 200 + 75) % 150 * 200 + (i % 200 + 100) % 200;
        double alpha = tile[4 * i + 3]; /* what is hardly seen has hardly a colour */
        for (int c = 0; c < 4; c++)
            apart = MAX(apart, fabs(tile[4 * i + c] - moved[4 * there + c]) * alpha);
        covered += alpha / (200 * 150);
    }
    g_assert_cmpfloat(covered, >, 0.5);
    g_assert_cmpfloat(apart, <, 1e-4);
}

/* A tile has no seam: moved, it is the tile of the moved spots. */
static void test_tile(void)
{
    EdtScatter s = usual();
    EdtPicture pictures[3];
    s.wrap = TRUE;
    s.side = 60; /* larger than what lies between many a middle and the edge */
    s.distance = 0.4;
    for (int i = 0; i < 3; i++)
        pictures[i] = picture_of(16, 4);
    g_autoptr(GArray) spots = edt_scatter(&s);
    EdtPicture tile = edt_scatter_draw(&s, spots, pictures);
    move(spots);
    EdtPicture moved = edt_scatter_draw(&s, spots, pictures);
    assert_moved(tile.pixels, moved.pixels);
    g_free(tile.pixels);
    g_free(moved.pixels);
    for (int i = 0; i < 3; i++)
        g_free(pictures[i].pixels);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/scatter/places", test_places);
    g_test_add_func("/session/scatter/deck", test_deck);
    g_test_add_func("/session/scatter/full", test_full);
    g_test_add_func("/session/scatter/mask", test_mask);
    g_test_add_func("/session/scatter/own-pixels", test_own_pixels);
    g_test_add_func("/session/scatter/turned", test_turned);
    g_test_add_func("/session/scatter/reduced", test_reduced);
    g_test_add_func("/session/scatter/tile", test_tile);
    return g_test_run();
}
