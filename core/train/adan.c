/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adan; see adan.h.
 */
#include "train/adan.h"
#include "train/kernels.h"

#include <math.h>

#define PIECE 16384 /* numbers of a job */

double edt_adan_norm(gsize n, const float *gradient, int threads)
{
    gint64 pieces = (gint64)((n + PIECE - 1) / PIECE);
    const EdtTrainKernels *k = edt_train_kernels();
    double *parts = g_new(double, pieces), sum = 0;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (gint64 i = 0; i < pieces; i++)
        parts[i] = k->squares((int)MIN(PIECE, n - (gsize)i * PIECE), gradient + i * PIECE);
    for (gint64 i = 0; i < pieces; i++)
        sum += parts[i];
    g_free(parts);
    return sqrt(sum);
}

static EdtAdanFactors factors_of(const EdtAdan *adan, guint64 step, double rate, double norm)
{
    double n = (double)step, clip = 1.0;
    if (adan->max_norm > 0)
        clip = MIN(1.0, adan->max_norm / (norm + adan->epsilon));
    return (EdtAdanFactors){
        .clip = (float)clip,
        .beta1 = (float)adan->beta1,
        .beta2 = (float)adan->beta2,
        .beta3 = (float)adan->beta3,
        .epsilon = (float)adan->epsilon,
        .root = (float)(1.0 / sqrt(1.0 - pow(adan->beta3, n))),
        .step = (float)(rate / (1.0 - pow(adan->beta1, n))),
        .step_difference = (float)(rate * adan->beta2 / (1.0 - pow(adan->beta2, n))),
        .before = adan->no_prox ? (float)(1.0 - rate * adan->weight_decay) : 1.0f,
        .after = adan->no_prox ? 1.0f : (float)(1.0 / (1.0 + rate * adan->weight_decay)),
        .first_step = step == 1,
    };
}

void edt_adan_step(const EdtAdan *adan, gsize n, const EdtAdanArrays *a, guint64 step, double rate,
                   double norm, double decay, int threads)
{
    const EdtTrainKernels *k = edt_train_kernels();
    const EdtAdanFactors factors = factors_of(adan, step, rate, norm);
    gint64 pieces = (gint64)((n + PIECE - 1) / PIECE);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (gint64 i = 0; i < pieces; i++) {
        gsize at = (gsize)i * PIECE;
        int count = (int)MIN(PIECE, n - at);
        k->adan(&factors, count, a->weights + at, a->gradient + at, a->first + at,
                a->difference + at, a->second + at, a->previous + at);
        if (a->average)
            k->follow((float)decay, count, a->weights + at, a->average + at);
    }
}
