/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The timestep resampler; see resampler.h.
 */
#include "train/resampler.h"

#include <math.h>
#include <string.h>

EdtResampler *edt_resampler_new(int timesteps, int terms, double uniform)
{
    EdtResampler *r = g_new0(EdtResampler, 1);
    r->timesteps = timesteps;
    r->terms = terms;
    r->uniform = uniform;
    r->history = g_new0(double, (gsize)timesteps *(gsize)terms);
    r->counts = g_new0(int, timesteps);
    return r;
}

void edt_resampler_free(EdtResampler *r)
{
    if (r == NULL)
        return;
    g_free(r->history);
    g_free(r->counts);
    g_free(r);
}

gboolean edt_resampler_warm(const EdtResampler *r)
{
    return r->full == r->timesteps;
}

void edt_resampler_weights(const EdtResampler *r, double *weights)
{
    const gboolean learnt = edt_resampler_warm(r) && !r->alike;
    double sum = 0;
    for (int t = 0; t < r->timesteps; t++) {
        double squares = 0;
        for (int i = 0; i < r->terms; i++)
            squares += r->history[t * r->terms + i] * r->history[t * r->terms + i];
        weights[t] = learnt ? sqrt(squares / r->terms) : 1.0;
        sum += weights[t];
    }
    for (int t = 0; learnt && t < r->timesteps; t++)
        weights[t] = weights[t] / sum * (1.0 - r->uniform) + r->uniform / r->timesteps;
}

void edt_resampler_sample(const EdtResampler *r, int n, const double *uniforms, int *timesteps,
                          float *out_weights)
{
    double *weights = g_new(double, r->timesteps), *sums = g_new(double, r->timesteps);
    double total = 0, sum = 0;

    edt_resampler_weights(r, weights);
    for (int t = 0; t < r->timesteps; t++)
        total += weights[t];
    for (int t = 0; t < r->timesteps; t++)
        sums[t] = sum += weights[t] / total;
    for (int i = 0; i < n; i++) {
        int low = 0, high = r->timesteps - 1; /* the first whose sum exceeds the number */
        while (low < high) {
            int middle = (low + high) / 2;
            if (sums[middle] / sum > uniforms[i])
                high = middle;
            else
                low = middle + 1;
        }
        timesteps[i] = low;
        out_weights[i] = (float)(1.0 / (r->timesteps * (weights[low] / total)));
    }
    g_free(weights);
    g_free(sums);
}

void edt_resampler_update(EdtResampler *r, int n, const int *timesteps, const double *losses)
{
    for (int i = 0; i < n; i++) {
        double *history = r->history + timesteps[i] * r->terms;
        int *count = &r->counts[timesteps[i]];
        if (*count == r->terms) {
            memmove(history, history + 1, (gsize)(r->terms - 1) * sizeof *history);
            history[r->terms - 1] = losses[i];
            continue;
        }
        history[(*count)++] = losses[i];
        r->full += *count == r->terms;
    }
}

void edt_resampler_recount(EdtResampler *r)
{
    r->full = 0;
    for (int t = 0; t < r->timesteps; t++)
        r->full += r->counts[t] == r->terms;
}
