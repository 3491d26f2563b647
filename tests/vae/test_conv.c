/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The backend's convolution against its definition in f64: kernels, strides, up-sampling, adding to
 * what is there, ReLU, odd channels and sides, both precisions, and several sizes in turn.
 */
#include "base/half.h"
#include "base/memory.h"
#include "cpu/cpu.h"

#include <math.h>
#include <string.h>

typedef struct {
    int C_in, C_out, kernel, stride;
    gboolean upsample, accumulate;
    gboolean relu, front, unbiased, narrow; /* narrow: writes the type it reads */
} Case;

#define PLAIN FALSE, FALSE, FALSE, FALSE
static const Case cases[] = {
    {4, 4, 1, 1, FALSE, FALSE, PLAIN}, {8, 8, 1, 1, FALSE, TRUE, PLAIN},
    {32, 64, 1, 1, FALSE, FALSE, PLAIN}, {4, 40, 3, 1, FALSE, FALSE, PLAIN},
    {17, 33, 3, 1, FALSE, TRUE, PLAIN}, {64, 64, 3, 1, FALSE, TRUE, PLAIN},
    {64, 3, 3, 1, FALSE, FALSE, PLAIN}, {16, 24, 3, 2, FALSE, FALSE, PLAIN},
    {32, 32, 3, 2, FALSE, FALSE, PLAIN}, {3, 5, 3, 1, TRUE, FALSE, PLAIN},
    {33, 17, 3, 1, TRUE, FALSE, PLAIN}, {64, 64, 3, 1, TRUE, FALSE, PLAIN},
    /* of the small autoencoders */
    {4, 64, 3, 1, .relu = TRUE, .narrow = TRUE},
    {64, 64, 3, 1, .relu = TRUE, .narrow = TRUE},
    {48, 48, 3, 1, .accumulate = TRUE, .relu = TRUE, .narrow = TRUE},
    {64, 64, 3, 1, .accumulate = TRUE, .relu = TRUE, .narrow = TRUE},
    {64, 48, 3, 1, .upsample = TRUE, .unbiased = TRUE, .narrow = TRUE},
    {48, 64, 3, 2, .front = TRUE, .unbiased = TRUE, .narrow = TRUE},
    {32, 32, 3, 2, .front = TRUE},
    {32, 16, 3, 1, .unbiased = TRUE, .relu = TRUE},
};

static float uniform(void)
{
    return (float)g_test_rand_double_range(-1, 1);
}

static void put(void *x, EdtType type, gsize i, float value)
{
    if (type == EDT_F32)
        ((float *)x)[i] = value;
    else
        ((EdtHalf *)x)[i] = edt_f32_to_bf16(value);
}

static double get(const void *x, EdtType type, gsize i)
{
    return type == EDT_F32 ? ((const float *)x)[i] : edt_bf16_to_f32(((const EdtHalf *)x)[i]);
}

static int out_side(const Case *c, int side)
{
    return c->upsample ? 2 * side : c->stride == 2 ? side / 2 : side;
}

/* One output; x [h,w,C_in], weight [C_out,C_in,k,k]. */
static double define(const Case *c, int h, int w, const void *x, EdtType type, const float *weight,
                     int row, int column, int o)
{
    int before = c->kernel == 3 && (c->stride == 1 || c->front), scale = c->upsample ? 2 : 1;
    double sum = 0;
    for (int i = 0; i < c->kernel; i++)
        for (int j = 0; j < c->kernel; j++) {
            int y = row * c->stride + i - before, z = column * c->stride + j - before;
            if (y < 0 || z < 0 || y >= h * scale || z >= w * scale)
                continue;
            gsize pixel = (gsize)(y / scale * w + z / scale) * (gsize)c->C_in;
            for (int k = 0; k < c->C_in; k++)
                sum += get(x, type, pixel + (gsize)k) *
                       weight[((o * c->C_in + k) * c->kernel + i) * c->kernel + j];
        }
    return sum;
}

static void check_size(const EdtBackend *backend, EdtDevice *dev, EdtConv *conv, const Case *c,
                       const float *weight, const float *bias, double gate, int h, int w)
{
    GError *error = NULL;
    EdtType type = backend->act(dev);
    int H = out_side(c, h), W = out_side(c, w);
    gsize n_x = (gsize)(h * w * c->C_in), n_y = (gsize)(H * W * c->C_out);
    void *x = edt_alloc(n_x * 4, NULL);
    EdtType y_type = c->narrow ? type : EDT_F32;
    void *y = edt_alloc(n_y * 4, NULL);
    double *was = g_new(double, n_y);
    double off = 0, size = 0;
    for (gsize i = 0; i < n_x; i++)
        put(x, type, i, uniform());
    for (gsize i = 0; i < n_y; i++) {
        put(y, y_type, i, uniform());
        was[i] = get(y, y_type, i);
    }
    g_assert_true(backend->conv_prepare(dev, conv, 1, h, w, &error));
    backend->conv(dev, conv, 1, h, w, x, y);
    g_assert_true(backend->sync(dev, &error));
    for (int row = 0; row < H; row++)
        for (int column = 0; column < W; column++)
            for (int o = 0; o < c->C_out; o++) {
                gsize i = (gsize)((row * W + column) * c->C_out + o);
                double expect = define(c, h, w, x, type, weight, row, column, o) +
                                (c->unbiased ? 0 : bias[o]) + (c->accumulate ? was[i] : 0);
                expect = c->relu ? MAX(expect, 0) : expect;
                double d = get(y, y_type, i) - expect;
                off += d * d;
                size += expect * expect;
            }
    g_assert_cmpfloat(sqrt(off / size), <, gate);
    edt_free(x);
    edt_free(y);
    g_free(was);
}

static void check(const Case *c, EdtPrecision precision)
{
    /* bf16 rounds the weights at least, also where the processor has no products of it */
    const double gate = precision == EDT_PRECISION_F32 ? 1.5e-6 : 5e-3;
    GError *error = NULL;
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){2, precision}, &error);
    gsize taps = (gsize)(c->C_in * c->C_out * c->kernel * c->kernel);
    float *weight = g_new(float, taps), *bias = g_new(float, c->C_out);
    for (gsize i = 0; i < taps; i++)
        weight[i] = uniform();
    for (int i = 0; i < c->C_out; i++)
        bias[i] = uniform();
    EdtConvSpec spec = {
        .C_in = c->C_in, .C_out = c->C_out, .kernel = c->kernel, .stride = c->stride,
        .pad_front = c->front, .upsample = c->upsample, .accumulate = c->accumulate,
        .epilogue = c->relu ? EDT_EPILOGUE_RELU : EDT_EPILOGUE_NONE,
        .weight = weight, .weight_type = EDT_F32, .bias = c->unbiased ? NULL : bias,
        .bias_type = EDT_F32, .x_type = backend->act(dev),
        .y_type = c->narrow ? backend->act(dev) : EDT_F32,
    };
    EdtConv *conv = backend->conv_new(dev, &spec, &error);
    g_assert_no_error(error);
    float *kept = g_memdup2(weight, taps * sizeof *weight);
    memset(weight, 0, taps * sizeof *weight); /* the caller's weights may go */
    for (int i = 0; i < 8; i++) {              /* more sizes than are kept, some twice */
        int h = 2 * g_test_rand_int_range(1, 6), w = 2 * g_test_rand_int_range(1, 6);
        check_size(backend, dev, conv, c, kept, bias, gate, h, w);
        check_size(backend, dev, conv, c, kept, bias, gate, 8, 6);
        check_size(backend, dev, conv, c, kept, bias, gate, 10 + 2 * i, 2); /* narrow: conv.c */
        if (c->stride == 1)
            check_size(backend, dev, conv, c, kept, bias, gate, h + 1, w - 1);
    }
    backend->conv_free(dev, conv);
    backend->close(dev);
    g_free(kept);
    g_free(weight);
    g_free(bias);
}

static void test_f32(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check(&cases[i], EDT_PRECISION_F32);
}

static void test_bf16(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check(&cases[i], EDT_PRECISION_BF16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vae/conv/f32", test_f32);
    g_test_add_func("/vae/conv/bf16", test_bf16);
    return g_test_run();
}
