/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole sampler once more, in f64 and in the plainest way, by the papers' formulas: what the
 * engine makes of an item is held against it.  Only the network itself, the random numbers and the
 * autoencoder are the engine's own.
 */
#pragma once

#include "edt.h"

/* The latent of one item, [C, h, w] in f64; free with g_free().  request: steps, sampler, eta,
 * guidance, clip.  source: as the sampler has it, or NULL. */
double *reference_run(EdtEngine *engine, const EdtRequest *request, const EdtItem *item,
                      const double *source);
/* The item's source as the sampler has it; NULL where it has none. */
double *reference_source(EdtEngine *engine, const EdtItem *item);
