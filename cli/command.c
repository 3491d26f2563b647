/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Options of a command by GOption, with one way of refusing mistakes for all commands.
 */
#include "cli/command.h"
#include "cli/manual.h"
#include "cli/talk.h"
#include "cli/value.h"
#include "core/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers: GOption's own would take blanks before them, and 010 for 8 ---- */

static const GOptionEntry *entry_of(const GOptionEntry *entries, const char *option)
{
    const char *name = option + strspn(option, "-");
    while (entries->long_name && !g_str_equal(entries->long_name, name) &&
           !(name[0] == entries->short_name && !name[1]))
        entries++;
    return entries;
}

static gboolean take_whole(const char *option, const char *text, gpointer entries, GError **error)
{
    const GOptionEntry *entry = entry_of(entries, option);
    gboolean wide = entry->arg == G_OPTION_ARG_INT64;
    gint64 value;
    if (!edt_whole_parse(text, wide ? G_MININT64 : G_MININT, wide ? G_MAXINT64 : G_MAXINT, &value))
        return edt_cli_refuse(error, option, text,
                              wide ? "a whole number" : "a whole number below 2147483648");
    if (wide)
        *(gint64 *)entry->arg_data = value;
    else
        *(int *)entry->arg_data = (int)value;
    return TRUE;
}

static gboolean take_real(const char *option, const char *text, gpointer entries, GError **error)
{
    const GOptionEntry *entry = entry_of(entries, option);
    return edt_real_parse(text, entry->arg_data) || edt_cli_refuse(error, option, text, "a number");
}

/* A group of the same options whose numbers are read here. */
static GOptionGroup *group_of(const GOptionEntry *entries)
{
    g_autoptr(GArray) all = g_array_new(TRUE, FALSE, sizeof(GOptionEntry));
    GOptionGroup *group = g_option_group_new(NULL, NULL, NULL, (gpointer)entries, NULL);
    for (const GOptionEntry *entry = entries; entry->long_name; entry++) {
        GOptionEntry own = *entry;
        gboolean whole = own.arg == G_OPTION_ARG_INT || own.arg == G_OPTION_ARG_INT64;
        if (whole || own.arg == G_OPTION_ARG_DOUBLE) {
            own.arg = G_OPTION_ARG_CALLBACK;
            own.arg_data = (gpointer)(whole ? take_whole : take_real);
        }
        g_array_append_val(all, own);
    }
    g_option_group_add_entries(group, (const GOptionEntry *)(gpointer)all->data);
    return group;
}

/* ---- */

/* GOption leaves "--" where a word behind it looks like an option, that is where it is needed. */
static void drop_separator(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++)
        if (g_str_equal(argv[i], "--")) { /* a second one is a word */
            memmove(argv + i, argv + i + 1, (gsize)(*argc - i) * sizeof *argv); /* NULL, too */
            --*argc;
            return;
        }
}

gboolean edt_cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *arguments,
                       const char *summary, const char *details)
{
    const char *first = *argc == 2 ? (*argv)[1] : "";
    if (g_str_equal(first, "--man") || g_str_equal(first, "--options")) {
        if (g_str_equal(first, "--man"))
            edt_cli_manual_page((*argv)[0], entries, arguments, summary, details);
        else
            edt_cli_manual_options(entries);
        exit(0); /* as --help does */
    }
    GOptionContext *context = g_option_context_new(arguments);
    g_option_context_set_main_group(context, group_of(entries));
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, details);
    GError *error = NULL;
    gboolean ok = g_option_context_parse(context, argc, argv, &error);
    drop_separator(argc, *argv);
    if (!ok) {
        edt_cli_usage(g_str_has_suffix(error->message, ".") ? "%s" : "%s.", error->message);
        g_error_free(error);
    }
    g_option_context_free(context);
    return ok;
}
