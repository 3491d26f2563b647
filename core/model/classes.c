/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model can draw: its classes, its styles, and how a person's words find one of them.
 * The start of the journey: a request wants a class index (edt.h, EdtItem).  The 1000 ImageNet
 * classes are part of the library (data/classes/imagenet.tsv); other models bring their own names.
 * Next: search.c, which compares them.
 */
#include "catalogue.h"
#include "model/meaning.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- the names ---- */

#define ROW(index, synset, name, synonyms, kinds) {index, name, synonyms, synset},
static const EdtClass imagenet[] = {
#include "imagenet-classes.inc"
};
#undef ROW

/* Wider notions of each class, nearest first: "retriever, sporting dog, hunting dog, dog, ...". */
#define ROW(index, synset, name, synonyms, kinds) kinds,
static const char *const imagenet_kinds[] = {
#include "imagenet-classes.inc"
};
#undef ROW

const EdtClass *edt_imagenet_classes(int *n_classes)
{
    if (n_classes)
        *n_classes = (int)G_N_ELEMENTS(imagenet);
    return imagenet;
}

static EdtNames names_of(const EdtModelInfo *info)
{
    const int n_imagenet = (int)G_N_ELEMENTS(imagenet);
    EdtNames names = {.n = info ? MAX(info->n_classes, 0) : n_imagenet,
                      .bare = "class %d",
                      .bare_label = _("class %d")};
    if (!info || info->class_list == EDT_CLASSES_IMAGENET) {
        names.n_named = MIN(names.n, n_imagenet);
        names.known = imagenet;
        names.kinds = imagenet_kinds;
    } else if (info->class_list == EDT_CLASSES_OWN && info->class_names) {
        names.n_named = (int)MIN((guint)names.n, g_strv_length(info->class_names));
        names.own = info->class_names;
        names.labels = info->class_labels;
    }
    return names;
}

static const char *first_name(const EdtNames *names, int index)
{
    return names->known ? names->known[index].name : names->own[index];
}

static const char *shown_name(const EdtNames *names, int index)
{
    return names->labels ? names->labels[index] : first_name(names, index);
}

char *edt_class_name(const EdtModelInfo *info, int class_index)
{
    EdtNames names = names_of(info);
    if (class_index >= 0 && class_index < names.n_named)
        return g_strdup(first_name(&names, class_index));
    if (class_index == names.n)
        return g_strdup("no class");
    return g_strdup_printf("class %d", class_index);
}

char *edt_class_word(const EdtModelInfo *info, int class_index)
{
    gboolean named = info && class_index < names_of(info).n_named;
    g_autofree char *name = edt_class_name(info, class_index);
    g_autofree char *number = g_strdup_printf("#%d", class_index);
    if (named && edt_class_find(info, name, NULL) == class_index)
        return g_steal_pointer(&name);
    return g_strdup(number + (!info || edt_class_find(info, number + 1, NULL) == class_index));
}

char *edt_class_label(const EdtModelInfo *info, int class_index)
{
    EdtNames names = names_of(info);
    if (class_index >= 0 && class_index < names.n_named)
        return g_strdup(shown_name(&names, class_index));
    if (class_index == names.n)
        return g_strdup(_("no class"));
    return g_strdup_printf(_("class %d"), class_index);
}

/* ---- the styles ---- */

static EdtNames styles_of(const EdtModelInfo *info)
{
    return (EdtNames){.n = info->n_styles,
                      .n_named = info->style_names ? info->n_styles : 0,
                      .own = info->style_names,
                      .labels = info->style_labels,
                      .bare = "style %d",
                      .bare_label = _("style %d")};
}

char *edt_style_name(const EdtModelInfo *info, int style)
{
    if (style < 0)
        return g_strdup("any");
    return info->style_names && style < info->n_styles ? g_strdup(info->style_names[style])
                                                       : g_strdup_printf("style %d", style);
}

char *edt_style_word(const EdtModelInfo *info, int style)
{
    g_autofree char *name = edt_style_name(info, style);
    g_autofree char *number = g_strdup_printf("#%d", style);
    if (style < 0 || (info->style_names && edt_style_find(info, name, NULL) == style))
        return g_steal_pointer(&name);
    return g_strdup(number + (edt_style_find(info, number + 1, NULL) == style));
}

char *edt_style_label(const EdtModelInfo *info, int style)
{
    EdtNames names = styles_of(info);
    return style < 0               ? g_strdup(_("any"))
           : style < names.n_named ? g_strdup(shown_name(&names, style))
                                   : g_strdup_printf(_("style %d"), style);
}

/* ---- finding ---- */

static void add_found(GArray *found, int index)
{
    for (guint i = 0; i < found->len; i++)
        if (g_array_index(found, int, i) == index)
            return;
    g_array_append_val(found, index);
}

static void add_hits(GArray *found, const GArray *hits)
{
    for (guint i = 0; i < hits->len; i++)
        add_found(found, g_array_index(hits, EdtHit, i).index);
}

/* Whole names go first, then a number, then what may be meant. */
static int *search(const EdtModelInfo *info, const char *text, gboolean *meant)
{
    EdtNames names = names_of(info);
    g_autofree char *query = edt_search_fold(text);
    g_autoptr(GArray) whole = edt_search_whole(&names, text);
    g_autoptr(GArray) hits = edt_meaning_search(&names, query, meant);
    GArray *found = g_array_new(FALSE, FALSE, sizeof(int));
    const int end = -1;
    int numbered = edt_search_number(&names, text);
    *meant |= numbered >= 0;
    if (whole->len)
        *meant = whole->len == 1;
    add_hits(found, whole);
    if (numbered >= 0)
        add_found(found, numbered);
    add_hits(found, hits);
    g_array_append_val(found, end);
    return (int *)(void *)g_array_free(found, FALSE);
}

int *edt_class_search(const EdtModelInfo *info, const char *text)
{
    return search(info, text, &(gboolean){FALSE});
}

int edt_class_meant(const EdtModelInfo *info, const char *text)
{
    gboolean meant;
    g_autofree int *found = search(info, text, &meant);
    return meant ? found[0] : -1;
}

/* ---- one of them, or an error that helps ---- */

#define CANDIDATES_MAX 5

typedef struct {
    EdtNames names;
    gboolean is_style; /* else a class: for the sentences */
    const char *text;
    char *query; /* the same, folded */
    GError **error;
} Asked;

G_GNUC_PRINTF(2, 3)
static int refuse(const Asked *asked, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *sentence = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(asked->error, EDT_ERROR, EDT_ERROR_USAGE, sentence);
    return -1;
}

/* "crane (134, wading bird), crane (517, lifting device)"; the kind only where it is asked for. */
static char *list_candidates(const EdtNames *names, const GArray *hits, guint n, gboolean kinds)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < MIN(n, CANDIDATES_MAX); i++) {
        int index = g_array_index(hits, EdtHit, i).index;
        g_string_append_printf(list, "%s%s (%d", i ? ", " : "", shown_name(names, index), index);
        const char *kind = kinds && names->kinds ? names->kinds[index] : "";
        int length = (int)strcspn(kind, ",");
        g_string_append_printf(list, "%s%.*s)", length ? ", " : "", length, kind);
    }
    if (n > CANDIDATES_MAX)
        g_string_append_printf(list, _(" and %u more"), n - CANDIDATES_MAX);
    return g_string_free(list, FALSE);
}

static int refuse_unnamed(const Asked *asked)
{
    return refuse(asked,
                  asked->is_style
                      ? _("Unknown style “%s”. This model does not name its styles: give a number "
                          "from 0 to %d.")
                      : _("Unknown class “%s”. This model does not name its classes: give a number "
                          "from 0 to %d."),
                  asked->text, asked->names.n - 1);
}

static int refuse_unknown(const Asked *asked)
{
    if (!asked->names.n_named)
        return refuse_unnamed(asked);
    g_autoptr(GArray) nearest = edt_search_nearest(&asked->names, asked->query);
    g_autofree char *list = list_candidates(&asked->names, nearest, MIN(nearest->len, 3), FALSE);
    if (asked->is_style)
        return refuse(asked,
                      *list ? _("Unknown style “%s”. Nearest: %s.") : _("Unknown style “%s”.%s"),
                      asked->text, list);
    return refuse(asked, *list ? _("Unknown class “%s”. Nearest: %s.") : _("Unknown class “%s”.%s"),
                  asked->text, list);
}

static int refuse_ambiguous(const Asked *asked, const GArray *hits, guint n)
{
    gboolean same_name = g_array_index(hits, EdtHit, 0).rank <= EDT_HIT_WHOLE;
    g_autofree char *list = list_candidates(&asked->names, hits, n, same_name);
    if (asked->is_style)
        return refuse(asked,
                      same_name
                          ? _("Style “%s” is the name of %u styles: %s. Give the number.")
                          : _("Style “%s” fits %u styles: %s. Give a number or a whole name."),
                      asked->text, n, list);
    return refuse(asked,
                  same_name ? _("Class “%s” is the name of %u classes: %s. Give the number.")
                            : _("Class “%s” fits %u classes: %s. Give a number or a whole name."),
                  asked->text, n, list);
}

/* A full name has to be the only one, else a full synonym, else whatever fits at all. */
static int find_name(const Asked *asked)
{
    g_autoptr(GArray) hits = edt_search_spelled(&asked->names, asked->query);
    if (!hits->len)
        return refuse_unknown(asked);
    const EdtHit *best = &g_array_index(hits, EdtHit, 0);
    guint n = hits->len;
    if (best->rank <= EDT_HIT_WHOLE) {
        for (n = 1; n < hits->len && g_array_index(hits, EdtHit, n).rank == best->rank;)
            n++;
    }
    return n == 1 ? best->index : refuse_ambiguous(asked, hits, n);
}

/* The name itself first, also where it looks like a number; what is left over is a part. */
static int find(const Asked *asked)
{
    g_autoptr(GArray) whole = edt_search_whole(&asked->names, asked->text);
    if (whole->len == 1)
        return g_array_index(whole, EdtHit, 0).index;
    if (whole->len > 1)
        return refuse_ambiguous(asked, whole, whole->len);
    int found = edt_search_number(&asked->names, asked->text);
    if (found == EDT_OUT_OF_RANGE)
        return refuse(asked,
                      asked->is_style
                          ? _("There is no style %s: this model's styles go from 0 to %d.")
                          : _("There is no class %s: this model's classes go from 0 to %d."),
                      asked->text, asked->names.n - 1);
    if (found != EDT_NOT_A_NUMBER)
        return found;
    if (*asked->query)
        return find_name(asked);
    return refuse(asked, "%s",
                  asked->is_style ? _("The style is empty: give a number or a name.")
                                  : _("The class is empty: give a number or a name."));
}

int edt_class_find(const EdtModelInfo *info, const char *text, GError **error)
{
    g_autofree char *query = edt_search_fold(text);
    const Asked asked = {names_of(info), FALSE, text, query, error};
    return find(&asked);
}

int edt_style_find(const EdtModelInfo *info, const char *text, GError **error)
{
    g_autofree char *query = edt_search_fold(text);
    const Asked asked = {styles_of(info), TRUE, text, query, error};
    if (info->n_styles > 0)
        return find(&asked);
    return refuse(&asked, _("“%s” is asked for as a style, but this model has no styles."), text);
}

/* ---- what a person writes: names, numbers and a few words ---- */

static gboolean is_whole(const EdtNames *names, const char *text)
{
    g_autoptr(GArray) whole = edt_search_whole(names, text);
    return whole->len > 0;
}

gboolean edt_class_is_named(const EdtModelInfo *info, const char *text)
{
    const EdtNames names = names_of(info);
    return is_whole(&names, text);
}

/* A word of ours, unless it is a name here. */
static gboolean is_word(const EdtNames *names, const char *text, const char *word)
{
    return text && g_ascii_strcasecmp(text, word) == 0 && !is_whole(names, text);
}

int edt_class_choose(const EdtModelInfo *info, const char *text, gboolean *drawn, GError **error)
{
    const EdtNames names = names_of(info);
    gboolean random = !text || is_word(&names, text, "random");
    if (drawn)
        *drawn = random;
    if (random)
        return g_random_int_range(0, MAX(names.n, 1));
    return is_word(&names, text, "null") ? names.n : edt_class_find(info, text, error);
}

gboolean edt_style_choose(const EdtModelInfo *info, const char *text, int *style, gboolean *drawn,
                          GError **error)
{
    const EdtNames names = styles_of(info);
    gboolean random = names.n && is_word(&names, text, "random");
    *style = text || !names.n ? EDT_STYLE_ANY : 0;
    if (drawn)
        *drawn = random;
    if (!text || is_word(&names, text, "any"))
        return TRUE;
    *style = random ? g_random_int_range(0, names.n) : edt_style_find(info, text, error);
    return *style >= 0;
}

char **edt_class_split(const EdtModelInfo *info, const char *list)
{
    const EdtNames names = names_of(info);
    return edt_search_split(&names, list);
}

char **edt_style_split(const EdtModelInfo *info, const char *list)
{
    const EdtNames names = styles_of(info);
    return edt_search_split(&names, list);
}
