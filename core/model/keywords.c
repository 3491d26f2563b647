/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of keywords; see keywords.h.  A cell is "+car|5automobile|0driving": words as
 * edt_search_fold() leaves them, each behind a digit that says how telling it is (0..9), or behind
 * "+" where it is meant.
 */
#include "model/keywords.h"
#include "model/names.h"

#include <stdlib.h>
#include <string.h>

#define LANGUAGES(...) static const char *const languages[] = {__VA_ARGS__};
#define ROW(...)
#include "class-keywords.inc"
#undef LANGUAGES
#undef ROW

#define LANGUAGES(...)
#define ROW(name, ...) {name, {__VA_ARGS__}},
static const EdtKeywords rows[] = {
#include "class-keywords.inc"
};
#undef LANGUAGES
#undef ROW

G_STATIC_ASSERT(G_N_ELEMENTS(languages) <= EDT_LANGUAGES_MAX);

static int compare(const void *name, const void *row)
{
    return strcmp(name, ((const EdtKeywords *)row)->name);
}

const EdtKeywords *edt_keywords_of(const char *class_name)
{
    return bsearch(class_name, rows, G_N_ELEMENTS(rows), sizeof *rows, compare);
}

int edt_keywords_languages(int places[EDT_LANGUAGES_MAX])
{
    int n = 0, english = 0;
    for (int i = 0; i < (int)G_N_ELEMENTS(languages); i++)
        if (strcmp(languages[i], "en") == 0)
            english = i;
    for (const char *const *user = g_get_language_names(); *user && n < 4; user++)
        for (int i = 0; i < (int)G_N_ELEMENTS(languages); i++)
            if (i != english && strcmp(edt_language_listed(*user), languages[i]) == 0 &&
                (n == 0 || places[n - 1] != i))
                places[n++] = i;
    places[n++] = english;
    return n;
}

/* A letter more or less at the end, or two, is one and several of a thing in English. */
static gboolean is_same(const char *word, gsize length, const char *query, gsize asked)
{
    gsize common = MIN(length, asked), longer = MAX(length, asked);
    const char *rest = length > asked ? word : query;
    if (strncmp(word, query, common) != 0)
        return FALSE;
    return longer == common || (longer == common + 1 && rest[common] == 's') ||
           (longer == common + 2 && strncmp(rest + common, "es", 2) == 0);
}

int edt_keywords_telling(const char *words, const char *query)
{
    int best = EDT_TELLING_NONE;
    gsize asked = strlen(query);
    for (const char *at = words; at && *at;) {
        gsize length = strcspn(at + 1, "|");
        int telling = *at == '+' ? EDT_TELLING_MEANT : *at - '0';
        if (is_same(at + 1, length, query, asked))
            best = MAX(best, telling);
        else if (length > asked && strncmp(at + 1, query, asked) == 0)
            best = MAX(best, EDT_TELLING_BEGINS - (EDT_TELLING_MEANT - telling));
        at += 1 + length + (at[1 + length] == '|');
    }
    return best;
}
