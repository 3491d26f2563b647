/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The EDT forward against the official PyTorch numbers: every station, all AMM arrangements,
 * guidance; f32 at 3e-6 (f32 against f64 is 5.5e-7), bf16 at 1e-2 (PyTorch's autocast: 5e-3).
 */
#include "golden.h"
#include "rig.h"

#include "base/half.h"
#include "network/condition.h"

#include <math.h>
#include <string.h>

#define GATE_F32 3e-6
#define GATE_BF16 1e-2

static const float steps3[] = {999, 500, 20};
static const int classes3[] = {207, 1000, 0};

#define OUT3 (3 * 8 * 32 * 32)

static void check_pair(const char *file, double gain, EdtPrecision precision, double gate)
{
    Golden *golden = golden_open(file);
    Rig rig = rig_new("EDT-S/2", 256, gain, precision, 2);
    const float *x = golden_f32(golden, "input.x", 3 * 4 * 32 * 32);

    rig_amm(&rig, EDT_AMM_OFFICIAL, 4.0);
    float *on = rig_forward(&rig, 3, x, steps3, classes3);
    golden_check_tensor(golden, "out.amm_on", on, OUT3, gate);
    golden_check_tensor(golden, "out64cast.amm_on", on, OUT3, gate);
    rig_amm(&rig, EDT_AMM_OFF, 4.0);
    float *off = rig_forward(&rig, 3, x, steps3, classes3);
    golden_check_tensor(golden, "out.amm_off", off, OUT3, gate);
    /* AMM itself moves the output by 1 %, 5 % with strong gates: on and off are not mixed up */
    g_assert_cmpfloat(golden_distance(on, off, OUT3), >, 5e-3);
    g_free(on);
    g_free(off);
    rig_free(&rig);
    golden_close(golden);
}

static void test_forward(void)
{
    check_pair("a_edt_s2_256", HASH_ADALN_GAIN, EDT_PRECISION_F32, GATE_F32);
}

static void test_forward_strong(void)
{
    check_pair("a2_edt_s2_256_strong", HASH_ADALN_GAIN_STRONG, EDT_PRECISION_F32, GATE_F32);
}

static void test_forward_bf16(void)
{
    check_pair("a_edt_s2_256", HASH_ADALN_GAIN, EDT_PRECISION_BF16, GATE_BF16);
}

/* ---- stations of the first sample ---- */

typedef struct {
    Golden *golden;
    const char *amm; /* "amm_on" */
    GHashTable *seen;
} Stations;

static void check_station(const char *name, const void *data, EdtType type, int rows, int D,
                          gpointer user_data)
{
    Stations *s = user_data;
    g_autofree char *full = g_strdup_printf("inter.%s.%s", s->amm, name);
    gsize count = (gsize)rows * (gsize)D;

    g_assert_cmpint(type, ==, EDT_F32);
    golden_check_summary(s->golden, full, data, count, 1e-5);
    if (golden_has(s->golden, full))
        golden_check_tensor(s->golden, full, data, count, GATE_F32);
    g_hash_table_add(s->seen, g_strdup(name));
}

static void test_stations(void)
{
    Golden *golden = golden_open("a_edt_s2_256");
    Rig rig = rig_new("EDT-S/2", 256, HASH_ADALN_GAIN, EDT_PRECISION_F32, 2);
    const float *x = golden_f32(golden, "input.x", 3 * 4 * 32 * 32);

    for (int on = 0; on < 2; on++) {
        Stations s = {golden, on ? "amm_on" : "amm_off",
                      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
        rig_amm(&rig, on ? EDT_AMM_OFFICIAL : EDT_AMM_OFF, 1.0);
        edt_network_set_probe(rig.model, check_station, &s);
        g_free(rig_forward(&rig, 1, x, steps3, classes3));
        edt_network_set_probe(rig.model, NULL, NULL);
        /* c, patch embedding, 12 blocks x 3, 2 down, 2 up, 2 concat, final */
        g_assert_cmpuint(g_hash_table_size(s.seen), ==, 2 + 36 + 6 + 1);
        g_hash_table_unref(s.seen);
    }
    rig_free(&rig);
    golden_close(golden);
}

static void test_timestep_embedding(void)
{
    Golden *golden = golden_open("a_edt_s2_256");
    const float t[] = {999, 500, 20, 0, 1};
    float waves[5 * EDT_TIMESTEP_WIDTH];
    edt_timestep_waves(5, t, waves);
    golden_check_tensor(golden, "timestep_embedding[999,500,20,0,1]", waves, G_N_ELEMENTS(waves),
                        1e-7);
    golden_close(golden);
}

/* ---- AMM ---- */

static void test_amm_matrices(void)
{
    Golden *golden = golden_open("c_modulation_matrices");
    static const int grids[] = {8, 16, 32};
    for (int formula = 0; formula < 2; formula++)
        for (guint g = 0; g < G_N_ELEMENTS(grids); g++) {
            int n = grids[g], T = n * n, rows = n < 32 ? T : 1;
            g_autofree char *name =
                g_strdup_printf("f%d.n%d%s", formula ? 512 : 256, n, n < 32 ? "" : ".row0");
            g_autofree float *table = g_new(float, (2 * n - 1) * (2 * n - 1));
            g_autofree float *full = g_new(float, rows *T);
            edt_amm_table(formula ? EDT_AMM_MATRIX_512 : EDT_AMM_MATRIX_256, n, table);
            for (int q = 0; q < rows; q++)
                for (int k = 0; k < T; k++)
                    full[q * T + k] =
                        table[(q / n - k / n + n - 1) * (2 * n - 1) + k % n - q % n + n - 1];
            golden_check_tensor(golden, name, full, (gsize)(rows * T), 1e-7);
            const float *reference = golden_f32(golden, name, (gsize)(rows * T));
            for (int i = 0; i < rows * T; i++) /* zero exactly where the official matrix is */
                g_assert_true((full[i] == 0) == (reference[i] == 0));
        }
    golden_close(golden);
}

static void check_variant(Rig *rig, Golden *golden, const char *name, const float *x)
{
    gsize count = (gsize)(8 * rig->v.latent_size * rig->v.latent_size);
    float *out = rig_forward(rig, 1, x, (float[]){500}, (int[]){207});
    golden_check_tensor(golden, name, out, count, GATE_F32);
    g_free(out);
}

static void test_arrangements(void)
{
    Golden *golden = golden_open("c_edt_variants");
    const float *x32 = golden_f32(golden, "input.x32", 4 * 32 * 32);
    const float *x64 = golden_f32(golden, "input.x64", 4 * 64 * 64);
    Rig rig = rig_new("EDT-S/2", 256, HASH_ADALN_GAIN, EDT_PRECISION_F32, 2);

    rig_amm(&rig, EDT_AMM_OFF, 4);
    check_variant(&rig, golden, "S256.amm_off", x32);
    rig_amm(&rig, EDT_AMM_AUTO, 1.5);
    check_variant(&rig, golden, "S256.amm_on_cfg1_arrangement", x32);
    rig_amm(&rig, EDT_AMM_AUTO, 4);
    check_variant(&rig, golden, "S256.amm_on_cfg2_arrangement", x32);
    rig_amm(&rig, EDT_AMM_OFFICIAL, 4); /* officially for every guidance */
    check_variant(&rig, golden, "S256.amm_on_cfg1_arrangement", x32);
    rig_free(&rig);

    rig = rig_new("EDT-S/2", 512, HASH_ADALN_GAIN, EDT_PRECISION_F32, 2);
    rig_amm(&rig, EDT_AMM_OFF, 4);
    check_variant(&rig, golden, "S512.amm_off", x64);
    rig_amm(&rig, EDT_AMM_OFFICIAL, 4);
    check_variant(&rig, golden, "S512.amm_on_512formula_512arrangement", x64);
    rig.amm = (EdtAmmPlan){.matrix = EDT_AMM_MATRIX_256};
    rig.amm.block[7] = rig.amm.block[10] = TRUE; /* the published 256 px list, run at 512 px */
    check_variant(&rig, golden, "S512.amm_on_256formula", x64);
    rig.amm.matrix = EDT_AMM_MATRIX_512;
    check_variant(&rig, golden, "S512.amm_on_512formula_256arrangement", x64);
    rig_free(&rig);
    golden_close(golden);
}

static void test_placement(void)
{
    static const struct {
        const char *name;
        int size;
        EdtAmm amm;
        double cfg;
        int blocks[2];
        EdtAmmMatrix matrix;
    } cases[] = {
        {"EDT-S/2", 256, EDT_AMM_OFFICIAL, 1.0, {7, 10}, EDT_AMM_MATRIX_256},
        {"EDT-B/2", 256, EDT_AMM_OFFICIAL, 4.0, {7, 10}, EDT_AMM_MATRIX_256},
        {"EDT-B/2", 256, EDT_AMM_AUTO, 2.0, {8, 8}, EDT_AMM_MATRIX_256},
        {"EDT-B/2", 256, EDT_AMM_AUTO, 1.99, {7, 10}, EDT_AMM_MATRIX_256},
        {"EDT-S/2", 512, EDT_AMM_AUTO, 4.0, {10, 10}, EDT_AMM_MATRIX_512},
        {"EDT-XL/2", 256, EDT_AMM_OFFICIAL, 4.0, {23, 25}, EDT_AMM_MATRIX_256},
        {"EDT-Ti/4", 64, EDT_AMM_OFFICIAL, 4.0, {7, 10}, EDT_AMM_MATRIX_256},
    };
    EdtVariant v;
    g_assert_true(edt_variant_named("EDT-Ti/4", 64, &v));
    EdtAmmPlan none = edt_amm_plan(&v, EDT_AMM_AUTO, 4);
    for (int b = 0; b < EDT_BLOCKS_MAX; b++)
        g_assert_false(none.block[b]); /* nothing is published for patches of 4 */
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(edt_variant_named(cases[i].name, cases[i].size, &v));
        EdtAmmPlan plan = edt_amm_plan(&v, cases[i].amm, cases[i].cfg);
        g_assert_cmpint(plan.matrix, ==, cases[i].matrix);
        for (int b = 0; b < EDT_BLOCKS_MAX; b++)
            g_assert_cmpint(plan.block[b], ==, b == cases[i].blocks[0] || b == cases[i].blocks[1]);
        plan = edt_amm_plan(&v, EDT_AMM_OFF, cases[i].cfg);
        for (int b = 0; b < EDT_BLOCKS_MAX; b++)
            g_assert_false(plan.block[b]);
    }
}

/* ---- guidance ---- */

static void test_guidance(void)
{
    Golden *golden = golden_open("d_forward_with_cfg");
    Rig rig = rig_new("EDT-S/2", 256, HASH_ADALN_GAIN, EDT_PRECISION_F32, 2);
    const float *x = golden_f32(golden, "input.x", 2 * 4 * 32 * 32);
    static const struct {
        const char *name;
        float scale;
    } cases[] = {{"out.cfg4", 4.0f}, {"out.cfg1.5", 1.5f}};
    const gsize count = 2 * 8 * 32 * 32, half = 4 * 32 * 32;
    float both[2 * 4 * 32 * 32]; /* both halves see the first half's x */
    memcpy(both, x, half * sizeof(float));
    memcpy(both + half, x, half * sizeof(float));
    rig_amm(&rig, EDT_AMM_OFFICIAL, 4);
    float *raw = rig_forward(&rig, 2, both, (float[]){500, 500}, (int[]){207, 1000});
    golden_check_tensor(golden, "raw.forward", raw, count, GATE_F32);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        float estimate[4 * 32 * 32];
        const float *expected = golden_f32(golden, cases[i].name, count);
        /* the estimate is the guided output itself: channels 0 to 2 guided, 3 the class's own */
        rig_guide(&rig, cases[i].scale, raw, estimate);
        golden_check(cases[i].name, estimate, expected, half, GATE_F32);
        golden_check("the class's variance", raw + half, expected + half, half, GATE_F32);
    }
    g_free(raw);
    rig_free(&rig);
    golden_close(golden);
}

/* ---- same bits ---- */

static void check_same_bits(EdtPrecision precision)
{
    Golden *golden = golden_open("a_edt_s2_256");
    const float *x = golden_f32(golden, "input.x", 3 * 4 * 32 * 32);
    Rig one = rig_new("EDT-S/2", 256, HASH_ADALN_GAIN, precision, 1);
    Rig two = rig_new("EDT-S/2", 256, HASH_ADALN_GAIN, precision, 2);
    rig_amm(&one, EDT_AMM_AUTO, 4);
    rig_amm(&two, EDT_AMM_AUTO, 4);
    float *batch = rig_forward(&two, 3, x, steps3, classes3);
    float *batch1 = rig_forward(&one, 3, x, steps3, classes3);
    g_assert_cmpmem(batch, OUT3 * sizeof(float), batch1, OUT3 * sizeof(float));
    for (int i = 0; i < 3; i++) {
        float *single = rig_forward(&two, 1, x + i * 4 * 32 * 32, steps3 + i, classes3 + i);
        g_assert_cmpmem(single, OUT3 / 3 * sizeof(float), batch + i * OUT3 / 3,
                        OUT3 / 3 * sizeof(float));
        g_free(single);
    }
    g_free(batch);
    g_free(batch1);
    rig_free(&one);
    rig_free(&two);
    golden_close(golden);
}

static void test_same_bits_f32(void)
{
    check_same_bits(EDT_PRECISION_F32);
}

static void test_same_bits_bf16(void)
{
    check_same_bits(EDT_PRECISION_BF16);
}

/* ---- other sizes ---- */

static void collect(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    GString *line = g_string_new(name);
    for (int i = 0; i < rank; i++)
        g_string_append_printf(line, " %" G_GINT64_FORMAT, shape[i]);
    g_ptr_array_add(user_data, g_string_free(line, FALSE));
}

static int shape_in(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX])
{
    GPtrArray *lines = source;
    for (guint i = 0; i < lines->len; i++) {
        g_auto(GStrv) words = g_strsplit(lines->pdata[i], " ", -1);
        if (g_strcmp0(words[0], name) != 0)
            continue;
        int rank = (int)g_strv_length(words) - 1;
        for (int k = 0; k < rank; k++)
            shape[k] = g_ascii_strtoll(words[k + 1], NULL, 10);
        return rank;
    }
    return 0;
}

static void test_sizes(void)
{
    static const struct {
        const char *name, *file;
        int size;
        guint64 parameters, macs, row_macs;
    } cases[] = {
        {"EDT-S/2", "edt_s2_param_names.txt", 256, 38550458, 2667442752, 11858496},
        {"EDT-B/2", "edt_b2_param_names.txt", 256, 152704724, 10217855232, 47274240},
        {"EDT-XL/2", "edt_xl2_param_names.txt", 256, 699187034, 53439686976, 207874368},
        {"EDT-S/2", NULL, 512, 39337594, 13298725440, 11858496},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        EdtVariant v, found;
        GError *error = NULL;
        g_assert_true(edt_variant_named(cases[i].name, cases[i].size, &v));
        g_assert_cmpuint(edt_variant_parameters(&v), ==, cases[i].parameters);
        g_assert_cmpuint(edt_variant_macs(&v), ==, cases[i].macs);
        g_assert_cmpuint(edt_variant_row_macs(&v), ==, cases[i].row_macs);
        g_autoptr(GPtrArray) ours = g_ptr_array_new_with_free_func(g_free);
        edt_variant_tensors(&v, collect, ours);
        if (cases[i].file) {
            g_autoptr(GPtrArray) theirs = g_ptr_array_new_with_free_func(g_free);
            hash_names_each(cases[i].file, collect, theirs);
            g_assert_cmpuint(ours->len, ==, theirs->len);
            for (guint k = 0; k < ours->len; k++)
                g_assert_cmpstr(ours->pdata[k], ==, theirs->pdata[k]);
        }
        edt_variant_detect(shape_in, ours, (EdtShapeHints){0}, &found, &error);
        g_assert_no_error(error);
        g_assert_cmpmem(&v, sizeof v, &found, sizeof found);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/sizes", test_sizes);
    g_test_add_func("/model/timestep-embedding", test_timestep_embedding);
    g_test_add_func("/model/amm-matrices", test_amm_matrices);
    g_test_add_func("/model/amm-placement", test_placement);
    g_test_add_func("/model/stations", test_stations);
    g_test_add_func("/model/forward", test_forward);
    g_test_add_func("/model/forward-strong", test_forward_strong);
    g_test_add_func("/model/arrangements", test_arrangements);
    g_test_add_func("/model/guidance", test_guidance);
    g_test_add_func("/model/same-bits-f32", test_same_bits_f32);
    g_test_add_func("/model/same-bits-bf16", test_same_bits_bf16);
    g_test_add_func("/model/forward-bf16", test_forward_bf16);
    return g_test_run();
}
