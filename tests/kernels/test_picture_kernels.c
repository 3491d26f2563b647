/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The VAE's kernels of every instruction level against their definition in f64: random sizes, odd
 * channel counts, canaries; and group norm as a whole, whose split over threads changes no bit.
 */
#include "guard.h"

#include "cpu/cpu.h"
#include "cpu/kernels.h"

#include <math.h>
#include <string.h>

static double gate(EdtType type)
{
    return type == EDT_F32 ? 2e-6 : 5e-3; /* bf16 keeps 8 bits */
}

static void each_level(void (*check)(const EdtCpuKernels *k))
{
    for (int isa = 0; isa <= (int)edt_isa_detect(); isa++)
        for (int round = 0; round < 40; round++)
            check(edt_cpu_kernels((EdtIsa)isa));
}

static EdtType any_type(void)
{
    return g_test_rand_bit() ? EDT_F32 : EDT_BF16;
}

static double silu(double x)
{
    return x / (1 + exp(-x));
}

/* ---- add ---- */

static void check_add(const EdtCpuKernels *k)
{
    EdtType type = any_type();
    gsize count = (gsize)g_test_rand_int_range(1, 300);
    Guarded x = guarded_new(count, type), y = guarded_new(count, type);
    double *expect = g_new(double, count);
    guarded_fill(&x, type, 3.0);
    guarded_fill(&y, type, 3.0);
    for (gsize i = 0; i < count; i++)
        expect[i] = guarded_get(x.data, type, i) + guarded_get(y.data, type, i);
    k->add((gint64)count, x.data, y.data, type);
    g_assert_cmpfloat(guarded_distance(x.data, type, expect, count), <, gate(type));
    g_free(expect);
    guarded_free(&x);
    guarded_free(&y);
}

static void test_add(void)
{
    each_level(check_add);
}

/* ---- sums ---- */

static void check_sums(const EdtCpuKernels *k)
{
    EdtType type = any_type();
    int C = g_test_rand_int_range(1, 200), pixels = g_test_rand_int_range(1, 40);
    gint64 begin = g_test_rand_int_range(0, pixels);
    gint64 end = g_test_rand_int_range((int)begin, pixels);
    Guarded x = guarded_new((gsize)(C * pixels), type);
    Guarded sum = guarded_new((gsize)C, EDT_F32), squares = guarded_new((gsize)C, EDT_F32);
    double *expect = g_new0(double, 2 * C);
    guarded_fill(&x, type, 2.0);
    for (gint64 p = begin; p < end; p++)
        for (int c = 0; c < C; c++) {
            double value = guarded_get(x.data, type, (gsize)(p * C + c));
            expect[c] += value;
            expect[C + c] += value * value;
        }
    k->channel_sums(C, x.data, type, begin, end, sum.data, squares.data);
    g_assert_cmpfloat(guarded_distance(sum.data, EDT_F32, expect, (gsize)C), <, 1e-5);
    g_assert_cmpfloat(guarded_distance(squares.data, EDT_F32, expect + C, (gsize)C), <, 1e-5);
    g_free(expect);
    guarded_free(&x);
    guarded_free(&sum);
    guarded_free(&squares);
}

static void test_sums(void)
{
    each_level(check_sums);
}

/* ---- scale and shift ---- */

static void check_scale_shift(const EdtCpuKernels *k)
{
    EdtType x_type = any_type(), y_type = any_type();
    int C = g_test_rand_int_range(1, 150), pixels = g_test_rand_int_range(1, 20);
    gint64 x_pitch = C + g_test_rand_int_range(0, 9), y_pitch = C + g_test_rand_int_range(0, 9);
    gint64 begin = g_test_rand_int_range(0, pixels);
    gboolean with_silu = g_test_rand_bit();
    gsize count = (gsize)(y_pitch * pixels);
    Guarded x = guarded_new((gsize)(x_pitch * pixels), x_type), y = guarded_new(count, y_type);
    Guarded a = guarded_new((gsize)C, EDT_F32), b = guarded_new((gsize)C, EDT_F32);
    double *expect = g_new(double, count);
    guarded_fill(&x, x_type, 20.0); /* SiLU far into both tails */
    guarded_fill(&y, y_type, 1.0);
    guarded_fill(&a, EDT_F32, 2.0);
    guarded_fill(&b, EDT_F32, 1.0);
    for (gsize i = 0; i < count; i++) /* pixels before begin and gaps between pixels stay */
        expect[i] = guarded_get(y.data, y_type, i);
    for (gint64 p = begin; p < pixels; p++)
        for (int c = 0; c < C; c++) {
            double value = guarded_get(x.data, x_type, (gsize)(p * x_pitch + c)) *
                               guarded_get(a.data, EDT_F32, (gsize)c) +
                           guarded_get(b.data, EDT_F32, (gsize)c);
            expect[p * y_pitch + c] = with_silu ? silu(value) : value;
        }
    k->scale_shift(&(EdtScaleShift){.C = C,
                                    .x_pitch = x_pitch,
                                    .y_pitch = y_pitch,
                                    .x = x.data,
                                    .x_type = x_type,
                                    .y = y.data,
                                    .y_type = y_type,
                                    .a = a.data,
                                    .b = b.data,
                                    .silu = with_silu},
                   begin, pixels);
    g_assert_cmpfloat(guarded_distance(y.data, y_type, expect, count), <, gate(y_type));
    g_free(expect);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&a);
    guarded_free(&b);
}

static void test_scale_shift(void)
{
    each_level(check_scale_shift);
}

/* ---- group norm ---- */

typedef struct {
    int N, hw, C, groups, planes;
    double mean; /* of the input: far from zero, where a careless variance cancels */
    EdtType type;
} Shape;

/* GroupNorm with SiLU in f64; y in planes. */
static void define_norm(const Shape *s, const void *x, const float *weight, const float *bias,
                        double *y)
{
    int width = s->C / s->groups, plane = s->C / s->planes;
    for (int n = 0; n < s->N; n++)
        for (int group = 0; group < s->groups; group++) {
            double mean = 0, square = 0, count = (double)s->hw * width;
            for (int pass = 0; pass < 3; pass++)
                for (int p = 0; p < s->hw; p++)
                    for (int c = group * width; c < (group + 1) * width; c++) {
                        double value = guarded_get(x, s->type,
                                                   ((gsize)n * (gsize)s->hw + (gsize)p) *
                                                           (gsize)s->C + (gsize)c);
                        if (pass == 0)
                            mean += value / count;
                        else if (pass == 1)
                            square += (value - mean) * (value - mean) / count;
                        else
                            y[((c / plane * s->N + n) * s->hw + p) * plane + c % plane] =
                                silu((value - mean) / sqrt(square + 1e-6) * weight[c] + bias[c]);
                    }
        }
}

static void run_norm(const Shape *s, int threads, const Guarded *x, const Guarded *weight,
                     const Guarded *bias, void *y)
{
    GError *error = NULL;
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev =
        backend->open(&(EdtDeviceOptions){threads, EDT_PRECISION_F32}, &error);
    g_assert_no_error(error);
    backend->group_norm(dev, &(EdtGroupNorm){
                                 .N = s->N, .hw = s->hw, .C = s->C, .groups = s->groups,
                                 .planes = s->planes, .x = x->data, .x_type = s->type, .y = y,
                                 .y_type = s->type, .weight = weight->data, .bias = bias->data,
                                 .silu = TRUE,
                             });
    g_assert_true(backend->sync(dev, &error));
    g_assert_no_error(error);
    backend->close(dev);
}

static void check_norm(const Shape *s, double within)
{
    gsize count = (gsize)s->N * (gsize)s->hw * (gsize)s->C;
    Guarded x = guarded_new(count, s->type), y = guarded_new(count, s->type);
    Guarded again = guarded_new(count, s->type);
    Guarded weight = guarded_new((gsize)s->C, EDT_F32), bias = guarded_new((gsize)s->C, EDT_F32);
    double *expect = g_new(double, count);
    guarded_fill(&x, s->type, 1.0);
    for (gsize i = 0; s->type == EDT_F32 && i < count; i++)
        ((float *)x.data)[i] += (float)s->mean;
    guarded_fill(&weight, EDT_F32, 1.0);
    guarded_fill(&bias, EDT_F32, 1.0);
    define_norm(s, x.data, weight.data, bias.data, expect);
    run_norm(s, 1, &x, &weight, &bias, y.data);
    g_assert_cmpfloat(guarded_distance(y.data, s->type, expect, count), <, within);
    for (int threads = 2; threads <= 3; threads++) {
        run_norm(s, threads, &x, &weight, &bias, again.data);
        g_assert_cmpmem(y.data, y.bytes, again.data, again.bytes);
    }
    g_free(expect);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&again);
    guarded_free(&weight);
    guarded_free(&bias);
}

static void test_group_norm(void)
{
    /* one pixel, one channel a group: only eps divides, and x * 1000 - mean * 1000 is rounding */
    check_norm(&(Shape){1, 1, 32, 32, 1, 0, EDT_F32}, 1e-4);
    check_norm(&(Shape){1, 63, 96, 32, 1, 0, EDT_F32}, 5e-6);
    check_norm(&(Shape){2, 777, 64, 32, 2, 0.5, EDT_F32}, 5e-6);
    check_norm(&(Shape){1, 1024, 512, 32, 8, 0, EDT_F32}, 5e-6);
    check_norm(&(Shape){1, 4097, 40, 4, 1, 3.0, EDT_F32}, 3e-5);
    check_norm(&(Shape){1, 500, 128, 32, 1, 0, EDT_BF16}, 5e-3);
}

/* Nothing varies: the variance is zero, eps alone divides. */
static void test_constant(void)
{
    Shape s = {1, 300, 64, 32, 1, 0, EDT_F32};
    gsize count = (gsize)(s.hw * s.C);
    Guarded x = guarded_new(count, EDT_F32), y = guarded_new(count, EDT_F32);
    Guarded weight = guarded_new(64, EDT_F32), bias = guarded_new(64, EDT_F32);
    guarded_fill(&weight, EDT_F32, 1.0);
    guarded_fill(&bias, EDT_F32, 1.0);
    for (gsize i = 0; i < count; i++)
        ((float *)x.data)[i] = 0.25f;
    run_norm(&s, 2, &x, &weight, &bias, y.data);
    for (gsize i = 0; i < count; i++)
        g_assert_cmpfloat(fabs(((float *)y.data)[i] - silu(((float *)bias.data)[i % 64])), <, 1e-4);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&weight);
    guarded_free(&bias);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/picture/add", test_add);
    g_test_add_func("/picture/sums", test_sums);
    g_test_add_func("/picture/scale-shift", test_scale_shift);
    g_test_add_func("/picture/group-norm", test_group_norm);
    g_test_add_func("/picture/constant", test_constant);
    return g_test_run();
}
