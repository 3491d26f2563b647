/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Favourites and recents: what is no name changes nothing, and two that have the same file open do
 * not lose each other's.
 */
#include "session/favourites.h"
#include "folder.h"

/* As the file has them now: "fox owl". */
static void expect(const char *names, const char *recents)
{
    EdtFavourites *now = edt_favourites_load();
    g_autofree char *all = g_strjoinv(" ", (char **)edt_favourites_names(now));
    g_autofree char *lately = g_strjoinv(" ", (char **)edt_favourites_recents(now));
    g_assert_cmpstr(all, ==, names);
    g_assert_cmpstr(lately, ==, recents);
    edt_favourites_free(now);
}

static void test_no_name(void)
{
    const char *const used[] = {"owl", NULL, "fox"};
    EdtFavourites *favourites = edt_favourites_load();
    edt_favourites_set(favourites, "owl", TRUE);
    edt_favourites_set(favourites, "fox", TRUE);
    edt_favourites_set(favourites, NULL, TRUE);
    edt_favourites_set(favourites, NULL, FALSE);
    edt_favourites_toggle(favourites, NULL);
    expect("fox owl", "");
    edt_favourites_used(favourites, used, G_N_ELEMENTS(used));
    expect("fox owl", "fox owl");
    edt_favourites_used(favourites, used, 1);
    expect("fox owl", "owl fox");
    edt_favourites_free(favourites);
}

static void test_two(void)
{
    EdtFavourites *one = edt_favourites_load(), *other = edt_favourites_load();
    edt_favourites_set(one, "newt", TRUE);
    edt_favourites_toggle(other, "newt"); /* which did not know of it */
    g_assert_false(edt_favourites_has(other, "newt"));
    expect("fox owl", "owl fox");
    edt_favourites_toggle(one, "newt");
    expect("newt fox owl", "owl fox");
    edt_favourites_free(one);
    edt_favourites_free(other);
}

int main(int argc, char **argv)
{
    g_setenv("XDG_STATE_HOME", test_folder(), TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/favourites/no-name", test_no_name);
    g_test_add_func("/favourites/two", test_two);
    return g_test_run();
}
