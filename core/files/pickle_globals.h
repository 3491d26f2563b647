/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The globals of Python that a pickle may name, and why the others may not be named.
 */
#pragma once

#include "files/pickle.h"

typedef enum {
    EDT_GLOBAL_ORDERED_DICT,
    EDT_GLOBAL_REBUILD_TENSOR,
    EDT_GLOBAL_REBUILD_PARAMETER,
    EDT_GLOBAL_STORAGE,
    EDT_GLOBAL_INERT,     /* a value beside the weights: what it makes is opaque, and never made */
    EDT_GLOBAL_ATTRIBUTE, /* getattr, for a memory format of EDT_GLOBAL_TORCH and nothing else */
    EDT_GLOBAL_TORCH,
} EdtGlobalKind;

struct EdtPickleGlobal {
    const char *module, *name;
    EdtGlobalKind kind;
    gsize element_size; /* storages; 0: not known */
    int type;           /* EdtType, or -1 */
};

/* The row for module and name, or NULL. */
const EdtPickleGlobal *edt_pickle_global_find(EdtPickleText module, EdtPickleText name);
gboolean edt_pickle_global_is_memory_format(EdtPickleText name);
/* Why a global without a row is refused: the end of a sentence, translated. */
const char *edt_pickle_global_reason(EdtPickleText module, EdtPickleText name);
