/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Features as the official extract_features.py writes them: one .npy of latents [1,C,h,h], already
 * scaled, and one .npy with the class, both folders in the order of their file names.
 */
#include "train/dataset.h"
#include "edt.h"
#include "files/npy.h"

#include <math.h>
#include <string.h>

typedef struct {
    EdtDataset base;
    char *folder;
    int channels, side;
    GPtrArray *features, *labels; /* file names */
} Features;

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list(const char *folder, const char *part, GError **error)
{
    g_autofree char *path = g_build_filename(folder, part, NULL);
    GError *cause = NULL;
    GDir *dir = g_dir_open(path, 0, &cause);
    GPtrArray *names;
    const char *name;

    if (dir == NULL) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, "“%s” holds no features: %s.", folder,
                    cause->message);
        g_error_free(cause);
        return NULL;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(dir)))
        if (*name != '.' && g_str_has_suffix(name, ".npy"))
            g_ptr_array_add(names, g_strdup(name));
    g_dir_close(dir);
    g_ptr_array_sort(names, by_name);
    return names;
}

static EdtNpy *read_npy(const Features *f, const char *part, const char *name, char **why)
{
    g_autofree char *path = g_build_filename(f->folder, part, name, NULL);
    GError *error = NULL;
    EdtNpy *npy = edt_npy_read(path, &error);
    if (npy == NULL) {
        *why = g_strdup_printf("%s/%s: %s", part, name, error->message);
        g_error_free(error);
    }
    return npy;
}

/* -1: none of the classes. */
static int label_of(const EdtNpy *npy, int n_classes)
{
    double label = npy->count != 1 ? -1 : npy->ints ? (double)npy->ints[0] : (double)npy->values[0];
    return label >= 0 && label < n_classes ? (int)label : -1;
}

/* [1, C, h, h], or without the 1. */
static gboolean is_feature(const EdtNpy *npy, int channels, int side)
{
    const int first = npy->rank - 3;
    return npy->values && (first == 0 || (first == 1 && npy->shape[0] == 1)) &&
           npy->shape[first] == channels && npy->shape[first + 1] == side &&
           npy->shape[first + 2] == side;
}

static gboolean are_finite(const float *values, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return FALSE;
    return TRUE;
}

static gboolean read_label(Features *f, int index, int *label, char **why)
{
    const char *name = f->labels->pdata[index];
    EdtNpy *npy = read_npy(f, "imagenet_labels", name, why);

    if (npy == NULL)
        return FALSE;
    *label = label_of(npy, f->base.n_classes);
    edt_npy_free(npy);
    if (*label >= 0)
        return TRUE;
    *why = g_strdup_printf("imagenet_labels/%s: is no class of this model", name);
    return FALSE;
}

static gboolean get(EdtDataset *dataset, int index, EdtRandom *random, float *x,
                    EdtSampleLabels *labels, char **why)
{
    Features *f = (Features *)dataset;
    const char *name = f->features->pdata[index];
    gsize count = (gsize)f->channels * (gsize)f->side * (gsize)f->side;
    EdtNpy *npy;
    gboolean good;

    if (!read_label(f, index, &labels->class, why))
        return FALSE;
    labels->style = -1;
    npy = read_npy(f, "imagenet_features", name, why);
    if (npy == NULL)
        return FALSE;
    good = is_feature(npy, f->channels, f->side);
    if (!good)
        *why = g_strdup_printf("imagenet_features/%s: is not [1, %d, %d, %d]", name, f->channels,
                               f->side, f->side);
    else if (!(good = are_finite(npy->values, count)))
        *why = g_strdup_printf("imagenet_features/%s: holds something that is no number", name);
    else
        memcpy(x, npy->values, count * sizeof *x);
    edt_npy_free(npy);
    return good;
}

static void features_free(EdtDataset *dataset)
{
    Features *f = (Features *)dataset;
    g_clear_pointer(&f->features, g_ptr_array_unref);
    g_clear_pointer(&f->labels, g_ptr_array_unref);
    g_free(f->folder);
    g_free(f);
}

/* Both are paired in their order: where names agree, one that is missing would give all behind it
 * the label of a neighbour.  The first place that differs; -1: none, or both kinds have names of
 * their own. */
static int first_without_partner(const Features *f)
{
    int first = -1;
    gboolean agree = FALSE;
    for (guint i = 0; i < f->features->len; i++) {
        gboolean alike = strcmp(f->features->pdata[i], f->labels->pdata[i]) == 0;
        agree |= alike;
        if (!alike && first < 0)
            first = (int)i;
    }
    return agree ? first : -1;
}

/* Both are sorted: the smaller name is the one alone. */
static void tell_alone(const Features *f, int at, GError **error)
{
    const char *feature = f->features->pdata[at], *label = f->labels->pdata[at];
    gboolean labelled = strcmp(feature, label) > 0;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "“%s” has no %s/%s for %s/%s, while others go together.", f->folder,
                labelled ? "imagenet_features" : "imagenet_labels", labelled ? label : feature,
                labelled ? "imagenet_labels" : "imagenet_features", labelled ? label : feature);
}

static gboolean check_pairs(const Features *f, GError **error)
{
    const gboolean even = f->features->len > 0 && f->features->len == f->labels->len;
    const int odd = even ? first_without_partner(f) : -1;
    if (odd >= 0)
        tell_alone(f, odd, error);
    else if (!even)
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_BAD_FILE,
            "“%s” holds %u features and %u labels; there must be as many, and at least one.",
            f->folder, f->features->len, f->labels->len);
    return even && odd < 0;
}

static const char *name_at(const EdtDataset *dataset, int index)
{
    return ((const Features *)dataset)->features->pdata[index];
}

EdtDataset *edt_features_open(const char *folder, int channels, int side, int n_classes,
                              GError **error)
{
    Features *f = g_new0(Features, 1);

    f->base.get = get;
    f->base.free = features_free;
    f->base.skipped = g_ptr_array_new_with_free_func(g_free);
    f->base.n_classes = n_classes;
    g_mutex_init(&f->base.lock);
    f->folder = g_strdup(folder);
    f->channels = channels;
    f->side = side;
    f->features = list(folder, "imagenet_features", error);
    f->labels = f->features ? list(folder, "imagenet_labels", error) : NULL;
    if (f->labels && check_pairs(f, error)) {
        f->base.count = (int)f->features->len;
        f->base.sum = edt_dataset_sum(f->base.count, name_at, &f->base);
        return &f->base;
    }
    edt_dataset_free(&f->base);
    return NULL;
}
