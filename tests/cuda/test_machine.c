/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When the GPU is missing, full or broken: every failure is an error with a sentence, and nothing
 * that was taken is kept.  Steps are recorded once and replayed; nothing is allocated in a step.
 */
#include "compare.h"
#include "device.h"
#include "network.h"
#include "sample/ways.h"

#include "host/simulated.h"

#include <math.h>
#include <string.h>

static const EdtDeviceOptions f32 = {1, EDT_PRECISION_F32}, bf16 = {1, EDT_PRECISION_BF16};

static void refuse(const EdtDeviceOptions *options, const char *says)
{
    GError *error = NULL;
    EdtDevice *dev = other_backend()->open(options, &error);
    g_assert_null(dev);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BACKEND);
    g_assert_nonnull(strstr(error->message, says));
    g_clear_error(&error);
    g_assert_cmpint(edt_host_machine.live, ==, 0);
}

static void test_no_gpu(void)
{
    edt_host_machine.devices = 0;
    refuse(&f32, "no usable NVIDIA GPU");
    edt_host_machine.devices = 1;
    g_setenv("EDT_CUDA_DEVICE", "3", TRUE);
    refuse(&f32, "EDT_CUDA_DEVICE is 3");
    g_unsetenv("EDT_CUDA_DEVICE");
}

static void test_old_gpu(void)
{
    edt_host_machine.major = 7;
    refuse(&bf16, "Choose the type f32");
    GError *error = NULL;
    EdtDevice *dev = other_backend()->open(&f32, &error);
    g_assert_no_error(error);
    other_backend()->close(dev);
    edt_host_machine.major = 9;
    g_assert_cmpint(edt_host_machine.live, ==, 0);
}

/* ---- failures: each in its turn ---- */

enum { LATENT = 4 * 8 * 8 };

/* Under the address sanitizer the simulated threads change a hundred times as slowly: some n then
 * stand for all. */
#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 11 };
#else
enum { STRIDE = 1 };
#endif

/* Loads a network and samples with it: a step runs plainly, is recorded, is replayed.  FALSE with
 * an error; *in_time: the failure came before all was given back. */
static gboolean live_through(const long *countdown, gboolean *in_time, float *latent,
                             GError **error)
{
    EdtNoiseSchedule *schedule = schedule_new(EDT_SCHEDULE_LINEAR, 3);
    const EdtSampling sampling = {.schedule = schedule, .learned_variance = TRUE, .guidance = 1};
    Network network;
    gboolean opened =
        network_try(&network, other_backend(), "least", 0, EDT_PRECISION_F32, 1, error);
    gboolean done = opened && network_sample(&network, &sampling, 1, 1, latent, error);
    *in_time = *countdown == 0;
    if (opened)
        network_close(&network);
    edt_noise_schedule_free(schedule);
    return done;
}

static void check_error(GError **error, int code, const char *says)
{
    g_assert_error(*error, EDT_ERROR, code);
    if (strstr((*error)->message, says) == NULL && code == EDT_ERROR_NO_MEMORY)
        g_assert_nonnull(strstr((*error)->message, "memory"));
    g_assert_nonnull(strstr((*error)->message, "GPU"));
    g_clear_error(error);
}

/* The n-th time fails, for every n (or every STRIDE-th) until nothing fails any more.  Each failure
 * is an error that says so (or did no harm: the numbers are right), and all is given back. */
static void check_failures(long *countdown, int code, const char *says, int least)
{
    float right[LATENT], latent[LATENT];
    int failures = 0, harmless = 0;
    gboolean in_time, came = TRUE;
    GError *error = NULL;

    g_assert_true(live_through(countdown, &in_time, right, &error));
    for (long n = 1; came; n += STRIDE) {
        *countdown = n;
        gboolean done = live_through(countdown, &in_time, latent, &error);
        came = *countdown == 0;
        *countdown = 0;
        edt_host_machine.dead = FALSE;
        g_assert_cmpint(edt_host_machine.live, ==, 0);
        g_assert_cmpuint(edt_host_machine.held, ==, 0);
        if (done) {
            g_assert_cmpmem(latent, sizeof latent, right, sizeof right);
            harmless += in_time;
        } else {
            g_assert_true(came);
            check_error(&error, code, says);
            failures++;
        }
    }
    g_test_message("%d failures, %d did no harm", failures, harmless);
    g_assert_cmpint(failures, >, least / STRIDE);
    g_assert_cmpint(harmless, <=, failures / 20);
}

static void test_full_gpu(void)
{
    check_failures(&edt_host_machine.fail_alloc, EDT_ERROR_NO_MEMORY, "memory is full", 60);
}

static void test_broken_gpu(void)
{
    check_failures(&edt_host_machine.fail_launch, EDT_ERROR_BACKEND, "failed at", 200);
}

static void test_every_call(void)
{
    check_failures(&edt_host_machine.fail_call, EDT_ERROR_BACKEND, "failed at", 400);
}

/* From the n-th call on there is no GPU any more, not even to give something back. */
static void test_dying_gpu(void)
{
    edt_host_machine.dies = TRUE;
    check_failures(&edt_host_machine.fail_call, EDT_ERROR_BACKEND, "failed at", 400);
    edt_host_machine.dies = FALSE;
}

/* ---- recordings ---- */

/* One plain run, one recording, then replays of it; none of them allocates. */
static void test_recorded_once(void)
{
    Network network = network_open(other_backend(), NULL, 0, EDT_PRECISION_F32, 2);
    g_autofree float *x = g_new0(float, 2 * network_in(&network));
    g_autofree float *out = g_new0(float, 2 * network_out(&network));
    GError *error = NULL;
    long launches[6], replays = edt_host_machine.replays;

    network_condition(&network, 2, (float[]){500, 20}, (int[]){1, 2}, &error);
    g_assert_no_error(error);
    const long allocs = edt_host_machine.allocs;
    for (int i = 0; i < 6; i++) {
        long before = edt_host_machine.launches;
        g_assert_true(network_forward(&network, 1, x, (int[]){i % 2}, out, &error));
        launches[i] = edt_host_machine.launches - before;
    }
    g_assert_cmpint(edt_host_machine.allocs, ==, allocs);
    g_assert_cmpint(edt_host_machine.replays - replays, ==, 5);
    g_assert_cmpint(launches[0], >, 80);
    g_assert_cmpint(launches[1], ==, launches[0]);
    for (int i = 2; i < 6; i++)
        g_assert_cmpint(launches[i], ==, 3); /* news, x, and the result back */
    /* another batch is another step; the first is still known */
    network_forward(&network, 2, x, (int[]){0, 1}, out, &error);
    network_forward(&network, 1, x, (int[]){0}, out, &error);
    g_assert_cmpint(edt_host_machine.replays - replays, ==, 6);
    network_close(&network);
    g_assert_cmpint(edt_host_machine.live, ==, 0);
}

/* Guidance is a number of each step: another one is the same recording, and another picture. */
static void test_guidance_is_no_key(void)
{
    EdtNoiseSchedule *schedule = schedule_new(EDT_SCHEDULE_LINEAR, 3);
    EdtSampling sampling = {.schedule = schedule, .learned_variance = TRUE, .interval = {0, 1}};
    Network network = network_open(other_backend(), "least", 0, EDT_PRECISION_F32, 2);
    float latent[2][LATENT];
    const long replays = edt_host_machine.replays;

    for (int i = 0; i < 2; i++) {
        sampling.guidance = i ? 2.5 : 4;
        g_assert_true(network_sample(&network, &sampling, 1, 1, latent[i], NULL));
    }
    g_assert_cmpint(edt_host_machine.replays - replays, ==, 5); /* all but the very first step */
    g_assert_cmpint(memcmp(latent[0], latent[1], sizeof latent[0]), !=, 0);
    edt_noise_schedule_free(schedule);
    network_close(&network);
}

/* EDT_CUDA_GRAPH=0: the same numbers, nothing recorded. */
static void test_not_recorded(void)
{
    float recorded[LATENT], plain[LATENT];
    const long never = 0;
    gboolean in_time;
    GError *error = NULL;

    g_assert_true(live_through(&never, &in_time, recorded, &error));
    const long replays = edt_host_machine.replays;
    g_setenv("EDT_CUDA_GRAPH", "0", TRUE);
    g_assert_true(live_through(&never, &in_time, plain, &error));
    g_unsetenv("EDT_CUDA_GRAPH");
    g_assert_cmpint(edt_host_machine.replays, ==, replays);
    g_assert_cmpmem(plain, sizeof plain, recorded, sizeof recorded);
}

/* What the peak is measured on, which no other test sees: as many numbers as asked, all over
 * [-0.5, 0.5). */
static void test_fill(void)
{
    enum { COUNT = 1003, ZONE = 64 };
    const EdtBackend *b = other_backend();
    EdtDevice *dev = b->open(&f32, NULL);
    g_autofree float *host = g_new(float, COUNT + 2 * ZONE);
    float *x = b->alloc(dev, (COUNT + 2 * ZONE) * sizeof(float), NULL);
    double sum = 0, squares = 0;

    for (int i = 0; i < COUNT + 2 * ZONE; i++)
        host[i] = 7;
    b->upload(dev, x, host, (COUNT + 2 * ZONE) * sizeof(float));
    edt_cuda_fill(COUNT, x + ZONE, EDT_F32, dev->stream);
    b->download(dev, host, x, (COUNT + 2 * ZONE) * sizeof(float));
    for (int i = 0; i < COUNT + 2 * ZONE; i++) {
        const gboolean inside = i >= ZONE && i < ZONE + COUNT;
        g_assert_true(inside ? host[i] >= -0.5f && host[i] < 0.5f : host[i] == 7);
        sum += inside ? (double)host[i] : 0;
        squares += inside ? (double)host[i] * (double)host[i] : 0;
    }
    g_assert_cmpfloat(fabs(sum / COUNT), <, 0.05);
    g_assert_cmpfloat_with_epsilon(squares / COUNT, 1.0 / 12, 0.01);
    b->free(dev, x);
    b->close(dev);
}

static void test_profile(void)
{
    Network network = network_open(other_backend(), NULL, 0, EDT_PRECISION_F32, 1);
    g_autofree float *x = g_new0(float, network_in(&network));
    g_autofree float *out = g_new0(float, network_out(&network));
    GError *error = NULL;
    guint64 linear = 0, attention = 0;

    network_condition(&network, 1, (float[]){500}, (int[]){1}, &error);
    network.backend->profile(network.dev, TRUE);
    for (int i = 0; i < 3; i++)
        network_forward(&network, 1, x, (int[]){0}, out, &error);
    g_assert_no_error(error);
    const EdtProfileRow *row = network.backend->profile_rows(network.dev);
    for (; row->what; row++) {
        linear += strcmp(row->what, "linear") ? 0 : row->calls;
        attention += strcmp(row->what, "attention") ? 0 : row->calls;
    }
    const guint64 blocks = (guint64)edt_variant_blocks(&network.v);
    g_assert_cmpuint(attention, ==, 3 * blocks); /* each time: a profiled run is not a recording */
    g_assert_cmpuint(linear, ==, 3 * (4 * blocks + 2 + 2 + 4));
    network_close(&network);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuda/machine/no-gpu", test_no_gpu);
    g_test_add_func("/cuda/machine/old-gpu", test_old_gpu);
    g_test_add_func("/cuda/machine/full-gpu", test_full_gpu);
    g_test_add_func("/cuda/machine/broken-gpu", test_broken_gpu);
    g_test_add_func("/cuda/machine/every-call", test_every_call);
    g_test_add_func("/cuda/machine/dying-gpu", test_dying_gpu);
    g_test_add_func("/cuda/machine/recorded-once", test_recorded_once);
    g_test_add_func("/cuda/machine/guidance-is-no-key", test_guidance_is_no_key);
    g_test_add_func("/cuda/machine/not-recorded", test_not_recorded);
    g_test_add_func("/cuda/machine/fill", test_fill);
    g_test_add_func("/cuda/machine/profile", test_profile);
    return g_test_run();
}
