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
/* Both write the file; one that cannot be written is no reason to bother an artist. */
void edt_favourites_set(EdtFavourites *favourites, const char *name, gboolean favourite);
void edt_favourites_used(EdtFavourites *favourites, const char *name);
