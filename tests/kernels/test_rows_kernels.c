/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Row kernels of every instruction level against their definition in f64, random sizes, canaries.
 */
#include "guard.h"

#include "base/half.h"
#include "cpu/kernels.h"

#include <math.h>

static double gate(EdtType type)
{
    return type == EDT_F32 ? 1e-5 : 5e-3; /* bf16 keeps 8 bits */
}

static void each_level(void (*check)(const EdtCpuKernels *k, EdtType act))
{
    for (int isa = 0; isa <= (int)edt_isa_detect(); isa++)
        for (int round = 0; round < 12; round++) {
            check(edt_cpu_kernels((EdtIsa)isa), EDT_F32);
            check(edt_cpu_kernels((EdtIsa)isa), EDT_BF16);
        }
}

/* Modulation rows of `slots` slots and `columns` columns; samples share slots. */
typedef struct {
    Guarded rows;
    int slot[4];
    EdtModulation mod;
} Rows;

static void rows_init(Rows *r, int slots, int columns)
{
    r->rows = guarded_new((gsize)(slots * columns), EDT_F32);
    guarded_fill(&r->rows, EDT_F32, 1.0);
    for (int i = 0; i < 4; i++)
        r->slot[i] = g_test_rand_int_range(0, slots);
    r->mod = (EdtModulation){r->rows.data, columns, r->slot};
}

static double column(const EdtModulation *mod, int sample, int c)
{
    return mod->base[mod->slot[sample] * mod->stride + c];
}

/* LN without affine, then modulate, in f64.  Returns the row's condition, max|x| / deviation: x -
 * mean loses that many units in the last place when x is f32.  Rows of few columns, nearly equal,
 * are ill-conditioned. */
static double define_norm(int D, const double *x, const EdtModulation *mod, int sample, int shift,
                          int scale, double *y)
{
    double mean = 0, square = 0, largest = 0;
    for (int i = 0; i < D; i++) {
        mean += x[i] / D;
        largest = MAX(largest, fabs(x[i]));
    }
    for (int i = 0; i < D; i++)
        square += (x[i] - mean) * (x[i] - mean) / D;
    for (int i = 0; i < D; i++)
        y[i] = (x[i] - mean) / sqrt(square + 1e-6) * (1 + column(mod, sample, scale + i)) +
               column(mod, sample, shift + i);
    return largest / sqrt(square + 1e-6);
}

/* Each row of y against its definition, within what its condition allows in f32, and the rounding
 * of act. */
static void check_norm(const Guarded *y, EdtType act, const double *expect, const double *condition,
                       int rows, int width)
{
    double rounding = act == EDT_F32 ? 0x1p-24 : 0x1p-8;
    for (int r = 0; r < rows; r++) {
        gsize at = (gsize)r * (gsize)width;
        double off = guarded_distance((guint8 *)y->data + at * edt_type_size(act), act, expect + at,
                                      (gsize)width);
        g_assert_cmpfloat(off, <=, rounding + 8 * 0x1p-24 * (1 + condition[r]));
    }
}

static void check_update(const EdtCpuKernels *k, EdtType act)
{
    int N = g_test_rand_int_range(1, 4), T = g_test_rand_int_range(1, 9);
    int D = g_test_rand_int_range(2, 400), modes = g_test_rand_int_range(0, 256);
    EdtType p_type = modes & 1 ? EDT_F32 : act;
    gboolean from_x = (modes & 2) != 0, gated = (modes & 4) != 0, table = (modes & 8) != 0;
    gboolean norm = (modes & 16) != 0, in_place = from_x && (modes & 32);
    gboolean beside = (modes & 64) != 0, itself = (modes & 128) != 0; /* x beside x */
    gsize count = (gsize)(N * T * D);
    int width = beside ? 2 * D : D;
    Rows rows;
    rows_init(&rows, 3, 3 * D + 5);
    Guarded x_in = guarded_new(count, EDT_F32), x = guarded_new(count, EDT_F32);
    Guarded p = guarded_new(count, p_type), y = guarded_new((gsize)(N * T * width), act);
    Guarded skip = guarded_new(count, EDT_F32), positions = guarded_new((gsize)(T * D), EDT_F32);
    guarded_fill(&x_in, EDT_F32, 3.0);
    guarded_fill(&p, p_type, 2.0);
    guarded_fill(&positions, EDT_F32, 1.0);
    guarded_fill(&skip, EDT_F32, 2.0);

    double *expect_x = g_new(double, count), *expect_y = g_new(double, N * T * width);
    double *condition = g_new0(double, (gsize)(N * T));
    for (int r = 0; r < N * T; r++) {
        for (int i = 0; i < D; i++) {
            gsize at = (gsize)(r * D + i);
            double gate_value = gated ? column(&rows.mod, r / T, 2 * D + i) : 1.0;
            expect_x[at] = (from_x ? ((float *)x_in.data)[at] : 0) +
                           gate_value * guarded_get(p.data, p_type, at) +
                           (table ? ((float *)positions.data)[r % T * D + i] : 0);
        }
        if (norm)
            condition[r] =
                define_norm(D, expect_x + r * D, &rows.mod, r / T, 0, D, expect_y + r * width);
        else
            memcpy(expect_y + r * width, expect_x + r * D, (gsize)D * sizeof(double));
        for (int i = 0; beside && i < D; i++)
            expect_y[r * width + D + i] =
                itself ? expect_x[r * D + i] : ((float *)skip.data)[r * D + i];
    }
    EdtRowUpdate op = {
        .N = N, .T = T, .D = D, .x_in = from_x ? x_in.data : NULL,
        .x = in_place ? x_in.data : x.data, .p = p.data, .p_type = p_type,
        .table = table ? positions.data : NULL, .y = y.data, .norm = norm, .mod_p = rows.mod,
        .gate = gated ? 2 * D : EDT_NO_COLUMN, .mod_y = rows.mod, .shift = 0, .scale = D,
    };
    if (beside)
        op.beside = itself ? op.x : skip.data;
    int middle = N * T / 2;
    k->update(&op, act, middle, N * T);
    k->update(&op, act, 0, middle);
    g_assert_cmpfloat(guarded_distance(op.x, EDT_F32, expect_x, count), <=, 1e-6);
    check_norm(&y, act, expect_y, condition, N * T, width);
    guarded_free(&skip);
    g_free(condition);
    g_free(expect_x);
    g_free(expect_y);
    guarded_free(&x_in);
    guarded_free(&x);
    guarded_free(&p);
    guarded_free(&y);
    guarded_free(&positions);
    guarded_free(&rows.rows);
}

static void check_merge(const EdtCpuKernels *k, EdtType act)
{
    static const int row_of[4] = {0, 1, 0, 1}, col_of[4] = {0, 0, 1, 1};
    int N = g_test_rand_int_range(1, 3), half = g_test_rand_int_range(1, 5), n = 2 * half;
    int D = g_test_rand_int_range(1, 130), cells = N * half * half;
    Rows rows;
    rows_init(&rows, 2, 8 * D);
    Guarded x = guarded_new((gsize)(N * n * n * D), EDT_F32);
    Guarded y = guarded_new((gsize)(cells * 4 * D), act);
    guarded_fill(&x, EDT_F32, 2.0);
    double *expect = g_new(double, cells * 4 * D), *joined = g_new(double, 4 * D);
    double *condition = g_new(double, cells);
    for (int r = 0; r < cells; r++) {
        int s = r / (half * half), cell = r % (half * half);
        for (int part = 0; part < 4; part++)
            for (int i = 0; i < D; i++) {
                int row = cell / half * 2 + row_of[part], col = cell % half * 2 + col_of[part];
                joined[part * D + i] = ((float *)x.data)[((s * n + row) * n + col) * D + i];
            }
        condition[r] = define_norm(4 * D, joined, &rows.mod, s, 0, 4 * D, expect + r * 4 * D);
    }
    EdtMerge op = {N, n, D, x.data, y.data, rows.mod, 0, 4 * D};
    k->merge(&op, act, 0, cells / 2);
    k->merge(&op, act, cells / 2, cells);
    check_norm(&y, act, expect, condition, cells, 4 * D);
    g_free(condition);
    g_free(expect);
    g_free(joined);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&rows.rows);
}

static void check_split_concat(const EdtCpuKernels *k, EdtType act)
{
    int N = g_test_rand_int_range(1, 3), half = g_test_rand_int_range(1, 5), n = 2 * half;
    int D = g_test_rand_int_range(1, 130), tokens = N * n * n;
    Rows rows;
    rows_init(&rows, 2, 4 * D);
    Guarded e = guarded_new((gsize)(tokens * D), act);
    Guarded skip = guarded_new((gsize)(tokens * D), EDT_F32);
    Guarded y = guarded_new((gsize)(tokens * 2 * D), act);
    guarded_fill(&e, act, 2.0);
    guarded_fill(&skip, EDT_F32, 2.0);
    double *expect = g_new(double, tokens * 2 * D), *joined = g_new(double, 2 * D);
    double *condition = g_new(double, tokens);
    for (int r = 0; r < tokens; r++) {
        int s = r / (n * n), row = r % (n * n) / n, col = r % n;
        int part = row % 2 * 2 + col % 2; /* (0,0), (0,1), (1,0), (1,1) */
        for (int i = 0; i < D; i++) {
            gsize at = (gsize)((((s * half + row / 2) * half + col / 2) * 4 + part) * D + i);
            joined[i] = guarded_get(e.data, act, at);
            joined[D + i] = ((float *)skip.data)[r * D + i];
        }
        condition[r] = define_norm(2 * D, joined, &rows.mod, s, 0, 2 * D, expect + r * 2 * D);
    }
    EdtSplitConcat op = {N, n, D, e.data, act, skip.data, y.data, rows.mod, 0, 2 * D};
    k->split_concat(&op, act, 0, tokens);
    check_norm(&y, act, expect, condition, tokens, 2 * D);
    g_free(condition);
    g_free(expect);
    g_free(joined);
    guarded_free(&e);
    guarded_free(&skip);
    guarded_free(&y);
    guarded_free(&rows.rows);
}

static void check_silu(const EdtCpuKernels *k, EdtType act)
{
    gsize count = (gsize)g_test_rand_int_range(1, 600);
    Guarded x = guarded_new(count, EDT_F32), y = guarded_new(count, act);
    double *expect = g_new(double, count);
    guarded_fill(&x, EDT_F32, 30.0);
    ((float *)x.data)[0] = -100.0f; /* far into underflow */
    for (gsize i = 0; i < count; i++)
        expect[i] = ((float *)x.data)[i] / (1 + exp(-(double)((float *)x.data)[i]));
    k->silu((gint64)count, x.data, y.data, act);
    g_assert_cmpfloat(guarded_distance(y.data, act, expect, count), <=, gate(act));
    g_free(expect);
    guarded_free(&x);
    guarded_free(&y);
}

/* Rows of a matrix that is wider: what stands beside them stays. */
static void check_gelu(const EdtCpuKernels *k, EdtType act)
{
    const int rows = g_test_rand_int_range(1, 9), N = g_test_rand_int_range(1, 70), pitch = N + 3;
    const gsize count = (gsize)((rows - 1) * pitch + N); /* nothing behind the last row */
    Guarded y = guarded_new(count, EDT_F32);
    double *expect = g_new(double, count);
    guarded_fill(&y, EDT_F32, 8.0);
    ((float *)y.data)[0] = -100.0f;
    for (gsize i = 0; i < count; i++) {
        const double x = ((float *)y.data)[i];
        const double inner = sqrt(2 / G_PI) * (x + 0.044715 * x * x * x);
        expect[i] = (int)i % pitch < N ? 0.5 * x * (1 + tanh(inner)) : x;
    }
    k->gelu(rows, N, y.data, pitch);
    g_assert_cmpfloat(guarded_distance(y.data, EDT_F32, expect, count), <=, gate(EDT_F32));
    g_free(expect);
    guarded_free(&y);
}

static void check_convert(const EdtCpuKernels *k, EdtType act)
{
    gsize count = (gsize)g_test_rand_int_range(1, 600);
    Guarded x = guarded_new(count, EDT_F32), y = guarded_new(count, act);
    Guarded back = guarded_new(count, EDT_F32);
    guarded_fill(&x, EDT_F32, 1000.0);
    k->convert((gint64)count, x.data, EDT_F32, y.data, act);
    k->convert((gint64)count, y.data, act, back.data, EDT_F32);
    for (gsize i = 0; i < count; i++) {
        float value = ((float *)x.data)[i];
        float expect = act == EDT_F32 ? value : edt_bf16_to_f32(edt_f32_to_bf16(value));
        g_assert_cmpfloat(((float *)back.data)[i], ==, expect);
    }
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&back);
}

static void test_update(void)
{
    each_level(check_update);
    each_level(check_update);
    each_level(check_update);
}

static void test_merge(void)
{
    each_level(check_merge);
}

static void test_split_concat(void)
{
    each_level(check_split_concat);
}

static void test_silu(void)
{
    each_level(check_silu);
}

static void test_gelu(void)
{
    each_level(check_gelu);
}

static void test_convert(void)
{
    each_level(check_convert);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernels/rows/update", test_update);
    g_test_add_func("/kernels/rows/merge", test_merge);
    g_test_add_func("/kernels/rows/split-concat", test_split_concat);
    g_test_add_func("/kernels/rows/silu", test_silu);
    g_test_add_func("/kernels/rows/gelu", test_gelu);
    g_test_add_func("/kernels/rows/convert", test_convert);
    return g_test_run();
}
