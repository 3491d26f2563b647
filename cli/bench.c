/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench`: how fast this machine is, in milliseconds and as a share of its own peak, which is
 * measured in the same run.  Random weights: no model file is needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/event.h"
#include "cli/talk.h"

static const char summary[] =
    "Measures one denoising step of each model size, and the VAE, on this machine.";

static const char details[] =
    "The peak is the highest rate of multiply-adds in registers, measured just before each row.\n"
    "\"against PyTorch\" divides the best PyTorch 2.6 time of the reference machine (two cores,\n"
    "AVX512-BF16, 256 px, guidance, 2 threads) by the median: it means something only there.\n\n"
    "Examples:\n"
    "  edt bench\n"
    "  edt bench --sizes S,VAE --types bf16 --threads 1,2 --breakdown\n"
    "  edt bench --format json > bench.jsonl";

typedef struct {
    char *sizes, *types, *threads, *format;
    int pictures, repetitions, warm_up, image_size;
    gboolean no_guidance, breakdown;
} Bench;

typedef struct {
    const char *label; /* "S" */
    EdtBenchWork work;
    const char *variant;
    double torch_ms[2]; /* f32, bf16 of the reference machine; 0: not measured */
} Size;

static const Size known[] = {
    {"S", EDT_BENCH_STEP, "EDT-S/2", {42.8, 28.0}},
    {"B", EDT_BENCH_STEP, "EDT-B/2", {130.7, 78.7}},
    {"XL", EDT_BENCH_STEP, "EDT-XL/2", {638, 389}},
    {"VAE", EDT_BENCH_DECODE, "EDT-S/2", {1670, 990}},
    {"VAE-encode", EDT_BENCH_ENCODE, "EDT-S/2", {0, 0}},
};

static const Size *find_size(const char *label)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_ascii_strcasecmp(known[i].label, label) == 0)
            return &known[i];
    return NULL;
}

static const char *work_name(const Size *size)
{
    return size->work == EDT_BENCH_STEP     ? size->variant
           : size->work == EDT_BENCH_DECODE ? "VAE decode"
                                            : "VAE encode";
}

static const char *type_name(EdtPrecision precision)
{
    return precision == EDT_PRECISION_BF16 ? "bf16" : "f32";
}

/* Ratio to PyTorch where the settings are those of the reference; else 0. */
static double against_torch(const Size *size, const EdtBenchCase *run, const EdtBenchResult *result)
{
    double torch_ms = size->torch_ms[result->precision == EDT_PRECISION_BF16];
    gboolean same = run->image_size == 256 && result->threads == 2 &&
                    (size->work != EDT_BENCH_STEP || (run->guided && run->pictures == 1));
    return same ? torch_ms / result->median_ms : 0;
}

static void print_head(void)
{
    printf("| work | type | threads | median ms | best ms | it/s | GFLOP/s | of peak | "
           "conditioning ms | load ms | memory MiB | against PyTorch |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void print_row(const Size *size, const EdtBenchCase *run, const EdtBenchResult *r,
                      double peak, gboolean breakdown)
{
    double rate = r->gflop / r->median_ms * 1e3, ratio = against_torch(size, run, r);
    g_autofree char *torch_text = ratio > 0 ? g_strdup_printf("%.2fx", ratio) : g_strdup("-");
    printf("| %s | %s | %d | %.2f | %.2f | %.2f | %.0f | %.0f %% | %.2f | %.0f | %.0f | %s |\n",
           work_name(size), type_name(r->precision), r->threads, r->median_ms, r->best_ms,
           1e3 / r->median_ms, rate, 100 * rate / peak, r->modulate_ms, r->load_ms,
           (double)r->peak_bytes / (1 << 20), torch_text);
    for (int i = 0; breakdown && i < r->n_rows; i++)
        printf("| - %s (%" G_GUINT64_FORMAT " calls) | | | %.2f | | | %.0f | %.0f %% | | | | |\n",
               r->rows[i].what, r->rows[i].calls, r->rows[i].ms, r->rows[i].gflops,
               100 * r->rows[i].gflops / peak);
    fflush(stdout);
}

static void send_row(const Size *size, const EdtBenchCase *run, const EdtBenchResult *r,
                     double peak)
{
    GString *event = edt_cli_event_new("bench");
    double rate = r->gflop / r->median_ms * 1e3, ratio = against_torch(size, run, r);
    edt_cli_event_text(event, "work", work_name(size));
    edt_cli_event_integer(event, "image_size", run->image_size);
    edt_cli_event_integer(event, "pictures", run->pictures);
    edt_cli_event_flag(event, "guided", run->guided);
    edt_cli_event_text(event, "type", type_name(r->precision));
    edt_cli_event_integer(event, "threads", r->threads);
    edt_cli_event_number(event, "median_ms", r->median_ms);
    edt_cli_event_number(event, "best_ms", r->best_ms);
    edt_cli_event_number(event, "it_per_s", 1e3 / r->median_ms);
    edt_cli_event_number(event, "gflops", rate);
    edt_cli_event_number(event, "peak_gflops", peak);
    edt_cli_event_number(event, "share_of_peak", rate / peak);
    edt_cli_event_number(event, "conditioning_ms", r->modulate_ms);
    edt_cli_event_number(event, "load_ms", r->load_ms);
    edt_cli_event_integer(event, "peak_bytes", (gint64)r->peak_bytes);
    if (ratio > 0)
        edt_cli_event_number(event, "against_pytorch", ratio);
    GString *rows = g_string_new("[");
    for (int i = 0; i < r->n_rows; i++) {
        char ms[G_ASCII_DTOSTR_BUF_SIZE], gflops[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(ms, sizeof ms, "%.4f", r->rows[i].ms);
        g_ascii_formatd(gflops, sizeof gflops, "%.1f", r->rows[i].gflops);
        g_string_append_printf(
            rows, "%s{\"what\":\"%s\",\"ms\":%s,\"gflops\":%s,\"calls\":%" G_GUINT64_FORMAT "}",
            i ? "," : "", r->rows[i].what, ms, gflops, r->rows[i].calls);
    }
    g_string_append_c(rows, ']');
    edt_cli_event_raw(event, "operations", rows->str);
    g_string_free(rows, TRUE);
    edt_cli_event_send(event);
}

static int run_one(const Bench *options, const Size *size, EdtPrecision precision, int threads,
                   gboolean json)
{
    EdtBenchCase run = {
        .work = size->work,
        .variant = size->variant,
        .image_size = options->image_size,
        .options = {threads, EDT_BACKEND_CPU, precision},
        .pictures = options->pictures,
        .guided = !options->no_guidance,
        .warm_up = options->warm_up,
        .repetitions = options->repetitions,
    };
    EdtBenchResult result;
    GError *error = NULL;
    double peak = edt_bench_peak(&run.options, &error);
    if (error || !edt_bench_run(&run, &result, &error))
        return edt_cli_fail(error);
    if (json)
        send_row(size, &run, &result, peak);
    else
        print_row(size, &run, &result, peak, options->breakdown);
    return 0;
}

static gboolean parse_type(const char *text, EdtPrecision *precision)
{
    *precision = strcmp(text, "bf16") == 0 ? EDT_PRECISION_BF16 : EDT_PRECISION_F32;
    return strcmp(text, "bf16") == 0 || strcmp(text, "f32") == 0;
}

static int run_all(const Bench *options, gboolean json)
{
    g_auto(GStrv) sizes = g_strsplit(options->sizes, ",", -1);
    g_auto(GStrv) types = g_strsplit(options->types, ",", -1);
    g_auto(GStrv) threads = g_strsplit(options->threads, ",", -1);
    EdtPrecision precision;

    for (char **s = sizes; *s; s++)
        if (find_size(*s) == NULL)
            return edt_cli_usage("--sizes: \"%s\" is none of S, B, XL, VAE, VAE-encode.", *s);
    for (char **t = types; *t; t++)
        if (!parse_type(*t, &precision))
            return edt_cli_usage("--types: \"%s\" is neither f32 nor bf16.", *t);
    if (!json)
        print_head();
    for (char **s = sizes; *s; s++)
        for (char **t = types; *t; t++)
            for (char **n = threads; *n; n++) {
                parse_type(*t, &precision);
                int code = run_one(options, find_size(*s), precision, atoi(*n), json);
                if (code)
                    return code;
            }
    return 0;
}

int edt_cli_bench(int argc, char **argv)
{
    Bench options = {.pictures = 1, .repetitions = 15, .warm_up = 2, .image_size = 256};
    const GOptionEntry entries[] = {
        {"sizes", 0, 0, G_OPTION_ARG_STRING, &options.sizes,
         "Of S, B, XL, VAE, VAE-encode (default S,B,XL,VAE)", "LIST"},
        {"types", 0, 0, G_OPTION_ARG_STRING, &options.types, "Of f32, bf16 (default both)", "LIST"},
        {"threads", 't', 0, G_OPTION_ARG_STRING, &options.threads,
         "Thread counts, 0 for all cores (default 0)", "LIST"},
        {"size", 0, 0, G_OPTION_ARG_INT, &options.image_size, "Pixels a side (default 256)", "N"},
        {"pictures", 'n', 0, G_OPTION_ARG_INT, &options.pictures,
         "Pictures in one forward (default 1)", "N"},
        {"no-guidance", 0, 0, G_OPTION_ARG_NONE, &options.no_guidance,
         "Without the null-class half", NULL},
        {"repetitions", 'r', 0, G_OPTION_ARG_INT, &options.repetitions, "Timed runs (default 15)",
         "N"},
        {"warm-up", 0, 0, G_OPTION_ARG_INT, &options.warm_up, "Untimed runs (default 2)", "N"},
        {"breakdown", 0, 0, G_OPTION_ARG_NONE, &options.breakdown, "Add a row per operation", NULL},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "md (default) or json", "FORMAT"},
        {0},
    };
    if (!edt_cli_parse(&argc, &argv, entries, NULL, summary, details))
        return EDT_ERROR_USAGE;
    if (argc > 1)
        return edt_cli_usage("\"%s\" is one word too many.", argv[1]);
    if (options.format && strcmp(options.format, "md") && strcmp(options.format, "json"))
        return edt_cli_usage("--format: \"%s\" is neither md nor json.", options.format);
    options.sizes = options.sizes ? options.sizes : g_strdup("S,B,XL,VAE");
    options.types = options.types ? options.types : g_strdup("f32,bf16");
    options.threads = options.threads ? options.threads : g_strdup("0");
    int code = run_all(&options, g_strcmp0(options.format, "json") == 0);
    g_free(options.sizes);
    g_free(options.types);
    g_free(options.threads);
    g_free(options.format);
    return code;
}
