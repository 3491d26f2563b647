/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A latent as the sampler has it becomes a picture's planes, by one of the model's autoencoders.
 * Called from edt.c for what comes out, from run.c for previews.
 */
#include "engine/engine.h"
#include "base/memory.h"
#include "vae/latents.h"

/* Room for one picture, and for the latent as the autoencoder has it behind it. */
static float *need_planes(EdtEngine *engine, gsize count, GError **error)
{
    gsize bytes = count * sizeof(float);
    if (bytes <= engine->planes_bytes)
        return engine->planes;
    edt_free(engine->planes);
    engine->planes_bytes = 0;
    engine->planes = edt_alloc(bytes, error);
    engine->planes_bytes = engine->planes ? bytes : 0;
    return engine->planes;
}

float *edt_engine_decode(EdtEngine *engine, EdtVae *vae, const float *latent, GError **error)
{
    const EdtModelInfo *info = engine->info;
    const EdtVaeShape *shape = edt_vae_shape(vae);
    const int side = info->latent_size, hw = side * side;
    const gsize pixels = (gsize)shape->pixels * (gsize)info->image_size * (gsize)info->image_size;
    float *planes = need_planes(engine, pixels + (gsize)(info->channels * hw), error);

    if (!planes)
        return NULL;
    edt_latents_from_sampler(info->latents, shape->kind, info->channels, hw, latent,
                             planes + pixels);
    return edt_vae_decode(vae, side, side, planes + pixels, planes, error) ? planes : NULL;
}
