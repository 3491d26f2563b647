/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole EDT: a small one against the CPU backend in every arrangement, with its steps recorded
 * and replayed; EDT-S against the official numbers, one forward and ten steps.
 */
#include "compare.h"
#include "network.h"

#include "cpu/cpu.h"
#include "golden/golden.h"
#include "golden/hash_weights.h"
#include "sample/ways.h"

#include <string.h>

#define GATE_F32 3e-6
#define GATE_BF16 1e-2
#define GATE_TRAJECTORY 1e-5

/* ---- a small one ---- */

enum { SAMPLES = 3 };

static void set_amm(Network *network, EdtAmm amm)
{
    network->amm = edt_amm_plan(&network->v, amm, 4.0);
}

static float *forward(Network *network, int N, const float *x, const int *row)
{
    float *out = g_new(float, (gsize)N *network_out(network));
    GError *error = NULL;
    network_forward(network, N, x, row, out, &error);
    g_assert_no_error(error);
    return out;
}

static void condition(Network *network, int label)
{
    const int labels[SAMPLES] = {label, network->v.n_classes, 0};
    GError *error = NULL;
    network_condition(network, SAMPLES, (float[]){999, 500, 20}, labels, &error);
    g_assert_no_error(error);
}

/* Each picture twice: plain and recorded the first time, then twice from the recording. */
static void check_small(Network *cpu, Network *other, int N, double gate)
{
    const gsize in = network_in(cpu), out = network_out(cpu);
    g_autofree float *x = g_new(float, SAMPLES *in);
    const int rows[2][SAMPLES] = {{0, 1, 2}, {2, 0, 1}};

    for (int round = 0; round < 2; round++) {
        for (gsize i = 0; i < SAMPLES * in; i++)
            x[i] = (float)g_test_rand_double_range(-2, 2);
        g_autofree float *expected = forward(cpu, N, x, rows[round % 2]);
        g_autofree float *found = forward(other, N, x, rows[round % 2]);
        golden_check("forward", found, expected, (gsize)N * out, gate);
        g_autofree float *again = forward(other, N, x, rows[round % 2]);
        g_assert_cmpmem(again, (gsize)N * out * sizeof(float), found,
                        (gsize)N * out * sizeof(float));
    }
}

static void check_precision(const char *variant, EdtPrecision precision, double gate)
{
    Network cpu = network_open(edt_backend_cpu(), variant, 0, precision, SAMPLES);
    Network other = network_open(other_backend(), variant, 0, precision, SAMPLES);
    condition(&cpu, 7);
    condition(&other, 7);
    static const struct {
        EdtAmm amm;
        int N;
    } turns[] = {
        {EDT_AMM_OFF, 1}, {EDT_AMM_OFFICIAL, 1}, {EDT_AMM_OFF, SAMPLES}, {EDT_AMM_AUTO, 2}};
    for (guint i = 0; i < G_N_ELEMENTS(turns); i++) {
        set_amm(&cpu, turns[i].amm);
        set_amm(&other, turns[i].amm);
        check_small(&cpu, &other, turns[i].N, gate);
    }
    network_close(&cpu);
    network_close(&other);
}

static void test_small_f32(gconstpointer variant)
{
    check_precision(variant, EDT_PRECISION_F32, GATE_F32);
}

static void test_small_bf16(gconstpointer variant)
{
    check_precision(variant, EDT_PRECISION_BF16, GATE_BF16);
}

/* Every sampler on the device against the same on the CPU; with guidance, in an interval of it, and
 * without. */
static void test_samplers(void)
{
    Network cpu = network_open(edt_backend_cpu(), "least", 0, EDT_PRECISION_F32, 2);
    Network other = network_open(other_backend(), "least", 0, EDT_PRECISION_F32, 2);
    EdtNoiseSchedule *schedule = schedule_new(EDT_SCHEDULE_LINEAR, 5);
    const gsize count = network_in(&cpu);
    g_autofree float *expected = g_new(float, count), *found = g_new(float, count);
    GError *error = NULL;

    for (guint w = 0; w < 2 * G_N_ELEMENTS(ways); w++) {
        EdtSampling sampling = ways[w / 2].sampling;
        sampling.schedule = schedule;
        sampling.guidance = w % 2 ? 4 : 1;
        sampling.learned_variance = TRUE; /* the network has 8 channels */
        sampling.clip_denoised = w % 4 >= 2;
        sampling.interval = (EdtSpan){w % 3 ? 0 : 0.2, w % 3 ? 1 : 0.6}; /* in, out, and in again */
        g_assert_true(network_sample(&cpu, &sampling, 1, 3, expected, &error));
        g_assert_true(network_sample(&other, &sampling, 1, 3, found, &error));
        golden_check(ways[w / 2].name, found, expected, count, GATE_TRAJECTORY);
    }
    edt_noise_schedule_free(schedule);
    network_close(&cpu);
    network_close(&other);
}

/* ---- EDT-S against the official numbers ---- */

static void check_official(EdtPrecision precision, double gate)
{
    Golden *golden = golden_open("a_edt_s2_256");
    Network network = network_open(other_backend(), "EDT-S/2", 256, precision, SAMPLES);
    condition(&network, 207);
    set_amm(&network, EDT_AMM_OFFICIAL);
    g_autofree float *out =
        forward(&network, SAMPLES, golden_f32(golden, "input.x", SAMPLES * network_in(&network)),
                (int[]){0, 1, 2});
    golden_check_tensor(golden, "out.amm_on", out, SAMPLES * network_out(&network), gate);
    network_close(&network);
    golden_close(golden);
}

static void test_official_f32(void)
{
    check_official(EDT_PRECISION_F32, GATE_F32);
}

static void test_official_bf16(void)
{
    check_official(EDT_PRECISION_BF16, GATE_BF16);
}

/* Rows 2i and 2i + 1 of the reference have timestep and x number i: here x 1 with a class and
 * without, at t = 342, and AMM. */
static void check_other_official(const char *variant, const char *file, EdtPrecision precision,
                                 double gate)
{
    Golden *golden = golden_open(file);
    Network network = network_open(other_backend(), variant, 256, precision, 2);
    const gsize in = network_in(&network), out = network_out(&network);
    g_autofree float *x = g_new(float, 3 * in);
    GError *error = NULL;

    hash_input("input.x.models", 2 * in, x);
    memcpy(x + 2 * in, x + in, in * sizeof(float)); /* twice number 1 */
    network_condition(&network, 2, (float[]){342, 342}, (int[]){417, 1000}, &error);
    g_assert_no_error(error);
    set_amm(&network, EDT_AMM_OFFICIAL);
    g_autofree float *found = forward(&network, 2, x + in, (int[]){0, 1});
    golden_check(variant, found, golden_f32(golden, "out.amm_on", 6 * out) + 2 * out, 2 * out,
                 gate);
    network_close(&network);
    golden_close(golden);
}

static void test_other_f32(void)
{
    check_other_official("DiT-S/2", "j_dit_s2_256", EDT_PRECISION_F32, 2e-6);
    check_other_official("MDTv2-S/2", "k_mdtv2_s2_256", EDT_PRECISION_F32, 2e-6);
}

static void test_other_bf16(void)
{
    check_other_official("DiT-S/2", "j_dit_s2_256", EDT_PRECISION_BF16, GATE_BF16);
    check_other_official("MDTv2-S/2", "k_mdtv2_s2_256", EDT_PRECISION_BF16, GATE_BF16);
}

enum { ONE = 4 * 32 * 32, STEPS = 10 };

static void test_trajectory(void)
{
    Golden *golden = golden_open("f_sampling");
    Network network = network_open(other_backend(), "EDT-S/2", 256, EDT_PRECISION_F32, 1);
    EdtNoiseSchedule *schedule = schedule_new(EDT_SCHEDULE_LINEAR, STEPS);
    EdtSampling sampling = {.schedule = schedule, .learned_variance = TRUE, .guidance = 1};
    float latent[ONE];
    GError *error = NULL;

    set_amm(&network, EDT_AMM_OFFICIAL);
    network_sample(&network, &sampling, 207, 1, latent, &error);
    g_assert_no_error(error);
    golden_check_tensor(golden, "p.10.nocfg.amm_on.final", latent, ONE, GATE_TRAJECTORY);
    edt_noise_schedule_free(schedule);
    network_close(&network);
    golden_close(golden);
}

int main(int argc, char **argv)
{
    const gboolean official = argc > 1 && strcmp(argv[1], "official") == 0;
    g_test_init(&argc, &argv, NULL);
    if (official) {
        g_test_add_func("/cuda/official/f32", test_official_f32);
        g_test_add_func("/cuda/official/bf16", test_official_bf16);
        g_test_add_func("/cuda/official/trajectory", test_trajectory);
        g_test_add_func("/cuda/official/others-f32", test_other_f32);
        g_test_add_func("/cuda/official/others-bf16", test_other_bf16);
    } else {
        g_test_add_data_func("/cuda/small/f32", NULL, test_small_f32);
        g_test_add_data_func("/cuda/small/bf16", NULL, test_small_bf16);
        g_test_add_data_func("/cuda/small/dit/f32", "small DiT", test_small_f32);
        g_test_add_data_func("/cuda/small/dit/bf16", "small DiT", test_small_bf16);
        g_test_add_data_func("/cuda/small/mdt/f32", "small MDTv2", test_small_f32);
        g_test_add_data_func("/cuda/small/mdt/bf16", "small MDTv2", test_small_bf16);
        g_test_add_func("/cuda/small/samplers", test_samplers);
    }
    return g_test_run();
}
