/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an operation says that it has to do, against its shapes counted by hand; the yardsticks; and
 * the limit that follows from both.
 */
#include "base/memory.h"
#include "cpu/cpu.h"
#include "cpu/kernels.h"

#include <sched.h>
#include <string.h>

/* ---- units ---- */

static void test_burn(void)
{
    static const unsigned flags[EDT_BURN_COUNT] = {
        [EDT_BURN_AMX_BF16] = EDT_CPU_AMX,
        [EDT_BURN_AVX_VNNI] = EDT_CPU_AVX_VNNI,
        [EDT_BURN_VNNI] = EDT_CPU_VNNI,
        [EDT_BURN_AMX_INT8] = EDT_CPU_AMX_INT8,
    };
    static const double operations[EDT_BURN_COUNT] = {/* of a round */
                                                      [EDT_BURN_BF16_PAIRS] = 24 * 16 * 4,
                                                      [EDT_BURN_AMX_BF16] = 4 * 16 * 16 * 32 * 2,
                                                      [EDT_BURN_AVX_VNNI] = 12 * 8 * 8,
                                                      [EDT_BURN_VNNI] = 24 * 16 * 8,
                                                      [EDT_BURN_AMX_INT8] = 4 * 16 * 16 * 64 * 2};
    const EdtCpuKernels *k = edt_cpu_kernels_here();
    g_assert_cmpfloat(k->burn[EDT_BURN_FMA](100), >, 0);
    for (int i = 0; i < EDT_BURN_COUNT; i++) {
        if (flags[i])
            g_assert_cmpint(k->burn[i] != NULL, ==, (edt_cpu_flags() & flags[i]) != 0);
        if (k->burn[i] && operations[i] > 0)
            g_assert_cmpfloat(k->burn[i](3), ==, 3 * operations[i]);
    }
}

/* Every vector is looked at, and those behind are not. */
static void test_read(void)
{
    const gsize count = 40, behind = 1000;
    guint8 *memory = edt_alloc((count + behind) * 64, NULL);
    for (int isa = 0; isa <= (int)edt_isa_detect(); isa++) {
        const EdtCpuKernels *k = edt_cpu_kernels((EdtIsa)isa);
        memset(memory, 0, (count + behind) * 64);
        g_assert_cmpfloat(k->read(memory, count, 5), ==, 5.0 * 40 * 64);
        memory[count * 64] = 1;
        g_assert_cmpfloat(k->read(memory, count, 5), ==, 5.0 * 40 * 64);
        for (gsize i = 0; i < count;
             i++) { /* the answer is one more where a vector begins with 1 */
            memset(memory, 0, count * 64);
            memory[i * 64] = 1;
            g_assert_cmpfloat(k->read(memory, count, 5), ==, 5.0 * 40 * 64 + 1);
        }
    }
    edt_free(memory);
}

/* More threads than processors have no more time than these: that is no busy machine. */
static void test_got(void)
{
    enum { THREADS = 16 };
    cpu_set_t all, one;
    double memory[EDT_REACHES], got = 0;
    if (edt_cpu_flags() & EDT_CPU_AMX) {
        g_test_skip("imitated tiles (tests/levels/amx.c) would take sixteen times as long");
        return;
    }
    EdtUnitRate rates[EDT_UNITS];
    g_assert_cmpint(sched_getaffinity(0, sizeof all, &all), ==, 0);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    g_assert_cmpint(sched_setaffinity(0, sizeof one, &one), ==, 0);
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){THREADS, EDT_PRECISION_F32}, NULL);
    g_assert_cmpint(backend->units(dev, rates, memory, &got), >, 0);
    backend->close(dev);
    g_assert_cmpint(sched_setaffinity(0, sizeof all, &all), ==, 0);
    g_assert_cmpfloat(got, >, 0); /* others may compute here */
    g_assert_cmpfloat(got, <, 1.5);
}

/* ---- operations ---- */

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    float *a, *b;
} Bench;

#define ROOM (1 << 20)

static Bench bench_open(void)
{
    Bench b = {.backend = edt_backend_cpu()};
    b.dev = b.backend->open(&(EdtDeviceOptions){1, EDT_PRECISION_F32}, NULL);
    b.a = edt_alloc(ROOM * sizeof(float), NULL);
    b.b = edt_alloc(ROOM * sizeof(float), NULL);
    memset(b.a, 0, ROOM * sizeof(float));
    memset(b.b, 0, ROOM * sizeof(float));
    return b;
}

static void bench_close(Bench *b)
{
    b->backend->close(b->dev);
    edt_free(b->a);
    edt_free(b->b);
}

/* One call of that kind since profiling began; it ends here. */
static void expect(Bench *b, EdtProfileKind kind, double flops, double bytes)
{
    GError *error = NULL;
    g_assert_true(b->backend->sync(b->dev, &error));
    const EdtProfileRow *row = b->backend->profile_rows(b->dev) + kind;
    g_assert_cmpuint(row->calls, ==, 1);
    g_assert_cmpfloat(row->flops[EDT_FACTORS_F32], ==, flops);
    for (int i = 0; i < EDT_REACHES; i++)
        g_assert_cmpfloat(row->bytes[i], ==, i == edt_reach_of(bytes) ? bytes : 0);
    b->backend->profile(b->dev, FALSE);
}

static void test_linear(void)
{
    Bench b = bench_open();
    EdtLinearSpec spec = {.K = 300, .N = 400, .weight = b.a, .x_type = EDT_F32, .y_type = EDT_F32};
    EdtLinear *linear = b.backend->linear_new(b.dev, &spec, NULL);
    g_assert_true(b.backend->linear_prepare(b.dev, linear, 50, NULL));
    b.backend->profile(b.dev, TRUE);
    b.backend->linear(b.dev, linear, 50, b.a, b.b);
    expect(&b, EDT_PROFILE_LINEAR, 2.0 * 50 * 300 * 400, 4.0 * (50 * 300 + 300 * 400 + 50 * 400));
    b.backend->linear_free(b.dev, linear);
    bench_close(&b);
}

static void check_conv(EdtConvSpec spec, int side, double flops, double numbers)
{
    Bench b = bench_open();
    spec.weight = b.a;
    spec.x_type = spec.y_type = EDT_F32;
    EdtConv *conv = b.backend->conv_new(b.dev, &spec, NULL);
    g_assert_true(b.backend->conv_prepare(b.dev, conv, 1, side, side, NULL));
    b.backend->profile(b.dev, TRUE);
    b.backend->conv(b.dev, conv, 1, side, side, b.a, b.b);
    expect(&b, EDT_PROFILE_CONV, flops, 4 * numbers);
    b.backend->conv_free(b.dev, conv);
    bench_close(&b);
}

static void test_conv(void)
{
    check_conv((EdtConvSpec){.C_in = 32, .C_out = 48, .kernel = 3, .stride = 1}, 16,
               2.0 * 256 * 9 * 32 * 48, 256 * 32 + 9 * 32 * 48 + 256 * 48);
    /* in planes, of half the side */
    check_conv((EdtConvSpec){.C_in = 128, .C_out = 8, .kernel = 3, .stride = 2, .from_norm = TRUE},
               16, 2.0 * 64 * 9 * 128 * 8, 256 * 128 + 9 * 128 * 8 + 64 * 8);
    /* four of 2x2 */
    check_conv((EdtConvSpec){.C_in = 16, .C_out = 24, .kernel = 3, .stride = 1, .upsample = TRUE},
               16, 2.0 * 1024 * 4 * 16 * 24, 256 * 16 + 4 * 4 * 16 * 24 + 1024 * 24);
}

static void test_attention(void)
{
    Bench b = bench_open();
    b.backend->profile(b.dev, TRUE);
    b.backend->attention(
        b.dev,
        &(EdtAttention){.N = 2, .T = 64, .H = 3, .d = 32, .scale = 1, .qkv = b.a, .out = b.b});
    expect(&b, EDT_PROFILE_ATTENTION, 4.0 * 2 * 3 * 64 * 64 * 32, 4.0 * 4 * 2 * 64 * 3 * 32);
    bench_close(&b);
}

static void test_rows(void)
{
    const int slot[] = {0, 0};
    Bench b = bench_open();
    EdtRowUpdate update = {.N = 2,
                           .T = 10,
                           .D = 64,
                           .x_in = b.a,
                           .x = b.a,
                           .p = b.b,
                           .p_type = EDT_F32,
                           .gate = EDT_NO_COLUMN,
                           .y = b.b,
                           .norm = TRUE,
                           .mod_y = {b.a, 0, slot},
                           .scale = 64};
    b.backend->profile(b.dev, TRUE);
    b.backend->update(b.dev, &update); /* x_in, p; x, y */
    expect(&b, EDT_PROFILE_ROWS, 0, 4.0 * 4 * 2 * 10 * 64);
    update.p = NULL; /* x_in; y */
    b.backend->profile(b.dev, TRUE);
    b.backend->update(b.dev, &update);
    expect(&b, EDT_PROFILE_ROWS, 0, 4.0 * 2 * 2 * 10 * 64);
    bench_close(&b);
}

static void test_norm(void)
{
    Bench b = bench_open();
    b.backend->profile(b.dev, TRUE);
    b.backend->group_norm(b.dev, &(EdtGroupNorm){.N = 1,
                                                 .hw = 100,
                                                 .C = 64,
                                                 .groups = 32,
                                                 .planes = 1,
                                                 .x = b.a,
                                                 .y = b.b,
                                                 .weight = b.a,
                                                 .bias = b.a});
    expect(&b, EDT_PROFILE_NORM, 0, 4.0 * 3 * 100 * 64); /* read twice, written once */
    b.backend->profile(b.dev, TRUE);
    b.backend->add(b.dev, 100, b.a, b.b, EDT_F32);
    expect(&b, EDT_PROFILE_OTHER, 0, 4.0 * 3 * 100);
    bench_close(&b);
}

/* ---- the limit ---- */

static void expect_limit(const EdtBenchUnits *units, const EdtBenchRow *row, double ms,
                         const char *what)
{
    const char *limit;
    g_assert_cmpfloat_with_epsilon(edt_bench_limit(units, row, &limit), ms, 1e-9);
    g_assert_cmpstr(limit, ==, what);
}

static void test_limit(void)
{
    const EdtBenchUnits units = {
        .n = 4,
        .of = {{"FMA f32", EDT_FACTORS_F32, 100},
               {"vdpbf16ps", EDT_FACTORS_BF16, 200},
               {"AMX bf16", EDT_FACTORS_BF16, 1000},
               {"int8 VNNI", EDT_FACTORS_INT8, 400}},
        .memory = {{1, 80}, {2, 40}, {3, 20}, {4, 10}},
    };
    EdtBenchRow row = {.gflop = {1}};
    expect_limit(&units, &row, 10, "FMA f32");
    row.gbyte[3] = 0.05;
    expect_limit(&units, &row, 10, "FMA f32"); /* 5 ms of memory */
    row.gbyte[0] = 0.8;
    expect_limit(&units, &row, 15, "memory"); /* 10 more */
    row = (EdtBenchRow){.gflop = {0, 2, 0}};
    expect_limit(&units, &row, 2, "AMX bf16"); /* the fastest for its factors */
    row.gflop[EDT_FACTORS_INT8] = 2;           /* both in turn: of the longer one */
    expect_limit(&units, &row, 7, "int8 VNNI");
    row = (EdtBenchRow){0};
    expect_limit(&units, &row, 0, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/burn", test_burn);
    g_test_add_func("/profile/read", test_read);
    g_test_add_func("/profile/linear", test_linear);
    g_test_add_func("/profile/conv", test_conv);
    g_test_add_func("/profile/attention", test_attention);
    g_test_add_func("/profile/rows", test_rows);
    g_test_add_func("/profile/norm", test_norm);
    g_test_add_func("/profile/limit", test_limit);
    g_test_add_func("/profile/got", test_got); /* the last: its threads stay on one processor */
    return g_test_run();
}
