/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See setting_lists.h.  The texts are JSON, so that records hold them as they are.
 */
#include "setting_lists.h"

#include <string.h>

#define ROWS_MAX MAX(EDT_MIX_MAX, EDT_VARIATIONS_MAX)

/* One row of either list: what it is of, how much, and in which style. */
typedef struct {
    gint64 of;
    double share;
    gint64 style;
} Row;

/* ---- reading ---- */

static gboolean take(const char **text, char mark)
{
    while (g_ascii_isspace(**text))
        ++*text;
    if (**text != mark)
        return FALSE;
    ++*text;
    while (g_ascii_isspace(**text))
        ++*text;
    return TRUE;
}

static gboolean take_whole(const char **text, gint64 least, gint64 most, gint64 *value)
{
    char *end;
    *value = g_ascii_strtoll(*text, &end, 10);
    gboolean ok = end != *text && *value >= least && *value <= most && *value != G_MAXINT64;
    *text = end;
    return ok;
}

static gboolean take_share(const char **text, double *value)
{
    char *end;
    *value = g_ascii_strtod(*text, &end);
    gboolean ok = end != *text && *value >= 0 && *value <= 1;
    *text = end;
    return ok;
}

static gboolean take_row(const char **text, gint64 most, gboolean styled, Row *row)
{
    row->style = EDT_STYLE_ANY;
    return take(text, '[') && take_whole(text, 0, most, &row->of) && take(text, ',') &&
           take_share(text, &row->share) &&
           (!styled || !take(text, ',') ||
            take_whole(text, EDT_STYLE_ANY, EDT_STYLES_MAX, &row->style)) &&
           take(text, ']');
}

/* How many rows; -1: it is no such list. */
static int read_rows(const char *text, int rows_max, gint64 most, gboolean styled, Row *rows)
{
    int n = 0;
    if (!take(&text, '['))
        return -1;
    if (take(&text, ']'))
        return *text ? -1 : 0;
    do {
        if (n == rows_max || !take_row(&text, most, styled, &rows[n++]))
            return -1;
    } while (take(&text, ','));
    return take(&text, ']') && !*text ? n : -1;
}

gboolean edt_mix_read(EdtMix *mix, const char *text)
{
    Row rows[ROWS_MAX];
    int n = read_rows(text, EDT_MIX_MAX, G_MAXINT, TRUE, rows);
    if (n < 0)
        return FALSE;
    *mix = (EdtMix){.n = n};
    for (int k = 0; k < n; k++) {
        mix->of[k].class_index = (int)rows[k].of;
        mix->of[k].style = (int)rows[k].style;
        mix->of[k].weight = rows[k].share;
    }
    return TRUE;
}

gboolean edt_variation_read(EdtVariation *variation, const char *text)
{
    Row rows[ROWS_MAX];
    int n = read_rows(text, EDT_VARIATIONS_MAX, G_MAXINT64, FALSE, rows);
    if (n < 0)
        return FALSE;
    *variation = (EdtVariation){.n = n};
    for (int k = 0; k < n; k++) {
        variation->of[k].seed = (guint64)rows[k].of;
        variation->of[k].amount = rows[k].share;
    }
    return TRUE;
}

/* ---- writing ---- */

char *edt_setting_number(double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    for (int digits = 1; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(text, sizeof text, format, value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    return g_strdup(text);
}

static void add_row(GString *text, guint64 of, double share, int style)
{
    g_autofree char *number = edt_setting_number(share);
    g_string_append_printf(text, "%s[%" G_GUINT64_FORMAT ",%s", text->len > 1 ? "," : "", of,
                           number);
    if (style != EDT_STYLE_ANY)
        g_string_append_printf(text, ",%d", style);
    g_string_append_c(text, ']');
}

static char *close_list(GString *text)
{
    g_string_append_c(text, ']');
    return g_string_free(text, FALSE);
}

char *edt_mix_write(const EdtMix *mix)
{
    GString *text = g_string_new("[");
    for (int k = 0; k < mix->n; k++)
        add_row(text, (guint64)mix->of[k].class_index, mix->of[k].weight, mix->of[k].style);
    return close_list(text);
}

char *edt_variation_write(const EdtVariation *variation)
{
    GString *text = g_string_new("[");
    for (int k = 0; k < variation->n; k++)
        add_row(text, variation->of[k].seed, variation->of[k].amount, EDT_STYLE_ANY);
    return close_list(text);
}

/* ---- bounds; NaN is within none ---- */

gboolean edt_mix_fits(const EdtMix *mix)
{
    if (mix->n < 0 || mix->n > EDT_MIX_MAX)
        return FALSE;
    for (int k = 0; k < mix->n; k++)
        if (!(mix->of[k].weight >= 0 && mix->of[k].weight <= 1))
            return FALSE;
    return TRUE;
}

gboolean edt_variation_fits(const EdtVariation *variation)
{
    if (variation->n < 0 || variation->n > EDT_VARIATIONS_MAX)
        return FALSE;
    for (int k = 0; k < variation->n; k++)
        if (!(variation->of[k].amount >= 0 && variation->of[k].amount <= 1) ||
            variation->of[k].seed > G_MAXINT64)
            return FALSE;
    return TRUE;
}
