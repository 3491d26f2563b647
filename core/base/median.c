/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The middle of several measurements; see median.h.
 */
#include "base/median.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double edt_median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_size);
    return values[n / 2];
}
