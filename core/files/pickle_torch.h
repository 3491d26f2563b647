/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the pickle machine knows of torch: how a storage reference and a tensor are described by
 * plain values.  For pickle_objects.c only.
 */
#pragma once

#include "files/pickle.h"

/* The two constructions, as descriptions.  Errors say what is wrong, without position. */
gboolean edt_pickle_make_storage(const EdtPickleValue *id, EdtPickleStorage *storage,
                                 GError **error);
gboolean edt_pickle_make_tensor(const EdtPickleValue *arguments, EdtPickleTensor *tensor,
                                GError **error);
