/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ctrl-C: the first is only noted, the second ends the process with 130.
 */
#include "cli/stop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit status of a child that gets `signals` of them and would end with 7. */
static int status_after(int number, int signals)
{
    pid_t child = fork();
    if (child == 0) {
        edt_cli_stop_watch();
        gboolean before = edt_cli_stop_asked();
        for (int i = 0; i < signals; i++)
            raise(number);
        _exit(before == FALSE && edt_cli_stop_asked() == (signals > 0) ? 7 : 8);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_first(void)
{
    g_assert_cmpint(status_after(SIGINT, 0), ==, 7);
    g_assert_cmpint(status_after(SIGINT, 1), ==, 7);
    g_assert_cmpint(status_after(SIGTERM, 1), ==, 7);
}

static void test_second(void)
{
    g_assert_cmpint(status_after(SIGINT, 2), ==, EDT_ERROR_CANCELLED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stop/first", test_first);
    g_test_add_func("/stop/second", test_second);
    return g_test_run();
}
