/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small safetensors reader and the comparison that all golden tests use; see golden.h.
 */
#include "golden/golden.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

struct Golden {
    GMappedFile *map;
    GHashTable *views;     /* name -> EdtTensorView */
    JsonParser *summaries; /* NAME.json, read when first asked for */
    char *name;
};

char *golden_path(const char *file)
{
    const char *told = g_getenv("EDT_GOLDEN_DATA");
    return g_build_filename(told ? told : GOLDEN_DATA, file, NULL);
}

/* ---- reading ---- */

static JsonParser *parse(const char *text, gssize length, const char *what)
{
    GError *error = NULL;
    JsonParser *parser = json_parser_new();
    if (!json_parser_load_from_data(parser, text, length, &error))
        g_error("%s: %s", what, error->message);
    return parser;
}

static EdtType type_named(const char *name)
{
    static const char *const names[] = {
        [EDT_F32] = "F32", [EDT_BF16] = "BF16", [EDT_F16] = "F16",
        [EDT_F64] = "F64", [EDT_I64] = "I64",
    };
    for (guint type = 0; type < G_N_ELEMENTS(names); type++)
        if (g_strcmp0(names[type], name) == 0)
            return (EdtType)type;
    g_error("unexpected element type %s", name);
}

static EdtTensorView *view_new(JsonObject *entry, const char *data)
{
    EdtTensorView *view = g_new0(EdtTensorView, 1);
    JsonArray *shape = json_object_get_array_member(entry, "shape");
    JsonArray *offsets = json_object_get_array_member(entry, "data_offsets");

    view->type = type_named(json_object_get_string_member(entry, "dtype"));
    view->rank = (int)json_array_get_length(shape);
    for (int i = 0; i < view->rank; i++)
        view->shape[i] = json_array_get_int_element(shape, (guint)i);
    view->data = data + json_array_get_int_element(offsets, 0);
    return view;
}

Golden *golden_open(const char *name)
{
    GError *error = NULL;
    Golden *golden = g_new0(Golden, 1);
    g_autofree char *file = g_strconcat(name, ".safetensors", NULL);
    g_autofree char *path = golden_path(file);
    guint64 header_size;

    golden->map = g_mapped_file_new(path, FALSE, &error);
    if (golden->map == NULL)
        g_error("%s", error->message);
    const char *bytes = g_mapped_file_get_contents(golden->map);
    memcpy(&header_size, bytes, sizeof header_size);
    g_autoptr(JsonParser) header = parse(bytes + 8, (gssize)header_size, path);
    JsonObject *entries = json_node_get_object(json_parser_get_root(header));
    GList *names = json_object_get_members(entries);

    golden->name = g_strdup(name);
    golden->views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (GList *l = names; l != NULL; l = l->next)
        if (strcmp(l->data, "__metadata__") != 0)
            g_hash_table_insert(
                golden->views, g_strdup(l->data),
                view_new(json_object_get_object_member(entries, l->data), bytes + 8 + header_size));
    g_list_free(names);
    return golden;
}

void golden_close(Golden *golden)
{
    g_clear_object(&golden->summaries);
    g_hash_table_unref(golden->views);
    g_mapped_file_unref(golden->map);
    g_free(golden->name);
    g_free(golden);
}

gboolean golden_has(Golden *golden, const char *name)
{
    return g_hash_table_contains(golden->views, name);
}

const EdtTensorView *golden_get(Golden *golden, const char *name)
{
    const EdtTensorView *view = g_hash_table_lookup(golden->views, name);
    if (view == NULL)
        g_error("%s has no tensor %s", golden->name, name);
    return view;
}

gsize golden_count(const EdtTensorView *view)
{
    gsize count = 1;
    for (int i = 0; i < view->rank; i++)
        count *= (gsize)view->shape[i];
    return count;
}

static const void *typed(Golden *golden, const char *name, EdtType type, gsize count)
{
    const EdtTensorView *view = golden_get(golden, name);
    if (view->type != type || golden_count(view) != count)
        g_error("%s: %s has another type or %" G_GSIZE_FORMAT " elements, not %" G_GSIZE_FORMAT,
                golden->name, name, golden_count(view), count);
    return view->data;
}

const float *golden_f32(Golden *golden, const char *name, gsize count)
{
    return typed(golden, name, EDT_F32, count);
}

const double *golden_f64(Golden *golden, const char *name, gsize count)
{
    return typed(golden, name, EDT_F64, count);
}

const gint64 *golden_i64(Golden *golden, const char *name, gsize count)
{
    return typed(golden, name, EDT_I64, count);
}

/* ---- comparing ---- */

double golden_distance(const float *value, const float *reference, gsize count)
{
    double difference = 0.0, size = 0.0;
    for (gsize i = 0; i < count; i++) {
        double d = (double)value[i] - (double)reference[i];
        difference += d * d;
        size += (double)reference[i] * (double)reference[i];
    }
    if (difference == 0.0)
        return 0.0; /* also where the reference is all zero */
    return isfinite(difference) ? sqrt(difference / size) : INFINITY;
}

void golden_check(const char *what, const float *value, const float *reference, gsize count,
                  double gate)
{
    double distance = golden_distance(value, reference, count);
    g_test_message("%s: relative L2 %.3g (gate %.1g)", what, distance, gate);
    g_assert_cmpfloat(distance, <=, gate);
}

void golden_check_tensor(Golden *golden, const char *name, const float *value, gsize count,
                         double gate)
{
    golden_check(name, value, golden_f32(golden, name, count), count, gate);
}

/* ---- summaries ---- */

static JsonObject *summary_of(Golden *golden, const char *name)
{
    if (golden->summaries == NULL) {
        g_autofree char *file = g_strconcat(golden->name, ".json", NULL);
        g_autofree char *path = golden_path(file), *text = NULL;
        GError *error = NULL;
        if (!g_file_get_contents(path, &text, NULL, &error))
            g_error("%s", error->message);
        golden->summaries = parse(text, -1, path);
    }
    JsonObject *root = json_node_get_object(json_parser_get_root(golden->summaries));
    JsonObject *tensors = json_object_get_object_member(root, "tensors");
    if (!json_object_has_member(tensors, name))
        g_error("%s.json has no tensor %s", golden->name, name);
    return json_object_get_object_member(tensors, name);
}

static void check_count(JsonObject *summary, gsize count)
{
    JsonArray *shape = json_object_get_array_member(summary, "shape");
    gint64 described = 1;
    for (guint i = 0; i < json_array_get_length(shape); i++)
        described *= json_array_get_int_element(shape, i);
    g_assert_cmpint(described, ==, (gint64)count);
}

void golden_check_summary(Golden *golden, const char *name, const float *value, gsize count,
                          double gate)
{
    JsonObject *summary = summary_of(golden, name);
    JsonArray *first = json_object_get_array_member(summary, "first8");
    double mean = 0.0, square = 0.0, std = json_object_get_double_member(summary, "std");
    float reference[8];
    guint n = MIN(json_array_get_length(first), 8u);

    check_count(summary, count);
    for (guint i = 0; i < n; i++)
        reference[i] = (float)json_array_get_double_element(first, i);
    golden_check(name, value, reference, n, gate);
    for (gsize i = 0; i < count; i++)
        mean += value[i];
    mean /= (double)count;
    for (gsize i = 0; i < count; i++)
        square += (value[i] - mean) * (value[i] - mean);
    double mean_off = fabs(mean - json_object_get_double_member(summary, "mean")) / std;
    double std_off = fabs(sqrt(square / (double)count) / std - 1.0);
    g_test_message("%s: mean off by %.3g, deviation by %.3g of the deviation", name, mean_off,
                   std_off);
    g_assert_cmpfloat(mean_off, <=, gate);
    g_assert_cmpfloat(std_off, <=, gate);
}
