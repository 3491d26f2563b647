/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See conditions.h.  Next: network/condition.c, which computes the rows.
 */
#include "sample/conditions.h"

/* In 25 steps of the cosine schedule: nothing of the second comes through when it takes over much
 * later than after a third of them, and nothing of the first's shape before a twentieth. */
#define TURN_LATE (-1.0)
#define TURN_EARLY (-5.1)

int edt_conditions_more(const EdtItem *item)
{
    return item->mix_how == EDT_MIX_BLEND ? item->mix.n : 0;
}

double edt_conditions_turn(double weight)
{
    return TURN_LATE + weight * (TURN_EARLY - TURN_LATE);
}

static EdtLabels labels(const EdtVariant *v, int class_index, int style)
{
    const gboolean styled = v->n_styles && style != EDT_STYLE_ANY;
    return (EdtLabels){class_index, styled ? style : v->n_styles};
}

/* Of a sample, before or after the looks take over; guidance's are of no class in no style. */
static EdtLabels labels_of(const EdtConditions *c, int sample, gboolean late)
{
    const EdtVariant *v = edt_network_variant(c->network);
    const EdtItem *item = &c->items[sample % c->pictures];
    int group = sample / c->pictures;

    if (c->guided && sample >= c->N - c->pictures)
        return (EdtLabels){v->n_classes, v->n_styles};
    if (group == 0 && late && item->mix_how == EDT_MIX_SHAPE && item->mix.n)
        group = 1;
    return group ? labels(v, item->mix.of[group - 1].class_index, item->mix.of[group - 1].style)
                 : labels(v, item->class_index, item->style);
}

/* Whether the looks of a sample's second class have taken over at step s. */
static gboolean is_late(const EdtConditions *c, int sample, int s)
{
    const EdtItem *item = &c->items[sample % c->pictures];
    return item->mix_how == EDT_MIX_SHAPE && item->mix.n &&
           edt_noise_log_snr(c->schedule, s) > edt_conditions_turn(item->mix.of[0].weight);
}

gboolean edt_conditions_turn_at(const EdtConditions *c, int s)
{
    for (int i = 0; i < c->N && s + 1 < c->schedule->S; i++)
        if (is_late(c, i, s) != is_late(c, i, s + 1))
            return TRUE;
    return FALSE;
}

static gboolean same(EdtLabels a, EdtLabels b)
{
    return a.class == b.class && a.style == b.style;
}

/* What samples ask for that none before them did; ask 2i and 2i + 1 are those of sample i. */
static int count_slots(const EdtConditions *c)
{
    int slots = 0;
    for (int i = 0; i < 2 * c->N; i++) {
        gboolean seen = FALSE;
        for (int k = 0; k < i && !seen; k++)
            seen = same(labels_of(c, k / 2, k % 2), labels_of(c, i / 2, i % 2));
        slots += !seen;
    }
    return slots;
}

static gsize row_bytes(const EdtVariant *v)
{
    return edt_network_workspace(v, EDT_F32, 1, 2) - edt_network_workspace(v, EDT_F32, 1, 1);
}

/* Steps whose rows are computed together: all of them, unless memory says otherwise. */
static int choose_slice(const EdtConditions *c)
{
    const gsize row = row_bytes(edt_network_variant(c->network));
    const gsize rows = MAX(EDT_MODULATION_BYTES / MAX(row, 1), 1);
    return (int)CLAMP(rows / (gsize)c->slots, 1, (gsize)c->schedule->S);
}

void edt_conditions_plan(EdtConditions *c, EdtNetwork *network, const EdtNoiseSchedule *schedule,
                         const EdtItem *items, int pictures, int more, gboolean guided)
{
    *c = (EdtConditions){
        .network = network,
        .schedule = schedule,
        .items = items,
        .pictures = pictures,
        .N = pictures * (1 + (guided ? 1 : 0) + more),
        .guided = guided,
        .first = G_MAXINT, /* no slice yet */
    };
    c->slots = count_slots(c);
    c->slice = choose_slice(c);
}

int edt_conditions_rows(const EdtConditions *c)
{
    return c->slice * c->slots;
}

void edt_conditions_carve(EdtConditions *c, EdtArena *host)
{
    const gsize rows = (gsize)edt_conditions_rows(c);

    c->labels = edt_arena_take(host, (gsize)c->slots * sizeof(EdtLabels));
    c->slot = edt_arena_take(host, (gsize)c->N * sizeof(int));
    c->late = edt_arena_take(host, (gsize)c->N * sizeof(int));
    c->row_class = edt_arena_take(host, rows * sizeof(int));
    c->row_style = edt_arena_take(host, rows * sizeof(int));
    c->row_timestep = edt_arena_take(host, rows * sizeof(float));
}

static int slot_for(const EdtConditions *c, int *used, EdtLabels wanted)
{
    for (int k = 0; k < *used; k++)
        if (same(c->labels[k], wanted))
            return k;
    c->labels[*used] = wanted;
    return (*used)++;
}

void edt_conditions_assign(EdtConditions *c)
{
    int used = 0;
    for (int i = 0; i < c->N; i++) {
        c->slot[i] = slot_for(c, &used, labels_of(c, i, FALSE));
        c->late[i] = slot_for(c, &used, labels_of(c, i, TRUE));
    }
}

/* The rows of the slice that begins at step s. */
static void compute(EdtConditions *c, int s)
{
    c->first = s;
    for (int i = 0; i < c->slice; i++) {
        const int step = MAX(s - i, 0); /* a last slice that is too long repeats step 0 */
        for (int k = 0; k < c->slots; k++) {
            c->row_timestep[i * c->slots + k] = (float)c->schedule->timestep[step];
            c->row_class[i * c->slots + k] = c->labels[k].class;
            c->row_style[i * c->slots + k] = c->labels[k].style;
        }
    }
    edt_network_modulate(c->network, edt_conditions_rows(c), c->row_timestep, c->row_class,
                         c->row_style);
}

void edt_conditions_at(EdtConditions *c, int s, int *row)
{
    if (s > c->first || s <= c->first - c->slice)
        compute(c, s);
    for (int i = 0; i < c->N; i++)
        row[i] = (c->first - s) * c->slots + (is_late(c, i, s) ? c->late : c->slot)[i];
}
