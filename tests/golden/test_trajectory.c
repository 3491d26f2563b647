/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole trajectories, from the seed to the last latent: generator, schedule, network, guidance and
 * sampler together, against the official code step by step (f32 against f64: 1.2e-6).
 * Single steps without the network are in tests/sample.
 */
#include "golden/golden.h"
#include "golden/hash_weights.h"

#include "cpu/cpu.h"
#include "network/network.h"
#include "sample/random.h"
#include "sample/one_step.h"

#include <string.h>

#define GATE 1e-5
/* A clipped estimate is at most 1, and at first the difference of numbers 157 times as large: f32
 * itself moves it by 2e-5.  The sample that follows is not moved by as much. */
#define GATE_CLIPPED_ESTIMATE 5e-5

enum { C = 4, hw = 32 * 32, one = C * hw, label = 207, null_label = 1000 };

typedef struct {
    const char *file;
    const char *name;  /* prefix of its tensors */
    const char *final; /* the last latent, after the prefix: of the picture or of both halves */
    EdtSampler sampler;
    EdtRespace respace;
    int steps;
    EdtAmm amm;
    gboolean guided; /* scale 4, the doubled batch [2,4,32,32] */
    gboolean clip;
    double eta;
} Run;

static const Run runs[] = {
    {"f_sampling", "p.10.amm_on", "final_chunk0", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0},
    {"f_sampling", "p.10.amm_off", "final_chunk0", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFF, TRUE, FALSE, 0.0},
    {"f_sampling", "p.10.nocfg.amm_on", "final", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, FALSE, FALSE, 0.0},
    {"f_sampling", "p.10.nocfg.clip.amm_on", "final", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, FALSE, TRUE, 0.0},
    {"f_sampling", "ddim.10.amm_on", "final_chunk0", EDT_SAMPLER_DDIM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0},
    {"f_sampling", "ddim.ddim10.amm_on", "final_chunk0", EDT_SAMPLER_DDIM, EDT_RESPACE_STRIDE, 10,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0},
    {"f_sampling", "ddim.ddim25.amm_on", "final_chunk0", EDT_SAMPLER_DDIM, EDT_RESPACE_STRIDE, 25,
     EDT_AMM_OFFICIAL, TRUE, FALSE, 0.0},
    {"f2_sampling_clip", "p.10.clip", "step9.sample", EDT_SAMPLER_DDPM, EDT_RESPACE_EVEN, 10,
     EDT_AMM_OFFICIAL, TRUE, TRUE, 0.0},
    {"f2_sampling_clip", "ddim.ddim10.clip", "step9.sample", EDT_SAMPLER_DDIM, EDT_RESPACE_STRIDE,
     10, EDT_AMM_OFFICIAL, TRUE, TRUE, 0.0},
    {"f2_sampling_clip", "ddim_eta0.7.10.clip", "step9.sample", EDT_SAMPLER_DDIM, EDT_RESPACE_EVEN,
     10, EDT_AMM_OFFICIAL, TRUE, TRUE, 0.7},
};

/* ---- the network: EDT-S/2 on the CPU, whose device memory is ordinary memory ---- */

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtNetwork *model;
} Network;

static Network network_open(void)
{
    /* one thread: two that wait for each other are slow on a busy machine */
    const EdtDeviceOptions options = {.threads = 1, .precision = EDT_PRECISION_F32};
    Network network = {.backend = edt_backend_cpu()};
    GError *error = NULL;
    EdtVariant variant;

    g_assert_true(edt_variant_named("EDT-S/2", 256, &variant));
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

/* AMM, and the conditioning of all steps at once: row 2s for the class, 2s + 1 for the null. */
static void network_prepare(Network *network, const Run *run, const EdtNoiseSchedule *schedule)
{
    const int R = 2 * schedule->S;
    g_autofree float *timestep = g_new(float, R);
    g_autofree int *labels = g_new(int, R);
    EdtAmmPlan plan =
        edt_amm_plan(edt_network_variant(network->model), run->amm, run->guided ? 4.0 : 1.0);
    GError *error = NULL;

    for (int r = 0; r < R; r++) {
        timestep[r] = (float)schedule->timestep[r / 2];
        labels[r] = r % 2 ? null_label : label;
    }
    edt_network_set_amm(network->model, &plan);
    edt_network_prepare(network->model, run->guided ? 2 : 1, R, &error);
    g_assert_no_error(error);
    edt_network_modulate(network->model, R, timestep, labels);
}

/* out: [N, 2C, hw].  With guidance both halves see the first half's x. */
static void network_predict(Network *network, const Run *run, int s, const float *x, float *out)
{
    const int N = run->guided ? 2 : 1, rows[2] = {2 * s, 2 * s + 1};
    float seen[2 * one];
    GError *error = NULL;

    memcpy(seen, x, one * sizeof(float));
    memcpy(seen + one, x, one * sizeof(float));
    edt_network_forward(network->model, N, seen, rows, out);
    if (run->guided)
        network->backend->guide(network->dev, 2, 2 * C, 3, hw, 4.0f, out);
    network->backend->sync(network->dev, &error);
    g_assert_no_error(error);
}

/* ---- a run ---- */

/* Where the reference has it: some runs are stored step by step. */
static void check(Golden *golden, const Run *run, const char *what, const float *x, gsize count,
                  double gate)
{
    g_autofree char *name = g_strdup_printf("%s.%s", run->name, what);
    if (golden_has(golden, name))
        golden_check_tensor(golden, name, x, count, gate);
}

static void descend(Network *network, Golden *golden, const Run *run, const EdtSampling *sampling)
{
    const int N = run->guided ? 2 : 1;
    float x[2 * one], denoised[2 * one], noise[2 * one], out[4 * one];
    EdtRandom random;

    edt_random_seed(&random, 1);
    edt_random_normal(&random, x, one);
    memcpy(x + one, x, one * sizeof(float));
    for (int s = run->steps - 1; s >= 0; s--) {
        g_autofree char *sample = g_strdup_printf("step%d.sample", run->steps - 1 - s);
        g_autofree char *estimate = g_strdup_printf("step%d.pred_xstart", run->steps - 1 - s);
        network_predict(network, run, s, x, out);
        edt_random_normal(&random, noise, (gsize)(N * one));
        for (int i = 0; i < N; i++)
            one_step(sampling, s, C, hw, out + i * 2 * one, noise + i * one, x + i * one,
                     denoised + i * one);
        check(golden, run, estimate, denoised, (gsize)(N * one),
              run->clip ? GATE_CLIPPED_ESTIMATE : GATE);
        check(golden, run, sample, x, (gsize)(N * one), GATE);
    }
    g_autofree char *last = g_strdup_printf("%s.%s", run->name, run->final);
    golden_check_tensor(golden, last, x, golden_count(golden_get(golden, last)), GATE);
}

static void test_run(gconstpointer data)
{
    const Run *run = data;
    Network network = network_open();
    Golden *golden = golden_open(run->file);
    EdtNoiseSchedule *schedule =
        edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, run->respace, run->steps, NULL);
    EdtSampling sampling = {.schedule = schedule,
                            .sampler = run->sampler,
                            .learned_variance = TRUE,
                            .clip_denoised = run->clip,
                            .eta = run->eta};

    network_prepare(&network, run, schedule);
    descend(&network, golden, run, &sampling);
    edt_noise_schedule_free(schedule);
    golden_close(golden);
    network_close(&network);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
        g_autofree char *path = g_strconcat("/golden/trajectory/", runs[i].name, NULL);
        g_test_add_data_func(path, &runs[i], test_run);
    }
    return g_test_run();
}
