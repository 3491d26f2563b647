/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The other networks of the comparison against their authors' PyTorch code: DiT, MDTv2 and MDT,
 * with AMM plugged into them, at 2e-6 (f32 against f64 is 4e-7 to 7e-7; strong gates 3e-6), bf16 at
 * 1e-2.
 */
#include "golden.h"
#include "rig.h"
#include "sample/sampler.h"

#include <string.h>

#define GATE 2e-6
#define GATE_STRONG 3e-6
#define GATE_BF16 1e-2

enum { ROWS = 6, STRONG_ROWS = 2, IN = 4 * 32 * 32, OUT = 8 * 32 * 32 };

/* x as the reference numbers have it: sample i is the i-th of that array. */
static float *input(int samples, int side)
{
    const gsize count = (gsize)(samples * 4 * side * side);
    float *x = g_new(float, count);
    hash_input("input.x.models", count, x);
    return x;
}

/* ---- the small networks of both, with AMM and without ---- */

typedef struct {
    const char *variant, *file, *strong;
} Pair;

static const Pair dit = {"DiT-S/2", "j_dit_s2_256", "j2_dit_s2_256_strong"};
static const Pair mdtv2 = {"MDTv2-S/2", "k_mdtv2_s2_256", "k2_mdtv2_s2_256_strong"};

/* Rows 2i and 2i + 1 have timestep and x number i, with a class and without. */
static float *forward_rows(Rig *rig, const float *x)
{
    static const float steps[3] = {871, 342, 57};
    float t[ROWS];
    int y[ROWS];
    g_autofree float *rows = g_new(float, ROWS *IN);

    for (int r = 0; r < ROWS; r++) {
        t[r] = steps[r / 2];
        y[r] = r % 2 ? 1000 : 417;
        memcpy(rows + r * IN, x + r / 2 * IN, IN * sizeof(float));
    }
    return rig_forward(rig, ROWS, rows, t, y);
}

static void check_pair(const Pair *pair, EdtPrecision precision, double gate)
{
    Golden *golden = golden_open(pair->file);
    Rig rig = rig_new(pair->variant, 256, HASH_ADALN_GAIN, precision, 1);
    g_autofree float *x = input(3, 32);

    rig_amm(&rig, EDT_AMM_OFF, 1);
    g_autofree float *off = forward_rows(&rig, x);
    golden_check_tensor(golden, "out.amm_off", off, ROWS * OUT, gate);
    rig_amm(&rig, EDT_AMM_OFFICIAL, 1);
    g_autofree float *on = forward_rows(&rig, x);
    golden_check_tensor(golden, "out.amm_on", on, ROWS * OUT, gate);
    rig_free(&rig);
    golden_close(golden);
}

static void test_forward(gconstpointer pair)
{
    check_pair(pair, EDT_PRECISION_F32, GATE);
}

static void test_bf16(gconstpointer pair)
{
    check_pair(pair, EDT_PRECISION_BF16, GATE_BF16);
}

static void test_strong(gconstpointer data)
{
    const Pair *pair = data;
    Golden *golden = golden_open(pair->strong);
    Rig rig = rig_new(pair->variant, 256, HASH_ADALN_GAIN_STRONG, EDT_PRECISION_F32, 1);
    g_autofree float *x = input(3, 32);
    static const float t[STRONG_ROWS] = {871, 57};
    static const int y[STRONG_ROWS] = {417, 1000};

    memcpy(x + IN, x + 2 * IN, IN * sizeof(float)); /* x of the first row and of the third */
    for (int on = 0; on < 2; on++) {
        rig_amm(&rig, on ? EDT_AMM_OFFICIAL : EDT_AMM_OFF, 1);
        g_autofree float *out = rig_forward(&rig, STRONG_ROWS, x, t, y);
        golden_check_tensor(golden, on ? "out.amm_on" : "out.amm_off", out, STRONG_ROWS * OUT,
                            GATE_STRONG);
    }
    rig_free(&rig);
    golden_close(golden);
}

/* ---- stations of the first row ---- */

typedef struct {
    Golden *golden;
    int checked;
} Stations;

/* Tokens 0, 17 and 255 of each. */
static void check_station(const char *name, const void *data, EdtType type, int rows, int D,
                          gpointer user_data)
{
    static const int tokens[3] = {0, 17, 255};
    Stations *s = user_data;
    const char *known = strcmp(name, "x_embed_plus_pos") == 0 ? NULL : name;
    g_autofree char *full = g_strdup_printf("inter.amm_on.%s.tokens", known ? known : "none");
    g_autofree float *picked = g_new(float, 3 * D);

    g_assert_cmpint(type, ==, EDT_F32);
    if (!golden_has(s->golden, full))
        return;
    for (int i = 0; i < 3; i++)
        memcpy(picked + i * D, (const float *)data + tokens[i] * D, (gsize)D * sizeof(float));
    golden_check_tensor(s->golden, full, picked, (gsize)(3 * D), GATE_STRONG);
    s->checked++;
}

static void check_stations(const Pair *pair, int expected)
{
    Stations s = {.golden = golden_open(pair->file)};
    Rig rig = rig_new(pair->variant, 256, HASH_ADALN_GAIN, EDT_PRECISION_F32, 1);
    g_autofree float *x = input(1, 32);

    rig_amm(&rig, EDT_AMM_OFFICIAL, 1);
    edt_network_set_probe(rig.model, check_station, &s);
    g_free(rig_forward(&rig, 1, x, (float[]){871}, (int[]){417}));
    g_assert_cmpint(s.checked, ==, expected);
    rig_free(&rig);
    golden_close(s.golden);
}

static void test_stations(void)
{
    check_stations(&dit, 12 * 3 - 1); /* one is stored whole */
    /* 8 skips more, the head; the output of the last block before the decoder has its table in it
     */
    check_stations(&mdtv2, 12 * 3 - 1 + 8 + 1 - 1);
}

/* ---- other sizes ---- */

/* One row, t 342, class 417. */
static void check_one(Golden *golden, const EdtVariant *v, gboolean learned, EdtAmm amm,
                      const char *name)
{
    EdtTensorSource *source =
        learned ? hash_weights_learned(v, HASH_ADALN_GAIN) : hash_weights_edt(v, HASH_ADALN_GAIN);
    Rig rig = rig_of(v, source, EDT_PRECISION_F32, 1);
    hash_weights_free(source);
    g_autofree float *x = input(1, v->latent_size);

    rig_amm(&rig, amm, 1);
    g_autofree float *out = rig_forward(&rig, 1, x, (float[]){342}, (int[]){417});
    golden_check_tensor(golden, name, out, rig_out(&rig), GATE);
    rig_free(&rig);
}

static EdtVariant named(const char *name, int size)
{
    EdtVariant v;
    g_assert_true(edt_variant_named(name, size, &v));
    return v;
}

/* Head width 72 and 28 blocks, as XL has them, of width 144. */
static EdtVariant deep(const char *name)
{
    EdtVariant v = named(name, 256);
    for (int s = 0; s < edt_variant_stages(&v); s++) {
        v.dims[s] = 144;
        v.heads[s] = 2;
    }
    return v;
}

static void test_dit_variants(void)
{
    Golden *golden = golden_open("j3_dit_variants");
    const EdtVariant s512 = named("DiT-S/2", 512), s4 = named("DiT-S/4", 256),
                     s8 = named("DiT-S/8", 256), xl = deep("DiT-XL/2");

    check_one(golden, &s512, FALSE, EDT_AMM_OFF, "out.S2_512.amm_off");
    check_one(golden, &s512, FALSE, EDT_AMM_OFFICIAL, "out.S2_512.amm_on");
    check_one(golden, &s4, FALSE, EDT_AMM_OFF, "out.S4_256.amm_off");
    check_one(golden, &s8, FALSE, EDT_AMM_OFF, "out.S8_256.amm_off");
    check_one(golden, &xl, FALSE, EDT_AMM_OFF, "out.deep.amm_off");
    check_one(golden, &xl, FALSE, EDT_AMM_OFFICIAL, "out.deep.amm_on");
    golden_close(golden);
}

static void test_mdt_variants(void)
{
    Golden *golden = golden_open("k3_mdt_variants");
    const EdtVariant s = named("MDTv2-S/2", 256), xl = deep("MDTv2-XL/2");
    EdtVariant six = s, first = named("MDT-S/2", 256);

    six.depths[0] = six.depths[1] = 3;
    six.depths[2] = 6;
    check_one(golden, &six, FALSE, EDT_AMM_OFF, "out.decode6.amm_off");
    check_one(golden, &six, FALSE, EDT_AMM_OFFICIAL, "out.decode6.amm_on");
    check_one(golden, &s, TRUE, EDT_AMM_OFF, "out.learned.amm_off");
    check_one(golden, &xl, FALSE, EDT_AMM_OFF, "out.deep.amm_off");
    check_one(golden, &first, FALSE, EDT_AMM_OFF, "out.v1.decode2.amm_off");
    first.depths[0] = 8;
    first.depths[1] = 4;
    check_one(golden, &first, FALSE, EDT_AMM_OFF, "out.v1.decode4.amm_off");
    golden_close(golden);
}

/* ---- guidance ---- */

#define GATE_GUIDED 5e-6

/* All timesteps, as the f32 expression of the reference has the scale there. */
static void test_scales(void)
{
    static const struct {
        const char *name;
        double guidance, power;
    } cases[] = {
        {"scale.cfg3.8.pow4", 3.8, 4}, {"scale.cfg4.pow0.01", 4, 0.01}, {"scale.cfg4.pow1", 4, 1}};
    Golden *golden = golden_open("l_forward_with_cfg");
    EdtNoiseSchedule *schedule =
        edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, EDT_RESPACE_EVEN, EDT_TIMESTEPS, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const float *scale = golden_f32(golden, cases[i].name, EDT_TIMESTEPS);
        const EdtSampling sampling = {
            .schedule = schedule, .guidance = cases[i].guidance, .power = cases[i].power};
        for (int s = 0; s < EDT_TIMESTEPS; s++)
            g_assert_cmpfloat_with_epsilon(edt_sampling_guidance(&sampling, s), scale[s], 2e-6f);
    }
    edt_noise_schedule_free(schedule);
    golden_close(golden);
}

static void test_interval(void)
{
    EdtNoiseSchedule *schedule =
        edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, EDT_RESPACE_EVEN, EDT_TIMESTEPS, NULL);
    const EdtSampling sampling = {.schedule = schedule, .interval = {0.2, 0.75}};

    for (int s = 0; s < EDT_TIMESTEPS; s++)
        g_assert_cmpint(edt_sampling_guides(&sampling, s), ==, s >= 200 && s <= 750);
    edt_noise_schedule_free(schedule);
}

typedef struct {
    const char *name, *variant;
    EdtAmm amm;
    double guidance, power;
} Guided;

/* Two pictures with timesteps of their own, so with scales of their own; both halves see one x. */
static void check_guided(Golden *golden, const Guided *g)
{
    static const float t[4] = {871, 342, 871, 342};
    static const int y[4] = {417, 88, 1000, 1000};
    EdtNoiseSchedule *schedule =
        edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, EDT_RESPACE_EVEN, EDT_TIMESTEPS, NULL);
    const EdtSampling sampling = {.schedule = schedule, .guidance = g->guidance, .power = g->power};
    const float *expected = golden_f32(golden, g->name, 4 * OUT);
    Rig rig = rig_new(g->variant, 256, HASH_ADALN_GAIN, EDT_PRECISION_F32, 1);
    g_autofree float *x = input(4, 32);

    memcpy(x + 2 * IN, x, 2 * IN * sizeof(float));
    rig_amm(&rig, g->amm, g->guidance);
    g_autofree float *raw = rig_forward(&rig, 4, x, t, y);
    for (int i = 0; i < 2; i++) {
        g_autofree float *pair = g_new(float, 2 * OUT);
        float estimate[IN];
        memcpy(pair, raw + i * OUT, OUT * sizeof(float));
        memcpy(pair + OUT, raw + (2 + i) * OUT, OUT * sizeof(float));
        rig_guide(&rig, edt_sampling_guidance(&sampling, (int)t[i]), pair, estimate);
        golden_check(g->name, estimate, expected + i * OUT, IN, GATE_GUIDED);
        golden_check("variance", pair + IN, expected + i * OUT + IN, IN, GATE);
    }
    rig_free(&rig);
    edt_noise_schedule_free(schedule);
}

static void test_guided(void)
{
    static const Guided cases[] = {
        {"dit.cfg4", "DiT-S/2", EDT_AMM_OFF, 4, 0},
        {"dit.cfg1.5.amm_on", "DiT-S/2", EDT_AMM_OFFICIAL, 1.5, 0},
        {"mdtv2.cfg3.8.pow4", "MDTv2-S/2", EDT_AMM_OFF, 3.8, 4},
        {"mdtv2.cfg4.pow0.01", "MDTv2-S/2", EDT_AMM_OFF, 4, 0.01},
        {"mdtv2.cfg3.8.pow4.amm_on", "MDTv2-S/2", EDT_AMM_OFFICIAL, 3.8, 4},
    };
    Golden *golden = golden_open("l_forward_with_cfg");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_guided(golden, &cases[i]);
    golden_close(golden);
}

/* ---- tables ---- */

static void test_tables(void)
{
    Golden *golden = golden_open("n_tables");
    static const struct {
        const char *name;
        int n, token;
    } amm[] = {{"amm.n16.row0", 16, 0}, {"amm.n16.row136", 16, 136}, {"amm.n32.row0", 32, 0}};

    for (guint i = 0; i < G_N_ELEMENTS(amm); i++) {
        const int n = amm[i].n, side = 2 * n - 1, q = amm[i].token;
        g_autofree float *table = g_new(float, side *side), *row = g_new(float, n *n);
        const float *reference = golden_f32(golden, amm[i].name, (gsize)(n * n));
        edt_amm_table(EDT_AMM_MATRIX_256, n, table);
        for (int k = 0; k < n * n; k++) {
            row[k] = table[(q / n - k / n + n - 1) * side + k % n - q % n + n - 1];
            g_assert_true((row[k] == 0) == (reference[k] == 0));
        }
        golden_check_tensor(golden, amm[i].name, row, (gsize)(n * n), 1e-7);
    }
    golden_close(golden);
}

static void test_amm_placement(void)
{
    static const struct {
        const char *name;
        EdtAmm amm;
        int n, blocks[5];
    } cases[] = {
        {"DiT-XL/2", EDT_AMM_OFFICIAL, 5, {15, 17, 19, 22, 24}},
        {"DiT-S/2", EDT_AMM_OFFICIAL, 2, {8, 10}},
        {"DiT-B/2", EDT_AMM_OFFICIAL, 0, {0}},
        {"DiT-B/2", EDT_AMM_AUTO, 2, {8, 10}},
        {"DiT-B/4", EDT_AMM_AUTO, 0, {0}},
        {"DiT-L/2", EDT_AMM_OFFICIAL, 0, {0}},
        {"MDTv2-S/2", EDT_AMM_OFFICIAL, 1, {8}},
        {"MDTv2-B/2", EDT_AMM_OFFICIAL, 1, {8}},
        {"MDTv2-XL/2", EDT_AMM_OFFICIAL, 0, {0}},
        {"MDTv2-XL/2", EDT_AMM_AUTO, 1, {24}}, /* the decoder's first */
        {"MDT-XL/2", EDT_AMM_OFFICIAL, 0, {0}},
        {"MDT-XL/2", EDT_AMM_OFF, 0, {0}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const EdtVariant v = named(cases[i].name, 256);
        const EdtAmmPlan plan = edt_amm_plan(&v, cases[i].amm, 4);
        int found = 0;
        for (int b = 0; b < EDT_BLOCKS_MAX; b++)
            found += plan.block[b];
        g_assert_cmpint(found, ==, cases[i].n);
        g_assert_cmpint(edt_amm_acts(&v, cases[i].amm), ==, cases[i].n > 0);
        for (int k = 0; k < cases[i].n; k++)
            g_assert_true(plan.block[cases[i].blocks[k]]);
        g_assert_cmpint(plan.matrix, ==, EDT_AMM_MATRIX_256);
    }
}

/* ---- names, sizes, and the way back from a file ---- */

static void collect(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    GString *line = g_string_new(NULL);
    for (int i = 0; i < rank; i++)
        g_string_append_printf(line, " %" G_GINT64_FORMAT, shape[i]);
    g_hash_table_insert(user_data, g_strdup(name), g_string_free(line, FALSE));
}

static int shape_in(gpointer tensors, const char *name, gint64 shape[EDT_RANK_MAX])
{
    const char *line = g_hash_table_lookup(tensors, name);
    g_auto(GStrv) words = g_strsplit(line ? line : "", " ", -1);
    const int rank = (int)g_strv_length(words) - 1; /* nothing stands before the first space */

    for (int k = 0; k < rank; k++)
        shape[k] = g_ascii_strtoll(words[k + 1], NULL, 10);
    return MAX(rank, 0);
}

static GHashTable *table_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void drop(const char *name, gpointer tensors)
{
    g_assert_true(g_hash_table_remove(tensors, name));
}

/* The reference's list is what a model has, and what only training needs; and tells the shape. */
static void test_names(void)
{
    static const struct {
        const char *name, *file;
        int decoder;
    } cases[] = {
        {"DiT-S/2", "dit_s2_param_names.txt", 0},
        {"DiT-XL/2", "dit_xl2_param_names.txt", 0},
        {"MDTv2-S/2", "mdtv2_s2_param_names.txt", 0},
        {"MDTv2-S/2", "mdtv2_s2_decode6_param_names.txt", 6},
        {"MDTv2-XL/2", "mdtv2_xl2_param_names.txt", 0},
        {"MDT-S/2", "mdt_v1_s2_param_names.txt", 0},
        {"MDT-S/2", "mdt_v1_s2_param_names.txt", 4},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GHashTable) theirs = table_new(), ours = table_new();
        EdtVariant v = named(cases[i].name, 256), found;
        GError *error = NULL;

        hash_names_each(cases[i].file, collect, theirs);
        if (cases[i].decoder) {
            const int last = edt_variant_stages(&v) - 1;
            for (int s = 0; s < last; s++)
                v.depths[s] = (12 - cases[i].decoder) / last;
            v.depths[last] = cases[i].decoder;
        }
        edt_variant_detect(shape_in, theirs, edt_variant_hints(&v), &found, &error);
        g_assert_no_error(error);
        g_assert_cmpmem(&v, sizeof v, &found, sizeof found);
        edt_variant_tensors(&v, collect, ours);
        if (edt_variant_training(&v)->hiding == EDT_HIDING_SIDE)
            edt_variant_spares(&v, drop, theirs);
        g_assert_cmpuint(g_hash_table_size(ours), ==, g_hash_table_size(theirs));
        GHashTableIter iter;
        gpointer name, shape;
        g_hash_table_iter_init(&iter, ours);
        while (g_hash_table_iter_next(&iter, &name, &shape))
            g_assert_cmpstr(shape, ==, g_hash_table_lookup(theirs, name));
    }
}

static void test_sizes(void)
{
    static const struct {
        const char *name;
        int size;
        guint64 parameters, macs; /* 0: not known */
    } cases[] = {
        {"DiT-S/2", 256, 32963360, 6055673856},
        {"DiT-B/2", 256, 130512416, 23005102080},
        {"DiT-L/2", 256, 458102816, 80697622528},
        {"DiT-XL/2", 256, 675129632, 118621421568},
        {"DiT-S/4", 256, 0, 1412579328},
        {"DiT-S/8", 256, 0, 357974016},
        {"DiT-XL/2", 512, 0, 524538298368},
        {"DiT-S/2", 512, 0, 31436980224},
        {"MDTv2-S/2", 256, 35493440, 6659653632},
        {"MDTv2-B/2", 256, 140291168, 25421021184},
        {"MDTv2-L/2", 256, 488109600, 88213815296},
        {"MDTv2-XL/2", 256, 718342176, 129493057536},
        {"MDTv2-S/2", 512, 0, 33852899328},
        {"MDT-S/2", 256, 33131072, 6055673856},
        {"MDT-XL/2", 256, 675856416, 118621421568},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const EdtVariant v = named(cases[i].name, cases[i].size);
        if (cases[i].parameters)
            g_assert_cmpuint(edt_variant_parameters(&v), ==, cases[i].parameters);
        g_assert_cmpuint(edt_variant_macs(&v), ==, cases[i].macs);
    }
    EdtVariant v;
    g_assert_false(edt_variant_named("MDTv2-S/4", 256, &v)); /* never published */
    g_assert_false(edt_variant_named("DiT-M/2", 256, &v));
    g_assert_true(edt_variant_named("DiT-Ti/2", 256, &v)); /* ours, to train */
    g_assert_cmpint(v.dims[0] / v.heads[0], ==, 64);
    g_assert_true(edt_variant_named("DiT-S/8", 64, &v));
    g_assert_false(edt_variant_named("DiT-S/8", 72, &v));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/networks/sizes", test_sizes);
    g_test_add_func("/networks/names", test_names);
    g_test_add_func("/networks/tables", test_tables);
    g_test_add_func("/networks/scales", test_scales);
    g_test_add_func("/networks/interval", test_interval);
    g_test_add_func("/networks/guided", test_guided);
    g_test_add_func("/networks/amm-placement", test_amm_placement);
    g_test_add_func("/networks/stations", test_stations);
    g_test_add_data_func("/networks/dit/forward", &dit, test_forward);
    g_test_add_data_func("/networks/dit/strong", &dit, test_strong);
    g_test_add_data_func("/networks/dit/bf16", &dit, test_bf16);
    g_test_add_func("/networks/dit/variants", test_dit_variants);
    g_test_add_data_func("/networks/mdtv2/forward", &mdtv2, test_forward);
    g_test_add_data_func("/networks/mdtv2/strong", &mdtv2, test_strong);
    g_test_add_data_func("/networks/mdtv2/bf16", &mdtv2, test_bf16);
    g_test_add_func("/networks/mdt/variants", test_mdt_variants);
    return g_test_run();
}
