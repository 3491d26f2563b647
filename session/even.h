/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Even steps: where on the way of a morph its frames have to lie so that each is as far from the
 * next as any other.  Drafts measure the way; where two of them are furthest apart, more are made
 * between them.
 *
 *     EdtEven *even = edt_even_new(morph);
 *     while ((drafts = edt_even_drafts(even, morph, &error)))   // NULL without an error: enough
 *         ... run them ...  edt_even_measure(even, pictures);
 *     edt_even_apply(even, morph, &error);
 */
#pragma once

#include "session/order.h"

typedef struct EdtEven EdtEven;

EdtEven *edt_even_new(const EdtOrder *morph);
void edt_even_free(EdtEven *even); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EdtEven, edt_even_free)
EdtOrder *edt_even_drafts(EdtEven *even, const EdtOrder *morph, GError **error);
/* Those of the last drafts, all of them. */
void edt_even_measure(EdtEven *even, const EdtPictures *pictures);
/* The frames between the first and the last one are others then. */
gboolean edt_even_apply(const EdtEven *even, EdtOrder *morph, GError **error);

/* n lengths lie between n + 1 shares; out are those of `frames` frames, the first and the last at
 * the ends. */
void edt_even_shares(const double *shares, const double *lengths, int n, double *out, int frames);
