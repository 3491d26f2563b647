/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names and keywords together.  A word of a name that is a keyword, too, says what the thing is; a
 * keyword alone is worth as much as it is telling; a name that only begins so is meant where no
 * other does.  What finds nothing is tried as a word of another language, then as a slip.
 */
#include "model/meaning.h"
#include "model/keywords.h"
#include "settings.h"

#include <string.h>

/* Best first; LEVEL_WORD and better are whole words. */
typedef enum {
    LEVEL_FULL,    /* "crane": crane */
    LEVEL_MEANT,   /* "sofa": couch and lamp */
    LEVEL_BOTH,    /* "clock": alarm clock, whose keyword it is */
    LEVEL_TELLING, /* "earth": globe showing Americas */
    LEVEL_LAST,    /* "retriever": golden retriever; English puts the thing itself last */
    LEVEL_WORD,    /* "golden" */
    LEVEL_KIND,    /* "dog", "dogs" */
    LEVEL_KEYWORD, /* "cheerful": birthday cake */
    LEVEL_PREFIX,  /* "gold": goldfish */
    LEVEL_LATER,   /* "retr": a later word begins so */
    LEVEL_END,     /* "bee": honeybee */
    LEVEL_BEGUN,   /* "vehi": a keyword begins so */
    LEVEL_INSIDE,  /* "triev" */
    LEVEL_NONE,
} Level;

#define FINE 1000
#define RANK(level, fine) ((int)(level)*FINE + (fine))

static Level level_at(const char *name, const char *at, gsize length)
{
    gboolean begins = at == name || at[-1] == ' ';
    char after = at[length];
    if (begins && !after)
        return at == name ? LEVEL_FULL : LEVEL_LAST;
    if (begins && after == ' ')
        return LEVEL_WORD;
    if (begins)
        return at == name ? LEVEL_PREFIX : LEVEL_LATER;
    return !after || after == ' ' ? LEVEL_END : LEVEL_INSIDE;
}

static Level level_in(const char *name, const char *query)
{
    Level best = LEVEL_NONE;
    for (const char *at = strstr(name, query); at; at = strstr(at + 1, query))
        best = MIN(best, level_at(name, at, strlen(query)));
    return best;
}

/* list: names with ", " between them, the first one before its synonyms. */
static int rank_in(const char *list, const char *query)
{
    g_autofree char *whole = edt_search_fold(list);
    g_auto(GStrv) names = g_strsplit(whole, ", ", -1);
    int rank = strcmp(whole, query) == 0 ? RANK(LEVEL_FULL, 0) : RANK(LEVEL_NONE, 0);
    for (int i = 0; names[i]; i++)
        rank = MIN(rank, RANK(level_in(names[i], query), i > 0));
    return rank;
}

/* The label is what somebody sees; the name in English is found as well. */
static int rank_name(const EdtNames *names, int index, const char *query)
{
    if (names->known)
        return rank_in(names->known[index].synonyms, query);
    int rank = rank_in(names->own[index], query) + (names->labels ? 1 : 0);
    return names->labels ? MIN(rank, rank_in(names->labels[index], query)) : rank;
}

/* Who is asked, and in which languages. */
typedef struct {
    const EdtNames *names;
    const char *query;
    int places[EDT_LANGUAGES_MAX], n_places;
} Search;

/* As edt_keywords_telling(), twice as fine: the user's own language goes before English. */
static int telling_of(const Search *search, int index)
{
    const EdtKeywords *known =
        search->names->own ? edt_keywords_of(search->names->own[index]) : NULL;
    int best = 2 * EDT_TELLING_NONE;
    for (int i = 0; known && i < search->n_places; i++)
        best =
            MAX(best, 2 * edt_keywords_telling(known->words[search->places[i]], search->query) - i);
    return best;
}

static int rank_keyword(int telling)
{
    const int meant = 2 * EDT_TELLING_MEANT;
    if (telling >= meant - 1)
        return RANK(LEVEL_MEANT, meant - telling);
    if (telling >= 1)
        return RANK(LEVEL_TELLING, meant - telling);
    if (telling >= -1)
        return RANK(LEVEL_KEYWORD, -telling);
    return telling > EDT_TELLING_NONE ? RANK(LEVEL_BEGUN, -telling) : RANK(LEVEL_NONE, 0);
}

static int rank_of(const Search *search, int index)
{
    const EdtNames *names = search->names;
    int name = rank_name(names, index, search->query), telling = telling_of(search, index);
    Level level = (Level)(name / FINE);
    if (names->known && edt_search_has_kind(names->kinds[index], search->query))
        name = MIN(name, RANK(LEVEL_KIND, 0));
    if (level == LEVEL_FULL || telling < -1)
        return MIN(name, rank_keyword(telling));
    if (level == LEVEL_LAST || level == LEVEL_WORD)
        return MIN(RANK(LEVEL_BOTH, (level == LEVEL_WORD) * 100 + 2 * EDT_TELLING_MEANT - telling),
                   rank_keyword(telling));
    return MIN(name, rank_keyword(telling));
}

static gint compare_hits(gconstpointer a, gconstpointer b)
{
    const EdtHit *one = a, *two = b;
    return one->rank != two->rank ? one->rank - two->rank : one->index - two->index;
}

static GArray *hits_of(const Search *search)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(EdtHit));
    for (int index = 0; *search->query && index < search->names->n_named; index++) {
        EdtHit hit = {index, rank_of(search, index)};
        if (hit.rank < RANK(LEVEL_NONE, 0))
            g_array_append_val(hits, hit);
    }
    g_array_sort(hits, compare_hits);
    return hits;
}

static Level level_of(const GArray *hits, guint i)
{
    return i < hits->len ? (Level)(g_array_index(hits, EdtHit, i).rank / FINE) : LEVEL_NONE;
}

/* A whole word, or the one class that has it as a keyword or begins so. */
static gboolean is_meant(const GArray *hits)
{
    Level first = level_of(hits, 0), second = level_of(hits, 1);
    if (first == LEVEL_KEYWORD)
        return second > LEVEL_KEYWORD;
    return first <= LEVEL_KIND ||
           ((first == LEVEL_PREFIX || first == LEVEL_LATER) && second > LEVEL_LATER);
}

/* "loewe": the German way to write "löwe" without its dots. */
static char *without_umlauts(const char *query)
{
    GString *plain = g_string_new(query);
    g_string_replace(plain, "ae", "a", 0);
    g_string_replace(plain, "oe", "o", 0);
    g_string_replace(plain, "ue", "u", 0);
    return g_string_free(plain, FALSE);
}

/* Only where nothing is found: words of the languages that the user does not speak with us. */
static GArray *hits_abroad(Search search)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(EdtHit));
    search.n_places = EDT_LANGUAGES_MAX;
    for (int i = 0; i < EDT_LANGUAGES_MAX; i++)
        search.places[i] = i;
    for (int index = 0; *search.query && index < search.names->n_named; index++) {
        const EdtKeywords *known =
            search.names->own ? edt_keywords_of(search.names->own[index]) : NULL;
        int telling = EDT_TELLING_NONE;
        for (int i = 0; known && i < EDT_LANGUAGES_MAX; i++)
            telling = MAX(telling, edt_keywords_telling(known->words[i], search.query));
        EdtHit hit = {index, rank_keyword(2 * telling)};
        if (hit.rank < RANK(LEVEL_BEGUN, 0))
            g_array_append_val(hits, hit);
    }
    g_array_sort(hits, compare_hits);
    return hits;
}

/* One slip in a short word, two in a long one. */
static GArray *hits_misspelled(const EdtNames *names, const char *query)
{
    GArray *hits = edt_search_nearest(names, query);
    gsize length = strlen(query);
    int limit = length < 4 ? 0 : length < 7 ? 2 : 3;
    guint n = 0;
    while (n < hits->len && g_array_index(hits, EdtHit, n).rank < limit)
        n++;
    g_array_set_size(hits, n);
    return hits;
}

GArray *edt_meaning_search(const EdtNames *names, const char *query, gboolean *meant)
{
    Search search = {.names = names, .query = query};
    g_autofree char *plain = without_umlauts(query);
    search.n_places = edt_keywords_languages(search.places);
    GArray *hits = hits_of(&search);
    if (!hits->len && strcmp(plain, query) != 0) {
        g_array_unref(hits);
        search.query = plain;
        hits = hits_of(&search);
        search.query = query;
    }
    *meant = is_meant(hits);
    if (hits->len)
        return hits;
    g_array_unref(hits);
    hits = hits_abroad(search);
    *meant = is_meant(hits);
    if (hits->len)
        return hits;
    g_array_unref(hits);
    return hits_misspelled(names, query);
}
