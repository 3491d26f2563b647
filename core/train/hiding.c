/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See hiding.h.
 */
#include "train/hiding.h"

#include <string.h>

int edt_hiding_seen(int T, double least, double most, float draw)
{
    const float ratio = draw * (float)(most - least) + (float)least;
    return MAX((int)((float)T * (1.0f - ratio)), 1);
}

/* Of equal ones the first. */
static int compare(gconstpointer a, gconstpointer b, gpointer noise)
{
    const int i = *(const int *)a, k = *(const int *)b;
    const float x = ((const float *)noise)[i], y = ((const float *)noise)[k];
    return x < y ? -1 : x > y ? 1 : i - k;
}

void edt_hiding_choose(int T, const float *noise, int n, guint8 *seen)
{
    g_autofree int *order = g_new(int, T);

    for (int t = 0; t < T; t++)
        order[t] = t;
    g_sort_array(order, (gsize)T, sizeof *order, compare, (gpointer)noise);
    memset(seen, 0, (gsize)T);
    for (int i = 0; i < n; i++)
        seen[order[i]] = 1;
}
