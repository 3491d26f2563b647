/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a benchmark tells of its repetitions.
 */
#pragma once

/* Sorts n >= 1 values and gives the middle one (of an even number the later); values[0] is the
 * least then. */
double edt_median(double *values, int n);
