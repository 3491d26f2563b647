/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Single steps of the samplers against trajectories of the official code (f_sampling, f2: seed 1,
 * one picture with guidance, so every tensor is the doubled batch [2,4,32,32]).
 *
 * The network's outputs are not stored, but a step's estimate and the samples before and after it
 * are; with the noise, which the generator makes again in the documented order, they determine the
 * step.  Whole trajectories with the network are in tests/golden.
 */
#include "golden/golden.h"
#include "sample/random.h"
#include "one_step.h"

#include <math.h>
#include <string.h>

enum { C = 4, hw = 32 * 32, one = C * hw, both = 2 * one, steps = 10 };

typedef struct {
    const char *name; /* of the golden file */
    const char *run;  /* prefix of its tensors */
    EdtRespace respace;
    gboolean clip;
    double eta;
} Run;

typedef struct {
    const Run *run;
    Golden *golden;
    EdtNoiseSchedule *schedule;
    EdtRandom random;
    float x[both];     /* x_t: the reference's sample of the step before */
    float noise[both]; /* this step's draw */
} Trajectory;

/* The noise of a run: z first, doubled; then a draw of the doubled batch at every step. */
static Trajectory *trajectory_open(const Run *run)
{
    Trajectory *t = g_new0(Trajectory, 1);
    t->run = run;
    t->golden = golden_open(run->name);
    t->schedule = edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, run->respace, steps, NULL);
    g_assert_nonnull(t->schedule);
    edt_random_seed(&t->random, 1);
    edt_random_normal(&t->random, t->x, one);
    memcpy(t->x + one, t->x, one * sizeof(float));
    return t;
}

static void trajectory_close(Trajectory *t)
{
    edt_noise_schedule_free(t->schedule);
    golden_close(t->golden);
    g_free(t);
}

static const float *recorded(Trajectory *t, int s, const char *what)
{
    g_autofree char *name = g_strdup_printf("%s.step%d.%s", t->run->run, steps - 1 - s, what);
    return golden_f32(t->golden, name, both);
}

static void draw(Trajectory *t)
{
    edt_random_normal(&t->random, t->noise, both);
}

static EdtSampling sampling_of(Trajectory *t, EdtSampler sampler, EdtPrediction prediction)
{
    return (EdtSampling){.schedule = t->schedule,
                         .sampler = sampler,
                         .prediction = prediction,
                         .clip_denoised = t->run->clip,
                         .eta = t->run->eta};
}

static void check_step(Trajectory *t, int s, const char *what, const float *value,
                       const float *reference, double gate)
{
    g_autofree char *label = g_strdup_printf("%s, s = %d, %s", t->run->run, s, what);
    golden_check(label, value, reference, both, gate);
}

static void test_initial_noise(void)
{
    Golden *golden = golden_open("f_sampling");
    EdtRandom random;
    float z[one];

    edt_random_seed(&random, 1);
    edt_random_normal(&random, z, one);
    g_assert_cmpmem(z, sizeof z, golden_f32(golden, "z", one), sizeof z);
    golden_close(golden);
}

/* Both halves of the doubled batch; the network's output given for each. */
static void take_step(const EdtSampling *sampling, int s, const float *out, int out_channels,
                      const float *noise, float *x, float *denoised)
{
    for (int half = 0; half < 2; half++)
        one_step(sampling, s, C, hw, out + half * out_channels * hw,
                 noise ? noise + half * one : NULL, x + half * one, denoised + half * one);
}

/* ---- ddim without noise ---- */

/* The noise that the network must have predicted for this estimate. */
static void predicted_noise(const EdtNoiseSchedule *sc, int s, const float *x,
                            const float *denoised, float *eps)
{
    for (int i = 0; i < both; i++)
        eps[i] = (float)((sc->sqrt_recip_alphas_cumprod[s] * x[i] - denoised[i]) /
                         sc->sqrt_recipm1_alphas_cumprod[s]);
}

static void ddim_step(Trajectory *t, int s, EdtPrediction prediction, double gate)
{
    EdtSampling sampling = sampling_of(t, EDT_SAMPLER_DDIM, prediction);
    const float *estimate = recorded(t, s, "pred_xstart"), *out = estimate;
    float x[both], denoised[both], eps[both];

    memcpy(x, t->x, sizeof x);
    if (prediction == EDT_PREDICT_NOISE) {
        predicted_noise(t->schedule, s, x, estimate, eps);
        out = eps;
    }
    take_step(&sampling, s, out, C, NULL, x, denoised);
    check_step(t, s, "denoised", denoised, estimate, gate);
    check_step(t, s, "sample", x, recorded(t, s, "sample"), gate);
}

static void test_ddim(gconstpointer data)
{
    Trajectory *t = trajectory_open(data);
    for (int s = steps - 1; s >= 0; s--) {
        ddim_step(t, s, EDT_PREDICT_DENOISED, 2e-7);
        /* clipped, an estimate of at most 1 is the difference of two numbers near 157 */
        ddim_step(t, s, EDT_PREDICT_NOISE, t->run->clip ? 5e-6 : 2e-7);
        memcpy(t->x, recorded(t, s, "sample"), sizeof t->x);
    }
    trajectory_close(t);
}

/* ---- ddpm with learned variance ---- */

/* v of the network, from what the noise was multiplied by.  The noise is right: where it is not
 * small, the factor is positive and between reasonable bounds everywhere. */
static void recover_variance(Trajectory *t, int s, const float *estimate, const float *sample,
                             float *v)
{
    const EdtNoiseSchedule *sc = t->schedule;
    const double least = sc->posterior_log_variance_clipped[s], most = log(sc->betas[s]);

    for (int i = 0; i < both; i++) {
        double mean =
            sc->posterior_mean_coef1[s] * estimate[i] + sc->posterior_mean_coef2[s] * t->x[i];
        double deviation = (sample[i] - mean) / t->noise[i];
        double share = (2.0 * log(fabs(deviation)) - least) / (most - least);
        v[i] = (float)(2.0 * share - 1.0);
        if (fabsf(t->noise[i]) > 0.1f) {
            g_assert_cmpfloat(deviation, >, 0.0);
            g_assert_cmpfloat(fabsf(v[i]), <, 8.0);
        }
    }
}

static void ddpm_step(Trajectory *t, int s)
{
    EdtSampling sampling = sampling_of(t, EDT_SAMPLER_DDPM, EDT_PREDICT_DENOISED);
    const float *estimate = recorded(t, s, "pred_xstart"), *sample = recorded(t, s, "sample");
    float x[both], denoised[both], v[both] = {0}, out[2 * both];

    if (s > 0)
        recover_variance(t, s, estimate, sample, v);
    for (int half = 0; half < 2; half++) {
        memcpy(out + 2 * half * one, estimate + half * one, one * sizeof(float));
        memcpy(out + (2 * half + 1) * one, v + half * one, one * sizeof(float));
    }
    sampling.learned_variance = TRUE;
    memcpy(x, t->x, sizeof x);
    take_step(&sampling, s, out, 2 * C, s > 0 ? t->noise : NULL, x, denoised);
    check_step(t, s, "sample", x, sample, s > 0 ? 1e-6 : 2e-7);
}

static void test_ddpm(gconstpointer data)
{
    Trajectory *t = trajectory_open(data);
    for (int s = steps - 1; s >= 0; s--) {
        draw(t);
        ddpm_step(t, s);
        memcpy(t->x, recorded(t, s, "sample"), sizeof t->x);
    }
    trajectory_close(t);
}

/* ---- ddim with noise: eq. 12 solved for the estimate, which must turn out clipped ---- */

static int recover_estimate(Trajectory *t, int s, const float *sample, float *estimate)
{
    const EdtNoiseSchedule *sc = t->schedule;
    const double alpha = sc->alphas_cumprod[s], alpha_prev = sc->alphas_cumprod_prev[s];
    const double sigma =
        t->run->eta * sqrt((1 - alpha_prev) / (1 - alpha)) * sqrt(1 - alpha / alpha_prev);
    const double of_eps = sqrt(1 - alpha_prev - sigma * sigma) / sc->sqrt_recipm1_alphas_cumprod[s];
    int clipped = 0;

    for (int i = 0; i < both; i++) {
        double rest = sample[i] - of_eps * sc->sqrt_recip_alphas_cumprod[s] * t->x[i];
        if (s > 0)
            rest -= sigma * t->noise[i];
        double value = rest / (sqrt(alpha_prev) - of_eps);
        g_assert_cmpfloat(fabs(value), <, 1.0 + 1e-4);
        clipped += fabs(fabs(value) - 1.0) < 1e-4;
        estimate[i] = (float)value;
    }
    return clipped;
}

static void test_ddim_eta(gconstpointer data)
{
    Trajectory *t = trajectory_open(data);
    EdtSampling sampling = sampling_of(t, EDT_SAMPLER_DDIM, EDT_PREDICT_DENOISED);
    float x[both], estimate[both], denoised[both];

    for (int s = steps - 1; s >= 0; s--) {
        const float *sample = recorded(t, s, "sample");
        draw(t);
        int clipped = recover_estimate(t, s, sample, estimate);
        g_test_message("s = %d: %d of %d estimates are clipped", s, clipped, both);
        g_assert_cmpint(clipped, >, both / 20);
        memcpy(x, t->x, sizeof x);
        take_step(&sampling, s, estimate, C, t->noise, x, denoised);
        check_step(t, s, "sample", x, sample, 1e-6);
        memcpy(t->x, sample, sizeof t->x);
    }
    trajectory_close(t);
}

int main(int argc, char **argv)
{
    static const Run ddim[] = {
        {"f_sampling", "ddim.10.amm_on", EDT_RESPACE_EVEN, FALSE, 0.0},
        {"f_sampling", "ddim.ddim10.amm_on", EDT_RESPACE_STRIDE, FALSE, 0.0},
        {"f2_sampling_clip", "ddim.ddim10.clip", EDT_RESPACE_STRIDE, TRUE, 0.0},
    };
    static const Run ddpm[] = {
        {"f_sampling", "p.10.amm_on", EDT_RESPACE_EVEN, FALSE, 0.0},
        {"f2_sampling_clip", "p.10.clip", EDT_RESPACE_EVEN, TRUE, 0.0},
    };
    static const Run eta = {"f2_sampling_clip", "ddim_eta0.7.10.clip", EDT_RESPACE_EVEN, TRUE, 0.7};

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample/trajectory/initial-noise", test_initial_noise);
    for (gsize i = 0; i < G_N_ELEMENTS(ddim); i++) {
        g_autofree char *path = g_strconcat("/sample/trajectory/", ddim[i].run, NULL);
        g_test_add_data_func(path, &ddim[i], test_ddim);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(ddpm); i++) {
        g_autofree char *path = g_strconcat("/sample/trajectory/", ddpm[i].run, NULL);
        g_test_add_data_func(path, &ddpm[i], test_ddpm);
    }
    g_test_add_data_func("/sample/trajectory/ddim-eta", &eta, test_ddim_eta);
    return g_test_run();
}
