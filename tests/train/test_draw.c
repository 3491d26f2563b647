/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which picture is learnt from next: every one once an epoch, or classes and styles first.
 */
#include "train/draw.h"

#include <string.h>

/* Class 0 has three pictures in style 0 and one in style 1, class 2 one that tells no style. */
static const EdtSampleLabels labels[] = {{0, 1}, {2, -1}, {0, 0}, {0, 0}, {0, 0}};
enum { COUNT = G_N_ELEMENTS(labels), DRAWS = 20000 };

static EdtSampleLabels labels_of(const EdtDataset *dataset, int index)
{
    g_assert_cmpint(index, <, dataset->count);
    return labels[index];
}

static EdtDataset dataset_with(double *shares)
{
    return (EdtDataset){.count = COUNT,
                        .n_classes = 3,
                        .n_styles = 2,
                        .style_shares = shares,
                        .labels_of = labels_of};
}

static void count_draws(double *shares, double *seen)
{
    EdtDataset dataset = dataset_with(shares);
    EdtPictureDraw *draw = edt_picture_draw_new(&dataset, TRUE, 5);

    memset(seen, 0, COUNT * sizeof *seen);
    for (int i = 0; i < DRAWS; i++)
        seen[edt_picture_draw_at(draw, i)] += 1.0 / DRAWS;
    edt_picture_draw_free(draw);
}

/* 0.015: more than four deviations of a share of a half. */
static void test_by_class(void)
{
    double shares[] = {3, 1}, first_only[] = {1, 0}, none[] = {0, 0}, seen[COUNT];

    count_draws(shares, seen);
    g_assert_cmpfloat_with_epsilon(seen[1], 0.5, 0.015);
    g_assert_cmpfloat_with_epsilon(seen[0], 0.5 / 4, 0.015);
    for (int i = 2; i < COUNT; i++)
        g_assert_cmpfloat_with_epsilon(seen[i], 0.5 * 3 / 4 / 3, 0.015);
    count_draws(NULL, seen);
    g_assert_cmpfloat_with_epsilon(seen[0], 0.25, 0.015);
    g_assert_cmpfloat_with_epsilon(seen[2], 0.25 / 3, 0.015);
    count_draws(first_only, seen);
    g_assert_cmpfloat(seen[0], ==, 0);
    g_assert_cmpfloat_with_epsilon(seen[2], 0.5 / 3, 0.015);
    count_draws(none, seen);
    g_assert_cmpfloat_with_epsilon(seen[1], 0.5, 0.015);
}

/* Whoever resumes in the middle draws what would have been drawn. */
static void test_position(void)
{
    EdtDataset dataset = dataset_with(NULL);

    for (int by_class = 0; by_class < 2; by_class++) {
        EdtPictureDraw *all = edt_picture_draw_new(&dataset, by_class, 7);
        EdtPictureDraw *rest = edt_picture_draw_new(&dataset, by_class, 7);
        int drawn[4 * COUNT];
        for (int i = 0; i < 4 * COUNT; i++)
            drawn[i] = edt_picture_draw_at(all, i);
        for (int i = 2 * COUNT - 2; i < 4 * COUNT; i++)
            g_assert_cmpint(edt_picture_draw_at(rest, i), ==, drawn[i]);
        edt_picture_draw_free(all);
        edt_picture_draw_free(rest);
    }
}

static void test_epochs(void)
{
    EdtDataset dataset = dataset_with(NULL);
    EdtPictureDraw *draw = edt_picture_draw_new(&dataset, FALSE, 7);

    for (int epoch = 0; epoch < 10; epoch++) {
        int seen = 0;
        for (int i = 0; i < COUNT; i++)
            seen |= 1 << edt_picture_draw_at(draw, epoch * COUNT + i);
        g_assert_cmpint(seen, ==, (1 << COUNT) - 1);
    }
    edt_picture_draw_free(draw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/draw/by-class", test_by_class);
    g_test_add_func("/draw/position", test_position);
    g_test_add_func("/draw/epochs", test_epochs);
    return g_test_run();
}
