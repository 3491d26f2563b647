/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pictures that the tests train on: discs of two colours, and a file that is no picture.
 */
#pragma once

#include "train.h"

#define DISCS_SIDE 16
#define DISCS_PICTURES 3 /* of a class */

/* FOLDER/pictures/blue and green; answers FOLDER/pictures. */
char *discs_make(const char *folder);
/* Of a run on them; pictures has to live as long. */
EdtTrainOptions discs_options(const char *pictures);
