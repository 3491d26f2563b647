/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See conditions.h.  Next: network/condition.c, which computes the rows.
 */
#include "sample/conditions.h"

/* Of a sample; those behind the pictures are guidance's: no class in no style. */
static EdtLabels labels_of(const EdtConditions *c, int sample)
{
    const EdtVariant *v = edt_network_variant(c->network);
    if (sample >= c->pictures)
        return (EdtLabels){v->n_classes, v->n_styles};
    const EdtItem *item = &c->items[sample];
    const gboolean styled = v->n_styles && item->style != EDT_STYLE_ANY;
    return (EdtLabels){item->class_index, styled ? item->style : v->n_styles};
}

static gboolean same(EdtLabels a, EdtLabels b)
{
    return a.class == b.class && a.style == b.style;
}

/* Samples that ask for what none before them did. */
static int count_slots(const EdtConditions *c)
{
    int slots = 0;
    for (int i = 0; i < c->N; i++) {
        gboolean seen = FALSE;
        for (int k = 0; k < i && !seen; k++)
            seen = same(labels_of(c, k), labels_of(c, i));
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
                         const EdtItem *items, int pictures, gboolean guided)
{
    *c = (EdtConditions){
        .network = network,
        .schedule = schedule,
        .items = items,
        .pictures = pictures,
        .N = guided ? 2 * pictures : pictures,
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
    c->row_class = edt_arena_take(host, rows * sizeof(int));
    c->row_style = edt_arena_take(host, rows * sizeof(int));
    c->row_timestep = edt_arena_take(host, rows * sizeof(float));
}

static int slot_for(const EdtConditions *c, int *used, EdtLabels labels)
{
    for (int k = 0; k < *used; k++)
        if (same(c->labels[k], labels))
            return k;
    c->labels[*used] = labels;
    return (*used)++;
}

void edt_conditions_assign(EdtConditions *c)
{
    int used = 0;
    for (int i = 0; i < c->N; i++)
        c->slot[i] = slot_for(c, &used, labels_of(c, i));
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
        row[i] = (c->first - s) * c->slots + c->slot[i];
}
