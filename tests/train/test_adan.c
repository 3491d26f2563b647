/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two optimiser steps from the reference's gradients: default, without the proximal form, and with
 * weight decay and clipping; the second step's gradient is the first's times a factor.
 */
#include "base/memory.h"
#include "train/adan.h"
#include "train/tiny.h"

#include <string.h>

#define GATE 3e-7         /* weights; f32 rounding of a step is 6e-8 */
#define GATE_SUMMARY 1e-6 /* one step moves a weight by 1e-3 */
#define GATE_STATE 1e-5   /* clipping: the reference adds its norm up in f32 */

typedef struct {
    Tiny *tiny;
    Golden *golden;
    EdtAdanArrays arrays;
} Run;

/* The stored tensors of step 1 are those of step 2 (the reference kept a view of them); the summary
 * was taken in time. */
static void check_weights(const Run *run, const char *prefix)
{
    const GPtrArray *all = run->tiny->parameters->parameters;
    for (guint i = 0; i < all->len; i++) {
        const EdtParameter *p = all->pdata[i];
        g_autofree char *name = g_strconcat(prefix, ".", p->name, NULL);
        if (strcmp(prefix, "step1") == 0)
            golden_check_summary(run->golden, name, run->arrays.weights + p->offset, p->count,
                                 GATE_SUMMARY);
        else
            golden_check_tensor(run->golden, name, run->arrays.weights + p->offset, p->count, GATE);
    }
}

/* neg: the reference keeps the negative of what we keep. */
static void check_state(const Run *run, const char *moment, const float *values, gboolean neg)
{
    static const char *const of[] = {"blocks.0.attn.qkv.bias", "final_layer.linear.bias"};
    for (guint i = 0; i < G_N_ELEMENTS(of); i++) {
        const EdtParameter *p = edt_parameters_get(run->tiny->parameters, of[i]);
        g_autofree char *name = g_strconcat("state.", moment, ".", of[i], NULL);
        g_autofree float *signed_values = g_new(float, p->count);
        for (gsize k = 0; k < p->count; k++)
            signed_values[k] = neg ? -values[p->offset + k] : values[p->offset + k];
        golden_check_tensor(run->golden, name, signed_values, p->count, GATE_STATE);
    }
}

static void take_gradient(const Run *run, float factor)
{
    const GPtrArray *all = run->tiny->parameters->parameters;
    for (guint i = 0; i < all->len; i++) {
        const EdtParameter *p = all->pdata[i];
        g_autofree char *name = g_strconcat("grad.", p->name, NULL);
        const float *gradient = golden_has(run->tiny->golden, name)
                                    ? golden_f32(run->tiny->golden, name, p->count)
                                    : NULL;
        for (gsize k = 0; k < p->count; k++)
            run->arrays.gradient[p->offset + k] = gradient ? factor * gradient[k] : 0.0f;
    }
}

static EdtAdan read_options(JsonObject *facts, double *rate)
{
    JsonObject *opt = json_object_get_object_member(facts, "opt");
    EdtAdan adan = EDT_ADAN_DEFAULT;
    *rate = json_object_get_double_member(opt, "lr");
    adan.weight_decay = json_object_get_double_member_with_default(opt, "weight_decay", 0);
    adan.max_norm = json_object_get_double_member_with_default(opt, "max_grad_norm", 0);
    adan.no_prox = json_object_get_boolean_member_with_default(opt, "no_prox", FALSE);
    return adan;
}

static float *array(const Run *run)
{
    GError *error = NULL;
    float *values = edt_parameters_array(run->tiny->parameters, &error);
    g_assert_no_error(error);
    return values;
}

static void test_steps(gconstpointer name)
{
    Run run = {tiny_open("h_train_tiny"), golden_open(name), {0}};
    g_autoptr(JsonParser) parser = tiny_json(name);
    JsonObject *facts = json_node_get_object(json_parser_get_root(parser));
    double rate, scale = json_object_get_double_member(facts, "grad_scale_step2");
    EdtAdan adan = read_options(facts, &rate);
    gsize n = run.tiny->parameters->count;

    run.arrays = (EdtAdanArrays){run.tiny->weights, array(&run), array(&run), array(&run),
                                 array(&run),       array(&run), array(&run)};
    for (guint64 step = 1; step <= 2; step++) {
        take_gradient(&run, step == 1 ? 1.0f : (float)scale);
        edt_adan_step(&adan, n, &run.arrays, step, rate, edt_adan_norm(n, run.arrays.gradient, 2),
                      0.75, 2);
        check_weights(&run, step == 1 ? "step1" : "step2");
    }
    check_state(&run, "exp_avg", run.arrays.first, FALSE);
    check_state(&run, "exp_avg_diff", run.arrays.difference, FALSE);
    check_state(&run, "exp_avg_sq", run.arrays.second, FALSE);
    check_state(&run, "neg_pre_grad", run.arrays.previous, TRUE);
    edt_free(run.arrays.gradient);
    edt_free(run.arrays.first);
    edt_free(run.arrays.difference);
    edt_free(run.arrays.second);
    edt_free(run.arrays.previous);
    edt_free(run.arrays.average);
    golden_close(run.golden);
    tiny_close(run.tiny);
}

/* average = 0.75 average + 0.25 weights, from 0. */
static void test_average(void)
{
    float w[4] = {1, 2, 3, 4}, zeros[4] = {0}, m[4] = {0}, v[4] = {0}, s[4] = {0}, p[4] = {0};
    float average[4] = {0};
    EdtAdan adan = EDT_ADAN_DEFAULT;
    EdtAdanArrays arrays = {w, zeros, m, v, s, p, average};
    edt_adan_step(&adan, 4, &arrays, 1, 1e-3, 0, 0.75, 1);
    edt_adan_step(&adan, 4, &arrays, 2, 1e-3, 0, 0.75, 1);
    for (int i = 0; i < 4; i++) {
        g_assert_cmpfloat(w[i], ==, (float)(i + 1)); /* no gradient, no step */
        g_assert_cmpfloat_with_epsilon(average[i], (i + 1) * (1 - 0.75 * 0.75), 1e-6);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"h_adan_default", "h_adan_noprox", "h_adan_wd_clip"};
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat("/adan/", names[i], NULL);
        g_test_add_data_func(path, names[i], test_steps);
    }
    g_test_add_func("/adan/average", test_average);
    return g_test_run();
}
