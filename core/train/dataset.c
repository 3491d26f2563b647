/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What all kinds of data share: stepping over what cannot be read.  Next: pictures.c, features.c.
 */
#include "train/dataset.h"
#include "edt.h"

#include <string.h>

#define TRIES_MAX 100 /* unreadable samples in a row: then the disk is gone, not a picture bad */

void edt_dataset_free(EdtDataset *dataset)
{
    if (dataset == NULL)
        return;
    edt_naming_clear(&dataset->classes);
    edt_naming_clear(&dataset->styles);
    g_free(dataset->style_shares);
    g_free(dataset->sum);
    g_ptr_array_unref(dataset->skipped);
    g_mutex_clear(&dataset->lock);
    dataset->free(dataset);
}

char *edt_dataset_sum(int n, const char *(*name)(const EdtDataset *dataset, int index),
                      const EdtDataset *dataset)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (int i = 0; i < n; i++) {
        const char *text = name(dataset, i);
        g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
    }
    return g_strndup(g_checksum_get_string(sum), 16);
}

/* why is taken over; a name is noted once. */
static void note_skipped(EdtDataset *dataset, char *why)
{
    g_mutex_lock(&dataset->lock);
    if (g_ptr_array_find_with_equal_func(dataset->skipped, why, g_str_equal, NULL))
        g_free(why);
    else
        g_ptr_array_add(dataset->skipped, why);
    g_mutex_unlock(&dataset->lock);
}

EdtSampleLabels edt_dataset_labels(const EdtDataset *dataset, int index)
{
    return dataset->labels_of(dataset, index);
}

gboolean edt_dataset_get(EdtDataset *dataset, int index, EdtRandom *random, float *x,
                         EdtSampleLabels *labels, GError **error)
{
    for (int i = 0; i < MIN(TRIES_MAX, dataset->count); i++) {
        char *why = NULL;
        if (dataset->get(dataset, (index + i) % dataset->count, random, x, labels, &why))
            return TRUE;
        note_skipped(dataset, why);
    }
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "The training data cannot be read any more: %s.",
                (const char *)dataset->skipped->pdata[dataset->skipped->len - 1]);
    return FALSE;
}
