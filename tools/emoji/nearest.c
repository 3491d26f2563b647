/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which drawing is nearest?  For tools/evaluate-stickers:
 *
 *     edt-emoji-nearest DATASET <LIST >TABLE     LIST: asked class<TAB>file a line
 *     edt-emoji-nearest DATASET --validate [STYLE,STYLE...]   how far the distance can be trusted
 *
 * The styles of an argument are by one hand (noto,noto-v1).
 *
 * TABLE: asked class, file; nearest drawing of all: class, style, path, distance; style of the
 * drawing of that class that is nearest as a copy; nearest as a copy of those trained on: distance,
 * path.  drawings.h says what DATASET is, distance.h what near means.
 */
#include "distance.h"
#include "drawings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_LIST 48 /* looked at closely, of all */

typedef struct {
    float distance;
    int drawing;
} Near;

/* ---- looking ---- */

static int compare_near(const void *a, const void *b)
{
    float difference = ((const Near *)a)->distance - ((const Near *)b)->distance;
    return (difference > 0) - (difference < 0);
}

/* Styles in the mask are not looked at. */
static Near find_nearest(const Drawings *all, const EmojiQuestion *question, guint left_out)
{
    g_autofree Near *list = g_new(Near, all->n);
    Near best = {G_MAXFLOAT, -1};
    int n = 0;
    for (int i = 0; i < all->n; i++) {
        if (!(left_out & (1u << all->drawings[i].style)))
            list[n++] = (Near){emoji_distance_quick(question, &all->drawings[i].picture), i};
    }
    qsort(list, (size_t)n, sizeof *list, compare_near);
    for (int k = 0; k < MIN(n, SHORT_LIST); k++) {
        float distance = emoji_distance(question, &all->drawings[list[k].drawing].picture);
        if (distance < best.distance)
            best = (Near){distance, list[k].drawing};
    }
    return best;
}

/* A copy may be nearest to another picture in style-blind eyes: all that were trained on are looked
 * at. */
static Near nearest_copy(const Drawings *all, const EmojiQuestion *question)
{
    g_autofree Near *list = g_new(Near, all->n);
    Near best = {G_MAXFLOAT, -1};
    int n = 0;
    for (int i = 0; i < all->n; i++) {
        const Drawing *drawing = &all->drawings[i];
        if (!drawing->held_out)
            list[n++] = (Near){emoji_copy_distance(question->fine, drawing->picture.fine, 0), i};
    }
    qsort(list, (size_t)n, sizeof *list, compare_near);
    for (int k = 0; k < MIN(n, SHORT_LIST); k++) {
        const Drawing *drawing = &all->drawings[list[k].drawing];
        float distance =
            emoji_copy_distance(question->fine, drawing->picture.fine, EMOJI_COPY_SHIFT);
        if (distance < best.distance)
            best = (Near){distance, list[k].drawing};
    }
    return best;
}

/* The shape tells the class whatever the hand; the hand is told by colours, place by place, among
 * the drawings of that class.  One drawing may be left out. */
static Near nearest_hand(const Drawings *all, const EmojiQuestion *question, int class_index,
                         const Drawing *left_out)
{
    Near best = {G_MAXFLOAT, -1};
    for (int i = 0; i < all->n; i++) {
        const Drawing *drawing = &all->drawings[i];
        if (drawing->class_index != class_index || drawing == left_out)
            continue;
        float distance =
            emoji_copy_distance(question->fine, drawing->picture.fine, EMOJI_COPY_SHIFT);
        if (distance < best.distance)
            best = (Near){distance, i};
    }
    return best;
}

static void answer(const Drawings *all, const char *asked, const char *path)
{
    guint8 rgba[EMOJI_SIDE * EMOJI_SIDE * 4];
    EmojiQuestion question;
    drawings_read_png(path, rgba);
    emoji_question_from_rgba(&question, rgba);
    Near near = find_nearest(all, &question, 0);
    const Drawing *drawing = &all->drawings[near.drawing];
    Near hand = nearest_hand(all, &question, drawing->class_index, NULL);
    Near copy = nearest_copy(all, &question);
    printf("%s\t%s\t%d\t%s\t%s\t%.4f\t%s\t%.4f\t%s\n", asked, path, drawing->class_index,
           all->styles[drawing->style], drawing->path, (double)near.distance,
           all->styles[all->drawings[hand.drawing].style], (double)copy.distance,
           all->drawings[copy.drawing].path);
}

static void answer_all(const Drawings *all)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        g_auto(GStrv) fields = g_strsplit(g_strchomp(line), "\t", 2);
        if (fields[0] && fields[1])
            answer(all, fields[0], fields[1]);
    }
}

/* ---- validation ---- */

/* The style and those that are by the same hand.  families: "noto,noto-v1" ... */
static guint family_of(const Drawings *all, char **families, int style)
{
    guint mask = 1u << style;
    for (char **family = families; *family; family++) {
        g_auto(GStrv) members = g_strsplit(*family, ",", -1);
        if (!g_strv_contains((const char *const *)members, all->styles[style]))
            continue;
        for (int k = 0; all->styles[k]; k++) {
            if (g_strv_contains((const char *const *)members, all->styles[k]))
                mask |= 1u << k;
        }
    }
    return mask;
}

static void validate_style(const Drawings *all, int style, guint its_family, int counts[3])
{
    int here[3] = {0};
    for (int i = 0; i < all->n; i++) {
        const Drawing *drawing = &all->drawings[i];
        if (drawing->style != style)
            continue;
        Near alone = find_nearest(all, drawing->question, 1u << style);
        Near family = find_nearest(all, drawing->question, its_family);
        here[0]++;
        here[1] += all->drawings[alone.drawing].class_index == drawing->class_index;
        here[2] += all->drawings[family.drawing].class_index == drawing->class_index;
    }
    printf(
        "left out %-12s: %4d pictures, own class nearest %5.1f %%, without its family %5.1f %%\n",
        all->styles[style], here[0], 100.0 * here[1] / MAX(here[0], 1),
        100.0 * here[2] / MAX(here[0], 1));
    for (int k = 0; k < 3; k++)
        counts[k] += here[k];
}

static int compare_floats(const void *a, const void *b)
{
    float difference = *(const float *)a - *(const float *)b;
    return (difference > 0) - (difference < 0);
}

/* How near, as copies, are two drawings of one thing by different hands? */
static void validate_copies(const Drawings *all, const guint *families)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(float));
    for (int i = 0; i < all->n; i++) {
        for (int k = i + 1; k < all->n; k++) {
            const Drawing *a = &all->drawings[i], *b = &all->drawings[k];
            if (a->class_index != b->class_index || families[a->style] & (1u << b->style))
                continue;
            float distance =
                emoji_copy_distance(a->picture.fine, b->picture.fine, EMOJI_COPY_SHIFT);
            g_array_append_val(found, distance);
        }
    }
    qsort(found->data, found->len, sizeof(float), compare_floats);
    printf("as copies, one class by two hands: 1 %% below %.3f, 10 %% %.3f, half %.3f\n",
           (double)g_array_index(found, float, found->len / 100),
           (double)g_array_index(found, float, found->len / 10),
           (double)g_array_index(found, float, found->len / 2));
    g_array_unref(found);
}

/* Cells with several drawings: is the style of each that of its fellows? */
static void validate_hands(const Drawings *all)
{
    int count = 0, right = 0;
    for (int i = 0; i < all->n; i++) {
        const Drawing *drawing = &all->drawings[i];
        gboolean alone = TRUE;
        for (int k = 0; k < all->n && alone; k++)
            alone = k == i || all->drawings[k].class_index != drawing->class_index ||
                    all->drawings[k].style != drawing->style;
        if (alone)
            continue;
        Near near = nearest_hand(all, drawing->question, drawing->class_index, drawing);
        count++;
        right += all->drawings[near.drawing].style == drawing->style;
    }
    printf("one of several drawings of a class in a style: %d, own style nearest %.1f %%\n", count,
           100.0 * right / MAX(count, 1));
}

static void validate(const Drawings *all, char **by_one_hand)
{
    int counts[3] = {0};
    guint families[DRAWINGS_STYLES_MAX] = {0};
    for (int style = 0; all->styles[style]; style++) {
        families[style] = family_of(all, by_one_hand, style);
        validate_style(all, style, families[style], counts);
    }
    printf("left out, one by one: %d pictures, own class nearest %.1f %%, without its family "
           "%.1f %%\n",
           counts[0], 100.0 * counts[1] / MAX(counts[0], 1), 100.0 * counts[2] / MAX(counts[0], 1));
    validate_hands(all);
    validate_copies(all, families);
}

int main(int argc, char **argv)
{
    gboolean validating = argc > 2 && g_str_equal(argv[2], "--validate");
    if (argc != 2 && !validating) {
        fprintf(stderr, "Usage: edt-emoji-nearest DATASET [--validate [STYLE,STYLE...]]\n");
        return 2;
    }
    Drawings all = drawings_read(argv[1], validating);
    if (validating)
        validate(&all, argv + 3);
    else
        answer_all(&all);
    drawings_clear(&all);
    return 0;
}
