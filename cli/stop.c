/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The signal handler only notes and, when a person asks again, leaves; the progress callback of
 * cli/run.c looks at the note after every step.  Who closes a terminal or ends a session sends
 * several signals at once: those never leave before what is there is saved.
 */
#include "cli/stop.h"
#include "saving.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void note_signal(int number)
{
    static const char once[] = "\nStopping after this step and saving what is there; "
                               "Ctrl-C again stops at once.\n";
    if (asked && number == SIGINT)
        _exit(EDT_ERROR_CANCELLED);
    asked = number;
    if (number == SIGINT && write(STDERR_FILENO, once, strlen(once)) < 0)
        return; /* nobody to tell */
}

void edt_cli_stop_unread(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void edt_cli_stop_watch(void)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL); /* the one that mpirun hands on */
    edt_save_wait_until(edt_cli_stop_asked);
    struct sigaction hang_up;
    if (sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) /* no nohup */
        sigaction(SIGHUP, &action, NULL);
}

void edt_cli_stop_ask(void)
{
    if (!asked)
        asked = SIGPIPE;
}

gboolean edt_cli_stop_asked(void)
{
    return asked != 0;
}

gboolean edt_cli_stop_ended(void)
{
    return asked == SIGTERM;
}
