/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model can draw: its classes, and how a person's words find one of them.
 * The start of the journey: a request wants a class index (edt.h, EdtItem).  The 1000 ImageNet
 * classes are part of the library (data/classes/imagenet.tsv); other models bring their own names.
 * Next: search.c, which compares them.
 */
#include "model/search.h"

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
    EdtNames names = {.n = info ? MAX(info->n_classes, 0) : n_imagenet};
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

char *edt_class_name(const EdtModelInfo *info, int class_index)
{
    EdtNames names = names_of(info);
    if (class_index >= 0 && class_index < names.n_named)
        return g_strdup(first_name(&names, class_index));
    if (class_index == names.n)
        return g_strdup("no class");
    return g_strdup_printf("class %d", class_index);
}

char *edt_class_label(const EdtModelInfo *info, int class_index)
{
    EdtNames names = names_of(info);
    if (class_index >= 0 && class_index < names.n_named)
        return g_strdup(names.labels ? names.labels[class_index] : first_name(&names, class_index));
    if (class_index == names.n)
        return g_strdup(_("no class"));
    return g_strdup_printf(_("class %d"), class_index);
}

/* ---- finding ---- */

int *edt_class_search(const EdtModelInfo *info, const char *text)
{
    EdtNames names = names_of(info);
    char *query = edt_search_fold(text);
    int numbered = edt_search_number(&names, text);
    GArray *hits = edt_search_names(&names, query);
    int *found = g_new(int, hits->len + 2);
    int n = 0;
    if (numbered >= 0)
        found[n++] = numbered;
    for (guint i = 0; i < hits->len; i++) {
        int index = g_array_index(hits, EdtHit, i).index;
        if (index != numbered)
            found[n++] = index;
    }
    found[n] = -1;
    g_array_unref(hits);
    g_free(query);
    return found;
}

/* ---- one class, or an error that helps ---- */

#define CANDIDATES_MAX 5

/* "crane (134, wading bird), crane (517, lifting device)"; the kind only where it is asked for. */
static char *list_candidates(const EdtNames *names, const GArray *hits, guint n, gboolean kinds)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < MIN(n, CANDIDATES_MAX); i++) {
        int index = g_array_index(hits, EdtHit, i).index;
        g_string_append_printf(list, "%s%s (%d", i ? ", " : "", first_name(names, index), index);
        const char *kind = kinds && names->kinds ? names->kinds[index] : "";
        int length = (int)strcspn(kind, ",");
        g_string_append_printf(list, "%s%.*s)", length ? ", " : "", length, kind);
    }
    if (n > CANDIDATES_MAX)
        g_string_append_printf(list, _(" and %u more"), n - CANDIDATES_MAX);
    return g_string_free(list, FALSE);
}

static int fail_unknown(const EdtNames *names, const char *text, const char *query, GError **error)
{
    if (!names->n_named) {
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_USAGE,
            _("Unknown class “%s”. This model does not name its classes: give a number from 0 "
              "to %d."),
            text, names->n - 1);
        return -1;
    }
    GArray *nearest = edt_search_nearest(names, query);
    char *list = list_candidates(names, nearest, MIN(nearest->len, 3), FALSE);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                *list ? _("Unknown class “%s”. Nearest: %s.") : _("Unknown class “%s”.%s"), text,
                list);
    g_free(list);
    g_array_unref(nearest);
    return -1;
}

static int fail_ambiguous(const EdtNames *names, const char *text, const GArray *hits, guint n,
                          GError **error)
{
    gboolean same_name = g_array_index(hits, EdtHit, 0).rank <= EDT_HIT_WHOLE;
    char *list = list_candidates(names, hits, n, same_name);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                same_name ? _("Class “%s” is the name of %u classes: %s. Give the number.")
                          : _("Class “%s” fits %u classes: %s. Give a number or a whole name."),
                text, n, list);
    g_free(list);
    return -1;
}

/* A full name has to be the only one, else a full synonym, else whatever fits at all. */
static int find_name(const EdtNames *names, const char *text, const char *query, GError **error)
{
    GArray *hits = edt_search_spelled(names, query);
    if (!hits->len) {
        g_array_unref(hits);
        return fail_unknown(names, text, query, error);
    }
    const EdtHit *best = &g_array_index(hits, EdtHit, 0);
    guint n = hits->len;
    if (best->rank <= EDT_HIT_WHOLE) {
        for (n = 1; n < hits->len && g_array_index(hits, EdtHit, n).rank == best->rank;)
            n++;
    }
    int found = n == 1 ? best->index : fail_ambiguous(names, text, hits, n, error);
    g_array_unref(hits);
    return found;
}

int edt_class_find(const EdtModelInfo *info, const char *text, GError **error)
{
    EdtNames names = names_of(info);
    int found = edt_search_number(&names, text);
    if (found == EDT_OUT_OF_RANGE) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("There is no class %s: this model's classes go from 0 to %d."), text,
                    names.n - 1);
        return -1;
    }
    if (found != EDT_NOT_A_NUMBER)
        return found;
    char *query = edt_search_fold(text);
    if (*query)
        found = find_name(&names, text, query, error);
    else
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                            _("The class is empty: give a number or a name."));
    g_free(query);
    return found;
}
