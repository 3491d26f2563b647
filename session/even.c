/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way of a morph is measured by drafts; see even.h.
 */
#include "session/even.h"
#include "session/drafts.h"
#include "session/morph.h"

#include <string.h>

#define FIRST_MAX 33 /* drafts of the first round ... */
#define BETWEEN 8    /* ... and of each of the others */
#define ROUNDS 3

typedef struct {
    double share;
    EdtPicture picture; /* its pixels are NULL: not yet measured */
} Point;

struct EdtEven {
    GArray *points; /* of Point, by share */
    int frames, round;
};

static void clear_point(gpointer data)
{
    g_free(((Point *)data)->picture.pixels);
}

EdtEven *edt_even_new(const EdtOrder *morph)
{
    EdtEven *even = g_new0(EdtEven, 1);
    even->frames = morph->request.n_items;
    even->points = g_array_new(FALSE, TRUE, sizeof(Point));
    g_array_set_clear_func(even->points, clear_point);
    return even;
}

void edt_even_free(EdtEven *even)
{
    if (!even)
        return;
    g_array_unref(even->points);
    g_free(even);
}

static Point *point_at(const EdtEven *even, guint i)
{
    return &g_array_index(even->points, Point, i);
}

static double length_at(const EdtEven *even, guint i)
{
    return edt_drafts_distance(&point_at(even, i)->picture, &point_at(even, i + 1)->picture);
}

/* ---- drafts ---- */

static void begin(EdtEven *even)
{
    int n = MIN(2 * even->frames - 1, FIRST_MAX);
    for (int i = 0; i < n; i++) {
        const Point point = {.share = (double)i / (n - 1)};
        g_array_append_val(even->points, point);
    }
}

/* In the middle of the longest piece that has none there yet. */
static void split_longest(gboolean *split, double *lengths, guint n)
{
    guint best = 0;
    for (guint i = 1; i < n; i++)
        if (lengths[i] > lengths[best])
            best = i;
    lengths[best] = -1;
    split[best] = TRUE;
}

/* From behind: what is inserted moves only what has been looked at. */
static void add_between(EdtEven *even)
{
    guint n = even->points->len - 1;
    g_autofree gboolean *split = g_new0(gboolean, n);
    g_autofree double *lengths = g_new(double, n);
    for (guint i = 0; i < n; i++)
        lengths[i] = length_at(even, i);
    for (guint k = 0; k < MIN(BETWEEN, n); k++)
        split_longest(split, lengths, n);
    for (guint i = n; i-- > 0;) {
        const Point middle = {.share =
                                  (point_at(even, i)->share + point_at(even, i + 1)->share) / 2};
        if (split[i])
            g_array_insert_val(even->points, i + 1, middle);
    }
}

EdtOrder *edt_even_drafts(EdtEven *even, const EdtOrder *morph, GError **error)
{
    if (even->frames < 3 || even->round == ROUNDS)
        return NULL;
    if (even->round++ == 0)
        begin(even);
    else
        add_between(even);
    g_autofree EdtItem *items = g_new(EdtItem, even->points->len);
    int n = 0;
    for (guint i = 0; i < even->points->len; i++)
        if (!point_at(even, i)->picture.pixels &&
            !edt_morph_at(morph, point_at(even, i)->share, &items[n++], error))
            return NULL;
    return edt_drafts_of(morph, items, n, error);
}

void edt_even_measure(EdtEven *even, const EdtPictures *pictures)
{
    int taken = 0;
    for (guint i = 0; i < even->points->len && taken < pictures->n_pictures; i++) {
        EdtPicture *own = &point_at(even, i)->picture;
        if (own->pixels)
            continue;
        *own = pictures->pictures[taken++];
        own->pixels = g_memdup2(own->pixels, sizeof(float) * (gsize)own->width *
                                                 (gsize)own->height * (gsize)own->channels);
    }
}

/* ---- shares ---- */

void edt_even_shares(const double *shares, const double *lengths, int n, double *out, int frames)
{
    double all = 0, before = 0;
    for (int i = 0; i < n; i++)
        all += lengths[i];
    for (int k = 0, i = 0; k < frames; k++) {
        double wanted = all * k / (frames - 1);
        while (i < n - 1 && before + lengths[i] < wanted)
            before += lengths[i++];
        double part = lengths[i] > 0 ? (wanted - before) / lengths[i] : 0;
        out[k] = all > 0 ? shares[i] + CLAMP(part, 0, 1) * (shares[i + 1] - shares[i])
                         : (double)k / (frames - 1);
    }
    out[0] = shares[0];
    out[frames - 1] = shares[n];
}

gboolean edt_even_apply(const EdtEven *even, EdtOrder *morph, GError **error)
{
    guint n = even->points->len;
    if (n < 2)
        return TRUE; /* there is nothing between its ends */
    g_autofree double *shares = g_new(double, n), *lengths = g_new(double, n);
    g_autofree double *out = g_new(double, even->frames);
    for (guint i = 0; i < n; i++) {
        shares[i] = point_at(even, i)->share;
        lengths[i] = i + 1 < n ? length_at(even, i) : 0;
    }
    edt_even_shares(shares, lengths, (int)n - 1, out, even->frames);
    const int last = even->frames - 1;
    g_autofree EdtItem *items = g_new(EdtItem, even->frames);
    items[0] = morph->items[0];
    items[last] = morph->items[last];
    for (int k = 1; k < last; k++)
        if (!edt_morph_at(morph, out[k], &items[k], error))
            return FALSE;
    EdtModelInfo *info = edt_model_info_read(morph->model, error);
    if (!info)
        return FALSE;
    g_autofree char *label = g_strdup(morph->label); /* of the whole way */
    edt_order_take_items(morph, info, g_steal_pointer(&items), even->frames);
    g_set_str(&morph->label, label);
    edt_model_info_free(info);
    return TRUE;
}
