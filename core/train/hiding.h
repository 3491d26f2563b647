/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which tokens a pass of MDT's training hides (official random_masking): a share of them, one for
 * the whole batch, and in every sample those with the largest of random numbers.
 */
#pragma once

#include <glib.h>

/* Tokens that are seen of T where a share between least and most is hidden; draw: 0 .. 1.  In f32,
 * as there. */
int edt_hiding_seen(int T, double least, double most, float draw);
/* seen [T] = 1 for the n tokens of the smallest noise [T], else 0. */
void edt_hiding_choose(int T, const float *noise, int n, guint8 *seen);
