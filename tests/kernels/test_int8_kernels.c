/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands around a product of bytes, at every instruction level: bytes and scales of rows
 * against their definition, and sums that become numbers again.
 */
#include "guard.h"

#include "base/int8.h"
#include "cpu/kernels.h"

#include <math.h>
#include <string.h>

#define ROUNDS 12

static void each_level(void (*check)(const EdtCpuKernels *k, EdtType act))
{
    for (int isa = 0; isa <= (int)edt_isa_detect(); isa++)
        for (int round = 0; round < ROUNDS; round++) {
            check(edt_cpu_kernels((EdtIsa)isa), EDT_F32);
            check(edt_cpu_kernels((EdtIsa)isa), EDT_BF16);
        }
}

/* A byte times its scale is its number, within half a step; the largest is one of the ends. */
static void check_row(const EdtQuantise *op, int r)
{
    const double scale = op->scale[r];
    double most = 0;
    int end = 0;

    for (int i = 0; i < op->K; i++) {
        const gsize at = (gsize)(r * op->K + i);
        const double x = guarded_get(op->x, op->x_type, at);
        const int byte = op->y[at] - EDT_BYTE_ZERO;
        most = MAX(most, fabs(x));
        end = MAX(end, ABS(byte));
        g_assert_cmpfloat(fabs(byte * scale - x), <=, scale * (0.5 + 1e-4));
    }
    g_assert_cmpint(end, ==, EDT_BYTE_MOST);
    g_assert_cmpfloat(fabs(scale * EDT_BYTE_MOST - most), <=, 1e-6 * most);
}

static void check_quantise(const EdtCpuKernels *k, EdtType act)
{
    const int rows = g_test_rand_int_range(1, 9), K = g_test_rand_int_range(1, 400);
    Guarded x = guarded_new((gsize)(rows * K), act), scale = guarded_new((gsize)rows, EDT_F32);
    Guarded y = guarded_new((gsize)(rows * K), EDT_I8);
    const EdtQuantise op = {K, x.data, act, y.data, scale.data};
    const int middle = rows / 2;

    guarded_fill(&x, act, pow(10, g_test_rand_double_range(-12, 12)));
    k->quantise(&op, middle, rows);
    k->quantise(&op, 0, middle);
    for (int r = 0; r < rows; r++)
        check_row(&op, r);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&scale);
}

static void test_quantise(void)
{
    each_level(check_quantise);
}

static void check_zeros(const EdtCpuKernels *k, EdtType act)
{
    const float x[40] = {0};
    float scale = 1;
    guint8 y[40];

    k->quantise(&(EdtQuantise){40, x, act, y, &scale}, 0, 1);
    for (int i = 0; i < 40; i++)
        g_assert_cmpint(y[i], ==, EDT_BYTE_ZERO);
    g_assert_cmpfloat(scale, ==, 0);
}

static void test_zeros(void)
{
    each_level(check_zeros);
}

static double gelu(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / G_PI) * (x + 0.044715 * x * x * x)));
}

static void check_dequantise(const EdtCpuKernels *k, EdtType act)
{
    const int rows = g_test_rand_int_range(1, 9), N = g_test_rand_int_range(1, 400);
    const gsize count = (gsize)(rows * N);
    const gboolean with_gelu = g_test_rand_bit();
    Guarded y = guarded_new(count, act), row_scale = guarded_new((gsize)rows, EDT_F32);
    Guarded scale = guarded_new((gsize)N, EDT_F32), bias = guarded_new((gsize)N, EDT_F32);
    g_autofree double *expect = g_new(double, count);
    const EdtDequantise op = {N,
                              y.data,
                              act,
                              row_scale.data,
                              scale.data,
                              bias.data,
                              with_gelu ? EDT_EPILOGUE_GELU : EDT_EPILOGUE_NONE};

    guarded_fill(&y, act, 1000);
    guarded_fill(&row_scale, EDT_F32, 0.1);
    guarded_fill(&scale, EDT_F32, 0.05);
    guarded_fill(&bias, EDT_F32, 2);
    for (gsize i = 0; i < count; i++) {
        const gsize r = i / (gsize)N, n = i % (gsize)N;
        const double value = guarded_get(y.data, act, i) * op.row_scale[r] * op.scale[n];
        expect[i] = with_gelu ? gelu(value + op.bias[n]) : value + op.bias[n];
    }
    k->dequantise(&op, rows / 2, rows);
    k->dequantise(&op, 0, rows / 2);
    g_assert_cmpfloat(guarded_distance(y.data, act, expect, count), <=,
                      act == EDT_F32 ? 2e-6 : 0x1p-8);
    guarded_free(&y);
    guarded_free(&row_scale);
    guarded_free(&scale);
    guarded_free(&bias);
}

static void test_dequantise(void)
{
    each_level(check_dequantise);
}

/* ---- weights ---- */

/* Half a step off at most, and the same bytes again of what comes back. */
static void test_weights(void)
{
    for (int round = 0; round < 100; round++) {
        const gsize n = (gsize)g_test_rand_int_range(1, 300);
        const double size = pow(10, g_test_rand_double_range(-20, 20));
        float row[300], back[300];
        gint8 bytes[300], again[300];
        for (gsize i = 0; i < n; i++)
            row[i] = (float)g_test_rand_double_range(-size, size);
        const float scale = edt_int8_from_f32(n, row, bytes);
        for (gsize i = 0; i < n; i++) {
            back[i] = scale * bytes[i];
            g_assert_cmpfloat(fabs(back[i] - row[i]), <=, scale * (0.5 + 1e-4));
            g_assert_cmpint(bytes[i], >=, -EDT_INT8_MOST);
        }
        const float other = edt_int8_from_f32(n, back, again);
        g_assert_cmpmem(bytes, n, again, n);
        g_assert_cmpfloat(fabsf(other - scale), <=, 1e-6f * scale);
    }
    gint8 bytes[4];
    g_assert_cmpfloat(edt_int8_from_f32(4, (float[4]){0}, bytes), ==, 0);
    g_assert_cmpmem(bytes, 4, ((gint8[4]){0}), 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/int8/quantise", test_quantise);
    g_test_add_func("/int8/zeros", test_zeros);
    g_test_add_func("/int8/dequantise", test_dequantise);
    g_test_add_func("/int8/weights", test_weights);
    return g_test_run();
}
