/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/arrange.c: where several pictures lie.  No two of a row or a grid overlap, none leaves
 * the frame that it is scaled to, and the whole lies in its middle.
 */
#include "session/arrange.h"

#define MOST 64

static EdtArea there[MOST];

static void expect(int i, int x, int y, int width, int height)
{
    g_assert_cmpint(there[i].x, ==, x);
    g_assert_cmpint(there[i].y, ==, y);
    g_assert_cmpint(there[i].width, ==, width);
    g_assert_cmpint(there[i].height, ==, height);
}

static void test_stack(void)
{
    const EdtArea frame = {100, 20, 60, 40};
    edt_arrange(EDT_ARRANGE_STACK, &frame, FALSE, 128, 128, there, 3);
    for (int i = 0; i < 3; i++)
        expect(i, 66, -24, 128, 128);
    edt_arrange(EDT_ARRANGE_STACK, &frame, TRUE, 128, 128, there, 3);
    for (int i = 0; i < 3; i++)
        expect(i, 110, 20, 40, 40);
}

static void test_row(void)
{
    const EdtArea frame = {10, 10, 400, 100}, narrow = {0, 0, 100, 100};
    edt_arrange(EDT_ARRANGE_ROW, &frame, FALSE, 64, 64, there, 3);
    for (int i = 0; i < 3; i++)
        expect(i, 10 + 104 + 64 * i, 28, 64, 64);
    edt_arrange(EDT_ARRANGE_ROW, &frame, TRUE, 64, 64, there, 3);
    for (int i = 0; i < 3; i++)
        expect(i, 10 + 50 + 100 * i, 10, 100, 100);
    edt_arrange(EDT_ARRANGE_ROW, &narrow, TRUE, 64, 64, there, 3);
    for (int i = 0; i < 3; i++)
        expect(i, 33 * i, 33, 33, 33);
}

static void test_grid(void)
{
    const EdtArea square = {0, 0, 300, 300}, wide = {0, 0, 800, 100}, none = {0};
    edt_arrange(EDT_ARRANGE_GRID, &square, TRUE, 64, 64, there, 9);
    for (int i = 0; i < 9; i++)
        expect(i, i % 3 * 100, i / 3 * 100, 100, 100);
    edt_arrange(EDT_ARRANGE_GRID, &square, FALSE, 64, 64, there, 4);
    expect(0, 86, 86, 64, 64);
    expect(3, 150, 150, 64, 64);
    edt_arrange(EDT_ARRANGE_GRID, &wide, TRUE, 64, 64, there, 8);
    expect(7, 700, 0, 100, 100); /* which is a row there */
    edt_arrange(EDT_ARRANGE_GRID, &none, FALSE, 10, 10, there, 5);
    EdtArea all = edt_arrange_bounds(there, 5);
    g_assert_cmpint(all.width, ==, 30);
    g_assert_cmpint(all.height, ==, 20);
    expect(4, all.x + 10, all.y + 10, 10, 10);
}

static gboolean overlap(const EdtArea *a, const EdtArea *b)
{
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
           b->y < a->y + a->height;
}

static void check_apart(int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            g_assert_false(overlap(&there[i], &there[k]));
}

static void check_inside(const EdtArea *frame, int n)
{
    EdtArea all = edt_arrange_bounds(there, n);
    g_assert_cmpint(all.x, >=, frame->x);
    g_assert_cmpint(all.y, >=, frame->y);
    g_assert_cmpint(all.x + all.width, <=, frame->x + frame->width);
    g_assert_cmpint(all.y + all.height, <=, frame->y + frame->height);
}

static void test_any(void)
{
    for (int round = 0; round < 2000; round++) {
        EdtArea frame = {g_test_rand_int_range(-50, 50), g_test_rand_int_range(-50, 50),
                         g_test_rand_int_range(MOST, 999), g_test_rand_int_range(MOST, 999)};
        int n = g_test_rand_int_range(1, MOST + 1), side = g_test_rand_int_range(1, 300);
        EdtArrange how = round % 2 ? EDT_ARRANGE_ROW : EDT_ARRANGE_GRID;
        edt_arrange(how, &frame, TRUE, side, side, there, n);
        check_apart(n);
        check_inside(&frame, n);
        edt_arrange(how, &frame, FALSE, side, side, there, n);
        check_apart(n);
    }
}

/* An image that is made for them holds them as they lay without one. */
static void test_new_image(void)
{
    for (int n = 1; n <= MOST; n++) {
        const EdtArea none = {0};
        EdtArea before[MOST];
        edt_arrange(EDT_ARRANGE_GRID, &none, FALSE, 64, 64, before, n);
        EdtArea all = edt_arrange_bounds(before, n), image = {0, 0, all.width, all.height};
        edt_arrange(EDT_ARRANGE_GRID, &image, FALSE, 64, 64, there, n);
        for (int i = 0; i < n; i++)
            expect(i, before[i].x - all.x, before[i].y - all.y, 64, 64);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/arrange/stack", test_stack);
    g_test_add_func("/session/arrange/row", test_row);
    g_test_add_func("/session/arrange/grid", test_grid);
    g_test_add_func("/session/arrange/any", test_any);
    g_test_add_func("/session/arrange/new-image", test_new_image);
    return g_test_run();
}
