/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The noise schedule against the official tables (e_schedules, f64), the choice of timesteps for
 * every number of steps, and the cosine schedule against its formula.
 */
#include "edt.h"
#include "base/memory.h"
#include "golden/golden.h"
#include "sample/schedule.h"

#include <math.h>

static EdtNoiseSchedule *schedule_new(EdtSchedule kind, EdtRespace respace, int steps)
{
    g_autoptr(GError) error = NULL;
    EdtNoiseSchedule *schedule = edt_noise_schedule_new(kind, respace, steps, &error);
    g_assert_no_error(error);
    g_assert_nonnull(schedule);
    return schedule;
}

static void compare(Golden *golden, const char *spacing, const char *table, const double *value,
                    int S)
{
    g_autofree char *name = g_strdup_printf("%s.%s", spacing, table);
    const double *reference = golden_f64(golden, name, (gsize)S);
    double worst = 0.0;

    for (int s = 0; s < S; s++)
        if (reference[s] == 0.0)
            g_assert_cmpfloat(value[s], ==, 0.0);
        else
            worst = fmax(worst, fabs(value[s] / reference[s] - 1.0));
    g_test_message("%s: relative %.3g", name, worst);
    g_assert_cmpfloat(worst, <=, 1e-12);
}

static const struct {
    const char *name;
    EdtRespace respace;
    int steps;
} spacings[] = {
    {"250", EDT_RESPACE_EVEN, 250},         {"50", EDT_RESPACE_EVEN, 50},
    {"10", EDT_RESPACE_EVEN, 10},           {"full1000", EDT_RESPACE_EVEN, 1000},
    {"full1000", EDT_RESPACE_STRIDE, 1000}, {"ddim50", EDT_RESPACE_STRIDE, 50},
    {"ddim25", EDT_RESPACE_STRIDE, 25},     {"ddim10", EDT_RESPACE_STRIDE, 10},
};

static void test_official(gconstpointer data)
{
    gsize which = GPOINTER_TO_SIZE(data);
    const char *spacing = spacings[which].name;
    int S = spacings[which].steps;
    Golden *golden = golden_open("e_schedules");
    EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_LINEAR, spacings[which].respace, S);
    g_autofree char *map = g_strdup_printf("%s.timestep_map", spacing);
    const gint64 *timesteps = golden_i64(golden, map, (gsize)S);

    g_assert_cmpint(sc->S, ==, S);
    for (int s = 0; s < S; s++)
        g_assert_cmpint(sc->timestep[s], ==, timesteps[s]);
    compare(golden, spacing, "betas", sc->betas, S);
    compare(golden, spacing, "alphas_cumprod", sc->alphas_cumprod, S);
    compare(golden, spacing, "alphas_cumprod_prev", sc->alphas_cumprod_prev, S);
    compare(golden, spacing, "sqrt_alphas_cumprod", sc->sqrt_alphas_cumprod, S);
    compare(golden, spacing, "sqrt_one_minus_alphas_cumprod", sc->sqrt_one_minus_alphas_cumprod, S);
    compare(golden, spacing, "sqrt_recip_alphas_cumprod", sc->sqrt_recip_alphas_cumprod, S);
    compare(golden, spacing, "sqrt_recipm1_alphas_cumprod", sc->sqrt_recipm1_alphas_cumprod, S);
    compare(golden, spacing, "posterior_variance", sc->posterior_variance, S);
    compare(golden, spacing, "posterior_log_variance_clipped", sc->posterior_log_variance_clipped,
            S);
    compare(golden, spacing, "posterior_mean_coef1", sc->posterior_mean_coef1, S);
    compare(golden, spacing, "posterior_mean_coef2", sc->posterior_mean_coef2, S);
    for (int s = 0; s < S; s++)
        g_assert_cmpfloat(sc->alphas_cumprod_next[s], ==,
                          s + 1 < S ? sc->alphas_cumprod[s + 1] : 0.0);
    edt_noise_schedule_free(sc);
    golden_close(golden);
}

/* The timesteps of every number of steps in one number: FNV-1a over all of them in turn, which the
 * official rule gave in Python (its floats added up, its round()). */
static guint64 fold(guint64 hash, const EdtNoiseSchedule *schedule)
{
    for (int s = 0; s < schedule->S; s++)
        hash = (hash ^ (guint64)schedule->timestep[s]) * G_GUINT64_CONSTANT(0x100000001b3);
    return hash;
}

static void test_every_count(void)
{
    guint64 even = G_GUINT64_CONSTANT(0xcbf29ce484222325), stride = even;
    int strides = 0;

    for (int steps = 1; steps <= EDT_TIMESTEPS; steps++) {
        EdtNoiseSchedule *schedule = schedule_new(EDT_SCHEDULE_LINEAR, EDT_RESPACE_EVEN, steps);
        even = fold(even, schedule);
        edt_noise_schedule_free(schedule);
        schedule = edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, EDT_RESPACE_STRIDE, steps, NULL);
        if (schedule != NULL) {
            stride = fold(stride, schedule);
            strides++;
        }
        edt_noise_schedule_free(schedule);
    }
    g_assert_cmphex(even, ==, G_GUINT64_CONSTANT(0xd9d6d673ed2082bd));
    g_assert_cmphex(stride, ==, G_GUINT64_CONSTANT(0x2ca40042525079db));
    g_assert_cmpint(strides, ==, 62);
}

static void test_refused(void)
{
    static const struct {
        EdtRespace respace;
        int steps;
        const char *says;
    } rows[] = {
        {EDT_RESPACE_EVEN, 0, "1 to 1000, not 0"},   {EDT_RESPACE_EVEN, -3, "not -3"},
        {EDT_RESPACE_EVEN, 1001, "not 1001"},        {EDT_RESPACE_STRIDE, 1, "Choose 2 steps"},
        {EDT_RESPACE_STRIDE, 37, "Choose 38 steps"}, {EDT_RESPACE_STRIDE, 999, "Choose 1000 steps"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(
            edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, rows[i].respace, rows[i].steps, &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, rows[i].says));
    }
}

static void test_no_memory(void)
{
    g_autoptr(GError) error = NULL;
    edt_alloc_fail_at(1);
    g_assert_null(edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, EDT_RESPACE_EVEN, 10, &error));
    edt_alloc_fail_at(0);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
}

/* betas that Python's math module gave for the formula of the official library. */
static void test_cosine(void)
{
    static const struct {
        int t;
        double beta;
    } rows[] = {
        {0, 4.128422482196914e-05},
        {1, 4.614175273665033e-05},
        {500, 0.003155691441585007},
        {998, 0.7499993929011166},
        {999, 0.999},
    };
    EdtNoiseSchedule *sc = schedule_new(EDT_SCHEDULE_COSINE, EDT_RESPACE_EVEN, EDT_TIMESTEPS);
    double start = cos(0.008 / 1.008 * G_PI / 2.0);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpfloat_with_epsilon(sc->betas[rows[i].t] / rows[i].beta, 1.0, 1e-11);
    for (int t = 0; t < EDT_TIMESTEPS - 1; t++) {
        double now = cos(((t + 1) / 1000.0 + 0.008) / 1.008 * G_PI / 2.0);
        g_assert_cmpfloat_with_epsilon(sc->alphas_cumprod[t], now * now / (start * start), 1e-12);
    }
    edt_noise_schedule_free(sc);
}

static void assert_sound(const EdtNoiseSchedule *sc)
{
    const double *tables[] = {sc->betas,
                              sc->alphas_cumprod,
                              sc->sqrt_alphas_cumprod,
                              sc->sqrt_one_minus_alphas_cumprod,
                              sc->sqrt_recip_alphas_cumprod,
                              sc->sqrt_recipm1_alphas_cumprod,
                              sc->posterior_variance,
                              sc->posterior_log_variance_clipped,
                              sc->posterior_mean_coef1,
                              sc->posterior_mean_coef2};
    for (int s = 0; s < sc->S; s++) {
        for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
            g_assert_true(isfinite(tables[i][s]));
        g_assert_cmpfloat(sc->betas[s], >, 0.0);
        g_assert_cmpfloat(sc->alphas_cumprod[s], <, sc->alphas_cumprod_prev[s]);
        g_assert_cmpfloat(sc->alphas_cumprod[s], >, 0.0);
    }
    g_assert_cmpfloat(sc->alphas_cumprod_prev[0], ==, 1.0);
}

/* Nothing infinite, one step included. */
static void test_sound(gconstpointer respace)
{
    for (int kind = EDT_SCHEDULE_LINEAR; kind <= EDT_SCHEDULE_COSINE; kind++)
        for (int steps = 1; steps <= EDT_TIMESTEPS; steps++) {
            EdtNoiseSchedule *schedule =
                schedule_new((EdtSchedule)kind, (EdtRespace)GPOINTER_TO_INT(respace), steps);
            assert_sound(schedule);
            edt_noise_schedule_free(schedule);
        }
}

static double noise_ratio(const EdtNoiseSchedule *all, int t)
{
    return sqrt(1.0 / all->alphas_cumprod[t] - 1.0);
}

/* Karras et al. 2022, eq. 5, in f64: where no two steps want one timestep, each has that whose
 * noise is nearest, and both ends are gone; where more are wanted, none is gone twice. */
static void check_karras(const EdtNoiseSchedule *all, const EdtNoiseSchedule *some, int last)
{
    const double a = pow(noise_ratio(all, last), 1 / 7.0), b = pow(noise_ratio(all, 0), 1 / 7.0);
    int previous = -1;
    gboolean crowded = FALSE;

    for (int s = 0; s < some->S; s++) {
        const int t = some->timestep[s];
        const double place = some->S > 1 ? (double)s / (some->S - 1) : 1;
        const double wanted = b + place * (a - b);
        int best = 0;
        for (int k = 1; k <= last; k++)
            if (fabs(pow(noise_ratio(all, k), 1 / 7.0) - wanted) <
                fabs(pow(noise_ratio(all, best), 1 / 7.0) - wanted))
                best = k;
        crowded = crowded || best <= previous;
        g_assert_cmpint(t, >, previous);
        g_assert_cmpint(t, <=, last);
        if (!crowded)
            g_assert_cmpint(t, ==, MIN(best, last - (some->S - 1 - s))); /* room for the rest */
        previous = t;
    }
    g_assert_cmpint(previous, ==, last);
    g_assert_true(some->S < 2 || some->timestep[0] == 0);
}

static void test_karras(void)
{
    static const int counts[] = {1, 2, 8, 25, 50, 400, 1000};
    for (int kind = EDT_SCHEDULE_LINEAR; kind <= EDT_SCHEDULE_COSINE; kind++) {
        EdtNoiseSchedule *all = schedule_new((EdtSchedule)kind, EDT_RESPACE_EVEN, EDT_TIMESTEPS);
        for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
            EdtNoiseSchedule *some = schedule_new((EdtSchedule)kind, EDT_RESPACE_KARRAS, counts[i]);
            check_karras(all, some, EDT_TIMESTEPS - 1);
            edt_noise_schedule_free(some);
            if (counts[i] > 601)
                continue;
            some = edt_noise_schedule_from((EdtSchedule)kind, EDT_RESPACE_KARRAS, 600, counts[i],
                                           NULL);
            check_karras(all, some, 600);
            edt_noise_schedule_free(some);
        }
        edt_noise_schedule_free(all);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(spacings); i++) {
        g_autofree char *path = g_strdup_printf("/sample/schedule/official/%s-%d", spacings[i].name,
                                                spacings[i].respace);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_official);
    }
    g_test_add_func("/sample/schedule/every-count", test_every_count);
    g_test_add_func("/sample/schedule/refused", test_refused);
    g_test_add_func("/sample/schedule/no-memory", test_no_memory);
    g_test_add_func("/sample/schedule/cosine", test_cosine);
    g_test_add_data_func("/sample/schedule/sound/even", GINT_TO_POINTER(EDT_RESPACE_EVEN),
                         test_sound);
    g_test_add_data_func("/sample/schedule/sound/karras", GINT_TO_POINTER(EDT_RESPACE_KARRAS),
                         test_sound);
    g_test_add_func("/sample/schedule/karras", test_karras);
    return g_test_run();
}
