/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which picture is learnt from next.  Either all of them once an epoch, in an order of its own; or
 * a class, then one of its styles by their shares, then one of its pictures: so that a class of
 * few pictures is learnt as well as one of many.  What stands at a position depends on seed and
 * position alone: there is no state to save.
 */
#pragma once

#include "train/dataset.h"

typedef struct EdtPictureDraw EdtPictureDraw;

/* by_class: needs a dataset that knows its labels (edt_dataset_labels). */
EdtPictureDraw *edt_picture_draw_new(const EdtDataset *dataset, gboolean by_class, guint64 seed);
void edt_picture_draw_free(EdtPictureDraw *draw);
/* The index of the picture at a position 0, 1, ... of the run. */
int edt_picture_draw_at(EdtPictureDraw *draw, gint64 position);
