/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How often OpenMP's threads spin: a copy of this program that begins anew tells what OpenMP has
 * read and what is left in the environment.
 */
#include "base/waiting.h"

#include <gio/gio.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHOWN "GOMP_SPINCOUNT = '"

/* The child. */
static int tell(int argc, char **argv)
{
    edt_waiting_restart(argv);
    printf("%d threads, %d words, %s, %s, %s\n", omp_get_max_threads(), argc, argv[argc - 1],
           g_getenv("GOMP_SPINCOUNT") ? "a count" : "no count",
           g_getenv("EDT_RESTARTED") ? "a mark" : "no mark");
    return 0;
}

/* What it prints; *shown: how often OpenMP was loaded, *spins: the count of the last time. */
static char *run(int *shown, int *spins)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL), *err = NULL;
    const char *const argv[] = {self, "tell", "with spaces in it", NULL};
    char *out = NULL;
    GError *error = NULL;
    g_spawn_sync(NULL, (char **)(gpointer)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, NULL,
                 &error);
    g_assert_no_error(error);
    *shown = *spins = 0;
    for (const char *at = err; (at = strstr(at, SHOWN)); (*shown)++)
        *spins = atoi(at += strlen(SHOWN));
    return out;
}

static void forget(void)
{
    g_unsetenv("GOMP_SPINCOUNT");
    g_unsetenv("OMP_WAIT_POLICY");
}

static void test_restart(void)
{
    int shown, spins;
    forget();
    g_autofree char *out = run(&shown, &spins);
    g_assert_nonnull(strstr(out, " 3 words, with spaces in it, no count, no mark\n"));
    if (shown == 0) {
        g_test_skip("another OpenMP than GNU's");
        return;
    }
    g_assert_cmpint(shown, ==, 2);
    g_assert_cmpint(spins, >=, 1000);
    g_assert_cmpint(spins, <=, 10000); /* a barrier must not hold the processor for long */
}

/* Who has chosen keeps it, and nothing begins anew. */
static void test_chosen(void)
{
    int shown, spins;
    forget();
    g_setenv("GOMP_SPINCOUNT", "77", TRUE);
    g_autofree char *count = run(&shown, &spins);
    g_assert_cmpint(shown, <=, 1);
    g_assert_cmpint(spins, ==, shown ? 77 : 0);
    g_assert_nonnull(strstr(count, ", a count, no mark\n"));
    forget();
    g_setenv("OMP_WAIT_POLICY", "passive", TRUE);
    g_autofree char *policy = run(&shown, &spins);
    g_assert_cmpint(shown, <=, 1);
    g_assert_cmpint(spins, ==, 0);
    g_assert_nonnull(strstr(policy, ", no count, no mark\n"));
    forget();
}

/* Around the loading of a module. */
static void test_begin(void)
{
    forget();
    gboolean begun = edt_waiting_begin();
    g_assert_true(begun);
    g_assert_nonnull(g_getenv("GOMP_SPINCOUNT"));
    edt_waiting_end(begun);
    g_assert_null(g_getenv("GOMP_SPINCOUNT"));
    g_setenv("GOMP_SPINCOUNT", "77", TRUE);
    begun = edt_waiting_begin();
    edt_waiting_end(begun);
    g_assert_cmpstr(g_getenv("GOMP_SPINCOUNT"), ==, "77");
    forget();
    g_setenv("OMP_WAIT_POLICY", "active", TRUE);
    g_assert_false(edt_waiting_begin());
    g_assert_null(g_getenv("GOMP_SPINCOUNT"));
    forget();
}

int main(int argc, char **argv)
{
    if (argc > 1 && g_str_equal(argv[1], "tell"))
        return tell(argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_setenv("OMP_DISPLAY_ENV", "verbose", TRUE);
    g_test_add_func("/waiting/restart", test_restart);
    g_test_add_func("/waiting/chosen", test_chosen);
    g_test_add_func("/waiting/begin", test_begin);
    return g_test_run();
}
