/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Other words for what a class pictures: Unicode's keywords of its emoji, in all languages that its
 * names have (data/classes/keywords.tsv).  For every model that calls its classes as Unicode does.
 */
#pragma once

#include <glib.h>

#define EDT_LANGUAGES_MAX 16

/* What is known of one class; by the places of languages. */
typedef struct {
    const char *name;
    const char *words[EDT_LANGUAGES_MAX];
} EdtKeywords;

/* NULL: none are known. */
const EdtKeywords *edt_keywords_of(const char *class_name);
/* Places of the user's languages, the first one first, English at the end; returns how many. */
int edt_keywords_languages(int places[EDT_LANGUAGES_MAX]);

/* How much query (folded) has to do with words.  _MEANT: it is just that; _NONE: nothing; _BEGINS
 * and less: words begin so, the lower the nearer. */
#define EDT_TELLING_MEANT 10
#define EDT_TELLING_NONE (-100)
#define EDT_TELLING_BEGINS (-1)
int edt_keywords_telling(const char *words, const char *query);
