/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See bench_rows.h.
 */
#include "cli/bench_rows.h"
#include "cli/event.h"
#include "core/settings.h"

#include <stdio.h>

/* The nearer limit of an operation, and what share of it was reached. */
static double share_of_limit(const EdtCliBenchRow *row, const EdtBenchRow *operation,
                             const char **limit)
{
    const double least = edt_bench_limit(row->units, operation, limit);
    return operation->ms > 0 ? least / operation->ms : 0;
}

/* Of all operations together: what their limits leave of the time. */
static double share_of_all(const EdtCliBenchRow *row, const EdtBenchResult *r)
{
    double least = 0;
    const char *limit;
    for (int i = 0; i < r->n_rows; i++)
        least += edt_bench_limit(row->units, &r->rows[i], &limit);
    return least / r->median_ms;
}

static double samples_per_s(const EdtCliBenchRow *row, const EdtBenchResult *r)
{
    return row->pictures * 1e3 / r->median_ms;
}

void edt_cli_bench_print_head(void)
{
    printf(
        "| work | type | threads | median ms | best ms | it/s | pictures/s | GFLOP/s | of peak | "
        "of limit | conditioning ms | load ms | memory MiB |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void print_operation(const EdtCliBenchRow *row, const EdtBenchRow *operation)
{
    const char *limit;
    const double share = share_of_limit(row, operation, &limit);
    g_autofree char *of_limit =
        limit ? g_strdup_printf("%.0f %% of %s", 100 * share, limit) : g_strdup("");
    printf("| - %s (%" G_GUINT64_FORMAT " calls) | | | %.2f | | | | %.0f | %.0f %% | %s | | | |\n",
           operation->what, operation->calls, operation->ms, operation->gflops,
           100 * operation->gflops / row->peak, of_limit);
}

void edt_cli_bench_print(const EdtCliBenchRow *row, const EdtBenchResult *r)
{
    double rate = r->gflop / r->median_ms * 1e3;
    g_autofree char *pictures =
        row->size->train ? g_strdup_printf("%.1f", samples_per_s(row, r)) : g_strdup("-");
    printf("| %s | %s | %d | %.2f | %.2f | %.2f | %s | %.0f | %.0f %% | %.0f %% | %.2f | %.0f | "
           "%.0f |\n",
           row->size->name, edt_precision_words[r->precision], r->threads, r->median_ms, r->best_ms,
           1e3 / r->median_ms, pictures, rate, 100 * rate / row->peak, 100 * share_of_all(row, r),
           r->modulate_ms, r->load_ms, (double)r->peak_bytes / (1 << 20));
    for (int i = 0; row->breakdown && i < r->n_rows; i++)
        print_operation(row, &r->rows[i]);
    fflush(stdout);
}

static void add_operation(GString *list, const EdtCliBenchRow *row, const EdtBenchRow *operation)
{
    const char *limit;
    const double share = share_of_limit(row, operation, &limit);
    GString *object = edt_cli_event_new(NULL);
    edt_cli_event_text(object, "what", operation->what);
    edt_cli_event_number(object, "ms", operation->ms);
    edt_cli_event_number(object, "gflops", operation->gflops);
    edt_cli_event_integer(object, "calls", (gint64)operation->calls);
    edt_cli_event_text(object, "limit", limit);
    edt_cli_event_number(object, "share_of_limit", share);
    g_string_append_printf(list, "%s%s}", list->len > 1 ? "," : "", object->str);
    g_string_free(object, TRUE);
}

void edt_cli_bench_send(const EdtCliBenchRow *row, const EdtBenchResult *r)
{
    const EdtCliBenchSize *size = row->size;
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
    edt_cli_event_number(event, "peak_gflops", row->peak);
    edt_cli_event_number(event, "share_of_peak", rate / row->peak);
    edt_cli_event_number(event, "share_of_limit", share_of_all(row, r));
    edt_cli_event_number(event, "conditioning_ms", r->modulate_ms);
    edt_cli_event_number(event, "load_ms", r->load_ms);
    edt_cli_event_integer(event, "peak_bytes", (gint64)r->peak_bytes);
    GString *rows = g_string_new("[");
    for (int i = 0; i < r->n_rows; i++)
        add_operation(rows, row, &r->rows[i]);
    g_string_append_c(rows, ']');
    edt_cli_event_raw(event, "operations", rows->str);
    g_string_free(rows, TRUE);
    edt_cli_event_send(event);
}
