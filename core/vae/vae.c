/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The autoencoder's life: load, size the working memory, decode, encode.  The way through the
 * network is in walk.c, its tensors in weights.c.
 */
#include "vae/coder.h"

#include <glib/gi18n-lib.h>

#define SIDE_MAX 1024 /* latent pixels: a picture of 8192 pixels */

EdtVae *edt_vae_new(const EdtBackend *backend, EdtDevice *dev, EdtTensorSource *source,
                    EdtVaeParts parts, GError **error)
{
    EdtVae *vae = g_new0(EdtVae, 1);
    vae->backend = backend;
    vae->dev = dev;
    vae->act = backend->act(dev);
    vae->parts = parts;
    if (edt_vae_load(vae, source, error))
        return vae;
    edt_vae_free(vae);
    return NULL;
}

void edt_vae_free(EdtVae *vae)
{
    if (vae == NULL)
        return;
    edt_vae_trim(vae);
    edt_vae_unload(vae);
    g_free(vae);
}

int edt_vae_latent_channels(const EdtVae *vae)
{
    return vae->channels;
}

int edt_vae_factor(const EdtVae *vae)
{
    return vae->parts & EDT_VAE_DECODER ? vae->decoder.factor : vae->encoder.factor;
}

/* A walk through encoder or decoder that starts with an h x w latent or its picture. */
static EdtVaeWalk start(const EdtVae *vae, EdtVaePurpose purpose, int h, int w, gboolean encode)
{
    int side = encode ? vae->encoder.factor : 1;
    return (EdtVaeWalk){
        .vae = vae, .purpose = purpose, .h = h * side, .w = w * side,
        .order = {EDT_VAE_X, EDT_VAE_BESIDE, EDT_VAE_BETWEEN}, .ok = TRUE,
    };
}

static EdtVaeWalk measure(const EdtVae *vae, int h, int w, gboolean encode)
{
    EdtVaeWalk walk = start(vae, EDT_VAE_MEASURE, h, w, encode);
    if (encode)
        edt_vae_walk_encode(&walk, NULL, NULL, NULL);
    else
        edt_vae_walk_decode(&walk, NULL, NULL);
    return walk;
}

guint64 edt_vae_macs(const EdtVae *vae, int h, int w, gboolean encode)
{
    return measure(vae, h, w, encode).macs;
}

gsize edt_vae_workspace(const EdtVae *vae, int h, int w, gboolean encode)
{
    EdtVaeWalk walk = measure(vae, h, w, encode);
    gsize bytes = 0;
    for (int i = 0; i < EDT_VAE_SLOTS; i++)
        bytes += walk.need[i];
    return bytes;
}

/* Slots that are large enough; larger ones than needed stay. */
static gboolean make_room(EdtVae *vae, const EdtVaeWalk *measured, GError **error)
{
    for (int i = 0; i < EDT_VAE_SLOTS; i++) {
        if (measured->need[i] <= vae->slot_bytes[i])
            continue;
        vae->backend->free(vae->dev, vae->slots[i]);
        vae->slot_bytes[i] = 0;
        vae->slots[i] = vae->backend->alloc(vae->dev, measured->need[i], error);
        if (vae->slots[i] == NULL)
            return FALSE;
        vae->slot_bytes[i] = measured->need[i];
    }
    return TRUE;
}

static gboolean plan(EdtVae *vae, int h, int w, gboolean encode, GError **error)
{
    if (h < 1 || w < 1 || h > SIDE_MAX || w > SIDE_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("A latent of %d x %d cannot be used; sides from 1 to %d can."), w, h,
                    SIDE_MAX);
        return FALSE;
    }
    if (!(vae->parts & (encode ? EDT_VAE_ENCODER : EDT_VAE_DECODER))) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, _("The autoencoder's %s is not loaded."),
                    encode ? "encoder" : "decoder");
        return FALSE;
    }
    EdtVaeWalk measured = measure(vae, h, w, encode);
    EdtVaeWalk walk = start(vae, EDT_VAE_PREPARE, h, w, encode);
    walk.error = error;
    if (encode)
        edt_vae_walk_encode(&walk, NULL, NULL, NULL);
    else
        edt_vae_walk_decode(&walk, NULL, NULL);
    return walk.ok && make_room(vae, &measured, error);
}

gboolean edt_vae_decode(EdtVae *vae, int h, int w, const float *latent, float *pixels,
                        GError **error)
{
    if (!plan(vae, h, w, FALSE, error))
        return FALSE;
    EdtVaeWalk walk = start(vae, EDT_VAE_RUN, h, w, FALSE);
    edt_vae_walk_decode(&walk, latent, pixels);
    return vae->backend->sync(vae->dev, error);
}

gboolean edt_vae_encode(EdtVae *vae, int h, int w, const float *pixels, float *mean, float *logvar,
                        GError **error)
{
    if (!plan(vae, h, w, TRUE, error))
        return FALSE;
    EdtVaeWalk walk = start(vae, EDT_VAE_RUN, h, w, TRUE);
    edt_vae_walk_encode(&walk, pixels, mean, logvar);
    if (!vae->backend->sync(vae->dev, error))
        return FALSE;
    /* DiagonalGaussianDistribution */
    for (gsize i = 0; i < (gsize)vae->channels * (gsize)h * (gsize)w; i++)
        logvar[i] = CLAMP(logvar[i], -30.0f, 20.0f);
    return TRUE;
}

void edt_vae_trim(EdtVae *vae)
{
    for (int i = 0; i < EDT_VAE_SLOTS; i++) {
        vae->backend->free(vae->dev, vae->slots[i]);
        vae->slots[i] = NULL;
        vae->slot_bytes[i] = 0;
    }
}
