/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where several pictures lie: even arrangements by hand, strewn ones by what was promised of them.
 */
#include "session/arrange.h"

#include <math.h>
#include <string.h>

enum { W = 400, H = 300, N = 40 };

static void expect(const EdtSpot *spot, double x, double y)
{
    g_assert_cmpfloat_with_epsilon(spot->x, x, 1e-9);
    g_assert_cmpfloat_with_epsilon(spot->y, y, 1e-9);
    g_assert_cmpfloat(spot->scale, ==, 1);
    g_assert_cmpfloat(spot->angle, ==, 0);
}

static void test_even(void)
{
    EdtSpot spots[5];
    edt_arrange_even(EDT_ARRANGE_STACK, 2, W, H, 64, 8, spots);
    expect(&spots[0], 200, 150);
    expect(&spots[1], 200, 150);
    edt_arrange_even(EDT_ARRANGE_ROW, 3, W, H, 64, 8, spots);
    expect(&spots[0], 128, 150);
    expect(&spots[1], 200, 150);
    expect(&spots[2], 272, 150);
    edt_arrange_even(EDT_ARRANGE_GRID, 5, W, H, 64, 8, spots); /* three columns, two rows */
    expect(&spots[0], 128, 114);
    expect(&spots[2], 272, 114);
    expect(&spots[3], 128, 186);
    expect(&spots[4], 200, 186);
}

static EdtScatter scatter_new(void)
{
    return (EdtScatter){.n = N,
                        .width = W,
                        .height = H,
                        .side = 32,
                        .sizes = 0.5,
                        .turns = 30,
                        .distance = 0.9,
                        .seed = 7};
}

static double apart(const EdtSpot *a, const EdtSpot *b, gboolean wrap)
{
    double x = fabs(a->x - b->x), y = fabs(a->y - b->y);
    return wrap ? hypot(MIN(x, W - x), MIN(y, H - y)) : hypot(x, y);
}

static void check_spots(const EdtScatter *s, const EdtSpot *spots, int n)
{
    for (int i = 0; i < n; i++) {
        g_assert_true(spots[i].x >= 0 && spots[i].x < W && spots[i].y >= 0 && spots[i].y < H);
        g_assert_true(spots[i].scale <= 1 && spots[i].scale >= 0.5);
        g_assert_true(fabs(spots[i].angle) <= 30);
        for (int k = 0; k < i; k++)
            g_assert_cmpfloat(apart(&spots[i], &spots[k], s->wrap), >=, s->distance * s->side);
    }
}

static void test_scatter(void)
{
    EdtScatter s = scatter_new();
    EdtSpot spots[N], again[N], other[N];
    g_assert_cmpint(edt_arrange_scatter(&s, spots), ==, N);
    check_spots(&s, spots, N);
    g_assert_cmpint(edt_arrange_scatter(&s, again), ==, N);
    g_assert_cmpmem(again, sizeof again, spots, sizeof spots);
    s.seed = 8;
    edt_arrange_scatter(&s, other);
    g_assert_cmpint(memcmp(other, spots, sizeof spots), !=, 0);
    s.wrap = TRUE;
    check_spots(&s, spots, edt_arrange_scatter(&s, spots));
}

/* More than fit: as many as keep their distance. */
static void test_full(void)
{
    EdtScatter s = scatter_new();
    EdtSpot spots[N];
    s.distance = 5;
    int n = edt_arrange_scatter(&s, spots);
    g_assert_cmpint(n, >, 2);
    g_assert_cmpint(n, <, N);
    check_spots(&s, spots, n);
}

static void test_mask(void)
{
    EdtScatter s = scatter_new();
    EdtSpot spots[N];
    g_autofree guint8 *mask = g_malloc0(W * H);
    s.mask = mask;
    s.distance = 0;
    g_assert_cmpint(edt_arrange_scatter(&s, spots), ==, 0); /* nowhere */
    for (int y = 200; y < 260; y++)
        memset(mask + y * W + 10, 255, 80);
    g_assert_cmpint(edt_arrange_scatter(&s, spots), ==, N);
    for (int i = 0; i < N; i++)
        g_assert_true(spots[i].x >= 10 && spots[i].x < 90 && spots[i].y >= 200 && spots[i].y < 260);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arrange/even", test_even);
    g_test_add_func("/arrange/scatter", test_scatter);
    g_test_add_func("/arrange/full", test_full);
    g_test_add_func("/arrange/mask", test_mask);
    return g_test_run();
}
