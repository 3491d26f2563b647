/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one step must be by formula, or by another sampler that is the same there; what noise and
 * clipping do.
 */
#include "golden/golden.h"
#include "sample/random.h"
#include "one_step.h"
#include "ways.h"

#include <math.h>
#include <string.h>

enum { C = 4 };

/* ---- by formula, or by another sampler ---- */

/* Without estimate and latent, a step leaves the noise times its deviation. */
static double deviation(const EdtSampling *sampling, int s, float v)
{
    const float out[2 * C] = {0, 0, 0, 0, v, v, v, v}, noise[C] = {1, 1, 1, 1};
    float x[C] = {0}, denoised[C] = {0};
    one_step(sampling, s, C, 1, out, noise, x, denoised);
    return x[0];
}

static void test_variance(void)
{
    EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_LINEAR, 50);
    EdtSampling sampling = {.schedule = sc, .prediction = EDT_PREDICT_DENOISED};

    for (int s = 1; s < sc->S; s++) {
        double most = sqrt(sc->betas[s]), least = sqrt(sc->posterior_variance[s]);
        sampling.learned_variance = TRUE;
        g_assert_cmpfloat_with_epsilon(deviation(&sampling, s, 1) / most, 1, 1e-6);
        g_assert_cmpfloat_with_epsilon(deviation(&sampling, s, -1) / least, 1, 1e-6);
        g_assert_cmpfloat_with_epsilon(deviation(&sampling, s, 0) / sqrt(most * least), 1, 1e-6);
        sampling.learned_variance = FALSE;
        g_assert_cmpfloat_with_epsilon(deviation(&sampling, s, 0) / most, 1, 1e-6);
    }
    g_assert_cmpfloat(deviation(&sampling, 0, 0), ==, 0.0);
    edt_noise_schedule_free(sc);
}

static void fill(EdtRandom *random, float *out, float *noise, float *x)
{
    edt_random_normal(random, out, 2 * 64);
    edt_random_normal(random, noise, 64);
    edt_random_normal(random, x, 64);
}

/* One step from the same x by two samplers. */
static double step_distance(const EdtSampling *first, const EdtSampling *second, int s,
                            const float *out, const float *noise, const float *x)
{
    float after[2][64], denoised[64];
    for (int i = 0; i < 2; i++) {
        memcpy(after[i], x, sizeof after[i]);
        one_step(i ? second : first, s, C, 16, out, noise, after[i], denoised);
    }
    return golden_distance(after[0], after[1], 64);
}

/* DDIM with eta 1 is DDPM with the posterior's variance (Song et al. 2021, section 4.1), and the
 * first step of dpm++2m is DDIM without noise. */
static void test_equal_samplers(void)
{
    EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_LINEAR, 20);
    EdtSampling ddpm = {.schedule = sc, .sampler = EDT_SAMPLER_DDPM, .learned_variance = TRUE};
    EdtSampling ddim = {.schedule = sc, .sampler = EDT_SAMPLER_DDIM, .eta = 1.0};
    EdtSampling plain = {.schedule = sc, .sampler = EDT_SAMPLER_DDIM};
    EdtSampling dpmpp = {.schedule = sc, .sampler = EDT_SAMPLER_DPMPP_2M};
    float out[2 * 64], noise[64], x[64];
    EdtRandom random;

    edt_random_seed(&random, 9);
    for (int s = 0; s < sc->S; s++) {
        fill(&random, out, noise, x);
        for (int i = 64; i < 128; i++)
            out[i] = -1.0f;
        g_assert_cmpfloat(step_distance(&ddpm, &ddim, s, out, noise, x), <, 1e-5);
    }
    g_assert_cmpfloat(step_distance(&dpmpp, &plain, sc->S - 1, out, noise, x), <, 1e-5);
    g_assert_cmpfloat(step_distance(&dpmpp, &plain, 0, out, noise, x), <, 1e-5);
    edt_noise_schedule_free(sc);
}

/* Below 15 steps the last step of dpm++2m before the end is DDIM's; from 15 on it is not. */
static void test_lower_order_final(void)
{
    static const int counts[] = {10, 14, 15, 20};
    for (gsize k = 0; k < G_N_ELEMENTS(counts); k++) {
        EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_LINEAR, counts[k]);
        EdtSampling dpmpp = {.schedule = sc, .sampler = EDT_SAMPLER_DPMPP_2M};
        float x[64], y[64], out[2 * 64], noise[64], denoised[64];
        EdtSampling ddim = {.schedule = sc, .sampler = EDT_SAMPLER_DDIM};
        EdtRandom random;

        edt_random_seed(&random, 4);
        fill(&random, out, noise, x);
        for (int s = sc->S - 1; s >= 2; s--) {
            edt_random_normal(&random, out, 64);
            one_step(&dpmpp, s, C, 16, out, NULL, x, denoised);
        }
        edt_random_normal(&random, out, 64);
        memcpy(y, x, sizeof y);
        one_step(&dpmpp, 1, C, 16, out, NULL, x, denoised);
        one_step(&ddim, 1, C, 16, out, NULL, y, denoised);
        double distance = golden_distance(x, y, 64);
        g_test_message("%d steps: %.3g", counts[k], distance);
        if (counts[k] < 15)
            g_assert_cmpfloat(distance, <, 1e-5);
        else
            g_assert_cmpfloat(distance, >, 1e-3);
        edt_noise_schedule_free(sc);
    }
}

/* The end of dpm++2m, and of unipc, is the estimate itself, bit for bit: no noise is left. */
static void test_denoise_to_zero(void)
{
    EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_LINEAR, 1);
    float out[2 * 64], noise[64], x[64], denoised[64];
    EdtRandom random;

    edt_random_seed(&random, 2);
    for (int sampler = EDT_SAMPLER_DPMPP_2M; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
        EdtSampling sampling = {.schedule = sc, .sampler = (EdtSampler)sampler};
        fill(&random, out, noise, x);
        one_step(&sampling, 0, C, 16, out, NULL, x, denoised);
        g_assert_cmpmem(x, sizeof x, denoised, sizeof denoised);
    }
    edt_noise_schedule_free(sc);
}

/* ---- noise and clipping ---- */

/* Two noises, two samples, where the sampler uses it; at the last step it may be NULL. */
static void test_noise_matters(void)
{
    static const gboolean matters[] = {TRUE, TRUE, FALSE, TRUE, TRUE, FALSE, FALSE};
    EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_LINEAR, 10);
    float out[2 * 64], noise[2][64], x[64], after[2][64], denoised[64];
    EdtRandom random;

    edt_random_seed(&random, 6);
    fill(&random, out, noise[0], x);
    edt_random_normal(&random, noise[1], 64);
    for (gsize w = 0; w < G_N_ELEMENTS(ways); w++)
        for (int s = 9; s >= 0; s -= 9) {
            EdtSampling sampling = ways[w].sampling;
            sampling.schedule = sc;
            for (int i = 0; i < 2; i++) {
                memcpy(after[i], x, sizeof after[i]);
                one_step(&sampling, s, C, 16, out, i && s == 0 ? NULL : noise[i], after[i],
                         denoised);
            }
            gboolean differs = memcmp(after[0], after[1], sizeof after[0]) != 0;
            g_assert_cmpint(differs, ==, matters[w] && s > 0);
        }
    edt_noise_schedule_free(sc);
}

/* The clipped estimate is what the step goes to. */
static void test_clip(void)
{
    EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_LINEAR, 10);
    float out[2 * 64], noise[64], x[64], after[2][64], denoised[64], clipped[64];
    EdtRandom random;

    edt_random_seed(&random, 8);
    fill(&random, out, noise, x);
    for (int i = 0; i < 64; i++) {
        out[i] *= 2.0f;
        clipped[i] = CLAMP(out[i], -1.0f, 1.0f);
    }
    g_assert_cmpint(memcmp(out, clipped, sizeof clipped), !=, 0);
    for (gsize w = 0; w < G_N_ELEMENTS(ways); w++) {
        EdtSampling sampling = ways[w].sampling;
        if (sampling.learned_variance) /* out has no second half below */
            continue;
        sampling.schedule = sc;
        sampling.prediction = EDT_PREDICT_DENOISED;
        for (int i = 0; i < 2; i++) {
            sampling.clip_denoised = i == 0;
            memcpy(after[i], x, sizeof after[i]);
            one_step(&sampling, 9, C, 16, i ? clipped : out, noise, after[i], denoised);
            g_assert_cmpmem(denoised, sizeof denoised, clipped, sizeof clipped);
        }
        g_assert_cmpmem(after[0], sizeof after[0], after[1], sizeof after[1]);
    }
    edt_noise_schedule_free(sc);
}

static void test_draws(void)
{
    static const gboolean draws[] = {TRUE, TRUE, TRUE, TRUE, TRUE, FALSE, FALSE};
    for (gsize w = 0; w < G_N_ELEMENTS(ways); w++)
        g_assert_cmpint(edt_sampling_draws(&ways[w].sampling), ==, draws[w]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample/step/variance", test_variance);
    g_test_add_func("/sample/step/equal-samplers", test_equal_samplers);
    g_test_add_func("/sample/step/lower-order-final", test_lower_order_final);
    g_test_add_func("/sample/step/denoise-to-zero", test_denoise_to_zero);
    g_test_add_func("/sample/step/noise-matters", test_noise_matters);
    g_test_add_func("/sample/step/clip", test_clip);
    g_test_add_func("/sample/step/draws", test_draws);
    return g_test_run();
}
