/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the pickle machine knows of torch: the allow-list of globals, and how a storage reference
 * and a tensor are described by plain values.  For pickle_objects.c only.
 */
#pragma once

#include "files/pickle.h"

typedef enum {
    EDT_GLOBAL_ORDERED_DICT,
    EDT_GLOBAL_REBUILD_TENSOR,
    EDT_GLOBAL_REBUILD_PARAMETER,
    EDT_GLOBAL_STORAGE,
    EDT_GLOBAL_NAMESPACE,
} EdtGlobalKind;

struct EdtPickleGlobal {
    const char *module, *name;
    EdtGlobalKind kind;
    gsize element_size; /* storages; 0: not known */
    int type;           /* EdtType, or -1 */
};

/* The row for module and name, or NULL. */
const EdtPickleGlobal *edt_pickle_global_find(EdtPickleText module, EdtPickleText name);

/* The two constructions, as descriptions.  Errors say what is wrong, without position. */
gboolean edt_pickle_make_storage(const EdtPickleValue *id, EdtPickleStorage *storage,
                                 GError **error);
gboolean edt_pickle_make_tensor(const EdtPickleValue *arguments, EdtPickleTensor *tensor,
                                GError **error);
