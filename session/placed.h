/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a picture was put into its image, as a text that its layer keeps: the setting of its size,
 * and how many times as large as it was made it became ("selection 2.5").
 */
#pragma once

#include "session/words.h"

typedef struct {
    EdtFit fit;
    double factor; /* of the width, above 0 */
} EdtPlaced;

char *edt_placed_write(const EdtPlaced *placed); /* to be freed */
/* FALSE: the text, which may be a stranger's or NULL, is none of ours. */
gboolean edt_placed_read(const char *text, EdtPlaced *placed);
/* The setting that makes a new picture as large as a layer of `width` pixels, whose picture was
 * made `size` pixels wide: the one of its text, where it has that size still; else into its own
 * place. */
EdtFit edt_placed_fit(const char *text, int size, int width);
