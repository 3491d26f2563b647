/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which timesteps to train on: in proportion to the root mean square of each timestep's last ten
 * losses (official LossSecondMomentResampler), the loss being weighted by the inverse.  Uniform
 * until every timestep has its ten.
 */
#pragma once

#include <glib.h>

typedef struct {
    int timesteps, terms; /* 1000, 10 */
    double uniform;       /* share spread evenly: 0.001 */
    double *history;      /* [timesteps, terms] */
    int *counts;          /* [timesteps] */
    int full;             /* timesteps with all their terms */
    gboolean alike;       /* all timesteps, whatever was learnt */
} EdtResampler;

EdtResampler *edt_resampler_new(int timesteps, int terms, double uniform);
void edt_resampler_free(EdtResampler *resampler);
gboolean edt_resampler_warm(const EdtResampler *resampler);

/* Not normalised where all are alike, as while cold (all ones). */
void edt_resampler_weights(const EdtResampler *resampler, double *weights);
/* One draw for each of n uniform numbers in [0, 1): numpy's random.choice with p. */
void edt_resampler_sample(const EdtResampler *resampler, int n, const double *uniforms,
                          int *timesteps, float *weights);
void edt_resampler_update(EdtResampler *resampler, int n, const int *timesteps,
                          const double *losses);
/* After history and counts were written from outside. */
void edt_resampler_recount(EdtResampler *resampler);
