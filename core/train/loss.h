/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a prediction costs, and the derivative (official gaussian_diffusion.py, training_losses):
 *
 *     loss = w mean((target - prediction)^2) + share * variational term in bits per number
 *
 * with w = min(snr,5)/snr for predicted noise and min(snr,5) for predicted x0 (Min-SNR,
 * arXiv 2303.09556), or min(snr+1,5) for predicted x0 (the loss of predicted velocity, arXiv
 * 2202.00512, capped alike), or w = 1 (DiT).  The variational term teaches the variance alone: the
 * mean is held fixed in it.  At t = 0 it is the likelihood of the 8-bit value, else a KL
 * divergence.  The official code has share 1; see train.h.
 */
#pragma once

#include "sample/schedule.h"
#include "train.h"

typedef struct {
    const EdtNoiseSchedule *schedule; /* all 1000 steps: index t */
    EdtPrediction prediction;
    EdtWeighting weighting;
    gboolean learned_variance; /* the output has 2C channels */
    int count;                 /* C*h*w: numbers of one picture */
    double share;              /* of the variational term */
} EdtLoss;

typedef struct {
    double mse, vb, loss; /* mse with its weight, vb without; loss = mse + share * vb */
} EdtLossTerms;

/* x_t = sqrt(abar) x0 + sqrt(1 - abar) noise */
void edt_loss_noise(const EdtLoss *loss, int t, const float *x0, const float *noise, float *x_t);

/* What that weighted error says of x0: its mean squared error, and the band of train.h. */
double edt_loss_x0_error(const EdtLoss *loss, int t, double mse, int *band);

/* One picture.  out [C or 2C, hw]; d_out (same shape) = weight * d loss / d out. */
EdtLossTerms edt_loss_of(const EdtLoss *loss, int t, const float *x0, const float *noise,
                         const float *x_t, const float *out, double weight, float *d_out);
