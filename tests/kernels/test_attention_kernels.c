/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fused attention of every instruction level against its definition in f64: official head width and
 * odd ones, grids that are and are not whole vectors, bias and AMM on and off, f32 and bf16.
 */
#include "guard.h"

#include "base/half.h"
#include "cpu/kernels.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int N, n, T, H, d;
    gboolean bias, amm;
} Case;

static double at(const EdtAttention *op, EdtType act, int sample, int t, int which, int head, int i)
{
    gsize row = (gsize)(sample * op->T + t);
    return guarded_get(op->qkv, act,
                       ((row * 3 + (gsize)which) * (gsize)op->H + (gsize)head) * (gsize)op->d +
                           (gsize)i);
}

/* The window entry of query q and key k, as backend.h defines it. */
static double entry(const float *table, int n, int q, int k)
{
    return table[(q / n - k / n + n - 1) * (2 * n - 1) + (k % n - q % n + n - 1)];
}

static void define(const EdtAttention *op, EdtType act, double *out)
{
    double *weight = g_new(double, op->T);
    const int side = 2 * op->n - 1;
    for (int s = 0; s < op->N; s++)
        for (int h = 0; h < op->H; h++)
            for (int q = 0; q < op->T; q++) {
                double top = -INFINITY, sum = 0;
                for (int k = 0; k < op->T; k++) {
                    weight[k] = 0;
                    for (int i = 0; i < op->d; i++)
                        weight[k] += at(op, act, s, q, 0, h, i) * at(op, act, s, k, 1, h, i);
                    weight[k] *= op->scale;
                    if (op->bias)
                        weight[k] += entry(op->bias + h * side * side, op->n, q, k);
                    top = MAX(top, weight[k]);
                }
                for (int k = 0; k < op->T; k++)
                    sum += weight[k] = exp(weight[k] - top);
                for (int i = 0; i < op->d; i++) {
                    double value = 0;
                    for (int k = 0; k < op->T; k++)
                        value += weight[k] / sum * at(op, act, s, k, 2, h, i) *
                                 (op->amm ? entry(op->amm, op->n, q, k) : 1.0);
                    out[((gsize)(s * op->T + q) * (gsize)op->H + (gsize)h) * (gsize)op->d +
                        (gsize)i] = value;
                }
            }
    g_free(weight);
}

static void run(const EdtCpuKernels *k, const EdtAttention *op, EdtType act)
{
    EdtAttentionPlan plan;
    k->attention_plan(op, act, &plan);
    Guarded keys = guarded_new(plan.key_bytes / 4, EDT_F32);
    Guarded values = guarded_new(plan.value_bytes / 4, EDT_F32);
    Guarded scratch = guarded_new(plan.scratch_bytes / 4, EDT_F32);
    for (int s = 0; s < op->N; s++)
        for (int h = 0; h < op->H; h++) {
            int middle = op->T * 3 / 5; /* an uneven split of the queries */
            k->attention_pack(op, act, &plan, s, h, keys.data, values.data);
            k->attention_rows(op, act, &plan, s, h, 0, middle, keys.data, values.data,
                              scratch.data);
            k->attention_rows(op, act, &plan, s, h, middle, op->T, keys.data, values.data,
                              scratch.data);
        }
    guarded_free(&keys);
    guarded_free(&values);
    guarded_free(&scratch);
}

static void check_case(const Case *c, const EdtCpuKernels *k, EdtType act, double gate)
{
    const int side = 2 * c->n - 1;
    gsize count = (gsize)(c->N * c->T * c->H * c->d);
    Guarded qkv = guarded_new(3 * count, act), out = guarded_new(count, act);
    Guarded bias = guarded_new((gsize)(c->H * side * side), EDT_F32);
    Guarded amm = guarded_new((gsize)(side * side), EDT_F32);
    double *expected = g_new(double, count);
    guarded_fill(&qkv, act, 2.0);
    guarded_fill(&bias, EDT_F32, 1.0);
    guarded_fill(&amm, EDT_F32, 1.3);
    EdtAttention op = {
        .N = c->N,
        .T = c->T,
        .H = c->H,
        .d = c->d,
        .n = c->bias || c->amm ? c->n : 0,
        .scale = (float)(1.0 / sqrt(c->d)),
        .qkv = qkv.data,
        .out = out.data,
        .bias = c->bias ? bias.data : NULL,
        .amm = c->amm ? amm.data : NULL,
    };
    define(&op, act, expected);
    run(k, &op, act);
    double distance = guarded_distance(out.data, act, expected, count);
    g_test_message("%s %s N=%d T=%d H=%d d=%d%s%s: %.3g", edt_isa_name(k->isa),
                   act == EDT_F32 ? "f32" : "bf16", c->N, c->T, c->H, c->d, c->bias ? " bias" : "",
                   c->amm ? " amm" : "", distance);
    g_assert_cmpfloat(distance, <=, gate);
    g_free(expected);
    guarded_free(&qkv);
    guarded_free(&out);
    guarded_free(&bias);
    guarded_free(&amm);
}

static const Case fixed[] = {
    {1, 16, 256, 2, 52, TRUE, TRUE},   {2, 8, 64, 2, 52, TRUE, TRUE},
    {1, 4, 16, 3, 52, TRUE, FALSE},    {1, 32, 1024, 1, 52, TRUE, TRUE},
    {1, 1, 100, 1, 512, FALSE, FALSE}, {1, 1, 37, 2, 7, FALSE, FALSE},
    {1, 5, 25, 1, 13, TRUE, TRUE},     {1, 24, 576, 1, 20, TRUE, TRUE},
    {1, 2, 4, 1, 4, FALSE, TRUE},
};

static void check_kernels(const EdtCpuKernels *k, EdtType act, double gate)
{
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        check_case(&fixed[i], k, act, gate);
    for (int i = 0; i < 10; i++) {
        int n = g_test_rand_int_range(1, 12);
        Case c = {g_test_rand_int_range(1, 3),
                  n,
                  n * n,
                  g_test_rand_int_range(1, 4),
                  g_test_rand_int_range(1, 90),
                  g_test_rand_bit(),
                  g_test_rand_bit()};
        check_case(&c, k, act, gate);
    }
}

static void check_type(EdtType act, double gate)
{
    for (int isa = 0; isa <= (int)edt_isa_detect(); isa++)
        check_kernels(edt_cpu_kernels((EdtIsa)isa), act, gate);
    check_kernels(edt_cpu_kernels_here(), act, gate); /* with what is beside the ladder: AMX */
}

/* f32: 1024 products of size 1 summed in f32, values up to 2 */
static void test_f32(void)
{
    check_type(EDT_F32, 2e-5);
}

/* bf16: weights and result rounded to 8 bits, values up to 2 */
static void test_bf16(void)
{
    check_type(EDT_BF16, 1.5e-2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernels/attention/f32", test_f32);
    g_test_add_func("/kernels/attention/bf16", test_bf16);
    return g_test_run();
}
