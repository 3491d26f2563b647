/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A cheap look at the denoised latent, without its autoencoder: every channel has a colour.
 */
#pragma once

#include "edt.h"

/* Whether any of the channels has a colour. */
gboolean edt_preview_knows(const EdtLatentChannel *latents, int C);
/* latent: [C,hw], as the sampler has it.  rgb: [hw,3]. */
void edt_preview_latent(const EdtLatentChannel *latents, int C, const float *latent, int hw,
                        guint8 *rgb);
