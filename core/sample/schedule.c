/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How much noise there is at each step.  1000 betas are made, the kept timesteps chosen, and the
 * betas made anew so that the kept ones have the same cumulative products; everything else follows
 * from those.  Next: sampler.c, which uses the tables.
 */
#include "sample/schedule.h"
#include "base/memory.h"

#include <glib/gi18n-lib.h>
#include <math.h>

/* ---- the 1000 original timesteps ---- */

/* Ho et al. 2020: betas from 1e-4 to 0.02, evenly. */
static void betas_linear(double betas[EDT_TIMESTEPS])
{
    const double first = 0.0001, last = 0.02;
    const double step = (last - first) / (EDT_TIMESTEPS - 1);
    for (int t = 0; t < EDT_TIMESTEPS; t++)
        betas[t] = t * step + first;
    betas[EDT_TIMESTEPS - 1] = last;
}

/* Nichol & Dhariwal 2021, eq. 17, with s = 0.008: a squared cosine of time in 0..1. */
static double cosine_alpha_bar(double time)
{
    double c = cos((time + 0.008) / 1.008 * G_PI / 2.0);
    return c * c;
}

static void betas_cosine(double betas[EDT_TIMESTEPS])
{
    const double most = 0.999; /* the last quotient would be 0/x: a singularity */
    for (int t = 0; t < EDT_TIMESTEPS; t++) {
        double before = cosine_alpha_bar((double)t / EDT_TIMESTEPS);
        double after = cosine_alpha_bar((double)(t + 1) / EDT_TIMESTEPS);
        betas[t] = MIN(1.0 - after / before, most);
    }
}

static void original_alphas_cumprod(EdtSchedule kind, double alphas_cumprod[EDT_TIMESTEPS])
{
    double betas[EDT_TIMESTEPS], product = 1.0;
    if (kind == EDT_SCHEDULE_COSINE)
        betas_cosine(betas);
    else
        betas_linear(betas);
    for (int t = 0; t < EDT_TIMESTEPS; t++)
        alphas_cumprod[t] = product *= 1.0 - betas[t];
}

/* ---- which of them are kept ---- */

#define KARRAS_RHO 7.0

/* The official code adds the stride up instead of multiplying, and Python's round() takes halves
 * to the even neighbour, as rint() does: both decide a timestep for some counts. */
static void respace_even(int *timestep, int last, int steps)
{
    double stride = steps > 1 ? (double)last / (steps - 1) : 1.0;
    double at = 0.0;
    for (int s = 0; s < steps; s++, at += stride)
        timestep[s] = (int)rint(at);
}

/* The smallest integer stride that visits at most `steps` timesteps. */
static gboolean respace_stride(int *timestep, int steps, GError **error)
{
    int stride = 1, visited = EDT_TIMESTEPS, more = EDT_TIMESTEPS;
    while (visited > steps && stride < EDT_TIMESTEPS - 1) {
        more = visited;
        stride++;
        visited = (EDT_TIMESTEPS + stride - 1) / stride;
    }
    if (visited != steps) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("No even stride through %d timesteps makes %d steps. Choose %d steps, or the "
                      "ordinary spacing."),
                    EDT_TIMESTEPS, steps, visited > steps ? visited : more);
        return FALSE;
    }
    for (int s = 0; s < steps; s++)
        timestep[s] = s * stride;
    return TRUE;
}

static double noise_root(double alpha_cumprod)
{
    return pow((1.0 - alpha_cumprod) / alpha_cumprod, 0.5 / KARRAS_RHO);
}

/* Karras et al. 2022, eq. 5, between timesteps 0 and last.  Where little noise is left the nearest
 * timestep may be taken already: then the next one, and room stays for the steps to come. */
static void respace_karras(int *timestep, const double *original, int last, int steps)
{
    const double least = noise_root(original[0]), most = noise_root(original[last]);
    int t = 0;
    for (int s = 0; s < steps; s++) {
        const double wanted = steps > 1 ? least + (most - least) * s / (steps - 1) : most;
        const int first = s ? timestep[s - 1] + 1 : 0, end = last - (steps - 1 - s);
        while (t < end &&
               fabs(noise_root(original[t + 1]) - wanted) < fabs(noise_root(original[t]) - wanted))
            t++;
        timestep[s] = t = CLAMP(t, first, end);
    }
}

/* ---- the tables ---- */

/* One block: the struct, its 12 tables, the timesteps. */
static EdtNoiseSchedule *allocate(int steps, GError **error)
{
    EdtNoiseSchedule layout, *schedule;
    double **tables[] = {
        &layout.betas,
        &layout.alphas_cumprod,
        &layout.alphas_cumprod_prev,
        &layout.alphas_cumprod_next,
        &layout.sqrt_alphas_cumprod,
        &layout.sqrt_one_minus_alphas_cumprod,
        &layout.sqrt_recip_alphas_cumprod,
        &layout.sqrt_recipm1_alphas_cumprod,
        &layout.posterior_variance,
        &layout.posterior_log_variance_clipped,
        &layout.posterior_mean_coef1,
        &layout.posterior_mean_coef2,
    };
    gsize S = (gsize)steps;

    schedule = edt_alloc(
        sizeof *schedule + G_N_ELEMENTS(tables) * S * sizeof(double) + S * sizeof(int), error);
    if (!schedule)
        return NULL;
    double *free_space = (double *)(schedule + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++, free_space += S)
        *tables[i] = free_space;
    layout.timestep = (int *)free_space;
    layout.S = steps;
    *schedule = layout;
    return schedule;
}

/* Betas whose cumulative products over the kept timesteps are the original ones. */
static void fill_betas(EdtNoiseSchedule *schedule, const double *original)
{
    double last = 1.0;
    for (int s = 0; s < schedule->S; s++) {
        double kept = original[schedule->timestep[s]];
        schedule->betas[s] = 1.0 - kept / last;
        last = kept;
    }
}

static void fill_cumulative(EdtNoiseSchedule *schedule)
{
    double product = 1.0;
    for (int s = 0; s < schedule->S; s++) {
        schedule->alphas_cumprod_prev[s] = product;
        product *= 1.0 - schedule->betas[s];
        schedule->alphas_cumprod[s] = product;
        schedule->sqrt_alphas_cumprod[s] = sqrt(product);
        schedule->sqrt_one_minus_alphas_cumprod[s] = sqrt(1.0 - product);
        schedule->sqrt_recip_alphas_cumprod[s] = sqrt(1.0 / product);
        schedule->sqrt_recipm1_alphas_cumprod[s] = sqrt(1.0 / product - 1.0);
    }
    for (int s = 0; s < schedule->S; s++)
        schedule->alphas_cumprod_next[s] =
            s + 1 < schedule->S ? schedule->alphas_cumprod[s + 1] : 0.0;
}

/* q(x_{s-1} | x_s, x_0): Ho et al. 2020, eq. 6 and 7. */
static void fill_posterior(EdtNoiseSchedule *schedule)
{
    for (int s = 0; s < schedule->S; s++) {
        double beta = schedule->betas[s], previous = schedule->alphas_cumprod_prev[s];
        double noise_share = 1.0 - schedule->alphas_cumprod[s];
        schedule->posterior_variance[s] = beta * (1.0 - previous) / noise_share;
        schedule->posterior_log_variance_clipped[s] = log(schedule->posterior_variance[s]);
        schedule->posterior_mean_coef1[s] = beta * sqrt(previous) / noise_share;
        schedule->posterior_mean_coef2[s] = (1.0 - previous) * sqrt(1.0 - beta) / noise_share;
    }
    /* the first variance is 0: its logarithm is that of the second, or with a single step, where
     * the official code has none, of beta */
    schedule->posterior_log_variance_clipped[0] =
        schedule->S > 1 ? schedule->posterior_log_variance_clipped[1] : log(schedule->betas[0]);
}

static EdtNoiseSchedule *begin(int steps, GError **error)
{
    if (steps >= 1 && steps <= EDT_TIMESTEPS)
        return allocate(steps, error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The number of steps must be 1 to %d, not %d."), EDT_TIMESTEPS, steps);
    return NULL;
}

/* All tables, of the timesteps that are chosen. */
static EdtNoiseSchedule *fill(EdtNoiseSchedule *schedule, EdtSchedule kind)
{
    double original[EDT_TIMESTEPS];
    original_alphas_cumprod(kind, original);
    fill_betas(schedule, original);
    fill_cumulative(schedule);
    fill_posterior(schedule);
    return schedule;
}

static void choose_karras(EdtNoiseSchedule *schedule, EdtSchedule kind, int last)
{
    double original[EDT_TIMESTEPS];
    original_alphas_cumprod(kind, original);
    respace_karras(schedule->timestep, original, last, schedule->S);
}

EdtNoiseSchedule *edt_noise_schedule_new(EdtSchedule kind, EdtRespace respace, int steps,
                                         GError **error)
{
    EdtNoiseSchedule *schedule = begin(steps, error);

    if (!schedule)
        return NULL;
    if (respace == EDT_RESPACE_EVEN) {
        respace_even(schedule->timestep, EDT_TIMESTEPS - 1, steps);
    } else if (respace == EDT_RESPACE_KARRAS) {
        choose_karras(schedule, kind, EDT_TIMESTEPS - 1);
    } else if (!respace_stride(schedule->timestep, steps, error)) {
        edt_noise_schedule_free(schedule);
        return NULL;
    }
    return fill(schedule, kind);
}

EdtNoiseSchedule *edt_noise_schedule_from(EdtSchedule kind, EdtRespace respace, int last, int steps,
                                          GError **error)
{
    if (steps > last + 1) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("There is room for %d steps where the picture starts with so little freedom, "
                      "not for %d: ask for fewer steps or more freedom."),
                    last + 1, steps);
        return NULL;
    }
    EdtNoiseSchedule *schedule = begin(steps, error);
    if (!schedule)
        return NULL;
    if (respace == EDT_RESPACE_KARRAS)
        choose_karras(schedule, kind, last);
    else
        respace_even(schedule->timestep, last, steps);
    schedule->timestep[steps - 1] = last; /* also of a single step */
    return fill(schedule, kind);
}

static double log_snr(double alpha_cumprod)
{
    return log(alpha_cumprod / (1.0 - alpha_cumprod));
}

double edt_noise_log_snr(const EdtNoiseSchedule *schedule, int s)
{
    return log_snr(schedule->alphas_cumprod[s]);
}

int edt_noise_timestep(EdtSchedule kind, double wanted)
{
    double original[EDT_TIMESTEPS];
    int best = 0;

    original_alphas_cumprod(kind, original);
    for (int t = 1; t < EDT_TIMESTEPS; t++)
        if (fabs(log_snr(original[t]) - wanted) < fabs(log_snr(original[best]) - wanted))
            best = t;
    return best;
}

void edt_noise_schedule_free(EdtNoiseSchedule *schedule)
{
    edt_free(schedule);
}
