/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Options of a command by GOption, with one way of refusing mistakes for all commands.
 */
#include "cli/command.h"
#include "cli/manual.h"
#include "cli/talk.h"

#include <stdio.h>
#include <stdlib.h>

gboolean edt_cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *arguments,
                       const char *summary, const char *details)
{
    const char *first = *argc == 2 ? (*argv)[1] : "";
    if (g_str_equal(first, "--man") || g_str_equal(first, "--options")) {
        if (g_str_equal(first, "--man"))
            edt_cli_manual_page((*argv)[0], entries, arguments, summary, details);
        else
            edt_cli_manual_options(entries);
        exit(fflush(stdout) == 0 ? 0 : EDT_ERROR_FAILED); /* as --help does */
    }
    GOptionContext *context = g_option_context_new(arguments);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, details);
    GError *error = NULL;
    gboolean ok = g_option_context_parse(context, argc, argv, &error);
    if (!ok) {
        edt_cli_usage("%s.", error->message);
        g_error_free(error);
    }
    g_option_context_free(context);
    return ok;
}
