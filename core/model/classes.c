/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model can draw: its classes, and how a person's words find one of them.
 * The start of the journey: a request wants a class index (edt.h, EdtItem).  The 1000 ImageNet
 * classes are part of the library (data/classes/imagenet.tsv); other models bring their own names.
 *
 * Everything is compared folded: without case, with one space for blanks, "-" and "_", without
 * apostrophes.  A class matches as well as the best of its names does; see Match.
 */
#include "edt.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- the names ---- */

#define ROW(index, synset, name, synonyms, kinds) {index, name, synonyms, synset},
static const EdtClass imagenet[] = {
#include "imagenet-classes.inc"
};
#undef ROW

/* Wider notions of each class, nearest first: "retriever, sporting dog, hunting dog, dog, ...". */
#define ROW(index, synset, name, synonyms, kinds) kinds,
static const char *const imagenet_kinds[] = {
#include "imagenet-classes.inc"
};
#undef ROW

const EdtClass *edt_imagenet_classes(int *n_classes)
{
    if (n_classes)
        *n_classes = (int)G_N_ELEMENTS(imagenet);
    return imagenet;
}

/* The classes of one model, with or without names. */
typedef struct {
    int n;       /* classes */
    int n_named; /* the first n_named of them have names */
    gboolean is_imagenet;
    char **own;    /* names of the model's own; borrowed */
    char **labels; /* the same in the user's language; borrowed, or NULL */
} Classes;

static Classes classes_of(const EdtModelInfo *info)
{
    const int n_imagenet = (int)G_N_ELEMENTS(imagenet);
    if (!info)
        return (Classes){.n = n_imagenet, .n_named = n_imagenet, .is_imagenet = TRUE};
    Classes classes = {.n = MAX(info->n_classes, 0)};
    if (info->class_list == EDT_CLASSES_IMAGENET) {
        classes.is_imagenet = TRUE;
        classes.n_named = MIN(classes.n, n_imagenet);
    } else if (info->class_list == EDT_CLASSES_OWN && info->class_names) {
        classes.own = info->class_names;
        classes.labels = info->class_labels;
        classes.n_named = (int)MIN((guint)classes.n, g_strv_length(info->class_names));
    }
    return classes;
}

static const char *first_name(const Classes *classes, int index)
{
    return classes->is_imagenet ? imagenet[index].name : classes->own[index];
}

static const char *all_names(const Classes *classes, int index)
{
    return classes->is_imagenet ? imagenet[index].synonyms : classes->own[index];
}

char *edt_class_name(const EdtModelInfo *info, int class_index)
{
    Classes classes = classes_of(info);
    if (class_index >= 0 && class_index < classes.n_named)
        return g_strdup(first_name(&classes, class_index));
    if (class_index == classes.n)
        return g_strdup("no class");
    return g_strdup_printf("class %d", class_index);
}

char *edt_class_label(const EdtModelInfo *info, int class_index)
{
    Classes classes = classes_of(info);
    if (class_index >= 0 && class_index < classes.n_named)
        return g_strdup(classes.labels ? classes.labels[class_index]
                                       : first_name(&classes, class_index));
    if (class_index == classes.n)
        return g_strdup(_("no class"));
    return g_strdup_printf(_("class %d"), class_index);
}

/* ---- words ---- */

static char *fold(const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    char *normal = g_utf8_normalize(valid, -1, G_NORMALIZE_ALL);
    char *lower = g_utf8_casefold(normal, -1);
    GString *folded = g_string_new(NULL);
    for (const char *p = lower; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\'' || c == 0x2019)
            continue;
        if (c != '-' && c != '_' && !g_unichar_isspace(c))
            g_string_append_unichar(folded, c);
        else if (folded->len && folded->str[folded->len - 1] != ' ')
            g_string_append_c(folded, ' ');
    }
    g_free(valid);
    g_free(normal);
    g_free(lower);
    return g_strchomp(g_string_free(folded, FALSE));
}

#define LENGTH_MAX 48 /* bytes; longer texts are not misspellings of anything */

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal string
 * alignment), or LENGTH_MAX where one of them is too long. */
static int spelling_distance(const char *a, const char *b)
{
    int n_a = (int)strlen(a), n_b = (int)strlen(b);
    if (n_a > LENGTH_MAX || n_b > LENGTH_MAX)
        return LENGTH_MAX;
    int rows[3][LENGTH_MAX + 1];
    for (int j = 0; j <= n_b; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n_a; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= n_b; j++) {
            row[j] = MIN(above[j - 1] + (a[i - 1] != b[j - 1]), MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], above2[j - 2] + 1);
        }
    }
    return rows[n_a % 3][n_b];
}

/* The least distance of query from a name as a whole or from one of its words. */
static int name_distance(const char *name, const char *query)
{
    int least = spelling_distance(name, query);
    char **words = g_strsplit(name, " ", -1);
    for (int i = 0; words[i]; i++)
        least = MIN(least, spelling_distance(words[i], query));
    g_strfreev(words);
    return least;
}

/* ---- how well a class matches ---- */

/* Best first.  "cat" finds the cats (LAST_WORD) before "catamaran" (PREFIX). */
typedef enum {
    MATCH_FULL,      /* the name itself */
    MATCH_LAST_WORD, /* "retriever": golden retriever; English puts the thing itself last */
    MATCH_WORD,      /* "golden" */
    MATCH_KIND,      /* "dog", "dogs" */
    MATCH_PREFIX,    /* "gold": goldfish */
    MATCH_BEGINNING, /* "retr": a later word begins so */
    MATCH_INSIDE,    /* "triev" */
    MATCH_NONE,
} Match;

static Match match_name(const char *name, const char *query)
{
    gsize length = strlen(query);
    Match best = MATCH_NONE;
    for (const char *at = strstr(name, query); at; at = strstr(at + 1, query)) {
        gboolean begins = at == name || at[-1] == ' ';
        gboolean ends = at[length] == '\0';
        Match match = MATCH_INSIDE;
        if (begins && ends)
            match = at == name ? MATCH_FULL : MATCH_LAST_WORD;
        else if (begins && at[length] == ' ')
            match = MATCH_WORD;
        else if (begins)
            match = at == name ? MATCH_PREFIX : MATCH_BEGINNING;
        best = MIN(best, match);
    }
    return best;
}

static gboolean has_kind(const char *kinds, const char *query)
{
    gboolean found = FALSE;
    char **each = g_strsplit(kinds, ", ", -1);
    for (int i = 0; each[i] && !found; i++) {
        char *kind = fold(each[i]);
        const char *rest = g_str_has_prefix(query, kind) ? query + strlen(kind) : NULL;
        found = rest && (*rest == '\0' || strcmp(rest, "s") == 0);
        g_free(kind);
    }
    g_strfreev(each);
    return found;
}

/* One found class.  rank is twice the match, plus one where only a synonym matches. */
typedef struct {
    int index;
    int rank;
} Hit;

#define RANK(match) (2 * (int)(match))

/* list: names with ", " between them, the first one before its synonyms. */
static int rank_names(const char *list, const char *query)
{
    char *whole = fold(list);
    int rank = strcmp(whole, query) == 0 ? RANK(MATCH_FULL) : RANK(MATCH_NONE);
    char **names = g_strsplit(whole, ", ", -1);
    for (int i = 0; names[i]; i++) {
        Match match = match_name(names[i], query);
        if (match != MATCH_NONE)
            rank = MIN(rank, RANK(match) + (i > 0));
    }
    g_strfreev(names);
    g_free(whole);
    return rank;
}

/* A label ranks as a synonym: a saved name finds its class, whatever others are called here. */
static int rank_class(const Classes *classes, int index, const char *query)
{
    int rank = rank_names(all_names(classes, index), query);
    if (classes->labels)
        rank = MIN(rank, rank_names(classes->labels[index], query) | 1);
    if (classes->is_imagenet && rank > RANK(MATCH_KIND) && has_kind(imagenet_kinds[index], query))
        rank = RANK(MATCH_KIND);
    return rank;
}

static int names_distance(const char *list, const char *query)
{
    int least = LENGTH_MAX;
    char *whole = fold(list);
    char **names = g_strsplit(whole, ", ", -1);
    for (int i = 0; names[i]; i++)
        least = MIN(least, name_distance(names[i], query));
    g_strfreev(names);
    g_free(whole);
    return least;
}

static int misspelling_rank(const Classes *classes, int index, const char *query)
{
    int own = names_distance(all_names(classes, index), query);
    return classes->labels ? MIN(own, names_distance(classes->labels[index], query)) : own;
}

static gint compare_hits(gconstpointer a, gconstpointer b)
{
    const Hit *one = a, *two = b;
    return one->rank != two->rank ? one->rank - two->rank : one->index - two->index;
}

typedef int (*Ranking)(const Classes *classes, int index, const char *query);

/* The classes whose rank is below limit, best first. */
static GArray *hits_below(const Classes *classes, const char *query, Ranking ranking, int limit)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    for (int index = 0; *query && index < classes->n_named; index++) {
        Hit hit = {index, ranking(classes, index, query)};
        if (hit.rank < limit)
            g_array_append_val(hits, hit);
    }
    g_array_sort(hits, compare_hits);
    return hits;
}

/* Misspellings only where nothing is spelled so: one slip in a short word, two in a long one. */
static GArray *search_names(const Classes *classes, const char *query)
{
    GArray *hits = hits_below(classes, query, rank_class, RANK(MATCH_NONE));
    gsize length = strlen(query);
    if (hits->len || length < 4)
        return hits;
    g_array_unref(hits);
    return hits_below(classes, query, misspelling_rank, length < 7 ? 2 : 3);
}

/* ---- numbers ---- */

enum { NOT_A_NUMBER = -1, OUT_OF_RANGE = -2 };

/* The class that text names by its index or synset id. */
static int numbered_class(const Classes *classes, const char *text)
{
    char *number = g_strstrip(g_strdup(text));
    int index = NOT_A_NUMBER;
    const char *digits = number + (*number == '-' || *number == '+');
    if (*digits && !digits[strspn(digits, "0123456789")]) {
        errno = 0;
        gint64 value = g_ascii_strtoll(number, NULL, 10);
        gboolean fits = errno == 0 && value >= 0 && value < classes->n;
        index = fits ? (int)value : OUT_OF_RANGE;
    }
    for (int i = 0; classes->is_imagenet && index == NOT_A_NUMBER && i < classes->n_named; i++) {
        if (g_ascii_strcasecmp(imagenet[i].synset, number) == 0)
            index = i;
    }
    g_free(number);
    return index;
}

int *edt_class_search(const EdtModelInfo *info, const char *text)
{
    Classes classes = classes_of(info);
    char *query = fold(text);
    int numbered = numbered_class(&classes, text);
    GArray *hits = search_names(&classes, query);
    int *found = g_new(int, hits->len + 2);
    int n = 0;
    if (numbered >= 0)
        found[n++] = numbered;
    for (guint i = 0; i < hits->len; i++) {
        int index = g_array_index(hits, Hit, i).index;
        if (index != numbered)
            found[n++] = index;
    }
    found[n] = -1;
    g_array_unref(hits);
    g_free(query);
    return found;
}

/* ---- one class, or an error that helps ---- */

#define CANDIDATES_MAX 5

/* "crane (134, wading bird), crane (517, lifting device)"; the kind only where it is asked for. */
static char *list_candidates(const Classes *classes, const GArray *hits, guint n, gboolean kinds)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < MIN(n, CANDIDATES_MAX); i++) {
        int index = g_array_index(hits, Hit, i).index;
        g_string_append_printf(list, "%s%s (%d", i ? ", " : "", first_name(classes, index), index);
        const char *kind = kinds && classes->is_imagenet ? imagenet_kinds[index] : "";
        int length = (int)strcspn(kind, ",");
        g_string_append_printf(list, "%s%.*s)", length ? ", " : "", length, kind);
    }
    if (n > CANDIDATES_MAX)
        g_string_append_printf(list, _(" and %u more"), n - CANDIDATES_MAX);
    return g_string_free(list, FALSE);
}

static int fail_unknown(const Classes *classes, const char *text, const char *query, GError **error)
{
    if (!classes->n_named) {
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_USAGE,
            _("Unknown class “%s”. This model does not name its classes: give a number from 0 "
              "to %d."),
            text, classes->n - 1);
        return -1;
    }
    GArray *nearest = hits_below(classes, query, misspelling_rank, LENGTH_MAX);
    char *list = list_candidates(classes, nearest, MIN(nearest->len, 3), FALSE);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                *list ? _("Unknown class “%s”. Nearest: %s.") : _("Unknown class “%s”.%s"), text,
                list);
    g_free(list);
    g_array_unref(nearest);
    return -1;
}

static int fail_ambiguous(const Classes *classes, const char *text, const GArray *hits, guint n,
                          GError **error)
{
    gboolean same_name = g_array_index(hits, Hit, 0).rank <= RANK(MATCH_FULL) + 1;
    char *list = list_candidates(classes, hits, n, same_name);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                same_name ? _("Class “%s” is the name of %u classes: %s. Give the number.")
                          : _("Class “%s” fits %u classes: %s. Give a number or a whole name."),
                text, n, list);
    g_free(list);
    return -1;
}

/* A full name has to be the only one, else a full synonym, else whatever fits at all. */
static int find_name(const Classes *classes, const char *text, const char *query, GError **error)
{
    GArray *hits = hits_below(classes, query, rank_class, RANK(MATCH_NONE));
    if (!hits->len) {
        g_array_unref(hits);
        return fail_unknown(classes, text, query, error);
    }
    const Hit *best = &g_array_index(hits, Hit, 0);
    guint n = hits->len;
    if (best->rank <= RANK(MATCH_FULL) + 1) {
        for (n = 1; n < hits->len && g_array_index(hits, Hit, n).rank == best->rank;)
            n++;
    }
    int found = n == 1 ? best->index : fail_ambiguous(classes, text, hits, n, error);
    g_array_unref(hits);
    return found;
}

int edt_class_find(const EdtModelInfo *info, const char *text, GError **error)
{
    Classes classes = classes_of(info);
    int found = numbered_class(&classes, text);
    if (found == OUT_OF_RANGE) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("There is no class %s: this model's classes go from 0 to %d."), text,
                    classes.n - 1);
        return -1;
    }
    if (found != NOT_A_NUMBER)
        return found;
    char *query = fold(text);
    if (*query)
        found = find_name(&classes, text, query, error);
    else
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                            _("The class is empty: give a number or a name."));
    g_free(query);
    return found;
}
