/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench --compare`: the paper's comparison on this machine.  EDT, DiT and MDTv2 of each size,
 * one after the other in one program with random weights; a step is one forward of the batch, as
 * there, or with --train one of training.
 */
#include "cli/compare.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "machine.h"
#include "train.h"

#include <stdio.h>

enum { EDT, DIT, MDTV2, FAMILIES };
enum { F32, BF16, GUIDED, COLUMNS };

static const char *const family_names[FAMILIES] = {"EDT", "DiT", "MDTv2"};
static const char *const column_names[COLUMNS] = {"f32", "bf16", "guided"};

/* Sizes, and how much faster than MDTv2 the paper says EDT is, painting and training (abstract;
 * batch 256, f32, one L40 and eight). */
static const struct {
    const char *label;
    double paper, paper_train;
} sizes[] = {{"S", 2.29, 3.93}, {"B", 2.29, 2.84}, {"XL", 2.22, 1.92}};

/* What there is to do. */
typedef struct {
    double gflop;
    guint64 parameters, bytes; /* bytes: of training */
    gboolean wanted;
} Task;

typedef struct {
    double ms[COLUMNS], share[COLUMNS]; /* of the peak; 0: not measured */
    double gmacs;                       /* a picture and step */
    guint64 parameters;
} Network;

typedef struct {
    const EdtCliCompare *options;
    gboolean wanted[G_N_ELEMENTS(sizes)];
    Task tasks[G_N_ELEMENTS(sizes)][FAMILIES][COLUMNS];
    double done, total; /* GFLOP of all runs */
    gint64 since;
} Compare;

static gboolean is_measured(const Compare *c, int column)
{
    if (column == BF16)
        return edt_cpu_has_bf16(); /* else it is f32 once more */
    return column != GUIDED || !c->options->train;
}

/* With guidance in the faster type, as pictures are made. */
static EdtBenchCase case_of(const Compare *c, const char *variant, int column)
{
    const gboolean bf16 = column == BF16 || (column == GUIDED && edt_cpu_has_bf16());
    return (EdtBenchCase){
        .work = EDT_BENCH_STEP,
        .variant = variant,
        .image_size = c->options->image_size,
        .options = {c->options->threads, EDT_BACKEND_CPU,
                    bf16 ? EDT_PRECISION_BF16 : EDT_PRECISION_F32},
        .pictures = c->options->pictures,
        .guided = column == GUIDED,
        .warm_up = c->options->warm_up,
        .repetitions = c->options->repetitions,
    };
}

static EdtTrainBench training_of(const EdtBenchCase *bench)
{
    return (EdtTrainBench){
        .variant = bench->variant,
        .image_size = bench->image_size,
        .micro = bench->pictures,
        .masked = TRUE,
        .precision = bench->options.precision,
        .threads = bench->options.threads,
        .warm_up = bench->warm_up,
        .repetitions = bench->repetitions,
    };
}

static char *variant_of(gsize size, int family)
{
    return g_strdup_printf("%s-%s/2", family_names[family], sizes[size].label);
}

static double runs_of(const Compare *c)
{
    const int more = c->options->train ? 0 : 1; /* for the breakdown */
    return c->options->warm_up + c->options->repetitions + more;
}

/* ---- how much there is to do ---- */

/* Training wants several times the weights, and what a forward keeps; 0 available: not known. */
static gboolean fits(const char *variant, int column, const Task *task)
{
    const guint64 available = edt_memory_available();
    if (!available || task->bytes < available)
        return TRUE;
    g_autofree char *needs = g_format_size(task->bytes), *has = g_format_size(available);
    edt_cli_say("%s in %s is left out: its training step needs %s of memory, and %s are free. "
                "Fewer --pictures need less.",
                variant, column_names[column], needs, has);
    return FALSE;
}

static gboolean find_work(const Compare *c, const EdtBenchCase *bench, Task *task, GError **error)
{
    if (c->options->train) {
        const EdtTrainBench training = training_of(bench);
        EdtTrainWork work;
        if (!edt_train_bench_work(&training, &work, error))
            return FALSE;
        *task = (Task){work.gflop, work.parameters, work.bytes, FALSE};
    } else if (!edt_bench_work(bench, &task->gflop, &task->parameters)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "There is no %s at %d pixels.",
                    bench->variant, bench->image_size);
        return FALSE;
    }
    return TRUE;
}

static gboolean add_task(Compare *c, gsize size, int family, int column, GError **error)
{
    g_autofree char *variant = variant_of(size, family);
    const EdtBenchCase bench = case_of(c, variant, column);
    Task *task = &c->tasks[size][family][column];

    if (!find_work(c, &bench, task, error))
        return FALSE;
    task->wanted = is_measured(c, column) && (!c->options->train || fits(variant, column, task));
    if (task->wanted)
        c->total += task->gflop * runs_of(c);
    return TRUE;
}

static gboolean add_work(Compare *c, gsize size, GError **error)
{
    for (int family = 0; family < FAMILIES; family++)
        for (int column = 0; column < COLUMNS; column++)
            if ((column == F32 || is_measured(c, column)) &&
                !add_task(c, size, family, column, error))
                return FALSE;
    return TRUE;
}

/* ---- doing it ---- */

static void tell(const Compare *c, const char *variant, int column)
{
    const double seconds = (double)(g_get_monotonic_time() - c->since) / 1e6;
    char text[96];
    if (c->done > 0)
        g_snprintf(text, sizeof text, "%s, %s; about %.0f s left", variant, column_names[column],
                   seconds / c->done * (c->total - c->done));
    else
        g_snprintf(text, sizeof text, "%s, %s", variant, column_names[column]);
    edt_cli_bar_show(c->done / c->total, text);
}

static gboolean run_one(const Compare *c, const EdtBenchCase *bench, EdtBenchResult *result,
                        GError **error)
{
    const EdtTrainBench training = training_of(bench);
    return c->options->train ? edt_train_bench(&training, result, error)
                             : edt_bench_run(bench, result, error);
}

static gboolean measure(Compare *c, const char *variant, int column, const Task *task,
                        Network *network, GError **error)
{
    const EdtBenchCase bench = case_of(c, variant, column);
    EdtBenchResult result;
    GError *cause = NULL;

    tell(c, variant, column);
    /* twice: a core that has slept for long wakes too late for the first */
    const double before = edt_bench_peak(&bench.options, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    if (!run_one(c, &bench, &result, error))
        return FALSE;
    const double peak = MAX(before, edt_bench_peak(&bench.options, NULL));
    network->ms[column] = result.median_ms;
    network->share[column] = result.gflop / result.median_ms * 1e3 / peak;
    c->done += task->gflop * runs_of(c);
    return TRUE;
}

static gboolean measure_size(Compare *c, gsize size, Network *networks, GError **error)
{
    for (int family = 0; family < FAMILIES; family++) {
        g_autofree char *variant = variant_of(size, family);
        const Task *tasks = c->tasks[size][family];
        networks[family].parameters = tasks[F32].parameters;
        networks[family].gmacs = tasks[F32].gflop / 2 / c->options->pictures;
        for (int column = 0; column < COLUMNS; column++)
            if (tasks[column].wanted &&
                !measure(c, variant, column, &tasks[column], &networks[family], error))
                return FALSE;
    }
    return TRUE;
}

/* ---- the table ---- */

static void print_head(const Compare *c)
{
    const int pictures = c->options->pictures;
    if (c->options->train)
        printf("A step is forward, backward and optimiser of %d picture%s of %d pixels: the plain "
               "pass and the masked one, which DiT has not.\n\n"
               "| network | parameters | multiply-adds | f32 ms | of peak | bf16 ms | of peak "
               "|\n|---|---|---|---|---|---|---|\n",
               pictures, pictures == 1 ? "" : "s", c->options->image_size);
    else
        printf("A step is one forward of %d picture%s of %d pixels; guided: of twice as many, in "
               "the faster type.\n\n"
               "| network | parameters | multiply-adds | f32 ms | of peak | bf16 ms | of peak | "
               "guided ms |\n|---|---|---|---|---|---|---|---|\n",
               pictures, pictures == 1 ? "" : "s", c->options->image_size);
}

static char *ms_text(double ms)
{
    return ms > 0 ? g_strdup_printf("%.2f", ms) : g_strdup("-");
}

static char *share_text(double share)
{
    return share > 0 ? g_strdup_printf("%.0f %%", 100 * share) : g_strdup("-");
}

/* texts: milliseconds or ratios; shares: behind the first two of them, or NULL. */
static void print_columns(const Compare *c, char *texts[COLUMNS], char *const *shares)
{
    for (int column = 0; column < COLUMNS; column++) {
        if (column != GUIDED)
            printf(" %s | %s |", texts[column], shares ? shares[column] : "");
        else if (!c->options->train)
            printf(" %s |", texts[column]);
        g_free(texts[column]);
    }
    printf("\n");
}

static void print_network(const Compare *c, gsize size, int family, const Network *n)
{
    g_autofree char *variant = variant_of(size, family), *f32 = share_text(n->share[F32]);
    g_autofree char *bf16 = share_text(n->share[BF16]);
    char *texts[COLUMNS] = {ms_text(n->ms[F32]), ms_text(n->ms[BF16]), ms_text(n->ms[GUIDED])};
    char *const shares[] = {f32, bf16};

    printf("| %s | %.1f M | %.2f G |", variant, (double)n->parameters / 1e6, n->gmacs);
    print_columns(c, texts, shares);
}

static double paper_of(const Compare *c, gsize size)
{
    return c->options->train ? sizes[size].paper_train : sizes[size].paper;
}

/* 0: one of the two was not measured. */
static double ratio_of(const Network *networks, int family, int column)
{
    const double edt = networks[EDT].ms[column];
    return edt > 0 ? networks[family].ms[column] / edt : 0;
}

/* How many times as long as EDT the others take. */
static void print_ratios(const Compare *c, gsize size, int family, const Network *networks)
{
    g_autofree char *paper =
        family == MDTV2 ? g_strdup_printf(" (paper %.2f)", paper_of(c, size)) : g_strdup("");
    char *texts[COLUMNS];

    printf("| **%s / EDT, %s**%s | %.2f | %.2f |", family_names[family], sizes[size].label, paper,
           (double)networks[family].parameters / (double)networks[EDT].parameters,
           networks[family].gmacs / networks[EDT].gmacs);
    for (int column = 0; column < COLUMNS; column++)
        texts[column] = ms_text(ratio_of(networks, family, column));
    print_columns(c, texts, NULL);
}

static void send_column(GString *event, const Network *networks, int family, int column)
{
    const Network *n = &networks[family];
    g_autofree char *ms = g_strconcat(column_names[column], "_ms", NULL);
    g_autofree char *share = g_strconcat(column_names[column], "_share_of_peak", NULL);
    g_autofree char *ratio = g_strconcat(column_names[column], "_ratio", NULL);

    if (n->ms[column] <= 0)
        return;
    edt_cli_event_number(event, ms, n->ms[column]);
    edt_cli_event_number(event, share, n->share[column]);
    if (ratio_of(networks, family, column) > 0)
        edt_cli_event_number(event, ratio, ratio_of(networks, family, column));
}

static void send_network(const Compare *c, gsize size, int family, const Network *networks)
{
    const Network *n = &networks[family];
    g_autofree char *variant = variant_of(size, family);
    GString *event = edt_cli_event_new("compare");

    edt_cli_event_text(event, "network", variant);
    edt_cli_event_flag(event, "training", c->options->train);
    edt_cli_event_integer(event, "parameters", (gint64)n->parameters);
    edt_cli_event_number(event, "gmacs", n->gmacs);
    edt_cli_event_number(event, "gmacs_ratio", n->gmacs / networks[EDT].gmacs);
    for (int column = 0; column < COLUMNS; column++)
        send_column(event, networks, family, column);
    if (c->options->train)
        edt_cli_event_integer(event, "f32_bytes", (gint64)c->tasks[size][family][F32].bytes);
    if (family == MDTV2)
        edt_cli_event_number(event, "paper_ratio", paper_of(c, size));
    edt_cli_event_send(event);
}

static void show(const Compare *c, gsize size, const Network *networks)
{
    edt_cli_bar_clear();
    for (int family = 0; family < FAMILIES; family++)
        if (c->options->json)
            send_network(c, size, family, networks);
        else
            print_network(c, size, family, &networks[family]);
    for (int family = DIT; family < FAMILIES && !c->options->json; family++)
        print_ratios(c, size, family, networks);
    fflush(stdout);
}

/* ---- all ---- */

static gboolean run(Compare *c, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (c->wanted[i] && !add_work(c, i, error))
            return FALSE;
    if (!c->options->json)
        print_head(c);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Network networks[FAMILIES] = {0};
        if (!c->wanted[i])
            continue;
        if (!measure_size(c, i, networks, error))
            return FALSE;
        show(c, i, networks);
    }
    return TRUE;
}

/* NULL, or what of the list is no size. */
static const char *choose(Compare *c, char **list)
{
    for (; *list; list++) {
        gsize i = 0;
        while (i < G_N_ELEMENTS(sizes) && g_ascii_strcasecmp(*list, sizes[i].label) != 0)
            i++;
        if (i == G_N_ELEMENTS(sizes))
            return *list;
        c->wanted[i] = TRUE;
    }
    return NULL;
}

int edt_cli_compare(const EdtCliCompare *options)
{
    Compare compare = {.options = options, .since = g_get_monotonic_time()};
    g_auto(GStrv) list = g_strsplit(options->sizes ? options->sizes : "S,B,XL", ",", -1);
    const char *unknown = choose(&compare, list);
    GError *error = NULL;

    if (unknown)
        return edt_cli_usage("--sizes: \"%s\" is none of S, B, XL.", unknown);
    return run(&compare, &error) ? 0 : edt_cli_fail(error);
}
