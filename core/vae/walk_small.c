/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way through a small autoencoder (TAESD, diffusers' AutoencoderTiny, our codec): 3x3
 * convolutions and ReLU, no norms and no attention.  Its steps are numbered through, ReLU and
 * up-sampling included.  Called from vae.c, which bounds latents and scales pixels.
 */
#include "vae/walk.h"

/* Step i: a convolution from C_in to C_out channels. */
static EdtVaeConv step(EdtVaeWalk *walk, const char *place, int i, int C_in, int C_out)
{
    edt_vae_place(walk, "%s%d", place, i);
    return (EdtVaeConv){.name = "",
                        .C_in = C_in,
                        .C_out = C_out,
                        .kernel = 3,
                        .x_type = walk->act,
                        .y_type = walk->act};
}

/* relu(x + conv4(relu(conv2(relu(conv0(x)))))) */
static void block(EdtVaeWalk *walk, const char *place, int i, int C)
{
    static const struct {
        const char *name;
        EdtVaeSlot from, to;
        gboolean accumulate;
    } convs[] = {
        {".conv.0", EDT_VAE_X, EDT_VAE_BESIDE, FALSE},
        {".conv.2", EDT_VAE_BESIDE, EDT_VAE_BETWEEN, FALSE},
        {".conv.4", EDT_VAE_BETWEEN, EDT_VAE_X, TRUE},
    };
    for (gsize k = 0; k < G_N_ELEMENTS(convs); k++) {
        EdtVaeConv conv = step(walk, place, i, C, C);
        conv.name = convs[k].name;
        conv.relu = TRUE;
        conv.accumulate = convs[k].accumulate;
        edt_vae_conv(walk, &conv, convs[k].from, convs[k].to);
    }
}

/* Blocks from step i on; the number of the step behind them. */
static int blocks(EdtVaeWalk *walk, const char *place, int i, int n, int C)
{
    for (int k = 0; k < n; k++)
        block(walk, place, i++, C);
    return i;
}

/* A convolution that makes another picture of x. */
static void change(EdtVaeWalk *walk, const EdtVaeConv *conv)
{
    edt_vae_conv(walk, conv, EDT_VAE_X, EDT_VAE_BESIDE);
    edt_vae_swap(walk, EDT_VAE_BESIDE);
}

/* The last convolution costs little: f32 in every precision. */
static void end(EdtVaeWalk *walk, const char *place, int i, int C_in, int C_out)
{
    EdtVaeConv out = step(walk, place, i, C_in, C_out);
    out.x_type = out.y_type = EDT_F32;
    edt_vae_conv(walk, &out, edt_vae_cast(walk, C_in, walk->act, EDT_F32), EDT_VAE_BESIDE);
    edt_vae_leave(walk, C_out, 1);
}

void edt_vae_small_decode(EdtVaeWalk *walk)
{
    const EdtVaeShape *shape = walk->shape;
    const EdtVaeHalf *half = &shape->decoder;
    const char *place = shape->kind == EDT_VAE_TAESD ? "decoder.layers." : "decoder.";
    int level = half->levels - 1, C = half->width[level];
    EdtVaeConv in = step(walk, place, 0, shape->latent, C);

    in.relu = TRUE;
    edt_vae_enter(walk, shape->latent, walk->act);
    change(walk, &in);
    int i = blocks(walk, place, 2, half->blocks[level], C); /* ReLU was step 1 */
    while (level-- > 0) {
        EdtVaeConv up = step(walk, place, i + 1, C, half->width[level]); /* up-sampling is step i */
        up.upsample = up.unbiased = TRUE;
        change(walk, &up);
        C = half->width[level];
        i = blocks(walk, place, i + 2, half->blocks[level], C);
    }
    end(walk, place, i, C, shape->pixels);
}

void edt_vae_small_encode(EdtVaeWalk *walk)
{
    const EdtVaeShape *shape = walk->shape;
    const EdtVaeHalf *half = &shape->encoder;
    const char *place = shape->kind == EDT_VAE_TAESD ? "encoder.layers." : "encoder.";
    int C = half->width[0];
    EdtVaeConv in = step(walk, place, 0, shape->pixels, C);

    edt_vae_enter(walk, shape->pixels, walk->act);
    change(walk, &in);
    int i = blocks(walk, place, 1, half->blocks[0], C);
    for (int level = 1; level < half->levels; level++) {
        EdtVaeConv down = step(walk, place, i, C, half->width[level]);
        down.halves = down.front = down.unbiased = TRUE;
        change(walk, &down);
        C = half->width[level];
        i = blocks(walk, place, i + 1, half->blocks[level], C);
    }
    end(walk, place, i, C, shape->latent);
}
