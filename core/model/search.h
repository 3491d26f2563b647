/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a person's words find one name of a list.  classes.c brings the lists and says what went
 * wrong.
 */
#pragma once

#include "catalogue.h"

/* What may be asked for: entries 0 .. n - 1, of which the first n_named have names. */
typedef struct {
    int n, n_named;
    const EdtClass *known;    /* names with synonyms and ids, or NULL ... */
    const char *const *kinds; /* ... with wider notions of each: "retriever, dog, animal, ..." */
    char *const *own;         /* without them: names, ... */
    char *const *labels;      /* ... and the same in the user's language, or NULL */
    const char *bare, *bare_label; /* what those without a name are called: "class %d" */
} EdtNames;

char *edt_search_fold(const char *text); /* as texts are compared; free it */

/* An entry found.  The lower the rank, the better it matches; up to EDT_HIT_WHOLE by a whole name
 * (0) or a whole synonym (1). */
typedef struct {
    int index, rank;
} EdtHit;
#define EDT_HIT_WHOLE 1

/* EdtHit, best first; query is folded.  _spelled: names that have it in them; _nearest: all names
 * by how many slips lie between (that is the rank). */
GArray *edt_search_spelled(const EdtNames *names, const char *query);
GArray *edt_search_nearest(const EdtNames *names, const char *query);
/* Whether query is one of kinds, or several of it. */
gboolean edt_search_has_kind(const char *kinds, const char *query);

/* Folded by case and composition alone; free it. */
char *edt_search_fold_case(const char *text);
/* A list with commas in its texts, one at least; whole names that have commas stay in one. */
char **edt_search_split(const EdtNames *names, const char *list);
/* Entries of which text is one whole name: as it stands, else by that fold; of the first names,
 * else of synonyms and labels. */
GArray *edt_search_whole(const EdtNames *names, const char *text);

/* The entry that text names by its index or id, as "class 3" where that has no name, or one of the
 * two below. */
int edt_search_number(const EdtNames *names, const char *text);
#define EDT_NOT_A_NUMBER (-1)
#define EDT_OUT_OF_RANGE (-2)
