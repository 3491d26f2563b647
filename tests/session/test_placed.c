/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/placed.c: how a picture was put, as a text and back; and the setting that puts the next
 * one where the layer is.
 */
#include "session/placed.h"

static void test_round_trip(void)
{
    const EdtPlaced all[] = {
        {EDT_FIT_NATIVE, 1}, {EDT_FIT_SELECTION, 2.5}, {EDT_FIT_IMAGE, 1.0 / 3}};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        EdtPlaced placed = {0};
        g_autofree char *text = edt_placed_write(&all[i]);
        g_assert_true(edt_placed_read(text, &placed));
        g_assert_cmpint(placed.fit, ==, all[i].fit);
        g_assert_cmpfloat(placed.factor, ==, all[i].factor);
    }
    g_autofree char *text = edt_placed_write(&all[1]);
    g_assert_cmpstr(text, ==, "selection 2.5");
}

static void test_refused(void)
{
    const char *const all[] = {
        NULL,         "",           "native",      "native x",     "native 0",      "native -1",
        "native nan", "native 1 1", "elsewhere 1", "selection  2", "selection inf", " native 1"};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        EdtPlaced placed = {EDT_FIT_IMAGE, 7};
        g_assert_false(edt_placed_read(all[i], &placed));
        g_assert_cmpint(placed.fit, ==, EDT_FIT_IMAGE);
        g_assert_cmpfloat(placed.factor, ==, 7);
    }
}

/* As it was put, as long as it has that size; else as large as the layer is. */
static void test_fit(void)
{
    g_assert_cmpint(edt_placed_fit("native 1", 128, 128), ==, EDT_FIT_NATIVE);
    g_assert_cmpint(edt_placed_fit("image 1.25", 128, 160), ==, EDT_FIT_IMAGE);
    g_assert_cmpint(edt_placed_fit("image 0.333", 64, 21), ==, EDT_FIT_IMAGE);
    g_assert_cmpint(edt_placed_fit("native 1", 128, 200), ==, EDT_FIT_SELECTION);
    g_assert_cmpint(edt_placed_fit("image 1.25", 128, 128), ==, EDT_FIT_SELECTION);
    g_assert_cmpint(edt_placed_fit(NULL, 128, 128), ==, EDT_FIT_NATIVE);
    g_assert_cmpint(edt_placed_fit(NULL, 128, 64), ==, EDT_FIT_SELECTION);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/placed/round-trip", test_round_trip);
    g_test_add_func("/placed/refused", test_refused);
    g_test_add_func("/placed/fit", test_fit);
    return g_test_run();
}
