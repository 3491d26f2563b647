/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looks models up by their checksum, once each; see labels.h.
 */
#include "session/labels.h"
#include "catalogue.h"

#include <glib/gi18n.h>

static GHashTable *models; /* sha256 -> EdtModelInfo, NULL: not on this machine */

static void free_info(gpointer info)
{
    edt_model_info_free(info);
}

static const EdtModelInfo *model_of(const char *sha256)
{
    gpointer info = NULL;
    if (!models)
        models = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_info);
    if (g_hash_table_lookup_extended(models, sha256, NULL, &info))
        return info;
    g_autofree char *path = edt_models_find_sha256(sha256);
    info = path ? edt_model_info_read(path, NULL) : NULL;
    g_hash_table_insert(models, g_strdup(sha256), info);
    return info;
}

char *edt_label_mixed(const char *first, const char *second, double part)
{
    return g_strdup_printf(_("%s + %s %.0f %%"), first, second, part * 100);
}

char *edt_label_of_item(const EdtModelInfo *info, const EdtItem *item)
{
    char *label = edt_class_label(info, item->class_index);
    for (int k = 0; k < item->mix.n; k++) {
        g_autofree char *first = label;
        g_autofree char *other = edt_class_label(info, item->mix.of[k].class_index);
        label = edt_label_mixed(first, other, item->mix.of[k].weight);
    }
    return label;
}

char *edt_label_of(const EdtRecord *record)
{
    const EdtModelInfo *info = record->model_sha256 ? model_of(record->model_sha256) : NULL;
    if (info && record->item.class_index >= 0 && record->item.class_index < info->n_classes)
        return edt_label_of_item(info, &record->item);
    return g_strdup(record->class_name ? record->class_name : "?");
}

void edt_labels_forget(void)
{
    g_clear_pointer(&models, g_hash_table_unref);
}
