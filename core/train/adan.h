/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adan (arXiv 2208.06677), as the authors' optimiser steps: with the proximal form of weight decay
 * or without, and clipping by the norm of all gradients.  The running average of the weights is
 * updated in the same pass, because memory is what this costs.
 */
#pragma once

#include <glib.h>

typedef struct {
    double beta1, beta2, beta3; /* 0.98, 0.92, 0.99 */
    double epsilon;             /* 1e-8 */
    double weight_decay;        /* 0 */
    double max_norm;            /* of all gradients; 0: no clipping */
    gboolean no_prox;           /* decay before the step instead of dividing after it */
} EdtAdan;

#define EDT_ADAN_DEFAULT                                                                           \
    {                                                                                              \
        0.98, 0.92, 0.99, 1e-8, 0.0, 0.0, FALSE                                                    \
    }

/* Parallel arrays of one layout. */
typedef struct {
    float *weights, *gradient;
    float *first, *difference, *second; /* moments: of g, of g - g', of (g + beta2 (g - g'))^2 */
    float *previous;                    /* gradient of the step before */
    float *average;                     /* running average of the weights, or NULL */
} EdtAdanArrays;

/* Norm of n gradients; parts are summed in one order for any number of threads. */
double edt_adan_norm(gsize n, const float *gradient, int threads);

/* Step number `step` (1 is the first) over n numbers.  norm: edt_adan_norm(), needed for clipping.
 * average = decay * average + (1 - decay) * weights. */
void edt_adan_step(const EdtAdan *adan, gsize n, const EdtAdanArrays *arrays, guint64 step,
                   double rate, double norm, double decay, int threads);
