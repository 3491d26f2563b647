/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the latents of an autoencoder and those that the diffusion works on: each channel is
 * shifted and scaled (edt.h, EdtLatentChannel).
 */
#pragma once

#include "vae/shape.h"

/* Those of Stable Diffusion's autoencoder, to be freed: one scale for all channels, and colours
 * where there are four. */
EdtLatentChannel *edt_latents_standard(int channels);
/* Channels as they are, to be freed. */
EdtLatentChannel *edt_latents_plain(int channels);

/* z: [C,hw] as an autoencoder of that kind has it.  Either may be done in place. */
void edt_latents_to_sampler(const EdtLatentChannel *latents, EdtVaeKind kind, int C, int hw,
                            const float *z, float *out);
void edt_latents_from_sampler(const EdtLatentChannel *latents, EdtVaeKind kind, int C, int hw,
                              const float *x, float *z);
