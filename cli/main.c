/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt`: the command line of the engine.  This file only chooses the command; each command is a
 * file of its own (cli/sample.c is the one to read first).  What every command keeps to: data on
 * stdout, talk on stderr, exit codes as in core/edt.h.
 */
#include "base/waiting.h"
#include "cli/command.h"
#include "cli/manual.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "machine.h"

#include <fcntl.h>
#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const EdtCliCommand commands[] = {
    {"sample", "make pictures of a class", edt_cli_sample, TRUE},
    {"import", "turn an EDT checkpoint into a model", edt_cli_import, FALSE},
    {"info", "describe models, pictures and devices", edt_cli_info, FALSE},
    {"classes", "list or search the classes of a model", edt_cli_classes, FALSE},
    {"train", "train a model on a folder of pictures", edt_cli_train, TRUE},
    {"plot", "draw the curves of a training run", edt_cli_plot, FALSE},
    {"bench", "measure speed and memory of this machine", edt_cli_bench, TRUE},
    {"doctor", "check what is installed and what is missing", edt_cli_doctor, FALSE},
};

static const char about[] = "Pictures from the EDT diffusion transformer, on this machine alone";

static const char notes[] =
    "\"edt help COMMAND\" or \"edt COMMAND --help\" tells the options of a command.\n"
    "A first picture: edt sample --class sunflower -o sunflower.png\n\n"
    "Environment:\n"
    "  EDT_MODEL_PATH  folders or files with models, ':' between them\n"
    "  EDT_THREADS     threads to compute with (OMP_NUM_THREADS counts too)\n"
    "  NO_COLOR        no colours on the terminal\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad file, 4 out of memory,\n"
    "5 device not usable, 130 cancelled.";

static void print_help(FILE *out)
{
    fprintf(out, "Usage: edt COMMAND [OPTION…]\n\n%s.\n\nCommands:\n", about);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n%s\n", notes);
}

static const EdtCliCommand *find_command(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static const char *nearest_command(const char *name)
{
    const char *names[G_N_ELEMENTS(commands) + 1] = {NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        names[i] = commands[i].name;
    return edt_word_nearest(names, name);
}

static int refuse_command(const char *name)
{
    const char *near = nearest_command(name);
    if (near)
        edt_cli_error("\"%s\" is no command: did you mean \"edt %s\"?", name, near);
    else
        edt_cli_error("\"%s\" is no command: \"edt --help\" lists them.", name);
    return EDT_ERROR_USAGE;
}

static int ended_with;

/* Who reads it has seen enough: `edt classes | head`. */
static gboolean is_reader_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* A full disk or a closed pipe shows only at the end, which is GLib's exit() behind --help. */
static void check_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    if (!is_reader_gone())
        edt_cli_error("The output could not be written whole.");
    _exit(ended_with ? ended_with : EDT_ERROR_FAILED);
}

static int run_command(int argc, char **argv)
{
    const EdtCliCommand *command = find_command(argv[0]);
    if (!command)
        return refuse_command(argv[0]);
    g_autofree char *program = g_strdup_printf("edt %s", command->name);
    g_autofree char *fault = command->computes ? edt_environment_fault() : NULL;
    g_set_prgname(program);
    argv[0] = program;
    if (fault)
        edt_cli_error("%s", fault);
    ended_with = fault ? EDT_ERROR_USAGE : command->run(argc, argv);
    return ended_with;
}

/* The commands speak English.  GIMP's dialog, which runs them and shows what the engine says,
 * brings its own translations. */
static void bind_messages(void)
{
    const char *folder = g_getenv("EDT_LOCALE_DIR");
    if (!folder)
        return;
    bindtextdomain(GETTEXT_PACKAGE, folder);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
}

/* The next file that is opened would take the place of one that is closed, and what is said on
 * stdout would go into it.  Reading stdin and writing stdout still fail: that is noticed. */
static void hold_streams(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int fd = 0; fd < (int)G_N_ELEMENTS(modes); fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            return; /* no /dev/null: as it was */
}

int main(int argc, char **argv)
{
    hold_streams();
    edt_cli_stop_unread();
    atexit(check_output);
    const EdtCliCommand *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (command && command->computes)
        edt_waiting_restart(argv);
    setlocale(LC_ALL, "");
    if (strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0)
        setlocale(LC_CTYPE, "C.UTF-8"); /* no locale is set: names are UTF-8 all the same */
    setlocale(LC_NUMERIC, "C");         /* numbers are data here: the same in every country */
    bind_messages();
    g_set_prgname("edt");
    const char *first = argc > 1 ? argv[1] : NULL;
    if (!first) {
        print_help(stderr);
        return EDT_ERROR_USAGE;
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        printf("edt %s\n", EDT_VERSION);
        return 0;
    }
    if (strcmp(first, "--man") == 0) {
        edt_cli_manual_main(commands, G_N_ELEMENTS(commands), about, notes);
        return 0;
    }
    gboolean help = strcmp(first, "help") == 0;
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || (help && argc == 2)) {
        print_help(stdout);
        return 0;
    }
    char *help_argv[] = {argv[help && argc > 2 ? 2 : 1], (char *)"--help", NULL};
    return help ? run_command(2, help_argv) : run_command(argc - 1, argv + 1);
}
