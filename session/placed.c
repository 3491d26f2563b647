/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See placed.h.  plugin/parasites.h keeps the text, plugin/layer_settings.c asks for the setting.
 */
#include "session/placed.h"
#include "settings.h"

#include <math.h>
#include <string.h>

char *edt_placed_write(const EdtPlaced *placed)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_dtostr(number, sizeof number, placed->factor);
    return g_strconcat(edt_fit_choices.words[placed->fit], " ", number, NULL);
}

gboolean edt_placed_read(const char *text, EdtPlaced *placed)
{
    g_auto(GStrv) parts = g_strsplit(text ? text : "", " ", -1);
    if (g_strv_length(parts) != 2)
        return FALSE;
    int fit = edt_word_find(edt_fit_choices.words, parts[0]);
    double factor;
    if (fit < 0 || !edt_real_parse(parts[1], &factor) || factor <= 0)
        return FALSE;
    *placed = (EdtPlaced){(EdtFit)fit, factor};
    return TRUE;
}

EdtFit edt_placed_fit(const char *text, int size, int width)
{
    EdtPlaced placed;
    if (!edt_placed_read(text, &placed)) /* of an older version */
        placed = (EdtPlaced){EDT_FIT_NATIVE, 1};
    return fabs(placed.factor * size - width) < 1 ? placed.fit : EDT_FIT_SELECTION;
}
