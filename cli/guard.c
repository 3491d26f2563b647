/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guard of `edt import`.  Signals are waited for by a thread of their own, because removing a
 * file by pattern is nothing for a signal handler.
 */
#include "cli/guard.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Address space in use now: the first number of statm, in pages. */
static guint64 mapped_bytes(void)
{
    char *text = NULL;
    guint64 pages = 0;
    if (g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
        pages = g_ascii_strtoull(text, NULL, 10);
    g_free(text);
    return pages * (guint64)sysconf(_SC_PAGESIZE);
}

void edt_cli_guard_limit(guint64 bytes)
{
    struct rlimit none = {0, 0}, space;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    guint64 mapped = mapped_bytes();
    if (mapped == 0 || getrlimit(RLIMIT_AS, &space) != 0)
        return;
    space.rlim_cur = MIN(space.rlim_max, mapped + bytes);
    setrlimit(RLIMIT_AS, &space);
}

/* core/files/output.c writes to ".edt-<pid>-<random>.partial" where a file cannot be nameless. */
static void remove_partial(const char *folder)
{
    char *prefix = g_strdup_printf(".edt-%d-", (int)getpid());
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, prefix) && g_str_has_suffix(name, ".partial")) {
            char *path = g_build_filename(folder, name, NULL);
            g_unlink(path);
            g_free(path);
        }
    }
    g_clear_pointer(&dir, g_dir_close);
    g_free(prefix);
}

static gpointer wait_for_signal(gpointer folder)
{
    sigset_t signals;
    int number;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    while (sigwait(&signals, &number) != 0)
        ;
    remove_partial(folder);
    fputs("\nCancelled.\n", stderr);
    _exit(EDT_ERROR_CANCELLED);
}

void edt_cli_guard_folder(const char *folder)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    struct sigaction hang_up;
    if (sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) /* no nohup */
        sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads to come inherit this */
    g_thread_unref(g_thread_new("signals", wait_for_signal, g_strdup(folder)));
}
