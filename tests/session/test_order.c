/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/order.c: who is pictured when anything will do, and what is made in the background; and
 * session/labels.c: what earlier pictures are called; session/start.c.  With the model that comes
 * along.
 */
#include "catalogue.h"
#include "session/labels.h"
#include "session/order.h"
#include "session/properties.h"
#include "session/scattered.h"
#include "session/start.h"
#include "session/settings_object.h"

#include <string.h>

static const char *stamps;

static EdtOrder *order_of(const char *class, int count, double seed)
{
    GError *error = NULL;
    GObject *settings = settings_new(stamps);
    g_object_set(settings, "class", class, "count", count, "seed", seed, NULL);
    EdtOrder *order = edt_order_new(settings, 1, &error);
    g_assert_no_error(error);
    g_object_unref(settings);
    return order;
}

/* ---- tests ---- */

static int count_classes(const EdtOrder *order)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (int i = 0; i < order->request.n_items; i++)
        g_hash_table_add(seen, GINT_TO_POINTER(order->items[i].class_index));
    return (int)g_hash_table_size(seen);
}

/* Out of 500 classes: 24 equal ones would be a wonder. */
static void test_any(void)
{
    EdtOrder *order = order_of(" ", 24, 5);
    g_assert_cmpint(count_classes(order), >, 12);
    g_assert_cmpstr(order->label, ==, "Several classes");
    for (int i = 0; i < 24; i++) {
        g_assert_cmpuint(order->items[i].seed, ==, 5 + (guint64)i);
        g_assert_nonnull(order->class_names[i]);
        g_assert_cmpstr(order->class_labels[i], ==, order->class_names[i]); /* in English */
    }
    edt_order_free(order);
}

static void test_one(void)
{
    EdtOrder *order = order_of("fox", 3, 5);
    g_assert_cmpint(count_classes(order), ==, 1);
    g_assert_cmpstr(order->label, ==, "fox");
    g_assert_cmpstr(order->class_names[2], ==, "fox");
    g_assert_false(order->background);
    edt_order_free(order);
}

/* Which autoencoder is a setting like others. */
static void test_vae(void)
{
    g_autoptr(GObject) settings = settings_new(stamps);
    g_object_set(settings, "class", "fox", "seed", 5.0, NULL);
    g_autoptr(EdtOrder) full = edt_order_new(settings, 1, NULL);
    g_object_set(settings, "vae", "draft", NULL);
    g_autoptr(EdtOrder) draft = edt_order_new(settings, 1, NULL);
    g_assert_cmpint(full->request.vae, ==, EDT_DECODE_FULL);
    g_assert_cmpint(draft->request.vae, ==, EDT_DECODE_DRAFT);
}

/* Always the same pictures, whatever else is set. */
static void test_sketches(void)
{
    const int classes[] = {7, 3, 499};
    GObject *settings = settings_new(stamps);
    g_object_set(settings, "class", "no class at all", "seed", 99.0, "guidance", 9.0, NULL);
    EdtOrder *order = edt_order_sketches(settings, classes, 3, 1, NULL);
    g_assert_nonnull(order);
    g_assert_true(order->background);
    g_assert_cmpint(order->request.n_items, ==, 3);
    g_assert_cmpfloat(order->request.cfg_scale, ==, 2); /* what stamps recommends */
    g_assert_false(order->request.want_previews);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(order->items[i].class_index, ==, classes[i]);
        g_assert_cmpuint(order->items[i].seed, ==, order->items[0].seed);
    }
    edt_order_free(order);
    g_object_unref(settings);
}

/* What another model's class was to be mixed in is none of their matter, nor what was varied. */
static void test_sketches_plain(void)
{
    const int classes[] = {7};
    g_autoptr(GError) error = NULL;
    g_autoptr(GObject) settings = settings_new(stamps);
    g_object_set(settings, "mix-class", "no class at all", "mix", 0.5, "vary", 0.3, "vary-seed",
                 7.5, NULL);
    g_autoptr(EdtOrder) order = edt_order_sketches(settings, classes, 1, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(order->items[0].class_index, ==, 7);
    g_assert_cmpint(order->items[0].mix.n, ==, 0);
    g_assert_cmpint(order->items[0].variation.n, ==, 0);
}

/* Bytes of any size reach every item as numbers of the model's. */
static void test_start(void)
{
    GError *error = NULL;
    EdtOrder *order = order_of("fox", 2, 5);
    guint8 *source = g_malloc(4 * 12), *mask = g_malloc(4 * 12);
    memset(source, 255, 4 * 12);
    memset(mask, 255, 4 * 12);
    EdtStart start = {6, 2, source, mask, 0.7, EDT_FILL_MISSING, TRUE};
    g_assert_true(edt_start_lay(&start, order, &error));
    for (int i = 0; i < 2; i++) {
        const EdtItem *item = &order->items[i];
        g_assert_true(item->source == order->source && item->mask == order->mask);
        g_assert_cmpfloat(item->source[32 * 64 + 32], ==, 1); /* white, in the middle */
        g_assert_cmpfloat(item->source[0], ==, -1);           /* nothing, above it */
        g_assert_cmpfloat(item->mask[32 * 64 + 32], ==, 1);
        g_assert_cmpfloat(item->mask[0], ==, 0);
        g_assert_cmpfloat(item->freedom, ==, 0.7);
        g_assert_true(item->fill == EDT_FILL_MISSING && item->careful);
    }
    start.freedom = 1.5;
    g_assert_false(edt_start_lay(&start, order, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_error_free(error);
    g_free(source);
    g_free(mask);
    edt_order_free(order);
}

/* Exactly those, in the order in which they are given. */
static void test_seeds(void)
{
    const double seeds[] = {8, 9007199254740991.0, 5}, half[] = {5, 7.5};
    double many[65] = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(EdtOrder) order = order_of("fox", 1, 1);
    g_assert_true(edt_order_take_seeds(order, seeds, 3, &error));
    g_assert_no_error(error);
    g_assert_cmpint(order->request.n_items, ==, 3);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpuint(order->items[i].seed, ==, (guint64)seeds[i]);
        g_assert_cmpstr(order->class_labels[i], ==, "fox");
    }
    g_assert_false(edt_order_take_seeds(order, half, 2, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_false(edt_order_take_seeds(order, many, 65, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_cmpint(order->request.n_items, ==, 3); /* as it was */
}

/* What a scatter remembers makes the same one, and what is damaged makes none. */
static void test_scattered(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_path_get_dirname(stamps);
    g_setenv("EDT_MODEL_PATH", folder, TRUE);
    g_autoptr(EdtOrder) order = order_of("", 4, 5);
    const EdtScatter scatter = {.width = 30,
                                .height = 20,
                                .whole = TRUE,
                                .spots = 9,
                                .pictures = 4,
                                .side = 12.5,
                                .differ = 0.3,
                                .turn = 20,
                                .distance = 0.9,
                                .seed = 5};
    EdtScatter back;
    order->items[3].class_index = order->items[0].class_index > 0 ? 0 : 1;
    g_autofree char *text = edt_scattered_write(&scatter, order);
    g_autoptr(EdtOrder) foxes = order_of("fox", 4, 5);
    g_autofree char *of_foxes = edt_scattered_write(&scatter, foxes);
    g_assert_true(edt_scattered_is_mixed(text) && !edt_scattered_is_mixed(of_foxes));
    g_assert_false(edt_scattered_is_mixed("no key file"));
    EdtRecord record = {
        .item = order->items[0], .request = order->request, .model_sha256 = order->model_sha256};
    g_autoptr(EdtOrder) again = edt_scattered_again(&record, text, 5, 0, 1, &back, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(&back, sizeof back, &scatter, sizeof scatter);
    g_assert_cmpint(again->request.n_items, ==, 4);
    for (int i = 0; i < 4; i++) {
        g_assert_cmpint(again->items[i].class_index, ==, order->items[i].class_index);
        g_assert_cmpuint(again->items[i].seed, ==, order->items[i].seed);
    }
    g_autoptr(EdtOrder) next =
        edt_scattered_again(&record, text, EDT_SEED_NEXT, 3, 1, &back, &error);
    g_assert_true(back.seed == 6 && next->items[3].seed == 9 && next->request.steps == 3);
    static const char *const wrong[][2] = {
        {"side=12.5", "side=0"}, {"spots=9", "spots=99999"}, {"pictures=4", "pictures=5"},
        {"turn=20", "turn=nan"}, {"[scatter]", "[other]"},   {"classes=", "classes=-7;"}};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GString) damaged = g_string_new(text);
        g_assert_cmpuint(g_string_replace(damaged, wrong[i][0], wrong[i][1], 1), ==, 1);
        g_assert_null(edt_scattered_again(&record, damaged->str, 5, 0, 1, &back, &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        g_clear_error(&error);
    }
}

static void assert_label(const EdtRecord *record, const char *expected)
{
    g_autofree char *label = edt_label_of(record);
    g_assert_cmpstr(label, ==, expected);
}

/* The user's language where the model is there, else the name in the record. */
static void test_labels(void)
{
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    g_autofree char *folder = g_path_get_dirname(stamps);
    char unknown[65];
    memset(unknown, '0', 64);
    unknown[64] = '\0';
    g_setenv("EDT_MODEL_PATH", folder, TRUE);
    g_setenv("LANGUAGE", "de", TRUE);
    edt_labels_forget();
    EdtRecord record = {
        .item = {.class_index = 10}, .class_name = "fox", .model_sha256 = info->sha256};
    assert_label(&record, "Fuchs");
    record.model_sha256 = unknown;
    assert_label(&record, "fox");
    record.model_sha256 = NULL;
    assert_label(&record, "fox");
    edt_labels_forget();
    edt_model_info_free(info);
}

/* ---- into settings ---- */

static char *restored(const EdtModelInfo *info, const char *json, const char *property)
{
    g_autoptr(EdtRecord) record = edt_record_read(json, NULL);
    g_autoptr(GObject) settings = settings_new(stamps);
    char *text = NULL;
    g_assert_nonnull(record);
    edt_properties_restore(settings, info, record);
    g_object_get(settings, property, &text, NULL);
    return text;
}

static void expect_class(const EdtModelInfo *info, const char *json, const char *class)
{
    g_autofree char *text = restored(info, json, "class");
    g_assert_cmpstr(text, ==, class);
}

/* Of another model, or of nobody knows which: by name, as its numbers mean other things. */
static void test_restore_by_name(void)
{
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    g_autofree char *third = edt_class_name(info, 3);
    g_autofree char *same =
        g_strdup_printf("{\"class\":3,\"seed\":1,\"class_name\":\"%s\"}", third);
    g_autofree char *own = g_strdup_printf(
        "{\"class\":3,\"seed\":1,\"class_name\":\"fox\",\"model_sha256\":\"%s\"}", info->sha256);
    expect_class(info, same, third);
    expect_class(info, own, third); /* its own model: the number says it */
    expect_class(info, "{\"class\":3,\"seed\":1,\"class_name\":\"fox\"}", "fox");
    expect_class(info, "{\"class\":990,\"seed\":1,\"class_name\":\"fox\",\"model_sha256\":\"x\"}",
                 "fox");
    expect_class(info, "{\"class\":3,\"seed\":1,\"class_name\":\"wolpertinger\"}", "");
    expect_class(info, "{\"class\":3,\"seed\":1}", third);
    g_autofree char *mixed = restored(info,
                                      "{\"class\":3,\"seed\":1,\"class_name\":\"fox\","
                                      "\"mix\":[[5,0.5]]}",
                                      "mix-class");
    g_assert_cmpstr(mixed, ==, ""); /* who knows what its 5 was */
    edt_model_info_free(info);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stamps = argv[1];
    g_setenv("LANGUAGE", "en", TRUE);
    g_test_add_func("/session/order/any", test_any);
    g_test_add_func("/session/order/one", test_one);
    g_test_add_func("/session/order/vae", test_vae);
    g_test_add_func("/session/order/sketches", test_sketches);
    g_test_add_func("/session/order/sketches-plain", test_sketches_plain);
    g_test_add_func("/session/order/start", test_start);
    g_test_add_func("/session/order/seeds", test_seeds);
    g_test_add_func("/session/order/scattered", test_scattered);
    g_test_add_func("/session/order/labels", test_labels);
    g_test_add_func("/order/restore-by-name", test_restore_by_name);
    return g_test_run();
}
