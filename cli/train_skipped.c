/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a training passes over, said once: a line for each reason, with a few of its names.
 */
#include "cli/talk.h"
#include "cli/training.h"

#include <string.h>

#define SHOWN 3

/* "rose/3.png: reason" -> the reason; all of it where there is none. */
static const char *reason_of(const char *name)
{
    const char *colon = strstr(name, ": ");
    return colon ? colon + 2 : name;
}

static void say_reason(const GPtrArray *names)
{
    const char *first = names->pdata[0];
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < MIN(names->len, SHOWN); i++) {
        const char *name = names->pdata[i];
        g_string_append_printf(list, "%s%.*s", i ? ", " : "", (int)strcspn(name, ":"), name);
    }
    if (names->len > SHOWN)
        g_string_append_printf(list, " and %u more", names->len - SHOWN);
    edt_cli_say("Skipped %s: %s", list->str, reason_of(first));
    g_string_free(list, TRUE);
}

void edt_cli_train_skipped(char *const *names, int k)
{
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) reasons =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    for (; names && names[k]; k++) {
        GPtrArray *alike = g_hash_table_lookup(known, reason_of(names[k]));
        if (!alike) {
            alike = g_ptr_array_new();
            g_ptr_array_add(reasons, alike);
            g_hash_table_insert(known, (gpointer)reason_of(names[k]), alike);
        }
        g_ptr_array_add(alike, names[k]);
    }
    for (guint i = 0; i < reasons->len; i++)
        say_reason(reasons->pdata[i]);
    if (reasons->len)
        edt_cli_say("To leave them out without a word, move them elsewhere or begin their names "
                    "with a dot.");
}
