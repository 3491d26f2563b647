/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The samplers on problems whose answer is known: data at one point and Gaussian data, for which
 * "network" below is the exact predictor; and that nothing becomes infinite.
 */
#include "golden/golden.h"
#include "sample/random.h"
#include "one_step.h"
#include "ways.h"

#include <math.h>
#include <string.h>

enum { C = 4, values_max = 1 << 15 };

/* Data ~ N(mean, variance), each value for itself; variance 0 is a point. */
typedef struct {
    double mean, variance;
} Data;

/* What a perfect network answers at step s: E[x_0 | x], or the noise that goes with it. */
static void network(const EdtSampling *sampling, const Data *data, int s, gsize n, const float *x,
                    float *out)
{
    double a = sampling->schedule->sqrt_alphas_cumprod[s];
    double sigma = sampling->schedule->sqrt_one_minus_alphas_cumprod[s];
    double pull = a * data->variance / (a * a * data->variance + sigma * sigma);

    for (gsize i = 0; i < n; i++) {
        double estimate = data->mean + pull * (x[i] - a * data->mean);
        out[i] =
            (float)(sampling->prediction == EDT_PREDICT_DENOISED ? estimate
                                                                 : (x[i] - a * estimate) / sigma);
    }
}

/* From s = S-1 down to `last`; x: n values, noise at first, at the end x at index last - 1. */
static void descend(const EdtSampling *sampling, const Data *data, int last, gsize n, float *x,
                    EdtRandom *random)
{
    static float out[2 * values_max], noise[values_max];
    static float denoised[values_max], older[values_max];
    g_assert_cmpuint(2 * n, <=, G_N_ELEMENTS(out));
    memset(out, 0, sizeof out); /* learned variance: v = 0 */
    for (int s = sampling->schedule->S - 1; s >= last; s--) {
        network(sampling, data, s, n, x, out);
        if (random != NULL)
            edt_random_normal(random, noise, n);
        next_step(sampling, s, C, (int)n / C, out, random ? noise : NULL, x, denoised, older);
    }
}

/* ---- data at one point: every sampler ends there, after any number of steps ---- */

static void end_at_point(EdtSampling sampling, EdtSchedule kind, int steps)
{
    const Data point = {.mean = 0.625, .variance = 0.0};
    EdtNoiseSchedule *schedule = schedule_new(kind, steps);
    EdtRandom random;
    float x[16];

    sampling.schedule = schedule;
    edt_random_seed(&random, (guint64)steps);
    edt_random_normal(&random, x, G_N_ELEMENTS(x));
    descend(&sampling, &point, 0, G_N_ELEMENTS(x), x, &random);
    for (gsize i = 0; i < G_N_ELEMENTS(x); i++)
        g_assert_cmpfloat_with_epsilon(x[i], 0.625, 2e-6);
    edt_noise_schedule_free(schedule);
}

static void test_point(gconstpointer data)
{
    static const int steps[] = {1, 2, 3, 4, 10, 14, 15, 50, 250, 1000};
    EdtSampling sampling = ways[GPOINTER_TO_SIZE(data)].sampling;

    for (int prediction = EDT_PREDICT_NOISE; prediction <= EDT_PREDICT_DENOISED; prediction++)
        for (int kind = EDT_SCHEDULE_LINEAR; kind <= EDT_SCHEDULE_COSINE; kind++)
            for (gsize k = 0; k < G_N_ELEMENTS(steps); k++) {
                sampling.prediction = (EdtPrediction)prediction;
                end_at_point(sampling, (EdtSchedule)kind, steps[k]);
            }
}

/* ---- every number of steps stays finite, with a network that is far from perfect ---- */

static void stay_finite(EdtSampling sampling, EdtSchedule kind, int steps)
{
    enum { n = 16 };
    EdtNoiseSchedule *schedule = schedule_new(kind, steps);
    float x[n], out[2 * n], noise[n], denoised[n], older[n];

    sampling.schedule = schedule;
    for (int i = 0; i < n; i++)
        x[i] = (float)(i - n / 2) / 4.0f;
    for (int s = steps - 1; s >= 0; s--) {
        for (int i = 0; i < n; i++) {
            out[i] = (i + s) % 2 ? 1.5f : -1.0f;
            out[n + i] = (float)((i + s) % 5 - 2);
            noise[i] = (float)((i * 7 + s) % 5 - 2);
        }
        next_step(&sampling, s, C, n / C, out, noise, x, denoised, older);
        for (int i = 0; i < n; i++)
            g_assert_true(isfinite(x[i]) && isfinite(denoised[i]));
    }
    edt_noise_schedule_free(schedule);
}

static void test_finite(gconstpointer data)
{
    EdtSampling sampling = ways[GPOINTER_TO_SIZE(data)].sampling;
    for (int steps = 1; steps <= EDT_TIMESTEPS; steps++)
        stay_finite(sampling, steps % 2 ? EDT_SCHEDULE_LINEAR : EDT_SCHEDULE_COSINE, steps);
}

/* ---- Gaussian data ---- */

/* Along the probability flow (x - a mean) / sqrt(a^2 variance + sigma^2) stays what it was. */
static double flow(const EdtNoiseSchedule *schedule, const Data *data, int s, double start_x)
{
    int start = schedule->S - 1;
    double a = schedule->alphas_cumprod[s], b = schedule->alphas_cumprod[start];
    double spread = sqrt(a * data->variance + 1.0 - a);
    double start_spread = sqrt(b * data->variance + 1.0 - b);
    return sqrt(a) * data->mean + spread * (start_x - sqrt(b) * data->mean) / start_spread;
}

/* Relative L2 error at timestep 270, from timestep 999 in strides of 999 / (steps - 1). */
static double flow_error(EdtSampler sampler, int steps)
{
    enum { n = 64, timestep = 270 };
    const Data data = {.mean = 0.3, .variance = 0.25};
    EdtNoiseSchedule *schedule = schedule_new(EDT_SCHEDULE_LINEAR, steps);
    EdtSampling sampling = {.schedule = schedule, .sampler = sampler};
    int index = timestep * (steps - 1) / 999;
    EdtRandom random;
    float x[n], exact[n];

    g_assert_cmpint(schedule->timestep[index], ==, timestep);
    edt_random_seed(&random, 11);
    edt_random_normal(&random, x, n);
    for (int i = 0; i < n; i++)
        exact[i] = (float)flow(schedule, &data, index, x[i]);
    descend(&sampling, &data, index + 1, n, x, NULL);
    edt_noise_schedule_free(schedule);
    return golden_distance(x, exact, n);
}

/* Three times the steps: an error 27 times smaller for third order (UniPC-2 with its corrector),
 * nine times for second, three times for first. */
static void test_order(void)
{
    double coarse = flow_error(EDT_SAMPLER_DPMPP_2M, 38);
    double fine = flow_error(EDT_SAMPLER_DPMPP_2M, 112);
    double ddim_coarse = flow_error(EDT_SAMPLER_DDIM, 38);
    double ddim_fine = flow_error(EDT_SAMPLER_DDIM, 112);
    double corrected_coarse = flow_error(EDT_SAMPLER_UNIPC, 38);
    double corrected_fine = flow_error(EDT_SAMPLER_UNIPC, 112);
    double corrected_order = log(corrected_coarse / corrected_fine) / log(3.0);
    double order = log(coarse / fine) / log(3.0);
    double ddim_order = log(ddim_coarse / ddim_fine) / log(3.0);

    g_test_message("dpm++2m: %.3g, %.3g: order %.2f", coarse, fine, order);
    g_test_message("unipc: %.3g, %.3g: order %.2f", corrected_coarse, corrected_fine,
                   corrected_order);
    g_test_message("ddim: %.3g, %.3g: order %.2f", ddim_coarse, ddim_fine, ddim_order);
    g_assert_cmpfloat_with_epsilon(order, 2.0, 0.25);
    g_assert_cmpfloat_with_epsilon(ddim_order, 1.0, 0.15);
    g_assert_cmpfloat(coarse, <, 0.2 * ddim_coarse);
    g_assert_cmpfloat_with_epsilon(corrected_order, 3.0, 0.3);
    g_assert_cmpfloat(corrected_coarse, <, 0.3 * coarse);
}

/* Enough steps and values, and the samples have the data's mean and deviation. */
static void test_distribution(gconstpointer way)
{
    static float x[values_max];
    const Data data = {.mean = 0.4, .variance = 0.09};
    EdtSampling sampling = ways[GPOINTER_TO_SIZE(way)].sampling;
    EdtNoiseSchedule *schedule = schedule_new(EDT_SCHEDULE_LINEAR, 250);
    double sum = 0.0, square = 0.0;
    EdtRandom random;

    sampling.schedule = schedule;
    edt_random_seed(&random, 5);
    edt_random_normal(&random, x, values_max);
    descend(&sampling, &data, 0, values_max, x, &random);
    for (gsize i = 0; i < values_max; i++)
        sum += x[i];
    sum /= values_max;
    for (gsize i = 0; i < values_max; i++)
        square += (x[i] - sum) * (x[i] - sum);
    square = sqrt(square / values_max);
    g_test_message("mean %.4f, deviation %.4f", sum, square);
    g_assert_cmpfloat_with_epsilon(sum, 0.4, 0.005);
    g_assert_cmpfloat_with_epsilon(square, 0.3, 0.015);
    edt_noise_schedule_free(schedule);
}

static void add_for_every_way(const char *prefix, GTestDataFunc test)
{
    for (gsize w = 0; w < G_N_ELEMENTS(ways); w++) {
        g_autofree char *path = g_strconcat(prefix, ways[w].name, NULL);
        g_test_add_data_func(path, GSIZE_TO_POINTER(w), test);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_for_every_way("/sample/sampler/point/", test_point);
    add_for_every_way("/sample/sampler/finite/", test_finite);
    add_for_every_way("/sample/sampler/distribution/", test_distribution);
    g_test_add_func("/sample/sampler/order", test_order);
    return g_test_run();
}
