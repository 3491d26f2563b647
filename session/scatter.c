/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where scattered pictures lie; see scatter.h.  Darts are thrown; one that comes too near to an
 * earlier one is thrown again (Poisson-disc sampling).  Next: collage.c, which draws them.
 */
#include "session/scatter.h"

#include <math.h>

#define THROWS 100 /* for one spot, before there is no room for it */
#define AROUND 24  /* points of a circle that are looked at */

typedef struct {
    const EdtScatter *s;
    GRand *random;
    GArray *spots;
    GArray *inside; /* of int: the mask's pixels; NULL: all of the area */
    int *deck;      /* pictures, shuffled: each comes once before one comes again */
    int dealt;
} Throw;

/* ---- chance ---- */

static GRand *random_of(guint64 seed)
{
    const guint32 halves[] = {(guint32)seed, (guint32)(seed >> 32)};
    return g_rand_new_with_seed_array(halves, 2);
}

static int deal(Throw *t)
{
    if (t->dealt == t->s->pictures)
        t->dealt = 0;
    int other = g_rand_int_range(t->random, t->dealt, t->s->pictures);
    int picture = t->deck[other];
    t->deck[other] = t->deck[t->dealt];
    t->deck[t->dealt++] = picture;
    return picture;
}

/* ---- the mask ---- */

static gboolean is_inside(const EdtScatter *s, double x, double y)
{
    if (x < 0 || y < 0 || x >= s->width || y >= s->height)
        return FALSE;
    return !s->mask || s->mask[(gsize)y * (gsize)s->width + (gsize)x] >= 0.5f;
}

static GArray *list_inside(const EdtScatter *s)
{
    if (!s->mask)
        return NULL;
    GArray *inside = g_array_new(FALSE, FALSE, sizeof(int));
    for (int i = 0; i < s->width * s->height; i++)
        if (s->mask[i] >= 0.5f)
            g_array_append_val(inside, i);
    return inside;
}

static gboolean is_whole(const EdtScatter *s, const EdtSpot *spot)
{
    for (int ring = 1; ring <= 2; ring++) /* a hole may lie within the circle */
        for (int i = 0; i < AROUND; i++) {
            double angle = 2 * G_PI * i / AROUND, radius = spot->side / 2 * ring / 2;
            if (!is_inside(s, spot->x + radius * cos(angle), spot->y + radius * sin(angle)))
                return FALSE;
        }
    return TRUE;
}

/* ---- distances ---- */

/* On a tile the shorter way may lead over its edge. */
static double along(double from, double to, double length, gboolean wrap)
{
    double way = fabs(from - to);
    return wrap ? MIN(way, length - way) : way;
}

static gboolean is_free(const Throw *t, const EdtSpot *spot)
{
    const EdtScatter *s = t->s;
    for (guint i = 0; i < t->spots->len; i++) {
        const EdtSpot *other = &g_array_index(t->spots, EdtSpot, i);
        double least = s->distance * (spot->side + other->side) / 2;
        double x = along(spot->x, other->x, s->width, s->wrap);
        double y = along(spot->y, other->y, s->height, s->wrap);
        if (x * x + y * y < least * least)
            return FALSE;
    }
    return TRUE;
}

/* ---- */

static void throw_dart(Throw *t, EdtSpot *spot)
{
    if (t->inside) {
        guint at = (guint)g_rand_int_range(t->random, 0, (gint32)t->inside->len);
        int pixel = g_array_index(t->inside, int, at);
        spot->x = pixel % t->s->width + g_rand_double(t->random);
        spot->y = pixel / t->s->width + g_rand_double(t->random);
    } else {
        spot->x = g_rand_double(t->random) * t->s->width;
        spot->y = g_rand_double(t->random) * t->s->height;
    }
}

static gboolean find_place(Throw *t, EdtSpot *spot)
{
    for (int i = 0; i < THROWS; i++) {
        throw_dart(t, spot);
        if ((!t->s->whole || t->s->wrap || is_whole(t->s, spot)) && is_free(t, spot))
            return TRUE;
    }
    return FALSE;
}

static void throw_all(Throw *t)
{
    const EdtScatter *s = t->s;
    for (int i = 0; i < s->spots; i++) {
        EdtSpot spot = {.side = MAX(s->side * (1 - s->differ * g_rand_double(t->random)), 1),
                        .turn = s->turn * (2 * g_rand_double(t->random) - 1) * G_PI / 180};
        if (!find_place(t, &spot))
            continue;
        spot.picture = deal(t);
        g_array_append_val(t->spots, spot);
    }
}

GArray *edt_scatter(const EdtScatter *scatter)
{
    Throw t = {.s = scatter,
               .random = random_of(scatter->seed),
               .spots = g_array_new(FALSE, FALSE, sizeof(EdtSpot)),
               .inside = list_inside(scatter),
               .deck = g_new(int, scatter->pictures)};
    for (int i = 0; i < scatter->pictures; i++)
        t.deck[i] = i;
    if (!t.inside || t.inside->len)
        throw_all(&t);
    if (t.inside)
        g_array_unref(t.inside);
    g_rand_free(t.random);
    g_free(t.deck);
    return t.spots;
}
