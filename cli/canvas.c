/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See canvas.h.  Called from plan.c and job.c.
 */
#include "cli/canvas.h"
#include "core/canvas.h"
#include "catalogue.h"
#include "core/settings.h"

#include <string.h>

/* ---- sources and masks ---- */

static GBytes *ref(GBytes *bytes)
{
    return bytes ? g_bytes_ref(bytes) : NULL;
}

EdtCliCanvas edt_cli_canvas_ref(const EdtCliCanvas *canvas)
{
    return (EdtCliCanvas){ref(canvas->source), ref(canvas->mask)};
}

void edt_cli_canvas_clear(EdtCliCanvas *canvas)
{
    g_clear_pointer(&canvas->source, g_bytes_unref);
    g_clear_pointer(&canvas->mask, g_bytes_unref);
}

void edt_cli_canvas_lay(const EdtCliCanvas *canvas, EdtItem *item)
{
    item->source = canvas->source ? g_bytes_get_data(canvas->source, NULL) : NULL;
    item->mask = canvas->mask ? g_bytes_get_data(canvas->mask, NULL) : NULL;
}

static gboolean is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static gboolean take(GBytes **bytes, const EdtModelInfo *info, EdtCanvasPart part, const char *text,
                     const char *beside, EdtPaper paper, GError **error)
{
    if (!text)
        return TRUE;
    const gsize pixels = (gsize)info->image_size * (gsize)info->image_size;
    const gsize channels = part == EDT_CANVAS_MASK ? 1 : (gsize)edt_canvas_source_channels(info);
    float *numbers = is_sha256(text) ? edt_canvas_find(info, part, text, beside, error)
                                     : edt_canvas_load(info, part, text, paper, error);
    if (numbers)
        *bytes = g_bytes_new_take(numbers, pixels * channels * sizeof(float));
    else if (is_sha256(text))
        g_prefix_error(error, "%s is needed: ", part == EDT_CANVAS_MASK ? "--mask" : "--image");
    return numbers != NULL;
}

gboolean edt_cli_canvas_take(EdtCliCanvas *canvas, const EdtCliSettings *settings,
                             const EdtModelInfo *info, const char *source, const char *mask,
                             const char *beside, GError **error)
{
    int paper = EDT_PAPER_AUTO;
    return edt_cli_word("--paper", settings->paper, edt_paper_words, &paper, error) &&
           take(&canvas->source, info, EDT_CANVAS_SOURCE, source, beside, (EdtPaper)paper, error) &&
           take(&canvas->mask, info, EDT_CANVAS_MASK, mask, beside, EDT_PAPER_KEEP, error);
}

void edt_cli_canvas_suit(EdtItem *item, gboolean freedom_said, gboolean fill_said)
{
    if (item->mask && !fill_said)
        item->fill = item->source ? EDT_FILL_MISSING : EDT_FILL_SHAPE;
    if (item->source && !freedom_said)
        item->freedom = item->fill == EDT_FILL_MISSING ? 1 : EDT_CANVAS_FREEDOM;
}

/* ---- mixes and variations ---- */

/* "owl:0.4" -> "owl" (in place) and 0.4; a share that is not there stays. */
static gboolean split(char *text, double *share)
{
    char *colon = strrchr(text, ':');
    if (!colon)
        return TRUE;
    *colon = 0;
    g_strstrip(text);
    return edt_real_parse(g_strstrip(colon + 1), share) && *share >= 0 && *share <= 1;
}

#define STYLE_OF_ITEM (EDT_STYLE_ANY - 1) /* until the item has one */
#define COMMAS_MAX 32                     /* in a name */

/* "owl/flat": a class, and behind the last slash a style of models that have some.  A whole name is
 * never cut. */
static gboolean parse_class(const EdtModelInfo *info, char *text, int *class_index, int *style,
                            guint *drawn, GError **error)
{
    gboolean class_drawn = FALSE, style_drawn = FALSE;
    gboolean whole = !info->n_styles || edt_class_is_named(info, text);
    char *slash = whole ? NULL : strrchr(text, '/');
    *style = STYLE_OF_ITEM;
    if (slash)
        *slash = 0;
    *class_index = edt_class_choose(info, text, &class_drawn, error);
    if (*class_index < 0 ||
        (slash && !edt_style_choose(info, slash + 1, style, &style_drawn, error)))
        return FALSE;
    *drawn = (class_drawn ? EDT_CLI_CLASS_DRAWN : 0) | (style_drawn ? EDT_CLI_STYLE_DRAWN : 0);
    return TRUE;
}

/* "owl:0.4", where the name as it stands has no colon of its own. */
static gboolean split_named(const EdtModelInfo *info, char *text, double *share)
{
    return edt_class_is_named(info, text) || split(text, share);
}

/* Whether a whole name is left without share and style. */
static gboolean has_name(const EdtModelInfo *info, const char *text)
{
    g_autofree char *class = g_strstrip(g_strdup(text));
    double share;
    if (!split_named(info, class, &share))
        return FALSE;
    char *slash = edt_class_is_named(info, class) ? NULL : strrchr(class, '/');
    if (slash)
        *slash = 0;
    return edt_class_is_named(info, class);
}

/* Up to a comma: the first one, or one behind it where the name has some. */
static char *next_entry(const EdtModelInfo *info, const char **list)
{
    const char *end = *list + strcspn(*list, ","), *comma = end;
    for (int i = 0; *comma && i < COMMAS_MAX; i++) {
        comma += 1 + strcspn(comma + 1, ",");
        g_autofree char *longer = g_strndup(*list, (gsize)(comma - *list));
        if (has_name(info, longer))
            end = comma;
    }
    char *entry = g_strstrip(g_strndup(*list, (gsize)(end - *list)));
    *list = *end ? end + 1 : NULL;
    return entry;
}

gboolean edt_cli_mix_parse(const EdtModelInfo *info, const char *text, double usual, EdtMix *mix,
                           EdtCliDrawn *drawn, GError **error)
{
    g_autofree char *advice = g_strdup_printf(
        "at most %d classes with their weights, 0 to 1, such as owl:0.4", EDT_MIX_MAX);
    *mix = (EdtMix){0};
    memset(drawn->mix, 0, sizeof drawn->mix);
    for (const char *rest = text; rest; mix->n++) {
        if (mix->n == EDT_MIX_MAX)
            return edt_cli_refuse(error, "--mix", text, advice);
        g_autofree char *entry = next_entry(info, &rest);
        mix->of[mix->n].weight = usual;
        if (!split_named(info, entry, &mix->of[mix->n].weight))
            return edt_cli_refuse(error, "--mix", text, advice);
        if (!parse_class(info, entry, &mix->of[mix->n].class_index, &mix->of[mix->n].style,
                         &drawn->mix[mix->n], error))
            return FALSE;
    }
    return TRUE;
}

void edt_cli_mix_follow(EdtMix *mix, int style)
{
    for (int k = 0; k < mix->n; k++)
        if (mix->of[k].style == style)
            mix->of[k].style = STYLE_OF_ITEM;
}

void edt_cli_mix_settle(EdtItem *item)
{
    for (int k = 0; k < item->mix.n; k++)
        if (item->mix.of[k].style == STYLE_OF_ITEM)
            item->mix.of[k].style = item->style;
}

gboolean edt_cli_variation_parse(const char *text, EdtVariation *variation, EdtCliDrawn *drawn,
                                 GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    const int n = (int)g_strv_length(parts);
    g_autofree char *advice = g_strdup_printf(
        "at most %d seeds, each with an amount of 0 to 1, such as 7:0.2", EDT_VARIATIONS_MAX);
    if (n == 0 || n > EDT_VARIATIONS_MAX)
        return edt_cli_refuse(error, "--vary", text, advice);
    *variation = (EdtVariation){.n = n};
    memset(drawn->variation, 0, sizeof drawn->variation);
    for (int k = 0; k < n; k++) {
        double amount = -1;
        if (!split(g_strstrip(parts[k]), &amount) || amount < 0)
            return edt_cli_refuse(error, "--vary", text, advice);
        variation->of[k].amount = amount;
        if (!edt_cli_seed_parse(parts[k], &variation->of[k].seed, error))
            return FALSE;
        drawn->variation[k] = g_ascii_strtoll(parts[k], NULL, 10) == -1;
    }
    return TRUE;
}

gboolean edt_cli_is_mix_drawn(const EdtCliDrawn *drawn)
{
    static const EdtCliDrawn none = {0};
    return memcmp(drawn->mix, none.mix, sizeof none.mix) != 0;
}

gboolean edt_cli_is_drawn(const EdtCliDrawn *drawn)
{
    static const EdtCliDrawn none = {0};
    return memcmp(drawn, &none, sizeof none) != 0;
}

EdtMix edt_cli_mix_follow_drawn(const EdtMix *mix, const EdtCliDrawn *drawn, const EdtMix *there)
{
    EdtMix as = *mix;
    for (int k = 0; k < MIN(mix->n, there->n); k++) {
        if (drawn->mix[k] & EDT_CLI_CLASS_DRAWN)
            as.of[k].class_index = there->of[k].class_index;
        if (drawn->mix[k] & EDT_CLI_STYLE_DRAWN)
            as.of[k].style = there->of[k].style;
    }
    return as;
}

EdtVariation edt_cli_variation_follow_drawn(const EdtVariation *variation, const EdtCliDrawn *drawn,
                                            const EdtVariation *there)
{
    EdtVariation as = *variation;
    for (int k = 0; k < MIN(variation->n, there->n); k++)
        if (drawn->variation[k])
            as.of[k].seed = there->of[k].seed;
    return as;
}

/* ---- frames ---- */

void edt_cli_frame(EdtItem *item, int i, int n)
{
    const double share = edt_frame_share(i, n);
    for (int k = 0; k < item->mix.n; k++)
        item->mix.of[k].weight *= share;
    for (int k = 0; k < item->variation.n; k++)
        item->variation.of[k].amount *= share;
}
