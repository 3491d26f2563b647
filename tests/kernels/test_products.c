/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Products of the trainer against plain loops: a packed B, of sizes that fill the blocks of no
 * layout, as it is and transposed, in every type.
 */
#include "base/memory.h"
#include "base/number.h"
#include "machine.h"
#include "train/product.h"

#include <math.h>

#define GATE 1e-6 /* bf16: both sides take the same numbers */

typedef struct {
    int M, N, K;
    EdtType type;
    gboolean turned; /* B as [N,K] */
    void *a, *b, *packed;
    float *c, *expected;
} Case;

static void *numbers(gsize count, EdtType type, GRand *random)
{
    void *data = edt_alloc(count * edt_type_size(type), NULL);
    for (gsize i = 0; i < count; i++)
        edt_number_put(data, type, i, (float)g_rand_double_range(random, -1, 1));
    return data;
}

static void fill(Case *c)
{
    GRand *random = g_rand_new_with_seed(7);
    c->a = numbers((gsize)(c->M * c->K), c->type, random);
    c->b = numbers((gsize)(c->N * c->K), c->type, random);
    c->c = edt_alloc((gsize)(c->M * c->N) * sizeof(float), NULL);
    c->expected = g_new(float, c->M * c->N);
    for (int m = 0; m < c->M; m++)
        for (int n = 0; n < c->N; n++) {
            double sum = 0;
            for (int k = 0; k < c->K; k++)
                sum += (double)edt_number_at(c->a, c->type, (gsize)(m * c->K + k)) *
                       (double)edt_number_at(c->b, c->type,
                                             (gsize)(c->turned ? n * c->K + k : k * c->N + n));
            c->expected[m * c->N + n] = (float)sum;
        }
    g_rand_free(random);
}

static void clear(Case *c)
{
    edt_free(c->a);
    edt_free(c->b);
    edt_free(c->c);
    edt_free(c->packed);
    g_free(c->expected);
}

/* M: rows of A; packed_for: the product that B lies packed for, or NULL. */
static const EdtProduct *plan(EdtProducts *products, const Case *c, int M,
                              const EdtProduct *packed_for)
{
    GError *error = NULL;
    const EdtProduct *product =
        edt_products_plan(products,
                          &(EdtProductSpec){.M = M,
                                            .N = c->N,
                                            .K = c->K,
                                            .a_row = c->K,
                                            .a_column = 1,
                                            .b_row = c->turned ? 1 : c->N,
                                            .b_column = c->turned ? c->K : 1,
                                            .c_row = c->N,
                                            .type = c->type,
                                            .c_type = EDT_F32,
                                            .packed = TRUE,
                                            .packed_for = packed_for},
                          &error);
    g_assert_no_error(error);
    return product;
}

static double distance(const Case *c, int M)
{
    double off = 0, all = 0;
    for (int i = 0; i < M * c->N; i++) {
        off += pow((double)c->c[i] - (double)c->expected[i], 2);
        all += pow((double)c->expected[i], 2);
    }
    return sqrt(off / all);
}

/* Of fewer rows and the same packed B; planned after others have run. */
static void check_fewer(EdtProducts *products, Case *c, const EdtProduct *whole, int M)
{
    GError *error = NULL;
    const EdtProduct *product = plan(products, c, M, whole);

    g_assert_true(edt_products_prepare(products, &error));
    for (int i = 0; i < M * c->N; i++)
        c->c[i] = NAN;
    edt_product_run(product, 0, c->a, c->packed, NULL, c->c);
    g_assert_true(edt_products_check(products, &error));
    g_assert_cmpfloat(distance(c, M), <=, GATE);
}

static void check(Case *c)
{
    GError *error = NULL;
    EdtProducts *products = edt_products_new(1, &error);
    const EdtProduct *product = plan(products, c, c->M, NULL);

    g_assert_true(edt_products_prepare(products, &error));
    fill(c);
    c->packed = edt_alloc(edt_product_packed_bytes(product), &error);
    edt_product_pack(product, 0, c->b, c->packed);
    edt_product_run(product, 0, c->a, c->packed, NULL, c->c);
    g_assert_true(edt_products_check(products, &error));
    g_test_message("%d x %d x %d%s: %.2g", c->M, c->K, c->N, c->turned ? " turned" : "",
                   distance(c, c->M));
    g_assert_cmpfloat(distance(c, c->M), <=, GATE);
    check_fewer(products, c, product, c->M / 2 + 1);
    check_fewer(products, c, product, 1);
    clear(c);
    edt_products_free(products);
}

static void test_packed(gconstpointer data)
{
    static const int sizes[][3] = {{16, 24, 24},    {64, 96, 24},   {8, 64, 256},   {33, 156, 156},
                                   {64, 624, 156},  {64, 156, 624}, {48, 468, 156}, {16, 1040, 260},
                                   {16, 130, 1040}, {7, 17, 3}};
    const EdtType type = (EdtType)GPOINTER_TO_INT(data);

    if (type == EDT_BF16 && !edt_cpu_has_bf16()) {
        g_test_skip("no bf16");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        for (int turned = 0; turned < 2; turned++)
            check(&(Case){.M = sizes[i][0],
                          .N = sizes[i][1],
                          .K = sizes[i][2],
                          .type = type,
                          .turned = turned});
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/product/packed/f32", GINT_TO_POINTER(EDT_F32), test_packed);
    g_test_add_data_func("/product/packed/bf16", GINT_TO_POINTER(EDT_BF16), test_packed);
    return g_test_run();
}
