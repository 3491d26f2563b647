/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every operation of the backend table against the CPU backend: random sizes, odd ones too, both
 * precisions, canaries.  f32 differs by the order of sums alone; bf16 results by one rounding.
 */
#include "compare.h"

#include <math.h>

#define ROUNDS 4
#define F32_GATE 2e-6
#define BF16_GATE 4e-3

static int between(int low, int high)
{
    return g_test_rand_int_range(low, high + 1);
}

static gboolean coin(void)
{
    return g_test_rand_bit() != 0;
}

static double gate_of(EdtType type)
{
    return type == EDT_F32 ? F32_GATE : BF16_GATE;
}

/* Runs body for both precisions, ROUNDS times each; `pair` is open in it. */
#define EACH_ROUND(body)                                                                           \
    do {                                                                                           \
        for (int precision = EDT_PRECISION_F32; precision <= (int)pair_last_precision(); precision++) { \
            Pair pair = pair_open((EdtPrecision)precision);                                        \
            for (int round = 0; round < ROUNDS; round++)                                           \
                body(&pair);                                                                       \
            pair_close(&pair);                                                                     \
        }                                                                                          \
    } while (0)

/* The same call on both sides. */
#define ON_BOTH(pair, call_cpu, call_other)                                                        \
    do {                                                                                           \
        (pair)->cpu->call_cpu;                                                                     \
        (pair)->other->call_other;                                                                 \
    } while (0)

/* A side's memory of a Both, where `side` is 0 for the CPU. */
#define SIDE(both) (side ? (both).other : (both).cpu)

/* ---- rows ---- */

static void round_update(Pair *pair)
{
    const int N = between(1, 3), T = between(1, 9);
    const int D = coin() ? 4 * between(1, 60) : between(1, 70);
    const int columns = 6 * D, slots = 4;
    const gsize count = (gsize)(N * T * D);
    const EdtType p_type = coin() ? pair->act : EDT_F32;
    const gboolean in_place = coin(), has_x = coin(), has_p = coin(), has_y = !has_p || coin();
    const gboolean norm = coin(), table = coin(), beside = has_y && coin(), itself = coin();
    const gboolean gate = (has_x || !has_p) && coin(); /* a gate always has a stream to join */
    Both x_in = both_random(pair, EDT_F32, count, 2), x = both_new(pair, EDT_F32, count);
    Both p = both_random(pair, p_type, count, 1);
    Both y = both_new(pair, pair->act, beside ? 2 * count : count);
    Both skip = both_random(pair, EDT_F32, count, 2);
    Both position = both_random(pair, EDT_F32, (gsize)(T * D), 1);
    Both rows = both_random(pair, EDT_F32, (gsize)(slots * columns), 1);
    Both slot = both_ints(pair, (gsize)N, slots);
    EdtRowUpdate op[2];

    for (int side = 0; side < 2; side++) {
        EdtModulation mod = {SIDE(rows), columns, SIDE(slot)};
        op[side] = (EdtRowUpdate){
            .N = N, .T = T, .D = D,
            .x_in = has_x || !has_p ? SIDE(x_in) : NULL,
            .x = in_place ? SIDE(x_in) : SIDE(x),
            .p = has_p ? SIDE(p) : NULL, .p_type = p_type,
            .table = table ? SIDE(position) : NULL,
            .y = has_y ? SIDE(y) : NULL, .norm = norm,
            .beside = beside ? SIDE(skip) : NULL,
            .mod_p = mod, .gate = gate ? 2 * D : EDT_NO_COLUMN,
            .mod_y = mod, .shift = 3 * D, .scale = 4 * D,
        };
        if (beside && itself && has_p)
            op[side].beside = op[side].x;
    }
    ON_BOTH(pair, update(pair->cpu_dev, &op[0]), update(pair->dev, &op[1]));
    if (has_p)
        both_compare("update x", in_place ? &x_in : &x, F32_GATE);
    /* the norm of a row of one or two numbers is a quotient of nothing */
    if (has_y && (!norm || D > 4))
        both_compare("update y", &y, gate_of(pair->act));
    Both *all[] = {&x_in, &x, &p, &y, &skip, &position, &rows, &slot};
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i]->cpu)
            both_free(all[i]);
}

static void round_merge(Pair *pair)
{
    const int N = between(1, 3), n = 2 * between(1, 4);
    const int D = coin() ? 4 * between(1, 40) : between(3, 50);
    Both x = both_random(pair, EDT_F32, (gsize)(N * n * n * D), 2);
    Both y = both_new(pair, pair->act, (gsize)(N * n * n * D));
    Both rows = both_random(pair, EDT_F32, (gsize)(3 * 8 * D), 1);
    Both slot = both_ints(pair, (gsize)N, 3);
    for (int side = 0; side < 2; side++) {
        EdtMerge op = {N, n, D, SIDE(x), SIDE(y), {SIDE(rows), 8 * D, SIDE(slot)}, 0, 4 * D};
        if (side)
            pair->other->merge(pair->dev, &op);
        else
            pair->cpu->merge(pair->cpu_dev, &op);
    }
    both_compare("merge", &y, gate_of(pair->act));
    both_free(&x);
    both_free(&rows);
    both_free(&slot);
}

static void round_split(Pair *pair)
{
    const int N = between(1, 3), n = 2 * between(1, 4);
    const int D = coin() ? 4 * between(1, 40) : between(3, 50);
    Both e = both_random(pair, pair->act, (gsize)(N * n * n * D), 2);
    Both skip = both_random(pair, EDT_F32, (gsize)(N * n * n * D), 2);
    Both y = both_new(pair, pair->act, (gsize)(N * n * n * 2 * D));
    Both rows = both_random(pair, EDT_F32, (gsize)(3 * 4 * D), 1);
    Both slot = both_ints(pair, (gsize)N, 3);
    for (int side = 0; side < 2; side++) {
        EdtSplitConcat op = {.N = N, .n = n, .D = D, .e = SIDE(e), .e_type = pair->act,
                             .skip = SIDE(skip), .y = SIDE(y),
                             .mod = {SIDE(rows), 4 * D, SIDE(slot)}, .shift = 0, .scale = 2 * D};
        if (side)
            pair->other->split_concat(pair->dev, &op);
        else
            pair->cpu->split_concat(pair->cpu_dev, &op);
    }
    both_compare("split_concat", &y, gate_of(pair->act));
    both_free(&e);
    both_free(&skip);
    both_free(&rows);
    both_free(&slot);
}

static void round_small(Pair *pair)
{
    const int R = between(1, 7), D = between(1, 300), classes = 5;
    const gsize count = (gsize)(R * D);
    Both x = both_random(pair, EDT_F32, count, 6), y = both_new(pair, pair->act, count);
    Both table = both_random(pair, EDT_F32, (gsize)(classes * D), 3);
    Both row = both_ints(pair, (gsize)R, classes), z = both_random(pair, pair->act, count, 2);
    ON_BOTH(pair, add_rows(pair->cpu_dev, R, D, x.cpu, table.cpu, row.cpu),
            add_rows(pair->dev, R, D, x.other, table.other, row.other));
    ON_BOTH(pair, silu(pair->cpu_dev, (gint64)count, x.cpu, y.cpu, pair->act),
            silu(pair->dev, (gint64)count, x.other, y.other, pair->act));
    ON_BOTH(pair, add(pair->cpu_dev, (gint64)count, z.cpu, y.cpu, pair->act),
            add(pair->dev, (gint64)count, z.other, y.other, pair->act));
    ON_BOTH(pair, convert(pair->cpu_dev, (gint64)count, z.cpu, pair->act, x.cpu, EDT_F32),
            convert(pair->dev, (gint64)count, z.other, pair->act, x.other, EDT_F32));
    both_compare("silu", &y, gate_of(pair->act));
    both_compare("add", &z, gate_of(pair->act));
    both_compare("convert", &x, gate_of(pair->act));
    both_free(&table);
    both_free(&row);
}

static void round_patches(Pair *pair)
{
    const int N = between(1, 3), C = between(1, 8), p = between(1, 4), h = p * between(1, 6);
    const gsize count = (gsize)(N * C * h * h);
    Both x = both_random(pair, EDT_F32, count, 1), rows = both_new(pair, EDT_F32, count);
    Both back = both_new(pair, EDT_F32, count);
    ON_BOTH(pair, patchify(pair->cpu_dev, N, C, h, p, x.cpu, rows.cpu),
            patchify(pair->dev, N, C, h, p, x.other, rows.other));
    ON_BOTH(pair, unpatchify(pair->cpu_dev, N, C, h, p, rows.cpu, back.cpu),
            unpatchify(pair->dev, N, C, h, p, rows.other, back.other));
    both_compare("patchify", &rows, 0);
    both_compare("unpatchify", &back, 0);
    both_free(&x);
}

/* Coefficients of any kind, all ways of going; the arithmetic is the CPU's: f32 to the bit, but for
 * the exponential of a learned variance, which is the device's. */
static void round_advance(Pair *pair)
{
    const int N = between(1, 3), C = between(1, 5), hw = between(1, 300), more = between(0, 2);
    const gboolean learned = coin();
    const int guided = coin() ? between(1, C) : 0, C_out = learned ? 2 * C : C;
    const gsize one = (gsize)(N * hw), count = one * (gsize)C;
    const gsize groups = (gsize)(1 + (guided ? 1 : 0) + more);
    EdtStepCoefficients how = {.flags = between(0, 63) | (learned ? EDT_STEP_LEARNED : 0) |
                                        between(0, 15) * EDT_STEP_KEEPS,
                               .log_least = -3, .log_most = -1};
    for (float *k = &how.guidance; k <= &how.back_noise; k++)
        *k = k == &how.log_least || k == &how.log_most
                 ? *k
                 : (float)g_test_rand_double_range(0.1, 2);
    Both out = both_random(pair, EDT_F32, groups * one * (gsize)C_out, 2);
    Both x = both_random(pair, EDT_F32, groups * count, 2);
    Both noise = both_random(pair, EDT_F32, count, 1), last = both_random(pair, EDT_F32, count, 1);
    Both older = both_random(pair, EDT_F32, count, 1);
    Both again = both_random(pair, EDT_F32, count, 1), z = both_random(pair, EDT_F32, count, 1);
    Both source = both_random(pair, EDT_F32, count, 1), mask = both_random(pair, EDT_F32, one, 1);
    Both weight = both_random(pair, EDT_F32, (gsize)(N * (1 + more)), 1);
    Both device_how = both_new(pair, EDT_F32, sizeof how / sizeof(float));
    for (int side = 0; side < 2; side++) {
        const EdtBackend *b = side ? pair->other : pair->cpu;
        EdtDevice *dev = side ? pair->dev : pair->cpu_dev;
        b->upload(dev, SIDE(device_how), &how, sizeof how);
        b->advance(dev, &(EdtSamplerStep){.N = N,
                                          .C = C,
                                          .C_out = C_out,
                                          .hw = hw,
                                          .guided = guided,
                                          .more = more,
                                          .how = SIDE(device_how),
                                          .out = SIDE(out),
                                          .noise = SIDE(noise),
                                          .again = SIDE(again),
                                          .weight = SIDE(weight),
                                          .source = SIDE(source),
                                          .z = SIDE(z),
                                          .mask = SIDE(mask),
                                          .x = SIDE(x),
                                          .denoised = SIDE(last),
                                          .older = SIDE(older)});
    }
    both_compare("advance: estimate", &last, 0);
    both_compare("advance: older estimate", &older, 0);
    both_compare("advance: x", &x, learned ? 1e-6 : 0);
    Both *rest[] = {&out, &noise, &again, &z, &source, &mask, &weight, &device_how};
    for (guint i = 0; i < G_N_ELEMENTS(rest); i++)
        both_free(rest[i]);
}

/* ---- attention ---- */

static void check_attention(Pair *pair, int N, int n, int T, int H, int d, gboolean bias,
                            gboolean amm)
{
    const gsize window = n ? (gsize)((2 * n - 1) * (2 * n - 1)) : 1, count = (gsize)(N * T * H * d);
    Both qkv = both_random(pair, pair->act, 3 * count, 2), out = both_new(pair, pair->act, count);
    Both biases = both_random(pair, EDT_F32, window * (gsize)H, 2);
    Both amms = both_random(pair, EDT_F32, window, 1);
    g_autofree char *what = g_strdup_printf("attention N %d n %d T %d H %d d %d", N, n, T, H, d);
    for (int side = 0; side < 2; side++) {
        EdtAttention op = {.N = N, .T = T, .H = H, .d = d, .n = n, .scale = 1.0f / sqrtf((float)d),
                           .qkv = SIDE(qkv), .out = SIDE(out), .bias = bias ? SIDE(biases) : NULL,
                           .amm = amm ? SIDE(amms) : NULL};
        if (side)
            pair->other->attention(pair->dev, &op);
        else
            pair->cpu->attention(pair->cpu_dev, &op);
    }
    /* in bf16 the weights are rounded before they meet the values */
    both_compare(what, &out, pair->act == EDT_F32 ? 3e-6 : 8e-3);
    both_free(&qkv);
    both_free(&biases);
    both_free(&amms);
}

static void test_attention(void)
{
    static const int widths[] = {52, 4, 20, 64, 72, 100, 128};
    for (int precision = EDT_PRECISION_F32; precision <= (int)pair_last_precision(); precision++) {
        Pair pair = pair_open((EdtPrecision)precision);
        for (guint i = 0; i < G_N_ELEMENTS(widths); i++) {
            int n = between(2, 9);
            check_attention(&pair, 2, n, n * n, between(1, 3), widths[i], TRUE, TRUE);
        }
        check_attention(&pair, 1, 4, 16, 2, 52, TRUE, FALSE);
        check_attention(&pair, 1, 5, 25, 2, 52, FALSE, TRUE);
        check_attention(&pair, 1, 16, 256, 1, 52, TRUE, TRUE);
        check_attention(&pair, 1, 0, 67, 1, 512, FALSE, FALSE); /* the autoencoder's single head */
        check_attention(&pair, 1, 0, 33, 2, 7, FALSE, FALSE);
        pair_close(&pair);
    }
}

/* ---- pictures ---- */

static void round_group_norm(Pair *pair)
{
    const int N = between(1, 2), groups = 1 << between(0, 5), C = groups * between(1, 5);
    /* not fewer than 16 values a group: the variance of one or two is nearly 0, and dividing by its
     * root magnifies rounding a thousand times on either side */
    const int hw = between(16, 300), planes = C % 8 == 0 && coin() ? 2 : 1;
    const gsize count = (gsize)(N * hw * C);
    const EdtType x_type = coin() ? EDT_F32 : pair->act;
    Both x = both_random(pair, x_type, count, 3), y = both_new(pair, pair->act, count);
    Both weight = both_random(pair, EDT_F32, (gsize)C, 1);
    Both bias = both_random(pair, EDT_F32, (gsize)C, 1);
    const gboolean silu = coin();
    for (int side = 0; side < 2; side++) {
        EdtGroupNorm op = {N, hw, C, groups, planes, SIDE(x), x_type, SIDE(y), pair->act,
                           SIDE(weight), SIDE(bias), silu};
        if (side)
            pair->other->group_norm(pair->dev, &op);
        else
            pair->cpu->group_norm(pair->cpu_dev, &op);
    }
    both_compare("group norm", &y, gate_of(pair->act));
    both_free(&x);
    both_free(&weight);
    both_free(&bias);
}

static void round_layout(Pair *pair)
{
    const int N = between(1, 3), C = between(1, 9), hw = between(1, 200);
    const gsize count = (gsize)(N * C * hw);
    Both x = both_random(pair, EDT_F32, count, 1), y = both_new(pair, pair->act, count);
    Both z = both_new(pair, EDT_F32, count);
    ON_BOTH(pair, to_nhwc(pair->cpu_dev, N, C, hw, x.cpu, y.cpu, pair->act),
            to_nhwc(pair->dev, N, C, hw, x.other, y.other, pair->act));
    ON_BOTH(pair, to_nchw(pair->cpu_dev, N, C, hw, y.cpu, pair->act, z.cpu),
            to_nchw(pair->dev, N, C, hw, y.other, pair->act, z.other));
    both_compare("to_nhwc", &y, 0);
    both_compare("to_nchw", &z, 0);
    both_free(&x);
}

/* ---- products ---- */

static float *random_host(gsize count, double scale)
{
    float *values = g_new(float, count);
    for (gsize i = 0; i < count; i++)
        values[i] = (float)g_test_rand_double_range(-scale, scale);
    return values;
}

static void round_linear(Pair *pair)
{
    const gint64 K = 4 * between(1, 30), N = 4 * between(1, 30), M = between(1, 40);
    const EdtType x_type = pair->act, y_type = coin() ? pair->act : EDT_F32;
    g_autofree float *weight = random_host((gsize)(K * N), 0.5), *bias = random_host((gsize)N, 1);
    const EdtLinearSpec spec = {K, N, weight, EDT_F32, coin() ? bias : NULL, EDT_F32,
                                coin() ? EDT_EPILOGUE_GELU : EDT_EPILOGUE_NONE, x_type, y_type,
                                FALSE};
    GError *error = NULL;
    EdtLinear *cpu = pair->cpu->linear_new(pair->cpu_dev, &spec, &error);
    EdtLinear *other = pair->other->linear_new(pair->dev, &spec, &error);
    g_assert_no_error(error);
    Both x = both_random(pair, x_type, (gsize)(M * K), 1);
    Both y = both_new(pair, y_type, (gsize)(M * N));
    g_assert_true(pair->other->linear_prepare(pair->dev, other, M, &error));
    ON_BOTH(pair, linear(pair->cpu_dev, cpu, M, x.cpu, y.cpu),
            linear(pair->dev, other, M, x.other, y.other));
    both_compare("linear", &y, x_type == EDT_F32 ? F32_GATE : 1e-2);
    both_free(&x);
    pair->cpu->linear_free(pair->cpu_dev, cpu);
    pair->other->linear_free(pair->dev, other);
}

typedef struct {
    int C_in, C_out, kernel, stride;
    gboolean upsample, accumulate;
    gboolean relu, front, unbiased, narrow; /* narrow: writes the type it reads */
} Conv;

static void check_conv(Pair *pair, const Conv *c, int N, int h, int w)
{
    const int H = c->upsample ? 2 * h : h / c->stride, W = c->upsample ? 2 * w : w / c->stride;
    const gsize taps = (gsize)(c->C_in * c->C_out * c->kernel * c->kernel);
    g_autofree float *weight = random_host(taps, 0.5), *bias = random_host((gsize)c->C_out, 1);
    const EdtType y_type = c->narrow ? pair->act : EDT_F32;
    const EdtConvSpec spec = {.C_in = c->C_in, .C_out = c->C_out, .kernel = c->kernel,
                              .stride = c->stride, .pad_front = c->front, .upsample = c->upsample,
                              .accumulate = c->accumulate,
                              .epilogue = c->relu ? EDT_EPILOGUE_RELU : EDT_EPILOGUE_NONE,
                              .weight = weight, .weight_type = EDT_F32,
                              .bias = c->unbiased ? NULL : bias, .bias_type = EDT_F32,
                              .x_type = pair->act, .y_type = y_type};
    GError *error = NULL;
    EdtConv *cpu = pair->cpu->conv_new(pair->cpu_dev, &spec, &error);
    EdtConv *other = pair->other->conv_new(pair->dev, &spec, &error);
    g_assert_no_error(error);
    Both x = both_random(pair, pair->act, (gsize)(N * h * w * c->C_in), 1);
    Both y = both_random(pair, y_type, (gsize)(N * H * W * c->C_out), 1);
    g_assert_true(pair->other->conv_prepare(pair->dev, other, N, h, w, &error));
    ON_BOTH(pair, conv(pair->cpu_dev, cpu, N, h, w, x.cpu, y.cpu),
            conv(pair->dev, other, N, h, w, x.other, y.other));
    g_assert_cmpint(pair->other->conv_planes(pair->dev, other), ==, 1);
    both_compare("convolution", &y, pair->act == EDT_F32 ? F32_GATE : 8e-3);
    both_free(&x);
    pair->cpu->conv_free(pair->cpu_dev, cpu);
    pair->other->conv_free(pair->dev, other);
}

#define PLAIN FALSE, FALSE, FALSE, FALSE

static void test_conv(void)
{
    static const Conv kinds[] = {
        {4, 4, 1, 1, FALSE, FALSE, PLAIN}, {8, 24, 1, 1, FALSE, TRUE, PLAIN},
        {4, 40, 3, 1, FALSE, FALSE, PLAIN}, {17, 33, 3, 1, FALSE, TRUE, PLAIN},
        {64, 3, 3, 1, FALSE, FALSE, PLAIN}, {16, 24, 3, 2, FALSE, FALSE, PLAIN},
        {3, 5, 3, 1, TRUE, FALSE, PLAIN}, {33, 17, 3, 1, TRUE, FALSE, PLAIN},
        {300, 8, 3, 1, FALSE, FALSE, PLAIN}, {200, 8, 3, 1, FALSE, TRUE, PLAIN},
        {320, 4, 3, 1, TRUE, FALSE, PLAIN},
        /* of the small autoencoders */
        {.C_in = 4, .C_out = 64, .kernel = 3, .stride = 1, .relu = TRUE, .narrow = TRUE},
        {48, 48, 3, 1, .accumulate = TRUE, .relu = TRUE, .narrow = TRUE},
        {160, 16, 3, 1, .accumulate = TRUE, .relu = TRUE, .narrow = TRUE}, /* in two parts */
        {64, 48, 3, 1, .upsample = TRUE, .unbiased = TRUE, .narrow = TRUE},
        {48, 64, 3, 2, .front = TRUE, .unbiased = TRUE, .narrow = TRUE},
        {32, 16, 3, 2, .front = TRUE, .relu = TRUE},
    };
    for (int precision = EDT_PRECISION_F32; precision <= (int)pair_last_precision(); precision++) {
        Pair pair = pair_open((EdtPrecision)precision);
        for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
            for (int N = 1; N <= 2; N++)
                check_conv(&pair, &kinds[i], N, 2 * between(1, 5), 2 * between(1, 5));
        pair_close(&pair);
    }
}

#define TEST(name)                                                                                 \
    static void test_##name(void)                                                                  \
    {                                                                                              \
        EACH_ROUND(round_##name);                                                                  \
    }
TEST(update)
TEST(merge)
TEST(split)
TEST(small)
TEST(patches)
TEST(advance)
TEST(group_norm)
TEST(layout)
TEST(linear)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuda/update", test_update);
    g_test_add_func("/cuda/merge", test_merge);
    g_test_add_func("/cuda/split-concat", test_split);
    g_test_add_func("/cuda/silu-add-rows-add-convert", test_small);
    g_test_add_func("/cuda/patches", test_patches);
    g_test_add_func("/cuda/advance", test_advance);
    g_test_add_func("/cuda/group-norm", test_group_norm);
    g_test_add_func("/cuda/layout", test_layout);
    g_test_add_func("/cuda/linear", test_linear);
    g_test_add_func("/cuda/conv", test_conv);
    g_test_add_func("/cuda/attention", test_attention);
    return g_test_run();
}
