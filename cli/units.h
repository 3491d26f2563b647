/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the machine gives, as `edt bench` measures it before anything else, and whether it has given
 * more: then others compute on it, and what is measured beside them says little.  The best of each
 * unit is kept in ~/.local/state/edt/peaks.ini, for each machine and number of threads; whoever
 * deletes it begins anew.
 */
#pragma once

#include "machine.h"

typedef struct EdtCliUnits EdtCliUnits;

EdtCliUnits *edt_cli_units_new(gboolean json);
void edt_cli_units_free(EdtCliUnits *units);

/* For that number of threads (0: all cores), measured and told when it is first asked for; NULL
 * with an error. */
const EdtBenchUnits *edt_cli_units_for(EdtCliUnits *units, int threads, GError **error);

/* The peak of a device now, in GFLOP/s; says so, once, where it has been higher.  of: the units for
 * its threads.  0 with an error. */
double edt_cli_units_peak(EdtCliUnits *units, const EdtBenchUnits *of, EdtPrecision precision,
                          GError **error);
