/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole trajectories, from the seed to the last latent: generator, schedule, network, guidance and
 * sampler together, against the official code step by step (f32 against f64: 1.2e-6).
 * Single steps without the network are in tests/sample.
 */
#include "golden/golden.h"
#include "golden/hash_weights.h"

#include "cpu/cpu.h"
#include "machine.h"
#include "sample/random.h"
#include "sample/sampler.h"
#include "sample/step.h"

#include <string.h>

#define GATE 1e-5
/* A clipped estimate is at most 1, and at first the difference of numbers 157 times as large: f32
 * itself moves it by 2e-5.  The sample that follows is not moved by as much. */
#define GATE_CLIPPED_ESTIMATE 5e-5
#define GATE_INT8 2e-2 /* against bf16 */

enum { C = 4, hw = 32 * 32, one = C * hw, null_label = 1000 };

typedef struct {
    const char *file;
    const char *name;  /* prefix of its tensors */
    const char *final; /* the last latent, after the prefix */
    EdtSampler sampler;
    EdtRespace respace;
    int steps;
    EdtAmm amm;
    gboolean guided; /* scale 4; stored are both halves of the batch: the picture is the first */
    gboolean clip;
    double eta;
    const char *variant;
    int label, seed;
    double guidance, power;
} Run;

#define EDT_S "EDT-S/2", 207, 1, 4, 0

static const Run runs[] = {
    {"f_sampling", "p.10.amm_on", "final_chunk0", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0, EDT_S},
    {"f_sampling", "p.10.amm_off", "final_chunk0", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFF, TRUE, FALSE, 0.0, EDT_S},
    {"f_sampling", "p.10.nocfg.amm_on", "final", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, FALSE, FALSE, 0.0, EDT_S},
    {"f_sampling", "p.10.nocfg.clip.amm_on", "final", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, FALSE, TRUE, 0.0, EDT_S},
    {"f_sampling", "ddim.10.amm_on", "final_chunk0", EDT_SAMPLER_DDIM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0, EDT_S},
    {"f_sampling", "ddim.ddim10.amm_on", "final_chunk0", EDT_SAMPLER_DDIM, EDT_RESPACE_STRIDE, 10,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0, EDT_S},
    {"f_sampling", "ddim.ddim25.amm_on", "final_chunk0", EDT_SAMPLER_DDIM, EDT_RESPACE_STRIDE, 25,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0, EDT_S},
    {"f2_sampling_clip", "p.10.clip", "step9.sample", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, TRUE, TRUE, 0.0, EDT_S},
    {"f2_sampling_clip", "ddim.ddim10.clip", "step9.sample", EDT_SAMPLER_DDIM, EDT_RESPACE_STRIDE,
     10, EDT_AMM_OFFICIAL, TRUE, TRUE, 0.0, EDT_S},
    {"f2_sampling_clip", "ddim_eta0.7.10.clip", "step9.sample", EDT_SAMPLER_DDIM, EDT_RESPACE_EVEN,
     10, EDT_AMM_OFFICIAL, TRUE, TRUE, 0.7, EDT_S},
    {"m_sampling", "dit.ddim.5.cfg4", "step4.sample", EDT_SAMPLER_DDIM, EDT_RESPACE_EVEN, 5,
     EDT_AMM_OFF, TRUE, FALSE, 0.0, "DiT-S/2", 88, 11, 4, 0},
    {"m_sampling", "dit.ddim.5.cfg1.5.amm_on.clip", "step4.sample", EDT_SAMPLER_DDIM,
     EDT_RESPACE_EVEN, 5, EDT_AMM_OFFICIAL, TRUE, TRUE, 0.0, "DiT-S/2", 88, 11, 1.5, 0},
    {"m_sampling", "mdtv2.ddim.5.cfg3.8.pow4", "step4.sample", EDT_SAMPLER_DDIM, EDT_RESPACE_EVEN,
     5, EDT_AMM_OFF, TRUE, FALSE, 0.0, "MDTv2-S/2", 417, 11, 3.8, 4},
    {"m_sampling", "mdtv2.ddim.ddim5.cfg4.pow0.01", "step4.sample", EDT_SAMPLER_DDIM,
     EDT_RESPACE_STRIDE, 5, EDT_AMM_OFF, TRUE, FALSE, 0.0, "MDTv2-S/2", 417, 11, 4, 0.01},
    {"m_sampling", "mdtv2.ddim.5.cfg3.8.pow4.amm_on.clip", "step4.sample", EDT_SAMPLER_DDIM,
     EDT_RESPACE_EVEN, 5, EDT_AMM_OFFICIAL, TRUE, TRUE, 0.0, "MDTv2-S/2", 417, 11, 3.8, 4},
    {"m_sampling", "mdtv2.p.5.cfg3.8.pow4.amm_on.clip", "step4.sample", EDT_SAMPLER_DDPM,
     EDT_RESPACE_EVEN, 5, EDT_AMM_OFFICIAL, TRUE, TRUE, 0.0, "MDTv2-S/2", 417, 11, 3.8, 4},
};

/* ---- the network on the CPU, whose device memory is ordinary memory ---- */

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtNetwork *model;
} Network;

static Network network_open(const Run *run, EdtPrecision precision)
{
    /* one thread: two that wait for each other are slow on a busy machine */
    const EdtDeviceOptions options = {.threads = 1, .precision = precision};
    Network network = {.backend = edt_backend_cpu()};
    GError *error = NULL;
    EdtVariant variant;

    g_assert_true(edt_variant_named(run->variant, 256, &variant));
    EdtTensorSource *source = hash_weights_edt(&variant, HASH_ADALN_GAIN);
    network.dev = network.backend->open(&options, &error);
    g_assert_no_error(error);
    network.model = edt_network_new(network.backend, network.dev, &variant, source, &error);
    g_assert_no_error(error);
    hash_weights_free(source);
    return network;
}

static void network_close(Network *network)
{
    edt_network_free(network->model);
    network->backend->close(network->dev);
}

/* The conditioning of all steps at once: row 2s for the class, 2s + 1 for the null. */
static void network_prepare(Network *network, const Run *run, const EdtNoiseSchedule *schedule)
{
    const int R = 2 * schedule->S;
    g_autofree float *timestep = g_new(float, R);
    g_autofree int *labels = g_new(int, R);
    GError *error = NULL;

    for (int r = 0; r < R; r++) {
        timestep[r] = (float)schedule->timestep[r / 2];
        labels[r] = r % 2 ? null_label : run->label;
    }
    edt_network_prepare(network->model, run->guided ? 2 : 1, R, &error);
    g_assert_no_error(error);
    edt_network_modulate(network->model, R, timestep, labels, NULL);
}

/* A step of one picture, in memory to be freed. */
static EdtStep step_new(const Network *network, const Run *run, void **memory)
{
    EdtStep step = {
        .network = network->model,
        .backend = network->backend,
        .dev = network->dev,
        .amm = edt_amm_plan(edt_network_variant(network->model), run->amm, run->guided ? 4 : 1),
        .pictures = 1,
        .C = C,
        .C_out = 2 * C,
        .hw = hw,
        .guided = run->guided ? 3 : 0,
    };
    EdtArena host = {0}, device = {0};
    edt_step_carve(&step, &host, &device);
    *memory = g_malloc0(host.used + device.used);
    device = (EdtArena){.base = (guint8 *)*memory + host.used};
    host = (EdtArena){.base = *memory};
    edt_step_carve(&step, &host, &device);
    return step;
}

/* ---- a run ---- */

/* Where the reference has it: some runs are stored step by step. */
static void check(Golden *golden, const Run *run, const char *what, const float *x, double gate)
{
    g_autofree char *name = g_strdup_printf("%s.%s", run->name, what);
    if (golden && golden_has(golden, name))
        golden_check(name, x, golden_f32(golden, name, golden_count(golden_get(golden, name))), one,
                     gate);
}

/* golden: NULL where nothing is to be checked on the way. */
static void descend(const EdtStep *step, Golden *golden, const Run *run,
                    const EdtSampling *sampling)
{
    const int N = edt_step_samples(step);
    EdtRandom random;
    GError *error = NULL;

    edt_random_seed(&random, (guint64)run->seed);
    edt_random_normal(&random, step->x, one);
    memcpy(step->x + (N - 1) * one, step->x, one * sizeof(float));
    for (int s = run->steps - 1; s >= 0; s--) {
        g_autofree char *sample = g_strdup_printf("step%d.sample", run->steps - 1 - s);
        g_autofree char *estimate = g_strdup_printf("step%d.pred_xstart", run->steps - 1 - s);
        *step->host.how = edt_sampling_coefficients(sampling, s);
        for (int i = 0; i < N; i++)
            step->host.row[i] = 2 * s + i;
        edt_random_normal(&random, step->host.noise, one);
        if (N == 2) /* the null half's draw */
            edt_random_skip_normal(&random, one);
        edt_step_take(step);
        step->backend->sync(step->dev, &error);
        g_assert_no_error(error);
        check(golden, run, estimate, step->denoised, run->clip ? GATE_CLIPPED_ESTIMATE : GATE);
        check(golden, run, sample, step->x, GATE);
    }
    g_assert_cmpmem(step->x, one * sizeof(float), step->x + (N - 1) * one, one * sizeof(float));
}

/* The last latent, to be freed. */
static float *run_in(const Run *run, EdtPrecision precision, Golden *golden)
{
    Network network = network_open(run, precision);
    EdtNoiseSchedule *schedule =
        edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, run->respace, run->steps, NULL);
    EdtSampling sampling = {.schedule = schedule,
                            .sampler = run->sampler,
                            .learned_variance = TRUE,
                            .clip_denoised = run->clip,
                            .eta = run->eta,
                            .guidance = run->guidance,
                            .power = run->power};
    g_autofree void *memory = NULL;
    const EdtStep step = step_new(&network, run, &memory);

    network_prepare(&network, run, schedule);
    descend(&step, golden, run, &sampling);
    edt_noise_schedule_free(schedule);
    network_close(&network);
    return g_memdup2(step.x, one * sizeof(float));
}

static void test_run(gconstpointer data)
{
    const Run *run = data;
    Golden *golden = golden_open(run->file);
    g_autofree char *last = g_strdup_printf("%s.%s", run->name, run->final);
    g_autofree float *x = run_in(run, EDT_PRECISION_F32, golden);

    g_assert_true(golden_has(golden, last));
    check(golden, run, run->final, x, GATE);
    golden_close(golden);
}

/* What int8 makes of 25 steps is near what bf16 makes of them. */
static void test_int8(void)
{
    const Run run = {
        "",    "",  "",   EDT_SAMPLER_DDIM, EDT_RESPACE_STRIDE, 25, EDT_AMM_OFFICIAL, TRUE,
        FALSE, 0.0, EDT_S};
    if (!edt_cpu_has_int8()) {
        g_test_skip("no int8 products here");
        return;
    }
    g_autofree float *bf16 = run_in(&run, EDT_PRECISION_BF16, NULL);
    g_autofree float *int8 = run_in(&run, EDT_PRECISION_INT8, NULL);
    const double distance = golden_distance(int8, bf16, one);

    g_test_message("%g", distance);
    g_assert_cmpfloat(distance, <, GATE_INT8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
        g_autofree char *path = g_strconcat("/golden/trajectory/", runs[i].name, NULL);
        g_test_add_data_func(path, &runs[i], test_run);
    }
    g_test_add_func("/golden/trajectory/int8", test_int8);
    return g_test_run();
}
