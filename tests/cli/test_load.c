/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Beside other work: every command that computes has OpenMP's threads give way, also below mpirun,
 * where ranks of one machine share its cores; the others begin once.
 */
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define SHOWN "GOMP_SPINCOUNT = '"

/* Of all processes of a run of that command: how often OpenMP was loaded, and with which counts. */
static GArray *counts(const char *command)
{
    Outcome outcome = program_expect(0, NULL, command, "--help", NULL);
    GArray *found = g_array_new(FALSE, FALSE, sizeof(int));
    for (const char *at = outcome.err; (at = strstr(at, SHOWN));) {
        int count = atoi(at += strlen(SHOWN));
        g_array_append_val(found, count);
    }
    outcome_clear(&outcome);
    return found;
}

/* Those that give way, which are not the endless ones that GNU OpenMP begins with. */
static int giving_way(const GArray *found)
{
    int n = 0;
    for (guint i = 0; i < found->len; i++)
        n += g_array_index(found, int, i) <= 10000;
    return n;
}

static gboolean has_gnu_openmp(void)
{
    g_autoptr(GArray) found = counts("doctor");
    if (found->len == 0)
        g_test_skip("another OpenMP than GNU's");
    return found->len > 0;
}

static void test_commands(void)
{
    static const char *const computing[] = {"sample", "train", "bench"};
    static const char *const others[] = {"import", "info", "classes", "plot", "doctor"};
    if (!has_gnu_openmp())
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(computing); i++) {
        g_autoptr(GArray) found = counts(computing[i]);
        g_assert_cmpint(found->len, ==, 2);
        g_assert_cmpint(giving_way(found), ==, 1);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(GArray) found = counts(others[i]);
        g_assert_cmpint(found->len, ==, 1);
    }
}

/* The threads that are used where nothing else is asked for, as the devices' list tells them. */
static int threads_told(const char *text)
{
    const char *end = strstr(text, " threads, ");
    g_assert_nonnull(end);
    while (end > text && g_ascii_isdigit(end[-1]))
        end--;
    return atoi(end);
}

static void test_ranks(void)
{
    const char *const mpirun[] = {
        g_getenv("EDT_TEST_MPIRUN"), "--oversubscribe", "--bind-to", "none", "-n", "2", NULL};
    if (!mpirun[0]) {
        g_test_skip("there is no mpirun");
        return;
    }
    Outcome alone = program_expect(0, NULL, "info", "--backend", "cpu", NULL);
    program_under(mpirun);
    Outcome shared = program_expect(0, NULL, "info", "--backend", "cpu", NULL);
    g_assert_cmpint(threads_told(shared.out), ==, MAX(1, threads_told(alone.out) / 2));
    if (has_gnu_openmp()) {
        g_autoptr(GArray) found = counts("train");
        g_assert_cmpint(giving_way(found), ==, 2);
    }
    program_under(NULL);
    outcome_clear(&alone);
    outcome_clear(&shared);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_unsetenv("GOMP_SPINCOUNT");
    g_unsetenv("OMP_WAIT_POLICY");
    g_unsetenv("OMP_NUM_THREADS");
    g_setenv("OMP_DISPLAY_ENV", "verbose", TRUE);
    g_setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", TRUE);
    g_setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", TRUE);
    program_threads(NULL);
    g_test_add_func("/load/commands", test_commands);
    g_test_add_func("/load/ranks", test_ranks);
    return g_test_run();
}
