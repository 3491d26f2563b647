/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A tiny complete model (16x16 latents, 10 classes, 128x128 pictures), imported from genuine
 * torch.save files into a temporary folder.
 */
#pragma once

#include "catalogue.h"

/* Path of the model; made once per program. */
const char *tiny_model(void);
gboolean tiny_one_thread(void); /* every engine is made with one thread */
EdtEngine *tiny_engine(int threads, EdtPrecision precision);
/* n items of classes 0, 1, ... and seeds 100, 101, ... with `steps` steps of ddim. */
EdtRequest tiny_request(EdtEngine *engine, EdtItem *items, int n, int steps);
