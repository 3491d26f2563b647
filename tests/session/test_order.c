/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/order.c: who is pictured when anything will do, and what is made in the background; and
 * session/labels.c: what earlier pictures are called; session/start.c.  With the model that comes
 * along.
 */
#include "session/labels.h"
#include "session/order.h"
#include "session/start.h"

#include <string.h>

static const char *stamps;

/* ---- settings: an object with the properties of plug-in-edt-generate ---- */

static const char *const texts[] = {"class", "style", "model", "backend", "precision", "amm"};
enum { SEED = G_N_ELEMENTS(texts) + 1, GUIDANCE, COUNT, N_PROPERTIES };

typedef struct {
    GObject parent_instance;
    GValue values[N_PROPERTIES];
} Dummy;

typedef struct {
    GObjectClass parent_class;
} DummyClass;

GType dummy_get_type(void);
G_DEFINE_TYPE(Dummy, dummy, G_TYPE_OBJECT)

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    g_value_copy(value, &((Dummy *)object)->values[id]);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    g_value_copy(&((Dummy *)object)->values[id], value);
}

static void finalize(GObject *object)
{
    for (int i = 1; i < N_PROPERTIES; i++)
        g_value_unset(&((Dummy *)object)->values[i]);
    G_OBJECT_CLASS(dummy_parent_class)->finalize(object);
}

static void dummy_class_init(DummyClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_object_class_install_property(
            object, i + 1, g_param_spec_string(texts[i], "", "", "", G_PARAM_READWRITE));
    g_object_class_install_property(
        object, SEED, g_param_spec_double("seed", "", "", -1, 1e15, -1, G_PARAM_READWRITE));
    g_object_class_install_property(
        object, GUIDANCE, g_param_spec_double("guidance", "", "", -1, 100, -1, G_PARAM_READWRITE));
    g_object_class_install_property(object, COUNT,
                                    g_param_spec_int("count", "", "", 1, 64, 1, G_PARAM_READWRITE));
}

static void dummy_init(Dummy *self)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_value_init(&self->values[i + 1], G_TYPE_STRING);
    g_value_init(&self->values[SEED], G_TYPE_DOUBLE);
    g_value_init(&self->values[GUIDANCE], G_TYPE_DOUBLE);
    g_value_init(&self->values[COUNT], G_TYPE_INT);
    g_object_set(self, "model", stamps, "backend", "auto", "precision", "auto", "amm", "auto",
                 "seed", -1.0, "guidance", -1.0, "count", 1, NULL);
}

static EdtOrder *order_of(const char *class, int count, double seed)
{
    GError *error = NULL;
    GObject *settings = g_object_new(dummy_get_type(), NULL);
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

/* Always the same pictures, whatever else is set. */
static void test_sketches(void)
{
    const int classes[] = {7, 3, 499};
    GObject *settings = g_object_new(dummy_get_type(), NULL);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stamps = argv[1];
    g_setenv("LANGUAGE", "en", TRUE);
    g_test_add_func("/session/order/any", test_any);
    g_test_add_func("/session/order/one", test_one);
    g_test_add_func("/session/order/sketches", test_sketches);
    g_test_add_func("/session/order/start", test_start);
    g_test_add_func("/session/order/labels", test_labels);
    return g_test_run();
}
