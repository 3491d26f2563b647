/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two lists of names in a key file.
 */
#include "session/favourites.h"

#include "saving.h"

#define GROUP "classes"

struct EdtFavourites {
    char *path;
    GStrv names, recents;
};

static GStrv read_list(GKeyFile *file, const char *key)
{
    GStrv list = g_key_file_get_string_list(file, GROUP, key, NULL, NULL);
    return list ? list : g_new0(char *, 1);
}

/* Before each change, too: two dialogs do not lose each other's. */
static void read_lists(EdtFavourites *favourites)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (!g_key_file_load_from_file(file, favourites->path, G_KEY_FILE_NONE, NULL) &&
        favourites->names)
        return; /* what is known is better than nothing */
    g_strfreev(favourites->names);
    g_strfreev(favourites->recents);
    favourites->names = read_list(file, "favourites");
    favourites->recents = read_list(file, "recent");
}

EdtFavourites *edt_favourites_load(void)
{
    EdtFavourites *favourites = g_new0(EdtFavourites, 1);
    favourites->path = g_build_filename(g_get_user_state_dir(), "edt", "classes.ini", NULL);
    read_lists(favourites);
    return favourites;
}

void edt_favourites_free(EdtFavourites *favourites)
{
    g_strfreev(favourites->names);
    g_strfreev(favourites->recents);
    g_free(favourites->path);
    g_free(favourites);
}

const char *const *edt_favourites_names(const EdtFavourites *favourites)
{
    return (const char *const *)favourites->names;
}

const char *const *edt_favourites_recents(const EdtFavourites *favourites)
{
    return (const char *const *)favourites->recents;
}

gboolean edt_favourites_has(const EdtFavourites *favourites, const char *name)
{
    return g_strv_contains(edt_favourites_names(favourites), name);
}

static void save(const EdtFavourites *favourites)
{
    GKeyFile *file = g_key_file_new();
    char *folder = g_path_get_dirname(favourites->path);
    g_mkdir_with_parents(folder, 0700);
    g_key_file_set_string_list(file, GROUP, "favourites", edt_favourites_names(favourites),
                               g_strv_length(favourites->names));
    g_key_file_set_string_list(file, GROUP, "recent", edt_favourites_recents(favourites),
                               g_strv_length(favourites->recents));
    gsize length;
    g_autofree char *text = g_key_file_to_data(file, &length, NULL);
    edt_save_bytes(favourites->path, text, length, EDT_WRITE_REPLACE, NULL, NULL);
    g_key_file_unref(file);
    g_free(folder);
}

/* The list with name in front, or without it. */
static GStrv rebuilt(GStrv list, const char *name, gboolean in_front, guint most)
{
    GStrvBuilder *builder = g_strv_builder_new();
    guint n = 0;
    if (in_front && ++n)
        g_strv_builder_add(builder, name);
    for (int i = 0; list[i] && n < most; i++)
        if (g_strcmp0(list[i], name) != 0 && ++n)
            g_strv_builder_add(builder, list[i]);
    GStrv result = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    g_strfreev(list);
    return result;
}

void edt_favourites_set(EdtFavourites *favourites, const char *name, gboolean favourite)
{
    g_autofree char *own = g_strdup(name); /* it may lie in the list that is read anew */
    if (!own)
        return; /* it would end the list */
    read_lists(favourites);
    favourites->names = rebuilt(favourites->names, own, favourite, G_MAXUINT);
    save(favourites);
}

void edt_favourites_toggle(EdtFavourites *favourites, const char *name)
{
    g_autofree char *own = g_strdup(name);
    read_lists(favourites);
    if (own)
        edt_favourites_set(favourites, own, !edt_favourites_has(favourites, own));
}

void edt_favourites_used(EdtFavourites *favourites, const char *const *names, int n)
{
    read_lists(favourites);
    for (int i = 0; i < n; i++)
        if (names[i])
            favourites->recents = rebuilt(favourites->recents, names[i], TRUE, EDT_RECENTS_MAX);
    save(favourites);
}
