/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From tensors to a shape: which kind of autoencoder they are, how many levels and blocks there
 * are, how wide they are.  What follows from that is checked tensor by tensor where they are read.
 */
#include "vae/shape.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define WIDTH_MAX 8192

/* TAESD keeps latents within 3 tanh(z / 3), as its author's code and diffusers' have it; our codec
 * is trained with the same behind the encoder. */
static const EdtVaeTraits traits[EDT_VAE_KINDS] = {
    [EDT_VAE_KL] = {.spreads = TRUE},
    [EDT_VAE_TAESD] = {.unit_pixels = TRUE, .bound = 3, .bound_first = TRUE, .as_sampled = TRUE},
    [EDT_VAE_CODEC] = {.unit_pixels = TRUE, .bound = 3},
};

const EdtVaeTraits *edt_vae_traits(EdtVaeKind kind)
{
    return &traits[kind];
}

const EdtVaeShape edt_vae_standard = {
    .kind = EDT_VAE_KL,
    .encoder = {4, {128, 256, 512, 512}, {2, 2, 2, 2}},
    .decoder = {4, {128, 256, 512, 512}, {3, 3, 3, 3}},
    .pixels = 3,
    .latent = 4,
    .factor = 8,
};

const EdtVaeShape edt_vae_small = {
    .kind = EDT_VAE_CODEC,
    .encoder = {4, {32, 48, 64, 64}, {1, 2, 3, 3}},
    .decoder = {4, {32, 48, 64, 64}, {1, 2, 3, 3}},
    .pixels = 4,
    .latent = 4,
    .factor = 8,
};

typedef struct {
    EdtVaeShapeOf shape_of;
    gpointer source;
    EdtVaeShape *vae;
    GError **error;
    char name[96]; /* of the tensor that is looked at */
} Reader;

static gboolean refuse(Reader *r)
{
    g_set_error(
        r->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
        _("the autoencoder's tensor “%s” is missing or has an unexpected shape. Use the "
          "autoencoder of Stable Diffusion (sd-vae-ft-ema or sd-vae-ft-mse), or a small one "
          "(TAESD)"),
        r->name);
    return FALSE;
}

static G_GNUC_PRINTF(2, 3) gboolean find(Reader *r, const char *format, ...)
{
    gint64 shape[EDT_RANK_MAX];
    va_list args;
    va_start(args, format);
    g_vsnprintf(r->name, sizeof r->name, format, args);
    va_end(args);
    return r->shape_of(r->source, r->name, shape) > 0;
}

/* Channels out of and into the convolution that was looked for last. */
static gboolean channels(Reader *r, int *out, int *in)
{
    gint64 shape[EDT_RANK_MAX];

    if (r->shape_of(r->source, r->name, shape) != 4 || shape[0] < 1 || shape[0] > WIDTH_MAX ||
        shape[1] < 1 || shape[1] > WIDTH_MAX)
        return refuse(r);
    *out = (int)shape[0];
    *in = (int)shape[1];
    return TRUE;
}

static gboolean too_many(Reader *r, int levels, int blocks)
{
    return levels >= EDT_VAE_LEVELS_MAX || blocks >= EDT_VAE_BLOCKS_MAX;
}

static void turn(int *values, int n)
{
    for (int i = 0; i < n / 2; i++) {
        int value = values[i];
        values[i] = values[n - 1 - i];
        values[n - 1 - i] = value;
    }
}

/* The decoder begins with its last level. */
static void turn_round(EdtVaeHalf *half)
{
    turn(half->width, half->levels);
    turn(half->blocks, half->levels);
}

/* ---- AutoencoderKL ---- */

static gboolean read_kl_half(Reader *r, const char *levels, EdtVaeHalf *half)
{
    int in;

    while (find(r, "%s.%d.resnets.0.conv1.weight", levels, half->levels)) {
        int *blocks = &half->blocks[half->levels];
        if (too_many(r, half->levels, 0) || !channels(r, &half->width[half->levels], &in))
            return refuse(r);
        while (find(r, "%s.%d.resnets.%d.conv1.weight", levels, half->levels, *blocks))
            if (too_many(r, 0, (*blocks)++))
                return refuse(r);
        half->levels++;
    }
    return half->levels > 0 || refuse(r);
}

static gboolean read_kl(Reader *r)
{
    EdtVaeShape *vae = r->vae;
    int width;

    vae->kind = EDT_VAE_KL;
    if (find(r, "decoder.conv_in.weight")) {
        if (!channels(r, &width, &vae->latent) ||
            !read_kl_half(r, "decoder.up_blocks", &vae->decoder))
            return FALSE;
        turn_round(&vae->decoder);
        find(r, "decoder.conv_out.weight");
        if (!channels(r, &vae->pixels, &width))
            return FALSE;
    }
    if (!find(r, "encoder.conv_in.weight"))
        return TRUE;
    if (!channels(r, &width, &vae->pixels) ||
        !read_kl_half(r, "encoder.down_blocks", &vae->encoder))
        return FALSE;
    find(r, "quant_conv.weight");
    if (!channels(r, &width, &vae->latent))
        return FALSE;
    vae->latent /= 2; /* means and variances */
    return TRUE;
}

/* ---- the small kinds: steps with numbers; what has no tensors counts as a step ---- */

/* The blocks from step *i on; FALSE when there are too many. */
static gboolean read_blocks(Reader *r, const char *place, int *i, int *blocks)
{
    for (; find(r, "%s%d.conv.0.weight", place, *i); ++*i)
        if (too_many(r, 0, (*blocks)++))
            return refuse(r);
    return TRUE;
}

/* From step i on: blocks, and a convolution without bias to the next level, `skip` steps behind
 * them, until there is none; the last convolution is left to the caller. */
static gboolean read_small_half(Reader *r, const char *place, int i, int skip, EdtVaeHalf *half,
                                int *last)
{
    int in;

    while (half->levels < EDT_VAE_LEVELS_MAX) {
        if (!channels(r, &half->width[half->levels], &in) ||
            !read_blocks(r, place, &i, &half->blocks[half->levels++]))
            return FALSE;
        *last = i;
        if (find(r, "%s%d.bias", place, i + skip) || !find(r, "%s%d.weight", place, i + skip))
            return TRUE;
        i += skip + 1;
    }
    return refuse(r);
}

static gboolean read_small(Reader *r, EdtVaeKind kind, const char *encoder, const char *decoder)
{
    EdtVaeShape *vae = r->vae;
    int width, last;

    vae->kind = kind;
    if (find(r, "%s0.weight", decoder)) { /* convolution, ReLU, blocks, up-sampling, convolution */
        if (!channels(r, &width, &vae->latent) ||
            !read_small_half(r, decoder, 2, 1, &vae->decoder, &last))
            return FALSE;
        turn_round(&vae->decoder);
        find(r, "%s%d.weight", decoder, last);
        if (!channels(r, &vae->pixels, &width))
            return FALSE;
    }
    if (!find(r, "%s0.weight", encoder))
        return TRUE;
    if (!channels(r, &width, &vae->pixels) ||
        !read_small_half(r, encoder, 1, 0, &vae->encoder, &last))
        return FALSE;
    find(r, "%s%d.weight", encoder, last);
    return channels(r, &vae->latent, &width);
}

/* ---- all kinds ---- */

static gboolean read_kind(Reader *r)
{
    if (find(r, "decoder.layers.0.weight") || find(r, "encoder.layers.0.weight"))
        return read_small(r, EDT_VAE_TAESD, "encoder.layers.", "decoder.layers.");
    if (find(r, "decoder.0.weight") || find(r, "encoder.0.weight"))
        return read_small(r, EDT_VAE_CODEC, "encoder.", "decoder.");
    return read_kl(r);
}

static const char *first_tensor(EdtVaeKind kind, gboolean encoder)
{
    static const char *const first[EDT_VAE_KINDS][2] = {
        [EDT_VAE_KL] = {"decoder.conv_in.weight", "encoder.conv_in.weight"},
        [EDT_VAE_TAESD] = {"decoder.layers.0.weight", "encoder.layers.0.weight"},
        [EDT_VAE_CODEC] = {"decoder.0.weight", "encoder.0.weight"},
    };
    return first[kind][encoder];
}

static gboolean check(Reader *r, EdtVaeParts wanted)
{
    EdtVaeShape *vae = r->vae;
    int levels = MAX(vae->encoder.levels, vae->decoder.levels);

    for (int encoder = 0; encoder < 2; encoder++)
        if ((wanted & (encoder ? EDT_VAE_ENCODER : EDT_VAE_DECODER)) &&
            (encoder ? vae->encoder : vae->decoder).levels == 0) {
            find(r, "%s", first_tensor(vae->kind, encoder));
            return refuse(r);
        }
    vae->factor = 1 << (levels - 1);
    if (vae->encoder.levels == 0 || vae->decoder.levels == 0 ||
        vae->encoder.levels == vae->decoder.levels)
        return vae->pixels == 3 || vae->pixels == 4 || refuse(r);
    g_set_error(
        r->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
        _("the autoencoder's encoder shrinks pictures %d times, its decoder enlarges them %d "
          "times; they do not belong together"),
        1 << (vae->encoder.levels - 1), 1 << (vae->decoder.levels - 1));
    return FALSE;
}

gboolean edt_vae_shape_detect(EdtVaeShapeOf shape_of, gpointer source, EdtVaeParts wanted,
                              EdtVaeShape *vae, GError **error)
{
    Reader reader = {.shape_of = shape_of, .source = source, .vae = vae, .error = error};

    memset(vae, 0, sizeof *vae);
    return read_kind(&reader) && check(&reader, wanted);
}

gboolean edt_vae_is_draft_of(const EdtVaeShape *draft, const EdtVaeShape *full)
{
    return traits[draft->kind].as_sampled && draft->decoder.levels > 0 &&
           draft->latent == full->latent && draft->pixels == full->pixels &&
           draft->factor == full->factor;
}
