/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What earlier pictures are called in the user's language.  A record has the name that is the same
 * in every country; the model that made the picture knows the other ones, where it is still here.
 * Main thread only.
 */
#pragma once

#include "record.h"

/* "fox + owl 50 %", of the names of two classes; free with g_free(). */
char *edt_label_mixed(const char *first, const char *second, double part);
/* The class of an item, and what is mixed with it: "fox + owl 50 %"; free with g_free(). */
char *edt_label_of_item(const EdtModelInfo *info, const EdtItem *item);
/* The same of a record. */
char *edt_label_of(const EdtRecord *record);
/* The models of this machine have changed. */
void edt_labels_forget(void);
