/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gpu-bench SIZES BATCHES: one denoising step of each size and number of samples on the GPU, as a
 * table, with the share of the GPU's own rate of large products, measured just before.
 */
#include "edt.h"

#include <stdio.h>
#include <stdlib.h>

static double peak_of(EdtPrecision precision)
{
    GError *error = NULL;
    double peak =
        edt_bench_peak(&(EdtEngineOptions){1, EDT_BACKEND_CUDA, precision}, &error);
    if (error)
        fprintf(stderr, "%s\n", error->message);
    g_clear_error(&error);
    return peak;
}

/* guided: pairs of samples; an odd number runs without guidance. */
static gboolean row(const char *size, int samples, EdtPrecision precision)
{
    g_autofree char *variant = g_strdup_printf("EDT-%s/2", size);
    const gboolean guided = samples % 2 == 0;
    const EdtBenchCase bench = {
        .work = EDT_BENCH_STEP,
        .variant = variant,
        .image_size = 256,
        .options = {1, EDT_BACKEND_CUDA, precision},
        .pictures = guided ? samples / 2 : samples,
        .guided = guided,
        .warm_up = 5,
        .repetitions = 50,
    };
    EdtBenchResult result;
    GError *error = NULL;
    const double peak = peak_of(precision);
    if (peak <= 0)
        return FALSE;
    if (!edt_bench_run(&bench, &result, &error)) {
        fprintf(stderr, "%s with %d samples: %s\n", variant, samples, error->message);
        g_clear_error(&error);
        return FALSE;
    }
    const double rate = result.gflop / result.median_ms * 1e3;
    printf("| %s | %s | %d | %.3f | %.3f | %.1f | %.1f | %.0f %% |\n", variant,
           precision == EDT_PRECISION_BF16 ? "bf16" : "f32", samples, result.median_ms,
           result.best_ms, rate * 1e-3, peak * 1e-3, 100 * rate / peak);
    for (int i = 0; i < result.n_rows; i++)
        printf("| - %s, %" G_GUINT64_FORMAT " calls, timed alone | | | %.3f | | %.1f | | |\n",
               result.rows[i].what, result.rows[i].calls, result.rows[i].ms,
               result.rows[i].gflops * 1e-3);
    return TRUE;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: gpu-bench SIZES BATCHES, such as S,XL 1,2,8\n");
        return 2;
    }
    g_auto(GStrv) sizes = g_strsplit(argv[1], ",", -1);
    g_auto(GStrv) batches = g_strsplit(argv[2], ",", -1);
    gboolean fine = TRUE;
    printf("| step of | type | samples | median ms | best ms | TFLOP/s | peak | of peak |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (char **size = sizes; *size; size++)
        for (char **batch = batches; *batch; batch++)
            for (int p = EDT_PRECISION_F32; p <= EDT_PRECISION_BF16; p++)
                fine = row(*size, atoi(*batch), (EdtPrecision)p) && fine;
    return fine ? 0 : 1;
}
