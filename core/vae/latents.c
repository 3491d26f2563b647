/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See latents.h.  Stable Diffusion's row stands here; other models bring theirs in their metadata.
 */
#include "vae/latents.h"

#define SD_SCALE 0.18215f /* one over the deviation of its latents, for all channels */

/* The least-squares fit of SD 1.x latents to the colours of their pictures that previews of such
 * models commonly use. */
static const float sd_colours[4][3] = {
    {0.3512f, 0.2297f, 0.3227f},
    {0.3250f, 0.4974f, 0.2350f},
    {-0.2829f, 0.1762f, 0.2721f},
    {-0.2120f, -0.2616f, -0.7177f},
};

EdtLatentChannel *edt_latents_plain(int channels)
{
    EdtLatentChannel *latents = g_new0(EdtLatentChannel, channels);
    for (int c = 0; c < channels; c++)
        latents[c].scale = 1;
    return latents;
}

EdtLatentChannel *edt_latents_standard(int channels)
{
    EdtLatentChannel *latents = edt_latents_plain(channels);
    for (int c = 0; c < channels; c++) {
        latents[c].scale = SD_SCALE;
        for (int k = 0; k < 3 && channels == (int)G_N_ELEMENTS(sd_colours); k++)
            latents[c].colour[k] = sd_colours[c][k];
    }
    return latents;
}

/* A small autoencoder for the latents of another has them as the sampler has. */
static EdtLatentChannel channel(const EdtLatentChannel *latents, EdtVaeKind kind, int c)
{
    return edt_vae_traits(kind)->as_sampled ? (EdtLatentChannel){.scale = 1} : latents[c];
}

void edt_latents_to_sampler(const EdtLatentChannel *latents, EdtVaeKind kind, int C, int hw,
                            const float *z, float *out)
{
    for (int c = 0; c < C; c++) {
        EdtLatentChannel l = channel(latents, kind, c);
        for (int i = c * hw; i < (c + 1) * hw; i++)
            out[i] = (z[i] - l.shift) * l.scale;
    }
}

void edt_latents_from_sampler(const EdtLatentChannel *latents, EdtVaeKind kind, int C, int hw,
                              const float *x, float *z)
{
    for (int c = 0; c < C; c++) {
        EdtLatentChannel l = channel(latents, kind, c);
        for (int i = c * hw; i < (c + 1) * hw; i++)
            z[i] = x[i] / l.scale + l.shift;
    }
}
