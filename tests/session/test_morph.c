/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/morph.c: what frames are computed from.  That the engine makes the pictures of it is
 * tests/gimp's.
 */
#include "session/morph.h"
#include "session/even.h"
#include "session/settings_object.h"

#include <string.h>

static EdtItem item_of(int class_index, guint64 seed)
{
    EdtItem item;
    edt_item_init(&item);
    item.class_index = class_index;
    item.seed = seed;
    return item;
}

static EdtItem between(const EdtItem *from, const EdtItem *to, double share)
{
    EdtItem out;
    GError *error = NULL;
    edt_morph_between(from, to, share, &out, &error);
    g_assert_no_error(error);
    return out;
}

static void test_classes_and_seeds(void)
{
    EdtItem from = item_of(3, 5), to = item_of(7, 9);
    EdtItem out = between(&from, &to, 0.25);
    g_assert_cmpint(out.class_index, ==, 3);
    g_assert_cmpint(out.mix.n, ==, 1);
    g_assert_cmpint(out.mix.of[0].class_index, ==, 7);
    g_assert_cmpfloat(out.mix.of[0].weight, ==, 0.25);
    g_assert_cmpuint(out.seed, ==, 5);
    g_assert_cmpint(out.variation.n, ==, 1);
    g_assert_cmpuint(out.variation.of[0].seed, ==, 9);
    g_assert_cmpfloat(out.variation.of[0].amount, ==, 0.25);
    to.class_index = 3;
    out = between(&from, &to, 0.25);
    g_assert_cmpint(out.mix.n, ==, 0);
    to.class_index = 7;
    to.seed = 5;
    out = between(&from, &to, 0.25);
    g_assert_cmpint(out.variation.n, ==, 0);
    g_assert_cmpint(out.mix.n, ==, 1);
    to.class_index = 3;
    to.style = 1;
    out = between(&from, &to, 0.5); /* a class in another style is another part */
    g_assert_cmpint(out.mix.of[0].style, ==, 1);
}

/* Mixes are blended part by part; a class of both has one part. */
static void test_mixes(void)
{
    EdtItem from = item_of(3, 5), to = item_of(7, 5);
    from.mix = (EdtMix){.n = 1, .of = {{7, EDT_STYLE_ANY, 0.4}}};
    EdtItem out = between(&from, &to, 0.5);
    g_assert_cmpint(out.mix.n, ==, 1);
    g_assert_cmpfloat_with_epsilon(out.mix.of[0].weight, 0.7, 1e-12);
    to.mix = (EdtMix){.n = 2, .of = {{1, EDT_STYLE_ANY, 0.2}, {2, EDT_STYLE_ANY, 0.2}}};
    out = between(&from, &to, 0.5);
    g_assert_cmpint(out.mix.n, ==, 3);
    to.mix = (EdtMix){
        .n = 3, .of = {{1, EDT_STYLE_ANY, 0.2}, {2, EDT_STYLE_ANY, 0.2}, {4, EDT_STYLE_ANY, 0.2}}};
    GError *error = NULL;
    g_assert_false(edt_morph_between(&from, &to, 0.5, &out, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    to = item_of(7, 5);
    from.mix_how = EDT_MIX_SHAPE;
    g_assert_false(edt_morph_between(&from, &to, 0.5, &out, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    to = from;
    to.seed = 6;
    out = between(&from, &to, 0.5); /* the same mix of both: only its noise turns */
    g_assert_true(out.mix_how == EDT_MIX_SHAPE && out.mix.n == 1);
}

static void test_variations(void)
{
    EdtItem from = item_of(3, 5), to = item_of(3, 9), out;
    from.variation = (EdtVariation){.n = 1, .of = {{11, 0.3}}};
    out = between(&from, &to, 0.25);
    g_assert_cmpint(out.variation.n, ==, 2);
    g_assert_cmpuint(out.variation.of[1].seed, ==, 9);
    out = between(&to, &from, 0.25); /* the other way round: from the end that has one */
    g_assert_cmpuint(out.seed, ==, 5);
    g_assert_cmpuint(out.variation.of[1].seed, ==, 9);
    g_assert_cmpfloat(out.variation.of[1].amount, ==, 0.75);
    to.variation = (EdtVariation){.n = 1, .of = {{12, 0.3}}};
    GError *error = NULL;
    g_assert_false(edt_morph_between(&from, &to, 0.5, &out, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
}

/* ---- even steps ---- */

static void test_even_shares(void)
{
    const double shares[] = {0, 0.5, 0.75, 1}, lengths[] = {1, 6, 1}, none[] = {0, 0, 0};
    double out[5];
    edt_even_shares(shares, lengths, 3, out, 5);
    g_assert_cmpfloat(out[0], ==, 0);
    g_assert_cmpfloat_with_epsilon(out[1], 0.5 + 0.25 / 6, 1e-12); /* 2 of 8 on the way */
    g_assert_cmpfloat_with_epsilon(out[2], 0.5 + 0.25 / 2, 1e-12);
    g_assert_cmpfloat_with_epsilon(out[3], 0.5 + 0.25 * 5 / 6, 1e-12);
    g_assert_cmpfloat(out[4], ==, 1);
    edt_even_shares(shares, none, 3, out, 5); /* all alike: evenly in time */
    g_assert_cmpfloat(out[2], ==, 0.5);
}

/* All that changes does so in the first tenth of the way. */
static void measure(EdtEven *even, const EdtOrder *drafts)
{
    int n = drafts->request.n_items;
    g_autofree EdtPicture *each = g_new0(EdtPicture, n);
    g_autofree float *grey = g_new(float, 3 * n);
    for (int i = 0; i < n; i++) {
        const EdtMix *mix = &drafts->items[i].mix;
        gboolean begins = drafts->items[i].class_index == drafts->items[0].class_index;
        double share = !begins ? 1 : mix->n ? mix->of[0].weight : 0;
        for (int c = 0; c < 3; c++)
            grey[3 * i + c] = (float)MIN(10 * share, 1);
        each[i] = (EdtPicture){.width = 1, .height = 1, .channels = 3, .pixels = grey + 3 * i};
    }
    edt_even_measure(even, &(EdtPictures){.pictures = each, .n_pictures = n});
}

/* The frames say what they are then, and the whole is called what it was. */
static void test_even_labels(gconstpointer stamps)
{
    GError *error = NULL;
    g_autoptr(GObject) settings = settings_new(stamps);
    g_object_set(settings, "class", "fox", "to-class", "owl", "seed", 5.0, "frames", 3, NULL);
    g_autoptr(EdtOrder) order = edt_morph_new(settings, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(order->class_labels[1], ==, "fox + owl 50 %");
    g_autoptr(EdtEven) even = edt_even_new(order);
    for (EdtOrder *drafts; (drafts = edt_even_drafts(even, order, &error)); edt_order_free(drafts))
        measure(even, drafts);
    g_assert_no_error(error);
    g_assert_true(edt_even_apply(even, order, &error));
    g_assert_no_error(error);
    g_assert_cmpint(order->request.n_items, ==, 3);
    g_assert_true(order->request.items == order->items);
    g_assert_cmpfloat_with_epsilon(order->items[1].mix.of[0].weight, 0.05, 1e-6);
    g_assert_cmpstr(order->class_labels[0], ==, "fox");
    g_assert_cmpstr(order->class_labels[1], ==, "fox + owl 5 %");
    g_assert_cmpstr(order->class_labels[2], ==, "owl");
    g_assert_cmpstr(order->label, ==, "fox → owl");
}
/* ---- the looks of another class ---- */

static void test_looks(void)
{
    EdtItem from = item_of(3, 5), to = item_of(3, 9);
    to.mix = (EdtMix){.n = 1, .of = {{7, EDT_STYLE_ANY, 1}}};
    to.mix_how = EDT_MIX_SHAPE;
    EdtItem out = between(&from, &to, 0.25);
    g_assert_cmpint(out.class_index, ==, 3);
    g_assert_true(out.mix_how == EDT_MIX_SHAPE && out.mix.n == 1);
    g_assert_cmpint(out.mix.of[0].class_index, ==, 7);
    g_assert_cmpfloat(out.mix.of[0].weight, ==, 0.25);
    g_assert_cmpfloat(out.variation.of[0].amount, ==, 0.25); /* seeds as ever */
}

/* A sampler that draws noise in every step, and where the shape stays. */
static void test_settings(gconstpointer stamps)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GObject) settings = settings_new(stamps);
    g_object_set(settings, "class", "fox", "to-class", "owl", "seed", 5.0, "frames", 4, "mix-how",
                 "shape", NULL);
    g_autoptr(EdtOrder) order = edt_morph_new(settings, 1, &error);
    g_assert_no_error(error);
    const EdtItem *last = &order->items[3];
    g_assert_true(last->class_index == order->items[0].class_index && last->mix.n == 1 &&
                  last->mix.of[0].weight == 1 && last->mix_how == EDT_MIX_SHAPE);
    g_assert_nonnull(strstr(order->label, "owl"));
    g_object_set(settings, "sampler", "ddpm", NULL);
    g_assert_null(edt_morph_new(settings, 1, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "flicker"));
}

/* ---- records ---- */

static EdtRecord record_of(const EdtModelInfo *info, int class_index, guint64 seed)
{
    EdtRecord record = {.item = item_of(class_index, seed), .model_sha256 = info->sha256};
    edt_request_init(&record.request, NULL);
    return record;
}

static void assert_refused(const EdtRecord *from, const EdtRecord *to, int frames, const char *word)
{
    GError *error = NULL;
    g_assert_null(edt_morph_records(from, to, frames, 1, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, word));
    g_error_free(error);
}

static void test_records(gconstpointer stamps)
{
    GError *error = NULL;
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    const guint64 large = (G_GUINT64_CONSTANT(1) << 60) + 1; /* no double holds it */
    EdtRecord from = record_of(info, 3, large), to = record_of(info, 7, 9);
    EdtOrder *order = edt_morph_records(&from, &to, 5, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(order->request.n_items, ==, 5);
    g_assert_true(memcmp(&order->items[0], &from.item, sizeof(EdtItem)) == 0);
    g_assert_true(memcmp(&order->items[4], &to.item, sizeof(EdtItem)) == 0);
    g_assert_cmpfloat(order->items[2].mix.of[0].weight, ==, 0.5);
    g_assert_cmpfloat(order->items[1].mix.of[0].weight, <, 0.25); /* slow at its ends */
    g_assert_nonnull(strstr(order->label, "→"));
    edt_order_free(order);
    assert_refused(&from, &to, 1, "two frames");
    assert_refused(&from, &to, 241, "240 frames");
    assert_refused(&from, &from, 5, "where it begins");
    to.request.steps = 9;
    assert_refused(&from, &to, 5, "steps");
    to.request.steps = from.request.steps;
    to.precision = EDT_PRECISION_BF16;
    assert_refused(&from, &to, 5, "precision");
    edt_model_info_free(info);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = g_path_get_dirname(argv[1]);
    g_setenv("EDT_MODEL_PATH", folder, TRUE);
    g_setenv("LANGUAGE", "en", TRUE);
    g_test_add_func("/session/morph/classes-and-seeds", test_classes_and_seeds);
    g_test_add_func("/session/morph/mixes", test_mixes);
    g_test_add_func("/session/morph/variations", test_variations);
    g_test_add_func("/session/morph/even-shares", test_even_shares);
    g_test_add_data_func("/session/morph/even-labels", argv[1], test_even_labels);
    g_test_add_func("/session/morph/looks", test_looks);
    g_test_add_data_func("/session/morph/settings", argv[1], test_settings);
    g_test_add_data_func("/session/morph/records", argv[1], test_records);
    return g_test_run();
}
