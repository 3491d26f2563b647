/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What `edt bench` measures and how its rows are told: a line of a table, or an event.
 */
#pragma once

#include "machine.h"

typedef struct {
    gboolean train;
    const char *label, *name; /* "S", "EDT-S/2" */
    EdtBenchWork work;        /* when it is not training */
    const char *variant;
    int pictures, image_size; /* usual ones */
    gboolean small;           /* the small autoencoder */
} EdtCliBenchSize;

/* What is measured of it, after options and what is usual; and how that is told. */
typedef struct {
    const EdtCliBenchSize *size;
    int pictures, image_size;
    EdtPrecision precision;
    gboolean guided, masked;
    const EdtBenchUnits *units;
    double peak; /* GFLOP/s, just before it */
    gboolean breakdown;
} EdtCliBenchRow;

void edt_cli_bench_print_head(void);
void edt_cli_bench_print(const EdtCliBenchRow *row, const EdtBenchResult *result);
void edt_cli_bench_send(const EdtCliBenchRow *row, const EdtBenchResult *result);
