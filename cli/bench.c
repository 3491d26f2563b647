/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench`: how fast this machine is, in milliseconds and as a share of its own peak, which is
 * measured in the same run.  Random weights: no model file is needed.
 */
#include "cli/bench_rows.h"
#include "cli/command.h"
#include "cli/compare.h"
#include "cli/shortcuts.h"
#include "cli/talk.h"
#include "cli/units.h"
#include "core/settings.h"
#include "train.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char summary[] = "Measures one denoising step of each model size, and the VAE, on "
                              "this machine; or, with --train,\n"
                              "one training step.";

static const char details[] =
    "First comes what each unit of the processor and the memory give (a cache that holds 256 KiB, "
    "2\n"
    "or 16 MiB gives more), and a warning where others compute, too, or where a unit has given "
    "more:\n"
    "the best is kept in ~/.local/state/edt/peaks.ini.\n"
    "The peak is the highest rate of multiply-adds in registers, measured just before each row.\n"
    "The limit of an operation is what these units and the memory need at least for what its "
    "shapes\n"
    "say that there is to multiply and to move: the longer of the two, named in each row of\n"
    "--breakdown; a row's own is the sum of them.\n"
    "A training step is forward, backward and optimiser, for the plain and the masked pass: \"it\" "
    "is\n"
    "that step, of --pictures pictures (default 8; Ti and Ti/2 16; Ti at 64 pixels). Reading\n"
    "pictures and drawing noise are not in it. tools/compare-pytorch measures PyTorch beside it.\n"
    "Shortcuts are measured on a model's own pictures: how far they are from the exact ones\n"
    "(relative L2), how far the estimates of all steps are, and the least time of -r runs.\n\n"
    "Examples:\n"
    "  edt bench\n"
    "  edt bench --sizes S,VAE --types bf16 --threads 1,2 --breakdown\n"
    "  edt bench --sizes XL --types bf16,int8         is int8 quicker here?\n"
    "  edt bench --sizes VAE-small,VAE-small-encode   the autoencoder of stickers\n"
    "  edt bench --train --sizes Ti --breakdown\n"
    "  edt bench --compare --sizes S,B                the paper's comparison; XL needs 4 GB\n"
    "  edt bench --compare --train --sizes S -n 4     the same of training\n"
    "  edt bench --shortcuts -m stickers              what bf16, --reuse, --speed, ... cost\n"
    "  edt bench --format json > bench.jsonl";

#define REPETITIONS 15 /* of each row, unless more or less is asked for */
#define WARM_UP 2
typedef struct {
    char *sizes, *types, *threads, *format, *model, *steps;
    int pictures, repetitions, warm_up, image_size; /* 0: as it is usual there */
    gboolean no_guidance, no_mask, breakdown, train, compare, shortcuts;
} Bench;

static const EdtCliBenchSize known[] = {
    {FALSE, "S", "EDT-S/2", EDT_BENCH_STEP, "EDT-S/2", 1, 256, FALSE},
    {FALSE, "B", "EDT-B/2", EDT_BENCH_STEP, "EDT-B/2", 1, 256, FALSE},
    {FALSE, "XL", "EDT-XL/2", EDT_BENCH_STEP, "EDT-XL/2", 1, 256, FALSE},
    {FALSE, "VAE", "VAE decode", EDT_BENCH_DECODE, "EDT-S/2", 1, 256, FALSE},
    {FALSE, "VAE-encode", "VAE encode", EDT_BENCH_ENCODE, "EDT-S/2", 1, 256, FALSE},
    {FALSE, "VAE-small", "small VAE decode", EDT_BENCH_DECODE, "EDT-S/2", 1, 256, TRUE},
    {FALSE, "VAE-small-encode", "small VAE encode", EDT_BENCH_ENCODE, "EDT-S/2", 1, 256, TRUE},
    {TRUE, "S", "EDT-S/2 training", 0, "EDT-S/2", 8, 256, FALSE},
    {TRUE, "B", "EDT-B/2 training", 0, "EDT-B/2", 8, 256, FALSE},
    {TRUE, "XL", "EDT-XL/2 training", 0, "EDT-XL/2", 8, 256, FALSE},
    {TRUE, "Ti", "EDT-Ti/4 training", 0, "EDT-Ti/4", 16, 64, FALSE},
    {TRUE, "Ti/2", "EDT-Ti/2 training", 0, "EDT-Ti/2", 16, 256, FALSE},
};

static gboolean is_json(const Bench *options)
{
    return g_strcmp0(options->format, "json") == 0;
}

static const EdtCliBenchSize *find_size(const char *label, gboolean train)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].train == train && g_ascii_strcasecmp(known[i].label, label) == 0)
            return &known[i];
    return NULL;
}

/* "S, B, XL, ..." */
static char *labels(gboolean train)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].train == train)
            g_string_append_printf(list, "%s%s", list->len ? ", " : "", known[i].label);
    return g_string_free(list, FALSE);
}

static gboolean measure(const Bench *options, const EdtCliBenchRow *row, EdtBenchResult *result,
                        GError **error)
{
    const EdtBenchCase step = {
        .work = row->size->work,
        .variant = row->size->variant,
        .image_size = row->image_size,
        .small = row->size->small,
        .options = {row->units->threads, EDT_BACKEND_CPU, row->precision},
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
        .threads = row->units->threads,
        .warm_up = options->warm_up,
        .repetitions = options->repetitions,
    };
    return row->size->train ? edt_train_bench(&training, result, error)
                            : edt_bench_run(&step, result, error);
}

static int run_one(const Bench *options, EdtCliUnits *units, const EdtCliBenchSize *size,
                   EdtPrecision precision, int threads)
{
    const gboolean stepped =
        size->train || size->work == EDT_BENCH_STEP; /* a VAE has one picture */
    EdtCliBenchRow row = {
        .size = size,
        .pictures = options->pictures && stepped ? options->pictures : size->pictures,
        .image_size = options->image_size ? options->image_size : size->image_size,
        .precision = precision,
        .guided = stepped && !options->no_guidance,
        .masked = !options->no_mask,
        .breakdown = options->breakdown,
    };
    EdtBenchResult result;
    GError *error = NULL;
    if (precision == EDT_PRECISION_BF16 && !edt_cpu_has_bf16())
        edt_cli_say_bf16_in_f32();
    row.units = edt_cli_units_for(units, threads, &error);
    row.peak = row.units ? edt_cli_units_peak(units, row.units, precision, &error) : 0;
    if (error || !measure(options, &row, &result, &error))
        return edt_cli_fail(error);
    if (is_json(options))
        edt_cli_bench_send(&row, &result);
    else
        edt_cli_bench_print(&row, &result);
    return 0;
}

/* All numbers of threads first: a table follows. */
static int tell_units(EdtCliUnits *units, char **threads)
{
    GError *error = NULL;
    for (; *threads && !error; threads++)
        edt_cli_units_for(units, atoi(*threads), &error);
    return error ? edt_cli_fail(error) : 0;
}

/* What counts for a step alone, where none is measured; NULL: nothing. */
static const char *idle_option(const Bench *options, char **sizes)
{
    for (char **s = sizes; *s; s++)
        if (options->train || find_size(*s, FALSE)->work == EDT_BENCH_STEP)
            return NULL;
    return options->pictures ? "--pictures" : options->no_guidance ? "--no-guidance" : NULL;
}

static int run_all(const Bench *options)
{
    g_auto(GStrv) sizes = g_strsplit(options->sizes, ",", -1);
    g_auto(GStrv) types = g_strsplit(options->types, ",", -1);
    g_auto(GStrv) threads = g_strsplit(options->threads, ",", -1);

    for (char **s = sizes; *s; s++)
        if (find_size(*s, options->train) == NULL) {
            g_autofree char *all = labels(options->train);
            return edt_cli_usage("--sizes: \"%s\" is none of %s.", *s, all);
        }
    for (char **t = types; *t; t++)
        if (edt_word_find(edt_precision_words, *t) <= EDT_PRECISION_AUTO)
            return edt_cli_usage("--types: \"%s\" is none of f32, bf16, int8.", *t);
    if (options->no_mask && !options->train)
        return edt_cli_usage("--no-mask needs --train.");
    if (options->no_guidance && options->train)
        return edt_cli_usage("--no-guidance cannot go together with --train: nothing is guided.");
    if (options->train && g_strv_contains((const char *const *)types, "int8"))
        return edt_cli_usage("--types: training computes in f32 or bf16, not in int8.");
    const char *idle = idle_option(options, sizes);
    if (idle)
        return edt_cli_usage("%s counts for steps, and --sizes has none: an autoencoder has one "
                             "picture, and nothing is guided.",
                             idle);
    EdtCliUnits *units = edt_cli_units_new(is_json(options));
    int code = tell_units(units, threads);
    if (!code && !is_json(options))
        edt_cli_bench_print_head();
    for (char **s = sizes; *s && !code; s++)
        for (char **t = types; *t && !code; t++)
            for (char **n = threads; *n && !code; n++)
                code = run_one(options, units, find_size(*s, options->train),
                               (EdtPrecision)edt_word_find(edt_precision_words, *t), atoi(*n));
    edt_cli_units_free(units);
    return code;
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
    if (!options->repetitions)
        options->repetitions = REPETITIONS;
    return run_all(options);
}

static int compare(const Bench *options)
{
    const EdtCliCompare wanted = {
        .sizes = options->sizes,
        .threads = options->threads ? atoi(options->threads) : 0,
        .image_size = options->image_size ? options->image_size : 256,
        .pictures = options->pictures ? options->pictures
                    : options->train  ? 8
                                      : 1,
        .train = options->train,
        .repetitions = options->repetitions ? options->repetitions : REPETITIONS,
        .warm_up = options->warm_up,
        .json = is_json(options),
    };
    const char *other = options->types         ? "--types"
                        : options->breakdown   ? "--breakdown"
                        : options->no_guidance ? "--no-guidance"
                        : options->no_mask     ? "--no-mask"
                                               : NULL;
    return other ? edt_cli_usage("%s cannot go together with --compare.", other)
                 : edt_cli_compare(&wanted);
}

/* Of what the tables of sizes are made with, nothing counts here. */
static int shortcuts(const Bench *options)
{
    const EdtCliShortcuts wanted = {
        .model = options->model,
        .threads = options->threads ? atoi(options->threads) : 0,
        .pictures = options->pictures ? options->pictures : 4,
        .repetitions = options->repetitions ? options->repetitions : 3,
        .steps = options->steps,
        .json = is_json(options),
    };
    const char *other = options->train         ? "--train"
                        : options->compare     ? "--compare"
                        : options->sizes       ? "--sizes"
                        : options->types       ? "--types"
                        : options->image_size  ? "--size"
                        : options->breakdown   ? "--breakdown"
                        : options->no_guidance ? "--no-guidance"
                        : options->no_mask     ? "--no-mask"
                                               : NULL;
    if (other)
        return edt_cli_usage("%s cannot go together with --shortcuts.", other);
    return edt_cli_shortcuts(&wanted);
}

static int check_threads(const Bench *options)
{
    g_auto(GStrv) all = g_strsplit(options->threads ? options->threads : "0", ",", -1);
    gint64 n;
    if ((options->compare || options->shortcuts) && g_strv_length(all) > 1)
        return edt_cli_usage("--threads: %s is measured with one number of threads, not with %s.",
                             options->compare ? "--compare" : "--shortcuts", options->threads);
    for (char **each = all; *each; each++)
        if (!edt_whole_parse(*each, 0, 1024, &n))
            return edt_cli_usage("--threads: \"%s\" is no number of threads.", *each);
    return 0;
}

static int take_numbers(Bench *options)
{
    const struct {
        const char *option;
        int *number, least, most, usual; /* 0: up to what is measured */
    } numbers[] = {{"--pictures", &options->pictures, 1, 1000000, 0},
                   {"--size", &options->image_size, 1, 8192, 0},
                   {"--repetitions", &options->repetitions, 1, 1000000, 0},
                   {"--warm-up", &options->warm_up, 0, 1000000, WARM_UP}};
    if (options->shortcuts && options->warm_up != EDT_CLI_UNSAID)
        return edt_cli_usage("--warm-up cannot go together with --shortcuts.");
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (*numbers[i].number == EDT_CLI_UNSAID)
            *numbers[i].number = numbers[i].usual;
        else if (*numbers[i].number < numbers[i].least)
            return edt_cli_usage("%s must be at least %d.", numbers[i].option, numbers[i].least);
        else if (*numbers[i].number > numbers[i].most)
            return edt_cli_usage("%s must be at most %d.", numbers[i].option, numbers[i].most);
    }
    return 0;
}

/* A list of nothing, or what nobody looks at. */
static int check_sense(const Bench *options)
{
    const struct {
        const char *option, *list;
    } lists[] = {
        {"--sizes", options->sizes}, {"--types", options->types}, {"--threads", options->threads}};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        if (lists[i].list && !*lists[i].list)
            return edt_cli_usage("%s: the list is empty.", lists[i].option);
    if (!options->shortcuts && (options->model || options->steps))
        return edt_cli_usage("%s needs --shortcuts.", options->model ? "--model" : "--steps");
    return 0;
}

static int run_asked(Bench *options, const char *superfluous)
{
    if (superfluous)
        return edt_cli_usage("\"%s\" is one word too many.", superfluous);
    if (options->format && strcmp(options->format, "md") && strcmp(options->format, "json"))
        return edt_cli_usage("--format: \"%s\" is neither md nor json.", options->format);
    int code = check_sense(options);
    code = code ? code : check_threads(options);
    code = code ? code : take_numbers(options);
    return code                 ? code
           : options->shortcuts ? shortcuts(options)
           : options->compare   ? compare(options)
                                : run_usual(options);
}

int edt_cli_bench(int argc, char **argv)
{
    signal(SIGPIPE, SIG_DFL); /* it keeps nothing: who has seen enough of it ends it */
    Bench options = {.pictures = EDT_CLI_UNSAID,
                     .image_size = EDT_CLI_UNSAID,
                     .repetitions = EDT_CLI_UNSAID,
                     .warm_up = EDT_CLI_UNSAID};
    g_autofree char *steps = labels(FALSE), *training = labels(TRUE);
    g_autofree char *sizes =
        g_strdup_printf("Of %s (default S,B,XL,VAE); of training %s (S,Ti)", steps, training);
    const GOptionEntry entries[] = {
        {"train", 0, 0, G_OPTION_ARG_NONE, &options.train, "Training steps", NULL},
        {"compare", 0, 0, G_OPTION_ARG_NONE, &options.compare,
         "Steps of EDT, DiT and MDTv2, beside the paper's ratios; with --train of training", NULL},
        {"shortcuts", 0, 0, G_OPTION_ARG_NONE, &options.shortcuts,
         "What each shortcut of a model leaves of its pictures, and saves of the time", NULL},
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &options.model,
         "Of shortcuts: path or name of the model", "MODEL"},
        {"steps", 0, 0, G_OPTION_ARG_STRING, &options.steps,
         "Of shortcuts: steps (default 25), but for the presets", "N"},
        {"sizes", 0, 0, G_OPTION_ARG_STRING, &options.sizes, sizes, "LIST"},
        {"types", 0, 0, G_OPTION_ARG_STRING, &options.types,
         "Of f32, bf16, int8 (default f32,bf16; of training both where the CPU has bf16)", "LIST"},
        {"threads", 't', 0, G_OPTION_ARG_STRING, &options.threads,
         "Thread counts, 0 for all cores (default 0)", "LIST"},
        {"size", 0, 0, G_OPTION_ARG_INT, &options.image_size,
         "Pixels a side (default 256; of Ti 64)", "N"},
        {"pictures", 'n', 0, G_OPTION_ARG_INT, &options.pictures,
         "Pictures in one forward (default 1; of training 8, of Ti and Ti/2 16; of shortcuts 4)",
         "N"},
        {"no-guidance", 0, 0, G_OPTION_ARG_NONE, &options.no_guidance,
         "Without the null-class half", NULL},
        {"no-mask", 0, 0, G_OPTION_ARG_NONE, &options.no_mask,
         "Of training: without the masked pass", NULL},
        {"repetitions", 'r', 0, G_OPTION_ARG_INT, &options.repetitions,
         "Timed runs (default 15; of shortcuts 3)", "N"},
        {"warm-up", 0, 0, G_OPTION_ARG_INT, &options.warm_up, "Untimed runs (default 2)", "N"},
        {"breakdown", 0, 0, G_OPTION_ARG_NONE, &options.breakdown, "Add a row per operation", NULL},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "md (default) or json", "FORMAT"},
        {0},
    };
    if (!edt_cli_parse(&argc, &argv, entries, NULL, summary, details))
        return EDT_ERROR_USAGE;
    int code = run_asked(&options, argc > 1 ? argv[1] : NULL);
    g_free(options.model);
    g_free(options.steps);
    g_free(options.sizes);
    g_free(options.types);
    g_free(options.threads);
    g_free(options.format);
    return code;
}
