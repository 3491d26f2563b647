/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guard of an import: a bound of address space, no core dumps, no new privileges, and a
 * half-written file that does not outlive Ctrl-C.  Each in a child process, since it is for good.
 */
#include "cli/guard.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((gsize)1 << 20)

static gboolean can_map(gsize bytes)
{
    void *map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map != MAP_FAILED)
        munmap(map, bytes);
    return map != MAP_FAILED;
}

static int limited_child(void)
{
    struct rlimit core;
    gboolean before = can_map(4096 * MIB);
    edt_cli_guard_limit(1024 * MIB);
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
        return 1;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 2;
    return before && can_map(512 * MIB) && !can_map(4096 * MIB) ? 0 : 3;
}

static int wait_for(pid_t child)
{
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_limit(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(limited_child());
    g_assert_cmpint(wait_for(child), ==, 0);
}

static char *write_partial(const char *folder, int pid)
{
    char *name = g_strdup_printf(".edt-%d-0badcafe.partial", pid);
    char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, "half", 4, NULL));
    g_free(name);
    return path;
}

/* The child's own half-written file goes, that of another process stays. */
static void test_signal(gconstpointer number)
{
    char *folder = g_dir_make_tmp("edt-guard-XXXXXX", NULL);
    char *other = write_partial(folder, getpid());
    int ready[2];
    g_assert_cmpint(pipe(ready), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        edt_cli_guard_folder(folder);
        g_free(write_partial(folder, getpid()));
        if (write(ready[1], "x", 1) == 1)
            pause();
        _exit(7);
    }
    char byte;
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    char *own = write_partial(folder, child);
    kill(child, GPOINTER_TO_INT(number));
    g_assert_cmpint(wait_for(child), ==, EDT_ERROR_CANCELLED);
    g_assert_false(g_file_test(own, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(other, G_FILE_TEST_EXISTS));
    g_unlink(other);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    close(ready[0]);
    close(ready[1]);
    g_free(own);
    g_free(other);
    g_free(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guard/limit", test_limit);
    g_test_add_data_func("/guard/interrupt", GINT_TO_POINTER(SIGINT), test_signal);
    g_test_add_data_func("/guard/terminate", GINT_TO_POINTER(SIGTERM), test_signal);
    return g_test_run();
}
