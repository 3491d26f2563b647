/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of a tensor, as messages say it.
 */
#pragma once

#include <glib.h>

/* "[936, 312]"; free it. */
static inline char *edt_shape_text(int rank, const gint64 *shape)
{
    GString *text = g_string_new("[");
    for (int i = 0; i < rank; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
    g_string_append_c(text, ']');
    return g_string_free(text, FALSE);
}
