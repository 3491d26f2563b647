/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * receiver.h: the image that the dialog's layers go into, and the layers that have come.
 */
#pragma once

#include "plugin/run.h"

typedef struct {
    GimpProcedureConfig *config;
    GimpImage *image;  /* NULL: none yet */
    GimpItem *over;    /* in whose place layers come while nothing is selected; NULL: none */
    GPtrArray *layers; /* of all generations, and earlier pictures */
} EdtReceiver;

/* NULL: none yet, or it was closed. */
GimpImage *edt_receiver_image(EdtReceiver *receiver);
/* Where the settings say now.  FALSE, and so of the next: GIMP does not say what is selected. */
gboolean edt_receiver_place(EdtReceiver *receiver, EdtPlace *place, GError **error);
/* Where it was asked for; in the image that has been made or chosen since, where there was none. */
gboolean edt_receiver_place_of(EdtReceiver *receiver, const EdtRun *run, EdtPlace *place,
                               GError **error);
/* What has come into an image (NULL: nothing); takes layers. */
void edt_receiver_take(EdtReceiver *receiver, GimpImage *image, GimpLayer **layers);
/* What the procedure answers. */
GimpValueArray *edt_receiver_answer(const EdtReceiver *receiver, GimpProcedure *procedure);
