/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counting tensors: what a model must have against what a file has.  Missing, mis-shaped and
 * unexpected ones end in one sentence that names them.
 */
#pragma once

#include "base/type.h"

typedef struct EdtInventory EdtInventory;

EdtInventory *edt_inventory_new(void);
/* One expected tensor, and the one that the file has under its name (rank -1: none).  TRUE when
 * it is there and its shape is exactly right. */
gboolean edt_inventory_expect(EdtInventory *inventory, const char *name, int rank,
                              const gint64 *shape, int found_rank, const gint64 *found_shape);
/* One tensor that the file has and the model has not. */
void edt_inventory_extra(EdtInventory *inventory, const char *name);
/* FALSE and EDT_ERROR_BAD_FILE (of: "the EDT checkpoint") when anything was wrong; frees. */
gboolean edt_inventory_close(EdtInventory *inventory, const char *of, GError **error);
