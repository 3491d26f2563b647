/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See value.h.
 */
#include "cli/value.h"
#include "core/settings.h"

gboolean edt_cli_refuse(GError **error, const char *option, const char *value, const char *advice)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "%s %s cannot be: give %s.", option, value,
                advice);
    return FALSE;
}

gboolean edt_cli_word(const char *option, const char *text, const char *const *words, int *place,
                      GError **error)
{
    int found = text ? edt_word_find(words, text) : *place;
    if (found < 0) {
        g_autofree char *list = g_strjoinv(", ", (char **)words);
        g_autofree char *advice = g_strdup_printf("one of %s", list);
        return edt_cli_refuse(error, option, text, advice);
    }
    *place = found;
    return TRUE;
}

gboolean edt_cli_seed_parse(const char *text, guint64 *seed, GError **error)
{
    gint64 value;
    if (!text || !edt_whole_parse(text, -1, G_MAXINT64 - 1, &value))
        return edt_cli_refuse(error, "--seed", text,
                              "a whole number from 0 on, or -1 for a random one");
    *seed = value == -1 ? g_random_int() : (guint64)value;
    return TRUE;
}
