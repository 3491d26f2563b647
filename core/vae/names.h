/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Other people's spellings of an autoencoder's tensor names, told as ours.  AutoencoderKL: CompVis,
 * diffusers before 0.14, diffusers today (ours).  The small kinds: TAESD's two files and its whole
 * state dict, diffusers' AutoencoderTiny (ours), and our own codec's.  Next: shape.h.
 */
#pragma once

#include "base/type.h"

/* How to walk over the names of a file. */
typedef const char *(*EdtNameAt)(gconstpointer source, guint i);

/* How a file spells; what it takes to read one name of it. */
typedef struct {
    const char *prefix; /* of all names: "first_stage_model." (CompVis' whole models), "vae." (our
                           models), or "" */
    enum {
        EDT_VAE_SPELLS_NOTHING, /* there is no autoencoder in it */
        EDT_VAE_SPELLS_KL,
        EDT_VAE_SPELLS_SMALL,   /* diffusers' or ours: taken as it is */
        EDT_VAE_SPELLS_TAESD,   /* both halves, the decoder's numbers one ahead */
        EDT_VAE_SPELLS_DECODER, /* taesd_decoder: numbers alone, one ahead */
        EDT_VAE_SPELLS_ENCODER, /* taesd_encoder: numbers alone */
    } how;
    int levels; /* KL: CompVis counts the decoder's levels backwards */
} EdtVaeSpelling;

EdtVaeSpelling edt_vae_spelling(gconstpointer source, guint n, EdtNameAt name_at);
/* Our name, to be freed, for a full name of that file; NULL for what is no part of its autoencoder.
 */
char *edt_vae_our_name(const EdtVaeSpelling *spelling, const char *name);
