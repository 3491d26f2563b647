/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A morph: frames from one picture to another.  The first and the last frame are these two pictures
 * themselves, to the bit; between them classes are blended and noise is turned.
 */
#pragma once

#include "session/order.h"

/* As the settings say: "class" and "seed" begin, "to-class" and "to-seed" end; "frames".  An empty
 * "to-class" is the same class; a "to-seed" of -1 is the same seed, of the same class a new one.
 * "mix-how" "shape": the end has the shape of the first class in the looks of the other.  Samplers
 * that draw noise in every step are refused. */
EdtOrder *edt_morph_new(GObject *settings, int threads, GError **error);
/* From the picture of one record to that of another one, which was made with the same settings. */
EdtOrder *edt_morph_records(const EdtRecord *from, const EdtRecord *to, int frames, int threads,
                            GError **error);

/* What lies between the ends of a morph. */
gboolean edt_morph_at(const EdtOrder *morph, double share, EdtItem *out, GError **error);

/* What lies between two items at share 0..1; with the source and mask of the first.  FALSE: one
 * item cannot hold both. */
gboolean edt_morph_between(const EdtItem *from, const EdtItem *to, double share, EdtItem *out,
                           GError **error);
