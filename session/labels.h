/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What earlier pictures are called in the user's language.  A record has the name that is the same
 * in every country; the model that made the picture knows the other ones, where it is still here.
 * Main thread only.
 */
#pragma once

#include "record.h"

/* The class of a record; free with g_free(). */
char *edt_label_of(const EdtRecord *record);
/* The models of this machine have changed. */
void edt_labels_forget(void);
