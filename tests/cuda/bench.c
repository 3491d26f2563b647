/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gpu-bench SIZES BATCHES: one denoising step of each size and number of samples on the GPU, as a
 * table: with its recording and without, with the share of the GPU's own rate of large products,
 * measured just before, and with what a preview of all its pictures costs beside it.
 */
#include "machine.h"

#include "compute/module.h"
#include "sample/preview.h"
#include "vae/latents.h"

#include <stdio.h>
#include <stdlib.h>

#define PREVIEWS 200

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

/* Milliseconds from the estimates of `pictures` on the device to their colours, on average.  A run
 * makes the colours while the next step is at work, so this is more than a preview costs it. */
static double preview_of(int pictures, EdtPrecision precision)
{
    enum { C = 4, HW = 32 * 32 };
    const gsize bytes = (gsize)pictures * C * HW * sizeof(float);
    const EdtBackendModule *module = edt_backend_module_find(NULL);
    const EdtBackend *b = module ? module->backend : NULL;
    EdtDevice *dev = b ? b->open(&(EdtDeviceOptions){1, precision}, NULL) : NULL;
    float *estimates = dev ? b->alloc(dev, bytes, NULL) : NULL;
    g_autofree float *host = g_new0(float, pictures * C * HW);
    g_autofree guint8 *colours = g_new(guint8, HW * 4);
    g_autofree EdtLatentChannel *channels = edt_latents_standard(C);
    double ms = 0;

    if (estimates) {
        b->upload(dev, estimates, host, bytes);
        b->sync(dev, NULL);
        gint64 since = g_get_monotonic_time();
        for (int i = 0; i < PREVIEWS; i++) {
            const float *seen = b->peek(dev, estimates, bytes);
            b->sync(dev, NULL);
            for (int k = 0; k < pictures; k++)
                edt_preview_latent(channels, C, seen + k * C * HW, HW, colours);
        }
        ms = (double)(g_get_monotonic_time() - since) * 1e-3 / PREVIEWS;
        b->free(dev, estimates);
    }
    if (dev)
        b->close(dev);
    return ms;
}

static gboolean measure(const EdtBenchCase *bench, gboolean recorded, EdtBenchResult *result)
{
    GError *error = NULL;
    g_setenv("EDT_CUDA_GRAPH", recorded ? "1" : "0", TRUE); /* asked when the device is opened */
    gboolean done = edt_bench_run(bench, result, &error);
    if (!done)
        fprintf(stderr, "%s, %d pictures: %s\n", bench->variant, bench->pictures, error->message);
    g_clear_error(&error);
    return done;
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
    EdtBenchResult result, plain;
    const double peak = peak_of(precision);
    if (peak <= 0 || !measure(&bench, FALSE, &plain) || !measure(&bench, TRUE, &result))
        return FALSE;
    const double rate = result.gflop / result.median_ms * 1e3;
    const double preview = preview_of(bench.pictures, precision);
    printf("| %s | %s | %d | %.3f | %.3f | %.3f | %.1f | %.1f | %.0f %% | %.3f | %.2f %% |\n",
           variant, precision == EDT_PRECISION_BF16 ? "bf16" : "f32", samples, result.median_ms,
           result.best_ms, plain.median_ms, rate * 1e-3, peak * 1e-3, 100 * rate / peak, preview,
           100 * preview / result.median_ms);
    for (int i = 0; i < result.n_rows; i++)
        printf("| - %s, %" G_GUINT64_FORMAT " calls, timed alone | | | %.3f | | | %.1f | | | | |\n",
               result.rows[i].what, result.rows[i].calls, result.rows[i].ms,
               result.rows[i].gflops * 1e-3);
    fflush(stdout);
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
    printf("| step of | type | samples | median ms | best ms | without graph | TFLOP/s | peak | "
           "of peak | preview ms | of step |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (char **size = sizes; *size; size++)
        for (char **batch = batches; *batch; batch++)
            for (int p = EDT_PRECISION_F32; p <= EDT_PRECISION_BF16; p++)
                fine = row(*size, atoi(*batch), (EdtPrecision)p) && fine;
    return fine ? 0 : 1;
}
