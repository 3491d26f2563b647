/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where several pictures lie; see arrange.h.
 */
#include "session/arrange.h"

#include <math.h>

#define CANDIDATES 24 /* for each spot; the remotest is taken (Mitchell 1991) */
#define TRIES 400     /* to hit a small mask */

void edt_arrange_even(EdtArrange arrange, int n, int width, int height, double side, double gap,
                      EdtSpot *spots)
{
    int columns = arrange == EDT_ARRANGE_ROW    ? n
                  : arrange == EDT_ARRANGE_GRID ? (int)ceil(sqrt(n))
                                                : 1;
    int rows = arrange == EDT_ARRANGE_GRID ? (n + columns - 1) / columns : 1;
    double step = side + gap;
    for (int i = 0; i < n; i++) {
        int column = arrange == EDT_ARRANGE_STACK ? 0 : i % columns;
        int row = arrange == EDT_ARRANGE_STACK ? 0 : i / columns;
        spots[i] = (EdtSpot){width / 2.0 + (column - (columns - 1) / 2.0) * step,
                             height / 2.0 + (row - (rows - 1) / 2.0) * step, 1, 0};
    }
}

/* ---- strewn ---- */

static gboolean may_lie(const EdtScatter *s, double x, double y)
{
    return !s->mask || s->mask[(gsize)y * (gsize)s->width + (gsize)x] > 127;
}

static gboolean draw(const EdtScatter *s, GRand *random, EdtSpot *spot)
{
    for (int i = 0; i < TRIES; i++) {
        spot->x = g_rand_double(random) * s->width;
        spot->y = g_rand_double(random) * s->height;
        if (may_lie(s, spot->x, spot->y))
            return TRUE;
    }
    return FALSE;
}

static double along(double a, double b, double around, gboolean wrap)
{
    double far = fabs(a - b);
    return wrap ? MIN(far, around - far) : far;
}

/* To the nearest of those that are there. */
static double room(const EdtScatter *s, const EdtSpot *spots, int n, const EdtSpot *spot)
{
    double least = INFINITY;
    for (int i = 0; i < n; i++)
        least = MIN(least, hypot(along(spots[i].x, spot->x, s->width, s->wrap),
                                 along(spots[i].y, spot->y, s->height, s->wrap)));
    return least;
}

static gboolean next(const EdtScatter *s, GRand *random, EdtSpot *spots, int n)
{
    double best = -1;
    for (int i = 0; i < CANDIDATES; i++) {
        EdtSpot candidate;
        if (!draw(s, random, &candidate))
            return FALSE;
        double far = room(s, spots, n, &candidate);
        if (far > best) {
            best = far;
            spots[n] = candidate;
        }
    }
    spots[n].scale = 1 - s->sizes * g_rand_double(random);
    spots[n].angle = s->turns * (2 * g_rand_double(random) - 1);
    return best >= s->distance * s->side;
}

int edt_arrange_scatter(const EdtScatter *scatter, EdtSpot *spots)
{
    GRand *random = g_rand_new_with_seed(scatter->seed);
    int n = 0;
    while (n < scatter->n && next(scatter, random, spots, n))
        n++;
    g_rand_free(random);
    return n;
}
