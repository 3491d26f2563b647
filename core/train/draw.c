/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which picture is learnt from next; see draw.h.  Next: batch.c, which asks.
 */
#include "train/draw.h"
#include "train/draws.h"

/* Pictures of one class in one style: sorted[first ...]. */
typedef struct {
    int first, count;
    double share;
} Group;

/* A class that has pictures: groups[first ...]. */
typedef struct {
    int first, count;
    double shares; /* of its groups together */
} Class;

struct EdtPictureDraw {
    guint64 seed;
    int count;
    /* every picture once an epoch: the orders of two neighbouring ones */
    gint64 *order[2], epoch[2];
    /* by class; NULL otherwise */
    GArray *sorted; /* int: indices by class, then by style */
    GArray *groups, *classes;
};

/* ---- every picture once ---- */

/* A batch may cross into the next epoch, so two orders are kept. */
static int in_order(EdtPictureDraw *d, gint64 position)
{
    gint64 epoch = position / d->count;
    int slot = (int)(epoch % 2);

    if (!d->order[slot] || d->epoch[slot] != epoch) {
        EdtRandom random;
        if (!d->order[slot])
            d->order[slot] = g_new(gint64, d->count);
        edt_train_random(&random, d->seed, EDT_DRAW_ORDER, epoch, 0);
        edt_random_permutation(&random, d->order[slot], (gsize)d->count);
        d->epoch[slot] = epoch;
    }
    return (int)d->order[slot][position % d->count];
}

/* ---- by class ---- */

static int index_at(const EdtPictureDraw *d, int place)
{
    return g_array_index(d->sorted, int, place);
}

static gint by_labels(gconstpointer a, gconstpointer b, gpointer data)
{
    int i = *(const int *)a, j = *(const int *)b;
    EdtSampleLabels x = edt_dataset_labels(data, i), y = edt_dataset_labels(data, j);

    if (x.class != y.class)
        return x.class < y.class ? -1 : 1;
    if (x.style != y.style)
        return x.style < y.style ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* Pictures of no style that is told count as one style more, of share 1. */
static double share_of(const EdtDataset *dataset, int style)
{
    return style >= 0 && dataset->style_shares ? dataset->style_shares[style] : 1;
}

static void add_group(EdtPictureDraw *d, int first, gboolean new_class, double share)
{
    Group group = {first, 0, share};
    Class class = {(int)d->groups->len, 0, 0};

    if (new_class)
        g_array_append_val(d->classes, class);
    g_array_append_val(d->groups, group);
    Class *last = &g_array_index(d->classes, Class, d->classes->len - 1);
    last->count++;
    last->shares += share;
}

static void sort_by_class(EdtPictureDraw *d, const EdtDataset *dataset)
{
    EdtSampleLabels before = {-1, -1};

    d->sorted = g_array_new(FALSE, FALSE, sizeof(int));
    d->groups = g_array_new(FALSE, FALSE, sizeof(Group));
    d->classes = g_array_new(FALSE, FALSE, sizeof(Class));
    for (int i = 0; i < d->count; i++)
        g_array_append_val(d->sorted, i);
    g_array_sort_with_data(d->sorted, by_labels, (gpointer)dataset);
    for (int i = 0; i < d->count; i++) {
        EdtSampleLabels labels = edt_dataset_labels(dataset, index_at(d, i));
        if (labels.class != before.class || labels.style != before.style)
            add_group(d, i, labels.class != before.class, share_of(dataset, labels.style));
        g_array_index(d->groups, Group, d->groups->len - 1).count++;
        before = labels;
    }
}

/* A class whose styles all have the share 0 is drawn from its first. */
static int by_class(const EdtPictureDraw *d, gint64 position)
{
    EdtRandom random;
    float u;

    edt_train_random(&random, d->seed, EDT_DRAW_ORDER, position, 1);
    const Class *class =
        &g_array_index(d->classes, Class, edt_random_below(&random, d->classes->len));
    edt_random_uniform(&random, &u, 1);
    const Group *group = &g_array_index(d->groups, Group, class->first);
    double rest = (double)u * class->shares;
    for (int i = 1; i < class->count && rest >= group->share; i++)
        rest -= group++->share;
    return index_at(d, group->first + (int)edt_random_below(&random, (guint)group->count));
}

/* ---- */

EdtPictureDraw *edt_picture_draw_new(const EdtDataset *dataset, gboolean class_first, guint64 seed)
{
    EdtPictureDraw *d = g_new0(EdtPictureDraw, 1);

    d->seed = seed;
    d->count = dataset->count;
    if (class_first)
        sort_by_class(d, dataset);
    return d;
}

void edt_picture_draw_free(EdtPictureDraw *d)
{
    if (!d)
        return;
    g_free(d->order[0]);
    g_free(d->order[1]);
    g_clear_pointer(&d->sorted, g_array_unref);
    g_clear_pointer(&d->groups, g_array_unref);
    g_clear_pointer(&d->classes, g_array_unref);
    g_free(d);
}

int edt_picture_draw_at(EdtPictureDraw *d, gint64 position)
{
    return d->sorted ? by_class(d, position) : in_order(d, position);
}
