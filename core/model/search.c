/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How well names match what a person typed; see search.h.
 *
 * Everything is compared folded: without case, with one space for blanks, "-" and "_", without
 * apostrophes and accents.  An entry matches as well as the best of its names does; see Match.
 */
#include "model/search.h"
#include "settings.h"

#include <errno.h>
#include <string.h>

/* ---- words ---- */

/* Scripts whose letters are looked for with and without their marks; those of Japanese make other
 * letters of them. */
static gboolean has_accents(gunichar base)
{
    GUnicodeScript script = g_unichar_get_script(base);
    return script == G_UNICODE_SCRIPT_LATIN || script == G_UNICODE_SCRIPT_GREEK ||
           script == G_UNICODE_SCRIPT_CYRILLIC;
}

char *edt_search_fold(const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    char *normal = g_utf8_normalize(valid, -1, G_NORMALIZE_ALL);
    char *lower = g_utf8_casefold(normal, -1);
    GString *folded = g_string_new(NULL);
    gunichar base = 0;
    for (const char *p = lower; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gboolean mark = g_unichar_type(c) == G_UNICODE_NON_SPACING_MARK;
        if (c == '\'' || c == 0x2019 || (mark && has_accents(base)))
            continue;
        base = mark ? base : c;
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

/* The least distance of query from a name as a whole or from one of its words. */
static int name_distance(const char *name, const char *query)
{
    int least = edt_spelling_distance(name, query);
    char **words = g_strsplit(name, " ", -1);
    for (int i = 0; words[i]; i++)
        least = MIN(least, edt_spelling_distance(words[i], query));
    g_strfreev(words);
    return least;
}

/* ---- how well an entry matches ---- */

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

gboolean edt_search_has_kind(const char *kinds, const char *query)
{
    gboolean found = FALSE;
    char **each = g_strsplit(kinds, ", ", -1);
    for (int i = 0; each[i] && !found; i++) {
        char *kind = edt_search_fold(each[i]);
        const char *rest = g_str_has_prefix(query, kind) ? query + strlen(kind) : NULL;
        found = rest && (*rest == '\0' || strcmp(rest, "s") == 0);
        g_free(kind);
    }
    g_strfreev(each);
    return found;
}

/* Plus one where only a synonym matches. */
#define RANK(match) (2 * (int)(match))

G_STATIC_ASSERT(RANK(MATCH_FULL) + 1 == EDT_HIT_WHOLE);

/* list: names with ", " between them, the first one before its synonyms. */
static int rank_names(const char *list, const char *query)
{
    char *whole = edt_search_fold(list);
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

static const char *all_names(const EdtNames *names, int index)
{
    return names->known ? names->known[index].synonyms : names->own[index];
}

/* A label ranks as a synonym: a saved name finds its entry, whatever others are called here. */
static int spelled_rank(const EdtNames *names, int index, const char *query)
{
    int rank = rank_names(all_names(names, index), query);
    if (names->labels)
        rank = MIN(rank, rank_names(names->labels[index], query) | 1);
    if (names->known && rank > RANK(MATCH_KIND) && edt_search_has_kind(names->kinds[index], query))
        rank = RANK(MATCH_KIND);
    return rank;
}

static int names_distance(const char *list, const char *query)
{
    int least = EDT_SPELLING_MAX;
    char *whole = edt_search_fold(list);
    char **names = g_strsplit(whole, ", ", -1);
    for (int i = 0; names[i]; i++)
        least = MIN(least, name_distance(names[i], query));
    g_strfreev(names);
    g_free(whole);
    return least;
}

static int misspelled_rank(const EdtNames *names, int index, const char *query)
{
    int own = names_distance(all_names(names, index), query);
    return names->labels ? MIN(own, names_distance(names->labels[index], query)) : own;
}

static gint compare_hits(gconstpointer a, gconstpointer b)
{
    const EdtHit *one = a, *two = b;
    return one->rank != two->rank ? one->rank - two->rank : one->index - two->index;
}

typedef int (*Ranking)(const EdtNames *names, int index, const char *query);

static GArray *hits_below(const EdtNames *names, const char *query, Ranking ranking, int limit)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(EdtHit));
    for (int index = 0; *query && index < names->n_named; index++) {
        EdtHit hit = {index, ranking(names, index, query)};
        if (hit.rank < limit)
            g_array_append_val(hits, hit);
    }
    g_array_sort(hits, compare_hits);
    return hits;
}

GArray *edt_search_spelled(const EdtNames *names, const char *query)
{
    return hits_below(names, query, spelled_rank, RANK(MATCH_NONE));
}

GArray *edt_search_nearest(const EdtNames *names, const char *query)
{
    return hits_below(names, query, misspelled_rank, EDT_SPELLING_MAX);
}

/* ---- whole names ---- */

/* "é" in one character or two, "É": not more, or "①" would be "1". */
char *edt_search_fold_case(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *composed = g_utf8_normalize(valid, -1, G_NORMALIZE_DEFAULT);
    g_autofree char *lower = g_utf8_casefold(composed, -1);
    return g_utf8_normalize(lower, -1, G_NORMALIZE_DEFAULT);
}

static gboolean is_name(const char *name, const char *text, gboolean folded)
{
    g_autofree char *plain = folded ? edt_search_fold_case(name) : NULL;
    return strcmp(plain ? plain : name, text) == 0;
}

static gboolean is_one_of(const char *list, const char *text, gboolean folded)
{
    g_auto(GStrv) names = g_strsplit(list, ", ", -1);
    gboolean found = is_name(list, text, folded);
    for (int i = 0; names[i] && !found; i++)
        found = is_name(names[i], text, folded);
    return found;
}

static gboolean is_named(const EdtNames *names, int index, const char *text, gboolean folded,
                         gboolean first)
{
    if (first)
        return is_name(names->known ? names->known[index].name : names->own[index], text, folded);
    return (names->known && is_one_of(names->known[index].synonyms, text, folded)) ||
           (names->labels && is_one_of(names->labels[index], text, folded));
}

GArray *edt_search_whole(const EdtNames *names, const char *text)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(EdtHit));
    g_autofree char *plain = edt_search_fold_case(text);
    const int passes = text[strspn(text, "0123456789")] ? 4 : 2; /* digits have no case */
    for (int pass = 0; pass < passes && !hits->len && *text; pass++) {
        gboolean folded = pass >= 2, first = pass % 2 == 0;
        for (int index = 0; index < names->n_named; index++) {
            const EdtHit hit = {index, first ? 0 : EDT_HIT_WHOLE};
            if (is_named(names, index, folded ? plain : text, folded, first))
                g_array_append_val(hits, hit);
        }
    }
    return hits;
}

static void add_list(GHashTable *set, const char *list)
{
    g_auto(GStrv) names = g_strsplit(list, ", ", -1);
    g_hash_table_add(set, edt_search_fold_case(list));
    for (int i = 0; names[i]; i++)
        g_hash_table_add(set, edt_search_fold_case(names[i]));
}

/* All whole names, folded by case and composition alone. */
static GHashTable *set_of(const EdtNames *names)
{
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int index = 0; index < names->n_named; index++) {
        if (names->known)
            add_list(set, names->known[index].synonyms);
        else
            g_hash_table_add(set, edt_search_fold_case(names->own[index]));
        if (names->labels)
            add_list(set, names->labels[index]);
    }
    return set;
}

/* ---- lists ---- */

#define PIECES_MAX 32 /* of one name */

static char *join(char **pieces, int n)
{
    char *after = pieces[n];
    pieces[n] = NULL;
    char *text = g_strstrip(g_strjoinv(",", pieces));
    pieces[n] = after;
    return text;
}

/* How many of n pieces, from the first on, make a whole name; 1: no more than one. */
static int pieces_of_name(GHashTable *set, char **pieces, int n)
{
    for (int k = MIN(n, PIECES_MAX); k > 1; k--) {
        g_autofree char *text = join(pieces, k), *folded = edt_search_fold_case(text);
        if (g_hash_table_contains(set, folded))
            return k;
    }
    return 1;
}

char **edt_search_split(const EdtNames *names, const char *list)
{
    g_auto(GStrv) pieces = g_strsplit(list, ",", -1);
    g_autoptr(GHashTable) set = set_of(names);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const int n = (int)g_strv_length(pieces);
    if (n == 0) /* not of g_strsplit(): an empty text is a text */
        g_strv_builder_add(builder, "");
    for (int i = 0, taken; i < n; i += taken) {
        taken = pieces_of_name(set, pieces + i, n - i);
        g_autofree char *text = join(pieces + i, taken);
        g_strv_builder_add(builder, text);
    }
    return g_strv_builder_end(builder);
}

/* ---- numbers ---- */

static gboolean is_bare(const char *pattern, int index, const char *query)
{
    g_autoptr(GString) name = g_string_new(pattern);
    g_autofree char *number = g_strdup_printf("%d", index);
    g_string_replace(name, "%d", number, 1);
    g_autofree char *folded = edt_search_fold(name->str);
    return strcmp(folded, query) == 0;
}

/* "class 3", where that one has no name. */
static int find_bare(const EdtNames *names, const char *text)
{
    gint64 index = g_ascii_strtoll(text + strcspn(text, "0123456789"), NULL, 10);
    if (!names->bare || index < names->n_named || index >= names->n)
        return EDT_NOT_A_NUMBER;
    g_autofree char *query = edt_search_fold(text);
    return is_bare(names->bare, (int)index, query) || is_bare(names->bare_label, (int)index, query)
               ? (int)index
               : EDT_NOT_A_NUMBER;
}

int edt_search_number(const EdtNames *names, const char *text)
{
    char *number = g_strstrip(g_strdup(text));
    int index = EDT_NOT_A_NUMBER;
    if (*number == '#') /* where a name looks like another one's number */
        memmove(number, number + 1, strlen(number));
    const char *digits = number + (*number == '-' || *number == '+');
    if (*digits && !digits[strspn(digits, "0123456789")]) {
        errno = 0;
        gint64 value = g_ascii_strtoll(number, NULL, 10);
        gboolean fits = errno == 0 && value >= 0 && value < names->n;
        index = fits ? (int)value : EDT_OUT_OF_RANGE;
    }
    for (int i = 0; names->known && index == EDT_NOT_A_NUMBER && i < names->n_named; i++) {
        if (g_ascii_strcasecmp(names->known[i].synset, number) == 0)
            index = i;
    }
    g_free(number);
    return index == EDT_NOT_A_NUMBER ? find_bare(names, text) : index;
}
