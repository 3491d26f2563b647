/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model's network and autoencoders work in, found by their own walks when its header is
 * read.  What becomes of it: engine/forecast.c.
 */
#pragma once

#include "edt.h"
#include "network/shape.h"
#include "vae/shape.h"

void edt_needs_forward(EdtModelInfo *info, const EdtVariant *v);
/* Of each decoder that the model has; info has its latent_size already. */
void edt_needs_decoding(EdtModelInfo *info, const EdtVaeShape *vae);
