/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench --compare`: the paper's comparison on this machine.  EDT, DiT and MDTv2 of each size,
 * one after the other in one program with random weights; a step is one forward of the batch, as
 * there.
 */
#include "cli/compare.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "machine.h"

#include <stdio.h>
#include <string.h>

enum { EDT, DIT, MDTV2, FAMILIES };
enum { F32, BF16, GUIDED, COLUMNS };

static const char *const family_names[FAMILIES] = {"EDT", "DiT", "MDTv2"};
static const char *const column_names[COLUMNS] = {"f32", "bf16", "guided"};

/* Sizes, and how much faster than MDTv2 the paper says EDT is (abstract; batch 256, f32, one L40).
 */
static const struct {
    const char *label;
    double paper;
} sizes[] = {{"S", 2.29}, {"B", 2.29}, {"XL", 2.22}};

typedef struct {
    double ms[COLUMNS], share[COLUMNS]; /* of the peak; 0: not measured */
    double gmacs;                       /* a picture and step */
    guint64 parameters;
} Network;

typedef struct {
    const EdtCliCompare *options;
    gboolean wanted[G_N_ELEMENTS(sizes)];
    double done, total; /* GFLOP of all runs */
    gint64 since;
} Compare;

static gboolean is_measured(int column)
{
    return column != BF16 || edt_cpu_has_bf16(); /* else it is f32 once more */
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

static char *variant_of(gsize size, int family)
{
    return g_strdup_printf("%s-%s/2", family_names[family], sizes[size].label);
}

static double runs_of(const EdtBenchCase *bench)
{
    return bench->warm_up + bench->repetitions + 1; /* one more for the breakdown */
}

/* How much there is to do. */
static gboolean add_work(Compare *c, gsize size, GError **error)
{
    for (int family = 0; family < FAMILIES; family++)
        for (int column = 0; column < COLUMNS; column++) {
            g_autofree char *variant = variant_of(size, family);
            const EdtBenchCase bench = case_of(c, variant, column);
            double gflop;
            guint64 parameters;
            if (!edt_bench_work(&bench, &gflop, &parameters)) {
                g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "There is no %s at %d pixels.",
                            variant, bench.image_size);
                return FALSE;
            }
            if (is_measured(column))
                c->total += gflop * runs_of(&bench);
        }
    return TRUE;
}

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

static gboolean measure(Compare *c, const char *variant, int column, Network *network,
                        GError **error)
{
    const EdtBenchCase bench = case_of(c, variant, column);
    EdtBenchResult result;
    GError *cause = NULL;
    double gflop;

    edt_bench_work(&bench, &gflop, &network->parameters);
    if (column == F32)
        network->gmacs = gflop / 2 / bench.pictures;
    if (!is_measured(column))
        return TRUE;
    tell(c, variant, column);
    const double peak = edt_bench_peak(&bench.options, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    if (!edt_bench_run(&bench, &result, error))
        return FALSE;
    network->ms[column] = result.median_ms;
    network->share[column] = result.gflop / result.median_ms * 1e3 / peak;
    c->done += gflop * runs_of(&bench);
    return TRUE;
}

static gboolean measure_size(Compare *c, gsize size, Network *networks, GError **error)
{
    for (int family = 0; family < FAMILIES; family++)
        for (int column = 0; column < COLUMNS; column++) {
            g_autofree char *variant = variant_of(size, family);
            if (!measure(c, variant, column, &networks[family], error))
                return FALSE;
        }
    return TRUE;
}

/* ---- the table ---- */

static void print_head(const Compare *c)
{
    printf("A step is one forward of %d picture%s of %d pixels; guided: of twice as many, in the "
           "faster type.\n\n"
           "| network | parameters | multiply-adds | f32 ms | of peak | bf16 ms | of peak | guided "
           "ms |\n|---|---|---|---|---|---|---|---|\n",
           c->options->pictures, c->options->pictures == 1 ? "" : "s", c->options->image_size);
}

static char *ms_text(double ms)
{
    return ms > 0 ? g_strdup_printf("%.2f", ms) : g_strdup("-");
}

static char *share_text(double share)
{
    return share > 0 ? g_strdup_printf("%.0f %%", 100 * share) : g_strdup("-");
}

static void print_network(gsize size, int family, const Network *n)
{
    g_autofree char *variant = variant_of(size, family), *bf16 = ms_text(n->ms[BF16]);
    g_autofree char *share = share_text(n->share[BF16]), *guided = ms_text(n->ms[GUIDED]);
    printf("| %s | %.1f M | %.2f G | %.2f | %.0f %% | %s | %s | %s |\n", variant,
           (double)n->parameters / 1e6, n->gmacs, n->ms[F32], 100 * n->share[F32], bf16, share,
           guided);
}

static char *ratio_text(const Network *networks, int family, int column)
{
    return networks[family].ms[column] > 0
               ? g_strdup_printf("%.2f", networks[family].ms[column] / networks[EDT].ms[column])
               : g_strdup("-");
}

/* How many times as long as EDT the others take. */
static void print_ratios(gsize size, int family, const Network *networks)
{
    g_autofree char *f32 = ratio_text(networks, family, F32);
    g_autofree char *bf16 = ratio_text(networks, family, BF16);
    g_autofree char *guided = ratio_text(networks, family, GUIDED);
    g_autofree char *paper =
        family == MDTV2 ? g_strdup_printf(" (paper %.2f)", sizes[size].paper) : g_strdup("");
    printf("| **%s / EDT, %s**%s | %.2f | %.2f | %s | | %s | | %s |\n", family_names[family],
           sizes[size].label, paper,
           (double)networks[family].parameters / (double)networks[EDT].parameters,
           networks[family].gmacs / networks[EDT].gmacs, f32, bf16, guided);
}

static void send_network(gsize size, int family, const Network *networks)
{
    const Network *n = &networks[family];
    g_autofree char *variant = variant_of(size, family);
    GString *event = edt_cli_event_new("compare");
    edt_cli_event_text(event, "network", variant);
    edt_cli_event_integer(event, "parameters", (gint64)n->parameters);
    edt_cli_event_number(event, "gmacs", n->gmacs);
    edt_cli_event_number(event, "gmacs_ratio", n->gmacs / networks[EDT].gmacs);
    for (int column = 0; column < COLUMNS; column++) {
        if (n->ms[column] <= 0)
            continue;
        g_autofree char *ms = g_strconcat(column_names[column], "_ms", NULL);
        g_autofree char *share = g_strconcat(column_names[column], "_share_of_peak", NULL);
        g_autofree char *ratio = g_strconcat(column_names[column], "_ratio", NULL);
        edt_cli_event_number(event, ms, n->ms[column]);
        edt_cli_event_number(event, share, n->share[column]);
        edt_cli_event_number(event, ratio, n->ms[column] / networks[EDT].ms[column]);
    }
    if (family == MDTV2)
        edt_cli_event_number(event, "paper_ratio", sizes[size].paper);
    edt_cli_event_send(event);
}

static void show(const Compare *c, gsize size, const Network *networks)
{
    edt_cli_bar_clear();
    for (int family = 0; family < FAMILIES; family++)
        if (c->options->json)
            send_network(size, family, networks);
        else
            print_network(size, family, &networks[family]);
    for (int family = DIT; family < FAMILIES && !c->options->json; family++)
        print_ratios(size, family, networks);
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
        while (i < G_N_ELEMENTS(sizes) && strcmp(*list, sizes[i].label) != 0)
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
