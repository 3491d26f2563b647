/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Filters > Generate > Picture of a Class (EDT), on GIMP's procedure dialog.  It stays open over
 * any number of generations.
 */
#pragma once

#include "record.h"
#include "session/words.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <libgimp/gimp.h>

/* What it begins with. */
typedef struct {
    EdtFrom from;            /* what is chosen to start from */
    const EdtRecord *record; /* whose settings; NULL: the last ones */
    GdkPixbuf *picture;      /* the record's, or NULL */
    GimpLayer *over;         /* in whose place pictures lie while nothing is selected, or NULL */
} EdtDialogStart;

GimpValueArray *edt_dialog_run(GimpProcedure *procedure, GimpImage *image,
                               GimpProcedureConfig *config, const EdtDialogStart *start);
