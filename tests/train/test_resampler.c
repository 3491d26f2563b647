/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The timestep resampler against a recorded run of the reference: draws, weights and history, from
 * cold to warm.
 */
#include "train/resampler.h"
#include "train/tiny.h"

static void read_doubles(JsonObject *object, const char *key, double *out)
{
    JsonArray *array = json_object_get_array_member(object, key);
    for (guint i = 0; i < json_array_get_length(array); i++)
        out[i] = json_array_get_double_element(array, i);
}

static void check_weights(const EdtResampler *r, JsonObject *step)
{
    double ours[8], theirs[8];
    edt_resampler_weights(r, ours);
    read_doubles(step, "weights_before", theirs);
    for (int t = 0; t < r->timesteps; t++)
        g_assert_cmpfloat_with_epsilon(ours[t], theirs[t], 1e-14);
}

static void check_draws(const EdtResampler *r, JsonObject *step)
{
    JsonArray *indices = json_object_get_array_member(step, "sampled_indices");
    int n = (int)json_array_get_length(indices), t[16];
    double uniforms[16], theirs[16];
    float weights[16];

    read_doubles(step, "uniforms", uniforms);
    read_doubles(step, "sampled_weights_f32", theirs);
    edt_resampler_sample(r, n, uniforms, t, weights);
    for (int i = 0; i < n; i++) {
        g_assert_cmpint(t[i], ==, json_array_get_int_element(indices, (guint)i));
        g_assert_cmpfloat(weights[i], ==, (float)theirs[i]);
    }
}

static void update(EdtResampler *r, JsonObject *step)
{
    JsonArray *ts = json_object_get_array_member(step, "update_ts");
    int n = (int)json_array_get_length(ts), t[16];
    double losses[16];
    for (int i = 0; i < n; i++)
        t[i] = (int)json_array_get_int_element(ts, (guint)i);
    read_doubles(step, "update_losses", losses);
    edt_resampler_update(r, n, t, losses);
}

static void check_history(const EdtResampler *r, JsonObject *step)
{
    JsonArray *rows = json_object_get_array_member(step, "history_after");
    JsonArray *counts = json_object_get_array_member(step, "counts_after");
    for (int t = 0; t < r->timesteps; t++) {
        JsonArray *row = json_array_get_array_element(rows, (guint)t);
        g_assert_cmpint(r->counts[t], ==, json_array_get_int_element(counts, (guint)t));
        for (int i = 0; i < r->terms; i++)
            g_assert_cmpfloat(r->history[t * r->terms + i], ==,
                              json_array_get_double_element(row, (guint)i));
    }
}

static void test_trace(void)
{
    g_autoptr(JsonParser) parser = tiny_json("h_resampler");
    JsonObject *facts = json_node_get_object(json_parser_get_root(parser));
    JsonArray *trace = json_object_get_array_member(facts, "trace");
    EdtResampler *r = edt_resampler_new((int)json_object_get_int_member(facts, "num_timesteps"),
                                        (int)json_object_get_int_member(facts, "history_per_term"),
                                        json_object_get_double_member(facts, "uniform_prob"));
    gboolean was_warm = FALSE;
    for (guint i = 0; i < json_array_get_length(trace); i++) {
        JsonObject *step = json_array_get_object_element(trace, i);
        was_warm |= edt_resampler_warm(r);
        g_assert_cmpint(edt_resampler_warm(r), ==,
                        json_object_get_boolean_member(step, "warmed_up_before"));
        check_weights(r, step);
        check_draws(r, step);
        update(r, step);
        check_history(r, step);
    }
    g_assert_true(was_warm);
    edt_resampler_free(r);
}

/* A run that learnt from its losses and goes on without them. */
static void test_alike(void)
{
    const int timesteps[] = {0, 1, 2, 3};
    const double losses[] = {1, 2, 3, 4}, uniforms[] = {0.05, 0.31, 0.65, 0.9};
    EdtResampler *r = edt_resampler_new(4, 1, 0.001);
    float weights[4];
    int drawn[4];

    edt_resampler_update(r, 4, timesteps, losses);
    edt_resampler_sample(r, 4, uniforms, drawn, weights);
    g_assert_cmpint(drawn[1], ==, 2); /* three tenths of it are behind 0 and 1 */
    r->alike = TRUE;
    edt_resampler_sample(r, 4, uniforms, drawn, weights);
    g_assert_cmpmem(drawn, sizeof drawn, timesteps, sizeof timesteps);
    for (int i = 0; i < 4; i++)
        g_assert_cmpfloat(weights[i], ==, 1);
    edt_resampler_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resampler/trace", test_trace);
    g_test_add_func("/resampler/alike", test_alike);
    return g_test_run();
}
