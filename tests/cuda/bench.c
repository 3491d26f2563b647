/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gpu-bench WORKS SAMPLES [TYPES]: what the GPU takes for one denoising step of each size and
 * number of samples, for a decoding (VAE) and for whole pictures of a model (its path), as a table:
 * with steps recorded and without, with the share of the GPU's own rate of large products, measured
 * just before, and with what a preview of all pictures of a step costs beside it.  With
 * EDT_BENCH_JSON=1 every row is an object on a line of its own.
 */
#include "machine.h"

#include "base/median.h"
#include "compute/module.h"
#include "settings.h"
#include "sample/preview.h"
#include "vae/latents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREVIEWS 200
#define WHOLE_STEPS 25
#define WHOLE_TIMES 3
#define FEW_SAMPLES 2 /* more keep the GPU busy without a recording, too */

static double peak_of(EdtPrecision precision)
{
    GError *error = NULL;
    double peak = edt_bench_peak(&(EdtEngineOptions){1, EDT_BACKEND_CUDA, precision}, &error);
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
    g_autofree float *host = g_new0(float, pictures *C *HW);
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

/* One line of the table; what is 0 was not measured. */
typedef struct {
    const char *work;
    EdtPrecision precision;
    int samples;
    double median_ms, best_ms, plain_ms; /* plain: without a recording */
    double gflop, peak;                  /* of one run; GFLOP/s of the GPU */
    double conditioning_ms;              /* a step's part of it, not in the others */
    double preview_ms;
} Row;

static gboolean as_json(void)
{
    return g_strcmp0(g_getenv("EDT_BENCH_JSON"), "1") == 0;
}

static char *text_of(const char *format, double value)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    return value > 0 ? g_strdup(g_ascii_formatd(buffer, sizeof buffer, format, value))
                     : g_strdup("-");
}

static void print_json(const Row *row)
{
    g_autofree char *ms = text_of("%.4f", row->median_ms), *gflop = text_of("%.4f", row->gflop);
    g_autofree char *peak = text_of("%.1f", row->peak);
    g_autofree char *conditioning = text_of("%.4f", row->conditioning_ms);
    printf("{\"work\":\"%s\",\"type\":\"%s\",\"samples\":%d,\"median_ms\":%s,"
           "\"conditioning_ms\":%s,\"gflop\":%s,\"peak_gflops\":%s}\n",
           row->work, edt_precision_words[row->precision], row->samples, ms,
           row->conditioning_ms > 0 ? conditioning : "null", row->gflop > 0 ? gflop : "null", peak);
}

static void print_row(const Row *row)
{
    const double rate = row->gflop / row->median_ms * 1e3;
    g_autofree char *plain = text_of("%.3f", row->plain_ms), *tflops = text_of("%.1f", rate * 1e-3);
    g_autofree char *share = text_of("%.0f %%", 100 * rate / row->peak);
    g_autofree char *preview = text_of("%.3f", row->preview_ms);
    g_autofree char *of_step = text_of("%.2f %%", 100 * row->preview_ms / row->median_ms);
    printf("| %s | %s | %d | %.3f | %.3f | %s | %s | %.1f | %s | %s | %s |\n", row->work,
           edt_precision_words[row->precision], row->samples, row->median_ms, row->best_ms, plain,
           tflops, row->peak * 1e-3, share, preview, of_step);
}

static void tell(const Row *row)
{
    if (as_json())
        print_json(row);
    else
        print_row(row);
    fflush(stdout);
}

static void tell_operations(const EdtBenchResult *result)
{
    for (int i = 0; i < result->n_rows && !as_json(); i++)
        printf("| - %s, %" G_GUINT64_FORMAT " calls, timed alone | | | %.3f | | | %.1f | | | | |\n",
               result->rows[i].what, result->rows[i].calls, result->rows[i].ms,
               result->rows[i].gflops * 1e-3);
    fflush(stdout);
}

static gboolean failed(const char *work, int samples, GError *error)
{
    fprintf(stderr, "%s, %d samples: %s\n", work, samples, error->message);
    g_error_free(error);
    return FALSE;
}

/* ---- steps and decodings, of random weights ---- */

static gboolean measure(const EdtBenchCase *bench, gboolean recorded, EdtBenchResult *result,
                        GError **error)
{
    g_setenv("EDT_CUDA_GRAPH", recorded ? "1" : "0", TRUE); /* asked when the device is opened */
    return edt_bench_run(bench, result, error);
}

/* guided: pairs of samples; an odd number runs without guidance. */
static gboolean step_row(const char *size, int samples, EdtPrecision precision)
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
    EdtBenchResult result, plain = {0};
    GError *error = NULL;
    Row row = {variant, precision, samples, .peak = peak_of(precision)};

    if (row.peak <= 0 || (samples <= FEW_SAMPLES && !measure(&bench, FALSE, &plain, &error)) ||
        !measure(&bench, TRUE, &result, &error))
        return error ? failed(variant, samples, error) : FALSE;
    row.median_ms = result.median_ms;
    row.best_ms = result.best_ms;
    row.plain_ms = plain.median_ms;
    row.conditioning_ms = result.modulate_ms;
    row.gflop = result.gflop;
    row.preview_ms = preview_of(bench.pictures, precision);
    tell(&row);
    tell_operations(&result);
    return TRUE;
}

/* Pictures are decoded one after the other. */
static gboolean decode_row(EdtPrecision precision)
{
    const EdtBenchCase bench = {
        .work = EDT_BENCH_DECODE,
        .variant = "EDT-S/2",
        .image_size = 256,
        .options = {1, EDT_BACKEND_CUDA, precision},
        .pictures = 1,
        .warm_up = 2,
        .repetitions = 20,
    };
    EdtBenchResult result;
    GError *error = NULL;
    Row row = {"VAE decode", precision, 1, .peak = peak_of(precision)};

    if (row.peak <= 0 || !measure(&bench, TRUE, &result, &error))
        return error ? failed(row.work, 1, error) : FALSE;
    row.median_ms = result.median_ms;
    row.best_ms = result.best_ms;
    row.gflop = result.gflop;
    tell(&row);
    tell_operations(&result);
    return TRUE;
}

/* ---- whole pictures of a model ---- */

static gboolean paint(EdtEngine *engine, int pictures, double *ms, GError **error)
{
    g_autofree EdtItem *items = g_new(EdtItem, pictures);
    const gint64 since = g_get_monotonic_time();
    EdtRequest request;

    edt_request_init(&request, engine);
    for (int i = 0; i < pictures; i++) {
        edt_item_init(&items[i]);
        items[i].seed = (guint64)i;
    }
    request.items = items;
    request.n_items = request.batch = pictures;
    request.steps = WHOLE_STEPS;
    EdtPictures *made = edt_generate(engine, &request, NULL, NULL, error);
    *ms = (double)(g_get_monotonic_time() - since) * 1e-3;
    if (made)
        edt_pictures_free(made);
    return made != NULL;
}

/* The first time plans and records. */
static gboolean whole_row(const char *path, int pictures, EdtPrecision precision)
{
    const EdtEngineOptions options = {1, EDT_BACKEND_CUDA, precision};
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *work = g_strdup_printf("%s, %d steps and decoding", name, WHOLE_STEPS);
    Row row = {work, precision, pictures, .peak = peak_of(precision)};
    double ms[WHOLE_TIMES];
    GError *error = NULL;
    EdtEngine *engine = edt_engine_open(path, &options, &error);
    gboolean done = engine && paint(engine, pictures, &ms[0], &error);

    for (int i = 0; done && i < WHOLE_TIMES; i++)
        done = paint(engine, pictures, &ms[i], &error);
    edt_engine_close(engine);
    if (!done)
        return failed(work, pictures, error);
    row.median_ms = edt_median(ms, WHOLE_TIMES);
    row.best_ms = ms[0]; /* sorted */
    tell(&row);
    return TRUE;
}

/* ---- the table ---- */

/* Of what is made one by one there is one row. */
static gboolean work_row(const char *work, int samples, gboolean first, EdtPrecision precision)
{
    if (strchr(work, '.'))
        return whole_row(work, samples, precision);
    if (strcmp(work, "VAE") == 0)
        return !first || decode_row(precision);
    return step_row(work, samples, precision);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr,
                "usage: gpu-bench WORKS SAMPLES [TYPES], such as S,XL,VAE,model.safetensors "
                "1,2,8 bf16\n");
        return 2;
    }
    g_auto(GStrv) works = g_strsplit(argv[1], ",", -1);
    g_auto(GStrv) samples = g_strsplit(argv[2], ",", -1);
    g_auto(GStrv) types = g_strsplit(argc > 3 ? argv[3] : "f32,bf16", ",", -1);
    gboolean fine = TRUE;
    if (!as_json())
        printf("| work | type | samples | median ms | best ms | without graph | TFLOP/s | peak | "
               "of peak | preview ms | of step |\n"
               "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (char **work = works; *work; work++)
        for (char **n = samples; *n; n++)
            for (char **type = types; *type; type++)
                fine = work_row(*work, atoi(*n), n == samples,
                                (EdtPrecision)edt_word_find(edt_precision_words, *type)) &&
                       fine;
    return fine ? 0 : 1;
}
