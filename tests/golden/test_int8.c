/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * int8 against f32 of the same weights, against the official numbers, and against itself: another
 * number of threads, and samples alone.
 */
#include "golden.h"
#include "rig.h"

#include "base/int8.h"
#include "machine.h"

#define GATE_SAME 1e-2     /* of f32 with the weights that the bytes stand for */
#define GATE_OFFICIAL 1e-2 /* of the official numbers */

static const float steps3[] = {999, 500, 20};
static const int classes3[] = {207, 1000, 0};

#define IN (4 * 32 * 32)
#define OUT (8 * 32 * 32)
#define OUT3 (3 * OUT)

/* ---- f32 of the same weights ---- */

/* Weights of another source, those of inner layers as they come back of bytes. */
typedef struct {
    EdtTensorSource base, *of;
    GHashTable *inner; /* names */
    GHashTable *made;  /* name -> numbers */
} Rounded;

static gboolean find_rounded(EdtTensorSource *base, const char *name, EdtTensorView *view)
{
    Rounded *rounded = (Rounded *)base;
    if (!rounded->of->find(rounded->of, name, view))
        return FALSE;
    if (!g_hash_table_contains(rounded->inner, name))
        return TRUE;
    const gsize rows = (gsize)view->shape[0], K = (gsize)view->shape[1];
    float *numbers = g_memdup2(view->data, rows * K * sizeof *numbers);
    g_autofree gint8 *bytes = g_new(gint8, K);
    for (gsize row = 0; row < rows; row++) {
        const float scale = edt_int8_from_f32(K, numbers + row * K, bytes);
        for (gsize k = 0; k < K; k++)
            numbers[row * K + k] = scale * bytes[k];
    }
    g_hash_table_insert(rounded->made, g_strdup(name), numbers);
    view->data = numbers;
    return TRUE;
}

static void done_rounded(EdtTensorSource *base, const char *name)
{
    Rounded *rounded = (Rounded *)base;
    g_hash_table_remove(rounded->made, name);
    rounded->of->done(rounded->of, name);
}

static void note_inner(const EdtLayer *layer, gpointer names)
{
    if (layer->inner)
        g_hash_table_add(names, g_strconcat(layer->name, ".weight", NULL));
}

/* f32 of the weights that int8 has: what is left are roundings of what passes through the layers,
 * at most a 254th of the largest number of a token in each. */
static float *forward_rounded(const float *x)
{
    EdtVariant v;
    g_assert_true(edt_variant_named("EDT-S/2", 256, &v));
    Rounded rounded = {{find_rounded, done_rounded},
                       hash_weights_edt(&v, HASH_ADALN_GAIN),
                       g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                       g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    edt_layers(&v, note_inner, rounded.inner);
    Rig rig = rig_of(&v, &rounded.base, EDT_PRECISION_F32, 2);
    rig_amm(&rig, EDT_AMM_OFFICIAL, 4.0);
    float *out = rig_forward(&rig, 3, x, steps3, classes3);
    rig_free(&rig);
    g_hash_table_unref(rounded.made);
    g_hash_table_unref(rounded.inner);
    hash_weights_free(rounded.of);
    return out;
}

static void test_forward(void)
{
    Golden *golden = golden_open("a_edt_s2_256");
    const float *x = golden_f32(golden, "input.x", 3 * IN);
    const float *official = golden_f32(golden, "out.amm_on", OUT3);
    Rig rig = rig_new("EDT-S/2", 256, HASH_ADALN_GAIN, EDT_PRECISION_INT8, 2);
    rig_amm(&rig, EDT_AMM_OFFICIAL, 4.0);
    g_autofree float *out = rig_forward(&rig, 3, x, steps3, classes3);
    g_autofree float *same = forward_rounded(x);
    const double off = golden_distance(out, same, OUT3);

    g_test_message("%g of the same weights, %g of the official numbers, of which the weights %g",
                   off, golden_distance(out, official, OUT3),
                   golden_distance(same, official, OUT3));
    g_assert_cmpfloat(off, <, GATE_SAME);
    g_assert_cmpfloat(golden_distance(out, official, OUT3), <, GATE_OFFICIAL);
    rig_free(&rig);
    golden_close(golden);
}

/* ---- same bits ---- */

/* A token's scale is its own: neither threads nor the samples beside it change a picture. */
static void check_same_bits(const char *variant)
{
    Golden *golden = golden_open("a_edt_s2_256");
    const float *x = golden_f32(golden, "input.x", 3 * IN);
    Rig one = rig_new(variant, 256, HASH_ADALN_GAIN, EDT_PRECISION_INT8, 1);
    Rig two = rig_new(variant, 256, HASH_ADALN_GAIN, EDT_PRECISION_INT8, 2);
    g_autofree float *batch = rig_forward(&two, 3, x, steps3, classes3);
    g_autofree float *batch1 = rig_forward(&one, 3, x, steps3, classes3);

    g_assert_cmpmem(batch, OUT3 * sizeof(float), batch1, OUT3 * sizeof(float));
    for (int i = 0; i < 3; i++) {
        g_autofree float *single = rig_forward(&two, 1, x + i * IN, steps3 + i, classes3 + i);
        g_assert_cmpmem(single, OUT * sizeof(float), batch + i * OUT, OUT * sizeof(float));
    }
    rig_free(&one);
    rig_free(&two);
    golden_close(golden);
}

static void test_same_bits(void)
{
    check_same_bits("EDT-S/2");
    check_same_bits("MDTv2-S/2");
}

static void test_nothing(void)
{
    g_test_skip("this processor has no instructions for int8 products");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (edt_cpu_has_int8()) {
        g_test_add_func("/int8/forward", test_forward);
        g_test_add_func("/int8/same-bits", test_same_bits);
    } else {
        g_test_add_func("/int8", test_nothing);
    }
    return g_test_run();
}
