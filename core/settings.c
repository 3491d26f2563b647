/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of settings and the lists of words.  Stands on GLib alone, so that the program that
 * GIMP queries at start-up can have its bounds without the engine.  Who walks the table: record.c,
 * edt.c, the command line and the session of the dialog.
 */
#include "settings.h"
#include "setting_lists.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- words ---- */

const char *const edt_sampler_words[] = {"ddpm", "ddim", "dpm++2m", "unipc", NULL};
const char *const edt_spacing_words[] = {"even", "karras", NULL};
const char *const edt_amm_words[] = {"off", "official", "auto", NULL};
const char *const edt_decode_words[] = {"full", "draft", NULL};
const char *const edt_fill_words[] = {"none", "shape", "missing", NULL};
const char *const edt_mix_how_words[] = {"blend", "shape", NULL};
const char *const edt_backend_words[] = {"auto", "cpu", "cuda", NULL};
const char *const edt_precision_words[] = {"auto", "f32", "bf16", "int8", NULL};
const char *const edt_schedule_words[] = {"linear", "cosine", NULL};
const char *const edt_prediction_words[] = {"noise", "denoised", NULL};
const char *const edt_class_list_words[] = {"unnamed", "imagenet", "own", NULL};
const char *const edt_storage_words[] = {"f32", "bf16", "int8", NULL};

int edt_word_find(const char *const *words, const char *text)
{
    for (int i = 0; words[i]; i++)
        if (g_ascii_strcasecmp(words[i], text) == 0)
            return i;
    return -1;
}

/* Optimal string alignment. */
int edt_spelling_distance(const char *a, const char *b)
{
    int n_a = (int)strlen(a), n_b = (int)strlen(b);
    if (n_a > EDT_SPELLING_MAX || n_b > EDT_SPELLING_MAX)
        return EDT_SPELLING_MAX;
    int rows[3][EDT_SPELLING_MAX + 1];
    for (int j = 0; j <= n_b; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n_a; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= n_b; j++) {
            row[j] = MIN(above[j - 1] + (a[i - 1] != b[j - 1]), MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], above2[j - 2] + 1);
        }
    }
    return rows[n_a % 3][n_b];
}

const char *edt_word_nearest(const char *const *words, const char *text)
{
    const char *best = NULL;
    int least = 4;
    for (int i = 0; words[i]; i++) {
        int distance = edt_spelling_distance(text, words[i]);
        if (distance < least) {
            least = distance;
            best = words[i];
        }
    }
    return best;
}

/* ---- the table ---- */

#define OF_ITEM(field) TRUE, offsetof(EdtItem, field)
#define OF_REQUEST(field) FALSE, offsetof(EdtRequest, field)

/* clang-format off */
static const EdtSetting table[] = {
    {"class",     EDT_SETTING_WHOLE,  OF_ITEM(class_index),      .most = G_MAXINT},
    {"style",     EDT_SETTING_WHOLE,  OF_ITEM(style),            .least = EDT_STYLE_ANY,
                  .most = EDT_STYLES_MAX},
    {"seed",      EDT_SETTING_WIDE,   OF_ITEM(seed),             .most = (double)G_MAXINT64},
    {"mix",       EDT_SETTING_MIX,    OF_ITEM(mix),              .quiet = TRUE},
    {"mix_how",   EDT_SETTING_WORD,   OF_ITEM(mix_how),          .quiet = TRUE,
                  .words = edt_mix_how_words},
    {"variation", EDT_SETTING_VARIATION, OF_ITEM(variation),     .quiet = TRUE},
    {"steps",     EDT_SETTING_WHOLE,  OF_REQUEST(steps),         .least = 1, .most = 1000},
    {"sampler",   EDT_SETTING_WORD,   OF_REQUEST(sampler),       .words = edt_sampler_words},
    {"spacing",   EDT_SETTING_WORD,   OF_REQUEST(spacing),       .quiet = TRUE,
                  .words = edt_spacing_words},
    {"cfg_scale", EDT_SETTING_NUMBER, OF_REQUEST(cfg_scale),     .least = -1000, .most = 1000},
    {"cfg_pow",   EDT_SETTING_NUMBER, OF_REQUEST(cfg_pow),       .least = -1, .most = 100},
    {"cfg_interval", EDT_SETTING_SPAN, OF_REQUEST(cfg_interval), .most = 1, .quiet = TRUE},
    {"reuse",     EDT_SETTING_WHOLE,  OF_REQUEST(reuse),         .least = 1, .most = 10, .quiet = TRUE, .usual = 1},
    {"amm",       EDT_SETTING_WORD,   OF_REQUEST(amm),           .words = edt_amm_words},
    {"eta",       EDT_SETTING_NUMBER, OF_REQUEST(eta),           .most = 1},
    {"clip",      EDT_SETTING_FLAG,   OF_REQUEST(clip_denoised), .words = NULL},
    {"vae",       EDT_SETTING_WORD,   OF_REQUEST(vae),           .words = edt_decode_words},
    {"freedom",   EDT_SETTING_NUMBER, OF_ITEM(freedom),          .most = 1, .quiet = TRUE,
                  .usual = 1},
    {"fill",      EDT_SETTING_WORD,   OF_ITEM(fill),             .quiet = TRUE,
                  .words = edt_fill_words},
    {"careful",   EDT_SETTING_FLAG,   OF_ITEM(careful),          .quiet = TRUE},
};
/* clang-format on */

void edt_settings_usual(EdtRequest *request)
{
    *request = (EdtRequest){
        .steps = 25,
        .sampler = EDT_SAMPLER_DPMPP_2M,
        .cfg_scale = EDT_CFG_SCALE,
        .cfg_interval = {0, 1},
        .reuse = 1,
        .amm = EDT_AMM_AUTO,
    };
}

const EdtSetting *edt_settings(int *n)
{
    *n = (int)G_N_ELEMENTS(table);
    return table;
}

const EdtSetting *edt_setting_named(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

gpointer edt_setting_field(const EdtSetting *setting, const EdtRequest *request,
                           const EdtItem *item)
{
    return (char *)(setting->of_item ? (gconstpointer)item : (gconstpointer)request) +
           setting->offset;
}

/* ---- text to field ---- */

/* (double)G_MAXINT64 is one more than that. */
static gint64 whole_bound(double bound)
{
    return bound >= (double)G_MAXINT64 ? G_MAXINT64 : (gint64)bound;
}

gboolean edt_whole_parse(const char *text, gint64 least, gint64 most, gint64 *value)
{
    return g_ascii_string_to_signed(text, 10, least, most, value, NULL);
}

const char *edt_text_begin(const char *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    return g_str_has_prefix(text, mark) ? text + strlen(mark) : text;
}

gboolean edt_real_parse(const char *text, double *value)
{
    char *end;
    if (!*text || g_ascii_isspace(*text) || strpbrk(text, "xX"))
        return FALSE;
    double found = g_ascii_strtod(text, &end);
    if (*end || !isfinite(found))
        return FALSE;
    *value = found;
    return TRUE;
}

static gboolean read_whole(const EdtSetting *setting, const char *text, gint64 *value)
{
    return edt_whole_parse(text, whole_bound(setting->least), whole_bound(setting->most), value);
}

static gboolean is_within(const EdtSetting *setting, double value)
{
    return value >= setting->least && value <= setting->most; /* NaN is not */
}

static gboolean read_number(const EdtSetting *setting, const char *text, double *value)
{
    double found;
    if (!edt_real_parse(text, &found) || !is_within(setting, found))
        return FALSE;
    *value = found;
    return TRUE;
}

/* Blanks beside the comma are no part of a number, as in all lists. */
static gboolean read_span(const EdtSetting *setting, const char *text, EdtSpan *span)
{
    g_auto(GStrv) ends = g_strsplit(text, ",", 3);
    EdtSpan found;
    if (g_strv_length(ends) != 2 || !read_number(setting, g_strchomp(ends[0]), &found.from) ||
        !read_number(setting, g_strchug(ends[1]), &found.to) || found.from > found.to)
        return FALSE;
    *span = found;
    return TRUE;
}

static gboolean read_word(const char *const *words, const char *text, int *value)
{
    int place = edt_word_find(words, text);
    if (place >= 0)
        *value = place;
    return place >= 0;
}

gboolean edt_setting_read(const EdtSetting *setting, gpointer field, const char *text)
{
    static const char *const flags[] = {"false", "true", NULL};
    gint64 whole;
    switch (setting->kind) {
    case EDT_SETTING_WHOLE:
        if (!read_whole(setting, text, &whole))
            return FALSE;
        *(int *)field = (int)whole;
        return TRUE;
    case EDT_SETTING_WIDE:
        return read_whole(setting, text, field);
    case EDT_SETTING_NUMBER:
        return read_number(setting, text, field);
    case EDT_SETTING_FLAG:
        return read_word(flags, text, field);
    case EDT_SETTING_WORD:
        return read_word(setting->words, text, field);
    case EDT_SETTING_TEXT:
        g_free(*(char **)field);
        *(char **)field = g_strdup(text);
        return TRUE;
    case EDT_SETTING_SPAN:
        return read_span(setting, text, field);
    case EDT_SETTING_MIX:
        return edt_mix_read(field, text);
    case EDT_SETTING_VARIATION:
        return edt_variation_read(field, text);
    }
    return FALSE;
}

/* ---- field to text ---- */

static char *span_text(const EdtSpan *span)
{
    g_autofree char *from = edt_setting_number(span->from), *to = edt_setting_number(span->to);
    return g_strconcat(from, ",", to, NULL);
}

char *edt_setting_write(const EdtSetting *setting, gconstpointer field)
{
    switch (setting->kind) {
    case EDT_SETTING_WHOLE:
        return g_strdup_printf("%d", *(const int *)field);
    case EDT_SETTING_WIDE:
        return g_strdup_printf("%" PRIu64, *(const guint64 *)field);
    case EDT_SETTING_NUMBER:
        return edt_setting_number(*(const double *)field);
    case EDT_SETTING_FLAG:
        return g_strdup(*(const gboolean *)field ? "true" : "false");
    case EDT_SETTING_WORD:
        return g_strdup(setting->words[*(const int *)field]);
    case EDT_SETTING_TEXT:
        return g_strdup(*(char *const *)field);
    case EDT_SETTING_SPAN:
        return span_text(field);
    case EDT_SETTING_MIX:
        return edt_mix_write(field);
    case EDT_SETTING_VARIATION:
        return edt_variation_write(field);
    }
    return NULL;
}

gboolean edt_setting_is_text(const EdtSetting *setting)
{
    return setting->kind == EDT_SETTING_WORD || setting->kind == EDT_SETTING_TEXT ||
           setting->kind == EDT_SETTING_SPAN;
}

/* ---- checking, comparing ---- */

static gboolean span_fits(const EdtSetting *setting, const EdtSpan *span)
{
    return is_within(setting, span->from) && is_within(setting, span->to) && span->from <= span->to;
}

gboolean edt_setting_fits(const EdtSetting *setting, gconstpointer field)
{
    switch (setting->kind) {
    case EDT_SETTING_WHOLE:
        return is_within(setting, *(const int *)field);
    case EDT_SETTING_WIDE: /* more than G_MAXINT64 is negative */
        return is_within(setting, (double)*(const gint64 *)field);
    case EDT_SETTING_NUMBER:
        return is_within(setting, *(const double *)field);
    case EDT_SETTING_WORD:
        return *(const guint *)field < g_strv_length((char **)setting->words);
    case EDT_SETTING_FLAG:
    case EDT_SETTING_TEXT:
        return TRUE;
    case EDT_SETTING_SPAN:
        return span_fits(setting, field);
    case EDT_SETTING_MIX:
        return edt_mix_fits(field);
    case EDT_SETTING_VARIATION:
        return edt_variation_fits(field);
    }
    return FALSE;
}

gboolean edt_setting_is_usual(const EdtSetting *setting, gconstpointer field)
{
    if (!setting->quiet)
        return FALSE;
    switch (setting->kind) {
    case EDT_SETTING_WHOLE:
    case EDT_SETTING_WORD:
    case EDT_SETTING_FLAG:
        return *(const int *)field == (int)setting->usual;
    case EDT_SETTING_NUMBER:
        return *(const double *)field == setting->usual;
    case EDT_SETTING_MIX:
        return ((const EdtMix *)field)->n == 0;
    case EDT_SETTING_VARIATION:
        return ((const EdtVariation *)field)->n == 0;
    case EDT_SETTING_SPAN:
        return ((const EdtSpan *)field)->from == setting->least &&
               ((const EdtSpan *)field)->to == setting->most;
    case EDT_SETTING_WIDE:
    case EDT_SETTING_TEXT:
        break;
    }
    return FALSE;
}

gboolean edt_setting_equal(const EdtSetting *setting, gconstpointer a, gconstpointer b)
{
    g_autofree char *one = edt_setting_write(setting, a), *two = edt_setting_write(setting, b);
    return g_strcmp0(one, two) == 0;
}

gboolean edt_settings_equal(const EdtRequest *a, const EdtRequest *b)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (!table[i].of_item &&
            !edt_setting_equal(&table[i], edt_setting_field(&table[i], a, NULL),
                               edt_setting_field(&table[i], b, NULL)))
            return FALSE;
    return TRUE;
}

char *edt_setting_expected(const EdtSetting *setting)
{
    g_autofree char *words = NULL;
    switch (setting->kind) {
    case EDT_SETTING_WHOLE:
    case EDT_SETTING_WIDE:
        return g_strdup_printf(_("a whole number from %" PRId64 " to %" PRId64),
                               whole_bound(setting->least), whole_bound(setting->most));
    case EDT_SETTING_NUMBER:
        return g_strdup_printf(_("a number from %g to %g"), setting->least, setting->most);
    case EDT_SETTING_FLAG:
        return g_strdup(_("true or false"));
    case EDT_SETTING_WORD:
        words = g_strjoinv(", ", (char **)setting->words);
        return g_strdup_printf(_("one of %s"), words);
    case EDT_SETTING_TEXT:
        return g_strdup(_("a text"));
    case EDT_SETTING_SPAN:
        return g_strdup_printf(_("two numbers from %g to %g with a comma between them, the smaller "
                                 "one first"),
                               setting->least, setting->most);
    case EDT_SETTING_MIX:
        return g_strdup_printf(_("a list of at most %d classes with weights from 0 to 1, such as "
                                 "[[207, 0.4]]"),
                               EDT_MIX_MAX);
    case EDT_SETTING_VARIATION:
        return g_strdup_printf(_("a list of at most %d seeds with amounts from 0 to 1, such as "
                                 "[[7, 0.2]]"),
                               EDT_VARIATIONS_MAX);
    }
    return NULL;
}
