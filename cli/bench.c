/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench`: how fast this machine is, in milliseconds and as a share of its own peak, which is
 * measured in the same run.  Random weights: no model file is needed.
 */
#include "cli/command.h"
#include "cli/compare.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char summary[] = "Measures one denoising step of each model size, and the VAE, on "
                              "this machine; or, with --train,\n"
                              "one training step.";

static const char details[] =
    "First comes what each unit of the processor and the memory give, and a warning where others\n"
    "compute, too.\n"
    "The peak is the highest rate of multiply-adds in registers, measured just before each row.\n"
    "A training step is forward, backward and optimiser, for the plain and the masked pass: \"it\" "
    "is\n"
    "that step, of --pictures pictures (default 8; Ti 16, at 64 pixels). Reading pictures and "
    "drawing\n"
    "noise are not in it. tools/compare-pytorch measures PyTorch beside it.\n\n"
    "Examples:\n"
    "  edt bench\n"
    "  edt bench --sizes S,VAE --types bf16 --threads 1,2 --breakdown\n"
    "  edt bench --train --sizes Ti --breakdown\n"
    "  edt bench --compare --sizes S,B                the paper's comparison; XL needs 4 GB\n"
    "  edt bench --format json > bench.jsonl";

typedef struct {
    char *sizes, *types, *threads, *format;
    int pictures, repetitions, warm_up, image_size; /* 0: as it is usual */
    gboolean no_guidance, no_mask, breakdown, train, compare;
} Bench;

typedef struct {
    gboolean train;
    const char *label, *name; /* "S", "EDT-S/2" */
    EdtBenchWork work;        /* when it is not training */
    const char *variant;
    int pictures, image_size; /* usual ones */
} Size;

static const Size known[] = {
    {FALSE, "S", "EDT-S/2", EDT_BENCH_STEP, "EDT-S/2", 1, 256},
    {FALSE, "B", "EDT-B/2", EDT_BENCH_STEP, "EDT-B/2", 1, 256},
    {FALSE, "XL", "EDT-XL/2", EDT_BENCH_STEP, "EDT-XL/2", 1, 256},
    {FALSE, "VAE", "VAE decode", EDT_BENCH_DECODE, "EDT-S/2", 1, 256},
    {FALSE, "VAE-encode", "VAE encode", EDT_BENCH_ENCODE, "EDT-S/2", 1, 256},
    {TRUE, "S", "EDT-S/2 training", 0, "EDT-S/2", 8, 256},
    {TRUE, "B", "EDT-B/2 training", 0, "EDT-B/2", 8, 256},
    {TRUE, "XL", "EDT-XL/2 training", 0, "EDT-XL/2", 8, 256},
    {TRUE, "Ti", "EDT-Ti/4 training", 0, "EDT-Ti/4", 16, 64},
};

static const Size *find_size(const char *label, gboolean train)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].train == train && g_ascii_strcasecmp(known[i].label, label) == 0)
            return &known[i];
    return NULL;
}

/* What is measured of it, after options and what is usual. */
typedef struct {
    const Size *size;
    int pictures, image_size, threads;
    EdtPrecision precision;
    gboolean guided, masked;
} Row;

static double samples_per_s(const Row *row, const EdtBenchResult *r)
{
    return row->pictures * 1e3 / r->median_ms;
}

static void print_head(void)
{
    printf(
        "| work | type | threads | median ms | best ms | it/s | pictures/s | GFLOP/s | of peak | "
        "conditioning ms | load ms | memory MiB |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void print_row(const Row *row, const EdtBenchResult *r, double peak, gboolean breakdown)
{
    double rate = r->gflop / r->median_ms * 1e3;
    g_autofree char *pictures =
        row->size->train ? g_strdup_printf("%.1f", samples_per_s(row, r)) : g_strdup("-");
    printf("| %s | %s | %d | %.2f | %.2f | %.2f | %s | %.0f | %.0f %% | %.2f | %.0f | %.0f |\n",
           row->size->name, edt_precision_words[r->precision], r->threads, r->median_ms, r->best_ms,
           1e3 / r->median_ms, pictures, rate, 100 * rate / peak, r->modulate_ms, r->load_ms,
           (double)r->peak_bytes / (1 << 20));
    for (int i = 0; breakdown && i < r->n_rows; i++)
        printf("| - %s (%" G_GUINT64_FORMAT " calls) | | | %.2f | | | | %.0f | %.0f %% | | | |\n",
               r->rows[i].what, r->rows[i].calls, r->rows[i].ms, r->rows[i].gflops,
               100 * r->rows[i].gflops / peak);
    fflush(stdout);
}

static void send_row(const Row *row, const EdtBenchResult *r, double peak)
{
    const Size *size = row->size;
    GString *event = edt_cli_event_new("bench");
    double rate = r->gflop / r->median_ms * 1e3;
    edt_cli_event_text(event, "work", size->name);
    edt_cli_event_integer(event, "image_size", row->image_size);
    edt_cli_event_integer(event, "pictures", row->pictures);
    edt_cli_event_flag(event, size->train ? "masked" : "guided",
                       size->train ? row->masked : row->guided);
    edt_cli_event_text(event, "type", edt_precision_words[r->precision]);
    edt_cli_event_integer(event, "threads", r->threads);
    edt_cli_event_number(event, "median_ms", r->median_ms);
    edt_cli_event_number(event, "best_ms", r->best_ms);
    edt_cli_event_number(event, "it_per_s", 1e3 / r->median_ms);
    if (size->train)
        edt_cli_event_number(event, "samples_per_s", samples_per_s(row, r));
    edt_cli_event_number(event, "gflops", rate);
    edt_cli_event_number(event, "peak_gflops", peak);
    edt_cli_event_number(event, "share_of_peak", rate / peak);
    edt_cli_event_number(event, "conditioning_ms", r->modulate_ms);
    edt_cli_event_number(event, "load_ms", r->load_ms);
    edt_cli_event_integer(event, "peak_bytes", (gint64)r->peak_bytes);
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

static gboolean measure(const Bench *options, const Row *row, EdtBenchResult *result,
                        GError **error)
{
    const EdtBenchCase step = {
        .work = row->size->work,
        .variant = row->size->variant,
        .image_size = row->image_size,
        .options = {row->threads, EDT_BACKEND_CPU, row->precision},
        .pictures = row->pictures,
        .guided = row->guided,
        .warm_up = options->warm_up,
        .repetitions = options->repetitions,
    };
    const EdtTrainBench training = {
        .variant = row->size->variant,
        .image_size = row->image_size,
        .micro = row->pictures,
        .masked = row->masked,
        .precision = row->precision,
        .threads = row->threads,
        .warm_up = options->warm_up,
        .repetitions = options->repetitions,
    };
    return row->size->train ? edt_train_bench(&training, result, error)
                            : edt_bench_run(&step, result, error);
}

static int run_one(const Bench *options, const Size *size, EdtPrecision precision, int threads,
                   gboolean json)
{
    const Row row = {
        .size = size,
        .pictures = options->pictures ? options->pictures : size->pictures,
        .image_size = options->image_size ? options->image_size : size->image_size,
        .threads = threads,
        .precision = precision,
        .guided = !options->no_guidance,
        .masked = !options->no_mask,
    };
    if (precision == EDT_PRECISION_BF16 && !edt_cpu_has_bf16())
        edt_cli_say_bf16_in_f32();
    const EdtEngineOptions device = {threads, EDT_BACKEND_CPU, precision};
    EdtBenchResult result;
    GError *error = NULL;
    double peak = edt_bench_peak(&device, &error);
    if (error || !measure(options, &row, &result, &error))
        return edt_cli_fail(error);
    if (json)
        send_row(&row, &result, peak);
    else
        print_row(&row, &result, peak, options->breakdown);
    return 0;
}

#define BUSY_BELOW 0.9 /* of the cores' time */

static void send_units(const EdtBenchUnits *units, int threads)
{
    GString *event = edt_cli_event_new("machine");
    edt_cli_event_integer(event, "threads", threads);
    for (int i = 0; i < units->n; i++)
        edt_cli_event_number(event, units->of[i].what, units->of[i].rate);
    edt_cli_event_number(event, "share_of_cores", units->got);
    edt_cli_event_send(event);
}

static void print_units(const EdtBenchUnits *units)
{
    for (int i = 0; i < units->n; i++)
        printf("%s%s %.0f %s", i ? ", " : "", units->of[i].what, units->of[i].rate,
               strcmp(units->of[i].what, "memory") ? "GOP/s" : "GB/s");
    printf("\n\n");
}

/* What the machine gives with the first number of threads, and whether we have it to ourselves. */
static gboolean tell_units(int threads, gboolean json, GError **error)
{
    EdtBenchUnits units;
    if (!edt_bench_units(threads, &units, error))
        return FALSE;
    if (json)
        send_units(&units, threads);
    else
        print_units(&units);
    if (units.got < BUSY_BELOW)
        edt_cli_say("The machine is busy: of the time of its cores %.0f %% was had. What follows "
                    "is slower than it would be.",
                    100 * units.got);
    return TRUE;
}

static int run_all(const Bench *options, gboolean json)
{
    g_auto(GStrv) sizes = g_strsplit(options->sizes, ",", -1);
    g_auto(GStrv) types = g_strsplit(options->types, ",", -1);
    g_auto(GStrv) threads = g_strsplit(options->threads, ",", -1);

    for (char **s = sizes; *s; s++)
        if (find_size(*s, options->train) == NULL)
            return edt_cli_usage("--sizes: \"%s\" is none of %s.", *s,
                                 options->train ? "S, B, XL, Ti" : "S, B, XL, VAE, VAE-encode");
    for (char **t = types; *t; t++)
        if (edt_word_find(edt_precision_words, *t) <= EDT_PRECISION_AUTO)
            return edt_cli_usage("--types: \"%s\" is neither f32 nor bf16.", *t);
    if (options->warm_up < 0)
        return edt_cli_usage("--warm-up: %d is below 0.", options->warm_up);
    g_autoptr(GError) error = NULL;
    if (!tell_units(atoi(threads[0] ? threads[0] : "0"), json, &error))
        return edt_cli_fail(g_steal_pointer(&error));
    if (!json)
        print_head();
    for (char **s = sizes; *s; s++)
        for (char **t = types; *t; t++)
            for (char **n = threads; *n; n++) {
                EdtPrecision precision = (EdtPrecision)edt_word_find(edt_precision_words, *t);
                int code =
                    run_one(options, find_size(*s, options->train), precision, atoi(*n), json);
                if (code)
                    return code;
            }
    return 0;
}

/* Without --sizes, --types and --threads what is usual. */
static int run_usual(Bench *options)
{
    if (!options->sizes)
        options->sizes = g_strdup(options->train ? "S,Ti" : "S,B,XL,VAE");
    if (!options->types)
        options->types = g_strdup(options->train && !edt_cpu_has_bf16() ? "f32" : "f32,bf16");
    if (!options->threads)
        options->threads = g_strdup("0");
    return run_all(options, g_strcmp0(options->format, "json") == 0);
}

static int compare(const Bench *options)
{
    const EdtCliCompare wanted = {
        .sizes = options->sizes,
        .threads = options->threads ? atoi(options->threads) : 0,
        .image_size = options->image_size ? options->image_size : 256,
        .pictures = options->pictures ? options->pictures : 1,
        .repetitions = options->repetitions,
        .warm_up = MAX(options->warm_up, 0),
        .json = g_strcmp0(options->format, "json") == 0,
    };
    const char *other = options->train         ? "--train"
                        : options->types       ? "--types"
                        : options->breakdown   ? "--breakdown"
                        : options->no_guidance ? "--no-guidance"
                                               : NULL;
    return other ? edt_cli_usage("%s cannot go together with --compare.", other)
                 : edt_cli_compare(&wanted);
}

int edt_cli_bench(int argc, char **argv)
{
    Bench options = {.repetitions = 15, .warm_up = 2};
    const GOptionEntry entries[] = {
        {"train", 0, 0, G_OPTION_ARG_NONE, &options.train, "Training steps", NULL},
        {"compare", 0, 0, G_OPTION_ARG_NONE, &options.compare,
         "Steps of EDT, DiT and MDTv2, beside the paper's ratios", NULL},
        {"sizes", 0, 0, G_OPTION_ARG_STRING, &options.sizes,
         "Of S, B, XL, VAE, VAE-encode (default S,B,XL,VAE); of training S, B, XL, Ti (S,Ti)",
         "LIST"},
        {"types", 0, 0, G_OPTION_ARG_STRING, &options.types,
         "Of f32, bf16 (default both; of training both where the CPU has bf16)", "LIST"},
        {"threads", 't', 0, G_OPTION_ARG_STRING, &options.threads,
         "Thread counts, 0 for all cores (default 0)", "LIST"},
        {"size", 0, 0, G_OPTION_ARG_INT, &options.image_size,
         "Pixels a side (default 256; of Ti 64)", "N"},
        {"pictures", 'n', 0, G_OPTION_ARG_INT, &options.pictures,
         "Pictures in one forward (default 1; of training 8, of Ti 16)", "N"},
        {"no-guidance", 0, 0, G_OPTION_ARG_NONE, &options.no_guidance,
         "Without the null-class half", NULL},
        {"no-mask", 0, 0, G_OPTION_ARG_NONE, &options.no_mask,
         "Of training: without the masked pass", NULL},
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
    if (options.pictures < 0 || options.image_size < 0 || options.repetitions < 1)
        return edt_cli_usage("--pictures, --size and --repetitions must be at least 1.");
    int code = options.compare ? compare(&options) : run_usual(&options);
    g_free(options.sizes);
    g_free(options.types);
    g_free(options.threads);
    g_free(options.format);
    return code;
}
