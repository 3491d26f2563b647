/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The backend's linear layers and the trainer's products against their definition in f64: odd
 * sizes, bias, GELU, strides, both precisions.  meson.build starts this once for each level of
 * oneDNN's.
 */
#include "base/half.h"
#include "base/int8.h"
#include "machine.h"
#include "base/memory.h"
#include "cpu/cpu.h"
#include "cpu/micro.h"
#include "train/product.h"

#include <math.h>
#include <string.h>

static float uniform(void)
{
    return (float)g_test_rand_double_range(-1, 1);
}

/* count numbers in [-1, 1], exact in type; edt_free() it. */
static void *numbers(gsize count, EdtType type)
{
    void *x = edt_alloc(count * 4, NULL);
    for (gsize i = 0; i < count; i++)
        if (type == EDT_F32)
            ((float *)x)[i] = uniform();
        else
            ((EdtHalf *)x)[i] = edt_f32_to_bf16(uniform());
    return x;
}

static double get(const void *x, EdtType type, gint64 i)
{
    return type == EDT_F32 ? ((const float *)x)[i] : edt_bf16_to_f32(((const EdtHalf *)x)[i]);
}

static double gelu(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / G_PI) * (x + 0.044715 * x * x * x)));
}

/* ---- linear layers ---- */

typedef struct {
    int K, N;
    gboolean bias;
    EdtEpilogue epilogue;
} Layer;

static const Layer layers[] = {
    {1, 1, TRUE, EDT_EPILOGUE_NONE},     {16, 312, TRUE, EDT_EPILOGUE_NONE},
    {312, 936, TRUE, EDT_EPILOGUE_NONE}, {39, 70, TRUE, EDT_EPILOGUE_GELU},
    {128, 512, TRUE, EDT_EPILOGUE_GELU}, {33, 17, FALSE, EDT_EPILOGUE_NONE},
    {256, 32, TRUE, EDT_EPILOGUE_NONE},  {770, 100, TRUE, EDT_EPILOGUE_GELU},
};

/* A row of x [M,K] alone gives the bits of its row of y [M,N]. */
static void check_alone(const EdtBackend *backend, EdtDevice *dev, EdtLinear *linear,
                        const Layer *l, const void *x, const void *y, int M)
{
    const gsize bytes = edt_type_size(backend->act(dev)), width = (gsize)l->N * bytes;
    const int m = g_test_rand_int_range(0, M);
    void *one = edt_alloc((gsize)l->N * 4, NULL);
    GError *error = NULL;

    g_assert_true(backend->linear_prepare(dev, linear, 1, &error));
    backend->linear(dev, linear, 1, (const char *)x + (gsize)(m * l->K) * bytes, one);
    g_assert_true(backend->sync(dev, &error));
    g_assert_cmpmem(one, width, (const char *)y + (gsize)m * width, width);
    edt_free(one);
}

static void check_rows(const EdtBackend *backend, EdtDevice *dev, EdtLinear *linear, const Layer *l,
                       const float *weight, const float *bias, double gate, int M)
{
    EdtType act = backend->act(dev);
    void *x = numbers((gsize)(M * l->K), act), *y = edt_alloc((gsize)(M * l->N) * 4, NULL);
    GError *error = NULL;
    double off = 0, size = 0;

    g_assert_true(backend->linear_prepare(dev, linear, M, &error));
    backend->linear(dev, linear, M, x, y);
    g_assert_true(backend->sync(dev, &error));
    for (int m = 0; m < M; m++)
        for (int n = 0; n < l->N; n++) {
            double sum = l->bias ? bias[n] : 0;
            for (int k = 0; k < l->K; k++)
                sum += get(x, act, m * l->K + k) * weight[n * l->K + k];
            if (l->epilogue == EDT_EPILOGUE_GELU)
                sum = gelu(sum);
            off += pow(get(y, act, m * l->N + n) - sum, 2);
            size += sum * sum;
        }
    g_assert_cmpfloat(sqrt(off / size), <, gate);
    if (act == EDT_F32 && edt_micro_is_here()) /* other products of f32 do not promise it */
        check_alone(backend, dev, linear, l, x, y, M);
    edt_free(x);
    edt_free(y);
}

static void check_layer(const Layer *l, EdtPrecision precision)
{
    /* bf16 rounds the weights at least, also where the processor has no products of it */
    const double gate = precision == EDT_PRECISION_F32 ? 1.5e-6 : 6e-3;
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){2, precision}, NULL);
    float *weight = numbers((gsize)(l->K * l->N), EDT_F32), *bias = numbers((gsize)l->N, EDT_F32);
    EdtLinearSpec spec = {
        .K = l->K,
        .N = l->N,
        .weight = weight,
        .weight_type = EDT_F32,
        .bias = l->bias ? bias : NULL,
        .bias_type = EDT_F32,
        .epilogue = l->epilogue,
        .x_type = backend->act(dev),
        .y_type = backend->act(dev),
    };
    GError *error = NULL;
    EdtLinear *linear = backend->linear_new(dev, &spec, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 4; i++) {
        check_rows(backend, dev, linear, l, weight, bias, gate, g_test_rand_int_range(1, 70));
        check_rows(backend, dev, linear, l, weight, bias, gate, 32);
    }
    check_rows(backend, dev, linear, l, weight, bias, gate, 333); /* blocks, chunks and a rest */
    backend->linear_free(dev, linear);
    backend->close(dev);
    edt_free(weight);
    edt_free(bias);
}

static void test_layers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(layers); i++) {
        check_layer(&layers[i], EDT_PRECISION_F32);
        check_layer(&layers[i], EDT_PRECISION_BF16);
    }
}

/* ---- the same of bytes ---- */

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtLinear *linear;
    const Layer *l;
    float *weight, *bias; /* weights as they come back of bytes */
    double *sizes;        /* [N] sum of |w| of a column */
} Bytes;

/* Rows of x, alone or beside others, are within half a step of x times the weights, beside the
 * rounding of act, once of the sums and once of y. */
static void check_byte_rows(const Bytes *b, int M)
{
    const Layer *l = b->l;
    const EdtType act = b->backend->act(b->dev);
    const double rounding = act == EDT_F32 ? 0x1p-20 : 0x1p-7;
    void *x = numbers((gsize)(M * l->K), act), *y = edt_alloc((gsize)(M * l->N) * 4, NULL);
    GError *error = NULL;

    g_assert_true(b->backend->linear_prepare(b->dev, b->linear, M, &error));
    b->backend->linear(b->dev, b->linear, M, x, y);
    for (int m = 0; m < M; m++) {
        double most = 0;
        for (int k = 0; k < l->K; k++)
            most = MAX(most, fabs(get(x, act, m * l->K + k)));
        for (int n = 0; n < l->N; n++) {
            double sum = 0;
            for (int k = 0; k < l->K; k++)
                sum += get(x, act, m * l->K + k) * b->weight[n * l->K + k];
            const double linear = sum + (l->bias ? b->bias[n] : 0);
            const double expect = l->epilogue == EDT_EPILOGUE_GELU ? gelu(linear) : linear;
            const double step = 1.13 * most * b->sizes[n] / 254; /* GELU's steepest slope */
            g_assert_cmpfloat(fabs(get(y, act, m * l->N + n) - expect), <=,
                              1.01 * step + rounding * (fabs(sum) + fabs(linear) + 1e-3));
        }
    }
    check_alone(b->backend, b->dev, b->linear, l, x, y, M);
    edt_free(x);
    edt_free(y);
}

/* weight becomes what its bytes are. */
static void round_weights(Bytes *b)
{
    const gsize K = (gsize)b->l->K, N = (gsize)b->l->N;
    g_autofree gint8 *bytes = g_new(gint8, K);

    b->sizes = g_new0(double, N);
    for (gsize n = 0; n < N; n++) {
        const float scale = edt_int8_from_f32(K, b->weight + n * K, bytes);
        for (gsize k = 0; k < K; k++) {
            b->weight[n * K + k] = scale * bytes[k];
            b->sizes[n] += fabs(b->weight[n * K + k]);
        }
    }
}

static void check_bytes(const Layer *l)
{
    GError *error = NULL;
    Bytes b = {.backend = edt_backend_cpu(), .l = l};
    b.dev = b.backend->open(&(EdtDeviceOptions){2, EDT_PRECISION_INT8}, NULL);
    b.weight = numbers((gsize)(l->K * l->N), EDT_F32);
    b.bias = numbers((gsize)l->N, EDT_F32);
    const EdtLinearSpec spec = {
        .K = l->K,
        .N = l->N,
        .weight = b.weight,
        .weight_type = EDT_F32,
        .bias = l->bias ? b.bias : NULL,
        .bias_type = EDT_F32,
        .epilogue = l->epilogue,
        .x_type = b.backend->act(b.dev),
        .y_type = b.backend->act(b.dev),
        .inner = TRUE,
    };
    b.linear = b.backend->linear_new(b.dev, &spec, &error);
    g_assert_no_error(error);
    round_weights(&b);
    for (int i = 0; i < 4; i++) {
        check_byte_rows(&b, g_test_rand_int_range(1, 70));
        check_byte_rows(&b, 32);
    }
    b.backend->linear_free(b.dev, b.linear);
    b.backend->close(b.dev);
    edt_free(b.weight);
    edt_free(b.bias);
    g_free(b.sizes);
}

static void test_int8(void)
{
    if (!edt_cpu_has_int8()) {
        g_test_skip("this level has no int8 products");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(layers); i++)
        check_bytes(&layers[i]);
}

/* ---- products of the training ---- */

static double define_product(const EdtProductSpec *s, const void *a, const void *b, gint64 batch,
                             gint64 m, gint64 n)
{
    double sum = 0;
    for (gint64 k = 0; k < s->K; k++)
        sum += get(a, s->type, batch * s->a_batch + m * s->a_row + k * s->a_column) *
               get(b, s->type, batch * s->b_batch + k * s->b_row + n * s->b_column);
    return sum;
}

static void check_product(const EdtProductSpec *s)
{
    GError *error = NULL;
    EdtProducts *products = edt_products_new(1, &error);
    const EdtProduct *product = edt_products_plan(products, s, &error);
    g_assert_no_error(error);
    g_assert_true(edt_products_prepare(products, &error));
    gint64 batches = MAX(s->batch, 1);
    void *a = numbers((gsize)(batches * s->M * s->K), s->type);
    void *b = numbers((gsize)(batches * s->K * s->N), s->type);
    void *c = numbers((gsize)(batches * s->M * s->N), s->c_type);
    void *was = g_memdup2(c, (gsize)(batches * s->M * s->N) * edt_type_size(s->c_type));
    float *bias = numbers((gsize)s->N, EDT_F32);
    double off = 0, size = 0;

    edt_product_run(product, 0, a, b, bias, c);
    g_assert_true(edt_products_check(products, &error));
    for (gint64 i = 0; i < batches; i++)
        for (gint64 m = 0; m < s->M; m++)
            for (gint64 n = 0; n < s->N; n++) {
                gint64 at = i * s->c_batch + m * s->c_row + n;
                double expect = define_product(s, a, b, i, m, n) + (s->bias ? bias[n] : 0) +
                                (s->accumulate ? get(was, s->c_type, at) : 0);
                off += pow(get(c, s->c_type, at) - expect, 2);
                size += expect * expect;
            }
    g_assert_cmpfloat(sqrt(off / size), <, s->c_type == EDT_F32 ? 1.5e-6 : 3e-3);
    edt_free(a);
    edt_free(b);
    edt_free(c);
    edt_free(bias);
    g_free(was);
    edt_products_free(products);
}

/* A layer's forward, backward and gradient, and the products of attention, as network.c plans them.
 */
static void check_products(EdtType type)
{
    const gint64 M = 64, K = 78, N = 92, heads = 3, T = 16, d = 13;
    check_product(&(EdtProductSpec){.M = M,
                                    .N = N,
                                    .K = K,
                                    .a_row = K,
                                    .a_column = 1,
                                    .b_row = 1,
                                    .b_column = K,
                                    .c_row = N,
                                    .type = type,
                                    .c_type = type,
                                    .bias = TRUE});
    check_product(&(EdtProductSpec){.M = M,
                                    .N = K,
                                    .K = N,
                                    .a_row = N,
                                    .a_column = 1,
                                    .b_row = K,
                                    .b_column = 1,
                                    .c_row = K,
                                    .type = type,
                                    .c_type = EDT_F32});
    check_product(&(EdtProductSpec){.M = N,
                                    .N = K,
                                    .K = M,
                                    .a_row = 1,
                                    .a_column = N,
                                    .b_row = K,
                                    .b_column = 1,
                                    .c_row = K,
                                    .type = type,
                                    .c_type = EDT_F32,
                                    .accumulate = TRUE});
    check_product(&(EdtProductSpec){heads, T, T, d, d, 1, T * d, 1, d, T * d, T, T * T, type,
                                    EDT_F32, FALSE, FALSE, FALSE, NULL});
    check_product(&(EdtProductSpec){heads, T, d, T, 1, T, T * T, d, 1, T * d, d, T * d, type, type,
                                    FALSE, FALSE, FALSE, NULL});
}

static void test_products(void)
{
    check_products(EDT_F32);
    if (edt_cpu_has_bf16())
        check_products(EDT_BF16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linear/layers", test_layers);
    g_test_add_func("/linear/int8", test_int8);
    g_test_add_func("/linear/products", test_products);
    return g_test_run();
}
