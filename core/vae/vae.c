/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The autoencoder's life: load, size the working memory, decode, encode.  The operations are in
 * walk.c, the ways through the network in walk_kl.c and walk_small.c, its tensors in weights.c.
 */
#include "vae/vae.h"
#include "vae/walk.h"
#include "base/memory.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define SIDE_MAX 1024 /* latent pixels: a picture of 8192 pixels */

/* ---- walks: `half` is one of EdtVaeParts ---- */

/* Goes all the way through one half. */
static void go(EdtVaeWalk *walk, EdtVaeParts half)
{
    static void (*const ways[EDT_VAE_KINDS][2])(EdtVaeWalk *) = {
        [EDT_VAE_KL] = {edt_vae_kl_decode, edt_vae_kl_encode},
        [EDT_VAE_TAESD] = {edt_vae_small_decode, edt_vae_small_encode},
        [EDT_VAE_CODEC] = {edt_vae_small_decode, edt_vae_small_encode},
    };
    ways[walk->shape->kind][half == EDT_VAE_ENCODER](walk);
}

/* A walk that starts with an h x w latent or its picture. */
static EdtVaeWalk start(const EdtVaeShape *shape, EdtType act, EdtVaePurpose purpose, int h, int w,
                        EdtVaeParts half)
{
    int side = half == EDT_VAE_ENCODER ? shape->factor : 1;
    return (EdtVaeWalk){
        .shape = shape,
        .purpose = purpose,
        .act = act,
        .h = h * side,
        .w = w * side,
        .order = {EDT_VAE_X, EDT_VAE_BESIDE, EDT_VAE_BETWEEN},
        .ok = TRUE,
    };
}

static EdtVaeWalk start_on(EdtVae *vae, EdtVaePurpose purpose, int h, int w, EdtVaeParts half)
{
    EdtVaeWalk walk = start(&vae->shape, vae->act, purpose, h, w, half);
    walk.vae = vae;
    walk.layers = half == EDT_VAE_ENCODER ? vae->encoder : vae->decoder;
    return walk;
}

static EdtVaeWalk measure(const EdtVaeShape *shape, EdtType act, int h, int w, EdtVaeParts half)
{
    EdtVaeWalk walk = start(shape, act, EDT_VAE_MEASURE, h, w, half);
    go(&walk, half);
    return walk;
}

void edt_vae_tensors(const EdtVaeShape *shape, EdtVaeParts parts, EdtVaeTensor each,
                     gpointer user_data)
{
    static const EdtVaeParts halves[] = {EDT_VAE_ENCODER, EDT_VAE_DECODER};
    for (gsize i = 0; i < G_N_ELEMENTS(halves); i++) {
        EdtVaeWalk walk = start(shape, EDT_F32, EDT_VAE_NAME, 1, 1, halves[i]);
        walk.each = each;
        walk.user_data = user_data;
        if (parts & halves[i])
            go(&walk, halves[i]);
    }
}

guint64 edt_vae_macs(const EdtVaeShape *shape, int h, int w, EdtVaeParts half)
{
    return measure(shape, EDT_F32, h, w, half).macs;
}

gsize edt_vae_workspace(const EdtVaeShape *shape, EdtType act, int h, int w, EdtVaeParts half)
{
    EdtVaeWalk walk = measure(shape, act, h, w, half);
    gsize bytes = 0;
    for (int i = 0; i < EDT_VAE_SLOTS; i++)
        bytes += walk.need[i];
    return bytes;
}

gsize edt_vae_room(const EdtVaeShape *shape, EdtType act, int h, int w, EdtVaeParts half)
{
    return measure(shape, act, h, w, half).room;
}

/* ---- life ---- */

static int shape_of(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX])
{
    EdtTensorSource *from = source;
    EdtTensorView view;
    if (!from->find(from, name, &view))
        return 0;
    memcpy(shape, view.shape, sizeof view.shape);
    return view.rank;
}

static gboolean load(EdtVae *vae, EdtTensorSource *source, GError **error)
{
    static const EdtVaeParts halves[] = {EDT_VAE_DECODER, EDT_VAE_ENCODER};
    gboolean ok = edt_vae_shape_detect(shape_of, source, vae->parts, &vae->shape, error);
    EdtLoader loader = {vae->backend, vae->dev, source, error};
    for (gsize i = 0; ok && i < G_N_ELEMENTS(halves); i++) {
        EdtVaeWalk walk = start_on(vae, EDT_VAE_LOAD, 1, 1, halves[i]);
        walk.loader = &loader;
        if (vae->parts & halves[i])
            go(&walk, halves[i]);
        ok = walk.ok;
    }
    return ok;
}

EdtVae *edt_vae_new(const EdtBackend *backend, EdtDevice *dev, EdtTensorSource *source,
                    EdtVaeParts parts, GError **error)
{
    EdtVae *vae = g_new0(EdtVae, 1);
    vae->backend = backend;
    vae->dev = dev;
    vae->act = backend->act(dev);
    vae->parts = parts;
    vae->decoder = g_array_new(FALSE, TRUE, sizeof(EdtVaeLayer));
    vae->encoder = g_array_new(FALSE, TRUE, sizeof(EdtVaeLayer));
    if (load(vae, source, error))
        return vae;
    edt_vae_free(vae);
    return NULL;
}

void edt_vae_free(EdtVae *vae)
{
    if (!vae)
        return;
    edt_vae_trim(vae);
    edt_vae_unload(vae, vae->decoder);
    edt_vae_unload(vae, vae->encoder);
    g_free(vae);
}

const EdtVaeShape *edt_vae_shape(const EdtVae *vae)
{
    return &vae->shape;
}

/* ---- working memory ---- */

/* Slots that are large enough; larger ones than needed stay. */
static gboolean make_room(EdtVae *vae, const EdtVaeWalk *measured, GError **error)
{
    for (int i = 0; i < EDT_VAE_SLOTS; i++) {
        if (measured->need[i] <= vae->slot_bytes[i])
            continue;
        vae->backend->free(vae->dev, vae->slots[i]);
        vae->slot_bytes[i] = 0;
        vae->slots[i] = vae->backend->alloc(vae->dev, measured->need[i], error);
        if (!vae->slots[i])
            return FALSE;
        vae->slot_bytes[i] = measured->need[i];
    }
    return TRUE;
}

/* Room for what goes in, where the network has it otherwise than the caller. */
static gboolean make_staging(EdtVae *vae, int h, int w, EdtVaeParts half, GError **error)
{
    const gboolean encode = half == EDT_VAE_ENCODER;
    const EdtVaeTraits *traits = edt_vae_traits(vae->shape.kind);
    gsize side = encode ? (gsize)vae->shape.factor : 1;
    gsize bytes = (gsize)(encode ? vae->shape.pixels : vae->shape.latent) * (gsize)h * side *
                  (gsize)w * side * sizeof(float);

    if (bytes <= vae->staging_bytes || !(encode ? traits->unit_pixels : traits->bound_first))
        return TRUE;
    edt_free(vae->staging);
    vae->staging_bytes = 0;
    vae->staging = edt_alloc(bytes, error);
    vae->staging_bytes = vae->staging ? bytes : 0;
    return vae->staging != NULL;
}

static gboolean plan(EdtVae *vae, int h, int w, EdtVaeParts half, GError **error)
{
    if (h < 1 || w < 1 || h > SIDE_MAX || w > SIDE_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("A latent of %d x %d cannot be used; sides from 1 to %d can."), w, h,
                    SIDE_MAX);
        return FALSE;
    }
    if (!(vae->parts & half)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, _("The autoencoder's %s is not loaded."),
                    half == EDT_VAE_ENCODER ? "encoder" : "decoder");
        return FALSE;
    }
    EdtVaeWalk measured = measure(&vae->shape, vae->act, h, w, half);
    EdtVaeWalk walk = start_on(vae, EDT_VAE_PREPARE, h, w, half);
    walk.error = error;
    go(&walk, half);
    return walk.ok && make_room(vae, &measured, error) && make_staging(vae, h, w, half, error);
}

void edt_vae_trim(EdtVae *vae)
{
    for (int i = 0; i < EDT_VAE_SLOTS; i++) {
        vae->backend->free(vae->dev, vae->slots[i]);
        vae->slots[i] = NULL;
        vae->slot_bytes[i] = 0;
    }
    edt_free(vae->staging);
    vae->staging = NULL;
    vae->staging_bytes = 0;
}

/* ---- both ways ---- */

/* May be done in place. */
static void bound(const EdtVaeTraits *traits, gsize count, const float *z, float *out)
{
    for (gsize i = 0; i < count; i++)
        out[i] = traits->bound * tanhf(z[i] / traits->bound);
}

gboolean edt_vae_decode(EdtVae *vae, int h, int w, const float *latent, float *pixels,
                        GError **error)
{
    const EdtVaeTraits *traits = edt_vae_traits(vae->shape.kind);
    const gsize hw = (gsize)h * (gsize)w, factor = (gsize)vae->shape.factor;

    if (!plan(vae, h, w, EDT_VAE_DECODER, error))
        return FALSE;
    if (traits->bound_first)
        bound(traits, (gsize)vae->shape.latent * hw, latent, vae->staging);
    EdtVaeWalk walk = start_on(vae, EDT_VAE_RUN, h, w, EDT_VAE_DECODER);
    walk.in = traits->bound_first ? vae->staging : latent;
    walk.out[0] = pixels;
    go(&walk, EDT_VAE_DECODER);
    if (!vae->backend->sync(vae->dev, error))
        return FALSE;
    for (gsize i = 0; traits->unit_pixels && i < (gsize)vae->shape.pixels * hw * factor * factor;
         i++)
        pixels[i] = 2 * pixels[i] - 1;
    return TRUE;
}

/* What the encoder says of variances, or that there are none. */
static void finish_variance(const EdtVaeTraits *traits, gsize count, float *logvar)
{
    for (gsize i = 0; i < count; i++) /* the bounds are DiagonalGaussianDistribution's */
        logvar[i] = traits->spreads ? CLAMP(logvar[i], -30.0f, 20.0f) : -INFINITY;
}

gboolean edt_vae_encode(EdtVae *vae, int h, int w, const float *pixels, float *mean, float *logvar,
                        GError **error)
{
    const EdtVaeTraits *traits = edt_vae_traits(vae->shape.kind);
    const gsize hw = (gsize)h * (gsize)w, factor = (gsize)vae->shape.factor;
    const gsize count = (gsize)vae->shape.latent * hw;

    if (!plan(vae, h, w, EDT_VAE_ENCODER, error))
        return FALSE;
    for (gsize i = 0; traits->unit_pixels && i < (gsize)vae->shape.pixels * hw * factor * factor;
         i++)
        vae->staging[i] = (pixels[i] + 1) / 2;
    EdtVaeWalk walk = start_on(vae, EDT_VAE_RUN, h, w, EDT_VAE_ENCODER);
    walk.in = traits->unit_pixels ? vae->staging : pixels;
    walk.out[0] = mean;
    walk.out[1] = logvar;
    go(&walk, EDT_VAE_ENCODER);
    if (!vae->backend->sync(vae->dev, error))
        return FALSE;
    if (traits->bound > 0 && !traits->bound_first)
        bound(traits, count, mean, mean);
    finish_variance(traits, count, logvar);
    return TRUE;
}
