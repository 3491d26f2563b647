/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The classes that somebody likes, and the ones used lately; kept by name in
 * $XDG_STATE_HOME/edt/classes.ini, apart from the settings so that a reset does not lose them.
 */
#pragma once

#include <glib.h>

#define EDT_RECENTS_MAX 8

typedef struct EdtFavourites EdtFavourites;

EdtFavourites *edt_favourites_load(void);
void edt_favourites_free(EdtFavourites *favourites);

/* NULL-terminated, borrowed until the next change. */
const char *const *edt_favourites_names(const EdtFavourites *favourites);
const char *const *edt_favourites_recents(const EdtFavourites *favourites);

gboolean edt_favourites_has(const EdtFavourites *favourites, const char *name);
/* All write the file; one that cannot be written is no reason to bother an artist.  NULL is no name
 * and changes nothing. */
void edt_favourites_set(EdtFavourites *favourites, const char *name, gboolean favourite);
/* What it is in the file now is what changes. */
void edt_favourites_toggle(EdtFavourites *favourites, const char *name);
/* The last of n is the most recent one; the names are not the borrowed ones. */
void edt_favourites_used(EdtFavourites *favourites, const char *const *names, int n);
