/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What somebody means who looks for a class by an everyday word, whole or only begun.
 */
#pragma once

#include "model/search.h"

/* EdtHit, best first; query is folded.  *meant: the first one is what query means, so that it can
 * be chosen without asking; else they are guesses to choose from. */
GArray *edt_meaning_search(const EdtNames *names, const char *query, gboolean *meant);
