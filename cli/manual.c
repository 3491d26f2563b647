/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt sample --man` prints edt-sample(1), `edt sample --options` what completion needs; see
 * manual.h. cli/meson.build makes files of the first.
 */
#include "cli/manual.h"

#include <stdio.h>
#include <string.h>

/* Text of a paragraph: nothing in it is a request of troff's. */
static void put(const char *text)
{
    for (const char *c = text; *c; c++) {
        gboolean begins = c == text || c[-1] == '\n';
        if (begins && (*c == '.' || *c == '\''))
            fputs("\\&", stdout);
        if (*c == '-')
            fputs("\\-", stdout);
        else if (*c == '\\')
            fputs("\\e", stdout);
        else
            putchar(*c);
    }
}

/* Lines as they are: examples and lists stand in them. */
static void put_lines(const char *text)
{
    puts(".nf");
    put(text);
    puts("\n.fi");
}

static void put_head(const char *name, const char *section, const char *about)
{
    g_autofree char *upper = g_ascii_strup(name, -1);
    printf(".TH %s 1 \"\" \"edt %s\" \"EDT for GIMP\"\n.SH %s\n", upper, EDT_VERSION, section);
    put(name);
    fputs(" \\- ", stdout);
    put(about);
    puts("");
}

/* "edt sample" -> "edt-sample" */
static char *page_of(const char *name)
{
    return g_strdelimit(g_strdup(name), " ", '-');
}

static void put_option(const GOptionEntry *entry)
{
    g_autofree char *option = g_strconcat("--", entry->long_name, NULL);
    puts(".TP");
    if (entry->short_name)
        printf(".BI \\-%c \", \" \"", entry->short_name);
    else
        fputs(".BI \"", stdout);
    put(option);
    printf("\" \"%s%s\"\n", entry->arg_description ? " " : "",
           entry->arg_description ? entry->arg_description : "");
    put(entry->description);
    puts("");
}

/* Up to the first full stop or line. */
static char *first_of(const char *summary)
{
    char *first = g_strdelimit(g_strdup(summary), "\n", ' ');
    char *end = strstr(first, ". ");
    if (end)
        end[0] = '\0';
    gsize length = strlen(first);
    if (length && first[length - 1] == '.')
        first[length - 1] = '\0';
    return first;
}

void edt_cli_manual_page(const char *name, const GOptionEntry *entries, const char *arguments,
                         const char *summary, const char *details)
{
    g_autofree char *page = page_of(name), *first = first_of(summary);
    put_head(page, "NAME", first);
    puts(".SH SYNOPSIS");
    printf(".B %s\n[\\fIOPTION\\fR...] ", name);
    put(arguments ? arguments : "");
    puts("\n.SH DESCRIPTION");
    put_lines(summary);
    puts(".SH OPTIONS");
    for (; entries->long_name; entries++)
        put_option(entries);
    puts(".SH NOTES");
    put_lines(details ? details : "");
    puts(".SH SEE ALSO\n.BR edt (1)");
}

void edt_cli_manual_main(const EdtCliCommand *commands, gsize n, const char *about,
                         const char *notes)
{
    put_head("edt", "NAME", about);
    puts(".SH SYNOPSIS\n.B edt\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.SH COMMANDS");
    for (gsize i = 0; i < n; i++) {
        printf(".TP\n.BR edt\\-%s (1)\n", commands[i].name);
        put(commands[i].summary);
        puts("");
    }
    puts(".SH NOTES");
    put_lines(notes);
}

void edt_cli_manual_options(const GOptionEntry *entries)
{
    for (; entries->long_name; entries++) {
        char letter[] = {'-', entries->short_name, '\0'};
        printf("--%s\t%s\t%s\t%s\n", entries->long_name, entries->short_name ? letter : "",
               entries->arg_description ? entries->arg_description : "", entries->description);
    }
}
