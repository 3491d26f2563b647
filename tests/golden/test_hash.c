/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ground that the golden tests stand on: the hash against its test vectors, the tensors of a
 * variant against the reference's lists, the position tables, and that the comparison can fail.
 */
#include "golden/golden.h"
#include "golden/hash_weights.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

static JsonParser *vectors(void)
{
    g_autofree char *path = golden_path("hash_test_vectors.json");
    JsonParser *parser = json_parser_new();
    g_assert_true(json_parser_load_from_file(parser, path, NULL));
    return parser;
}

static void test_hash_vectors(void)
{
    g_autoptr(JsonParser) parser = vectors();
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    GList *names = json_object_get_members(root);
    int checked = 0;

    for (GList *l = names; l != NULL; l = l->next) {
        float values[4];
        JsonNode *node = json_object_get_member(root, l->data);
        if (!JSON_NODE_HOLDS_OBJECT(node))
            continue;
        JsonArray *u = json_object_get_array_member(json_node_get_object(node), "u");
        hash_fill(l->data, 0.0, 1.0, 4, values);
        for (guint i = 0; i < 4; i++, checked++)
            g_assert_cmpfloat(values[i], ==, json_array_get_double_element(u, i));
    }
    g_assert_cmpint(checked, ==, 5 * 4);
    g_list_free(names);
}

static void test_hash_input(void)
{
    g_autoptr(JsonParser) parser = vectors();
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *first = json_object_get_array_member(root, "value input.x * sqrt(3) f32 first4");
    Golden *golden = golden_open("a_edt_s2_256");
    gsize count = golden_count(golden_get(golden, "input.x"));
    g_autofree float *values = g_new(float, count);

    hash_input("input.x", count, values);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpfloat(values[i], ==, (float)json_array_get_double_element(first, i));
    g_assert_cmpmem(values, count * 4, golden_f32(golden, "input.x", count), count * 4);
    golden_close(golden);
}

static void collect(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    GString *line = g_string_new(name);
    for (int i = 0; i < rank; i++)
        g_string_append_printf(line, " %" G_GINT64_FORMAT, shape[i]);
    g_ptr_array_add(user_data, g_string_free(line, FALSE));
}

/* Names, shapes and order of edt_variant_tensors() are those of the reference. */
static void test_variant_names(gconstpointer data)
{
    const char *const *row = data;
    g_autoptr(GPtrArray) ours = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) theirs = g_ptr_array_new_with_free_func(g_free);
    EdtVariant variant;

    g_assert_true(edt_variant_named(row[0], 256, &variant));
    edt_variant_tensors(&variant, collect, ours);
    hash_names_each(row[1], collect, theirs);
    g_assert_cmpuint(ours->len, ==, theirs->len);
    for (guint i = 0; i < ours->len; i++)
        g_assert_cmpstr(g_ptr_array_index(ours, i), ==, g_ptr_array_index(theirs, i));
}

static void test_vae_names(void)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    EdtTensorSource *source = hash_weights_vae();

    hash_weights_each(source, collect, names);
    g_assert_cmpuint(names->len, ==, 248);
    g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "encoder.conv_in.weight 128 3 3 3");
    hash_weights_free(source);
}

static void test_position_tables(void)
{
    static const char *const tables[] = {"pos_embed", "down_blocks.0.pos_embed",
                                         "down_blocks.1.pos_embed", "concat_blocks.0.pos_embed",
                                         "concat_blocks.1.pos_embed"};
    Golden *golden = golden_open("a_edt_s2_256");
    EdtVariant variant;

    g_assert_true(edt_variant_named("EDT-S/2", 256, &variant));
    EdtTensorSource *source = hash_weights_edt(&variant, HASH_ADALN_GAIN);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        EdtTensorView view;
        g_assert_true(source->find(source, tables[i], &view));
        golden_check_summary(golden, tables[i], view.data, golden_count(&view), 1e-7);
        source->done(source, tables[i]);
    }
    hash_weights_free(source);
    golden_close(golden);
}

static double spread(EdtTensorSource *source, const char *name, double *mean)
{
    EdtTensorView view;
    g_assert_true(source->find(source, name, &view));
    gsize count = golden_count(&view);
    const float *values = view.data;
    double sum = 0.0, most = 0.0;
    for (gsize i = 0; i < count; i++)
        sum += values[i];
    *mean = sum / (double)count;
    for (gsize i = 0; i < count; i++)
        most = fmax(most, fabs(values[i] - round(*mean)));
    source->done(source, name);
    return most;
}

/* Every row of the table of scales, by its largest value. */
static void test_scales(void)
{
    EdtVariant variant;
    double mean;

    g_assert_true(edt_variant_named("EDT-S/2", 256, &variant));
    EdtTensorSource *edt = hash_weights_edt(&variant, HASH_ADALN_GAIN_STRONG);
    EdtTensorSource *vae = hash_weights_vae();
    const struct {
        EdtTensorSource *source;
        const char *name;
        double scale, mean;
    } rows[] = {
        {edt, "blocks.3.attn.rel_pos_bias.relative_position_bias_table", 0.5, 0},
        {edt, "y_embedder.embedding_table.weight", 0.5, 0},
        {edt, "blocks.0.attn.qkv.bias", 0.05, 0},
        {edt, "blocks.0.adaLN_modulation.1.bias", 0.05, 0},
        {edt, "blocks.0.adaLN_modulation.1.weight", 3.0 * sqrt(3.0 / 312), 0},
        {edt, "x_embedder.proj.weight", sqrt(3.0 / 16), 0},
        {edt, "blocks.0.attn.qkv.weight", sqrt(3.0 / 312), 0},
        {vae, "decoder.conv_norm_out.weight", 0.1, 1},
        {vae, "decoder.conv_in.bias", 0.05, 0},
        {vae, "decoder.conv_in.weight", sqrt(3.0 / 36), 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        double most = spread(rows[i].source, rows[i].name, &mean);
        g_assert_cmpfloat(most, <=, rows[i].scale * 1.000001);
        g_assert_cmpfloat(most, >, 0.93 * rows[i].scale);
        g_assert_cmpfloat_with_epsilon(mean, rows[i].mean, 0.1 * rows[i].scale);
    }
    hash_weights_free(edt);
    hash_weights_free(vae);
}

static void test_unknown_tensor(void)
{
    EdtTensorSource *source = hash_weights_vae();
    EdtTensorView view;

    g_assert_false(source->find(source, "no.such.tensor", &view));
    source->done(source, "no.such.tensor");
    hash_weights_free(source);
}

/* A wrong value, a NaN and an infinity must not pass. */
static void test_distance(void)
{
    const float reference[4] = {1, -2, 3, -4}, nan[4] = {1, -2, NAN, -4};
    const float off[4] = {1, -2, 3, -4.3f}, infinite[4] = {1, -2, INFINITY, -4};

    g_assert_cmpfloat(golden_distance(reference, reference, 4), ==, 0.0);
    g_assert_cmpfloat_with_epsilon(golden_distance(off, reference, 4), 0.3 / sqrt(30.0), 1e-7);
    g_assert_true(isinf(golden_distance(nan, reference, 4)));
    g_assert_true(isinf(golden_distance(infinite, reference, 4)));
}

/* The summaries of stored tensors agree with the tensors. */
static void test_summary(void)
{
    Golden *golden = golden_open("a_edt_s2_256");
    gsize count = golden_count(golden_get(golden, "out.amm_on"));

    golden_check_summary(golden, "out.amm_on", golden_f32(golden, "out.amm_on", count), count,
                         1e-6);
    golden_close(golden);
}

int main(int argc, char **argv)
{
    static const char *const variants[][2] = {
        {"EDT-S/2", "edt_s2_param_names.txt"},
        {"EDT-B/2", "edt_b2_param_names.txt"},
        {"EDT-XL/2", "edt_xl2_param_names.txt"},
    };
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/golden/hash/vectors", test_hash_vectors);
    g_test_add_func("/golden/hash/input", test_hash_input);
    for (gsize i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *path = g_strconcat("/golden/names/", variants[i][1], NULL);
        g_test_add_data_func(path, variants[i], test_variant_names);
    }
    g_test_add_func("/golden/names/vae", test_vae_names);
    g_test_add_func("/golden/hash/position-tables", test_position_tables);
    g_test_add_func("/golden/hash/scales", test_scales);
    g_test_add_func("/golden/hash/unknown", test_unknown_tensor);
    g_test_add_func("/golden/distance", test_distance);
    g_test_add_func("/golden/summary", test_summary);
    return g_test_run();
}
