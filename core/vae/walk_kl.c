/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way through Stable Diffusion's autoencoder, operation by operation (diffusers'
 * AutoencoderKL): blocks of two normed convolutions, attention over all pixels in the middle.  What
 * convolutions put out is f32 in every precision: x is added to some twenty times, and bf16 would
 * round it each time.  Called from vae.c.
 */
#include "vae/walk.h"

#define GROUPS 32 /* of every group norm */

/* A convolution behind a norm, from C_in to C_out channels. */
static EdtVaeConv normed(const EdtVaeWalk *walk, const char *name, int C_in, int C_out)
{
    return (EdtVaeConv){.name = name,
                        .C_in = C_in,
                        .C_out = C_out,
                        .kernel = 3,
                        .from_norm = TRUE,
                        .x_type = walk->act};
}

/* One that stands alone and costs little: f32 in every precision. */
static EdtVaeConv plain(const char *name, int C_in, int C_out, int kernel)
{
    return (EdtVaeConv){.name = name, .C_in = C_in, .C_out = C_out, .kernel = kernel};
}

/* x + conv2(silu(norm2(conv1(silu(norm1(x)))))); shortcut(x) instead of x where widths differ */
static void resnet(EdtVaeWalk *walk, int C_in, int C_out)
{
    EdtVaeConv conv1 = normed(walk, "conv1", C_in, C_out);
    EdtVaeConv conv2 = normed(walk, "conv2", C_out, C_out);
    EdtVaeConv shortcut = plain("conv_shortcut", C_in, C_out, 1);

    conv2.accumulate = TRUE;
    edt_vae_norm(walk, "norm1", C_in, GROUPS, TRUE, 1, EDT_VAE_X, EDT_VAE_BESIDE, walk->act);
    edt_vae_conv(walk, &conv1, EDT_VAE_BESIDE, EDT_VAE_BETWEEN);
    edt_vae_norm(walk, "norm2", C_out, GROUPS, TRUE, C_in == C_out ? 1 : 2, EDT_VAE_BETWEEN,
                 EDT_VAE_BESIDE, walk->act);
    if (C_in != C_out) {
        edt_vae_conv(walk, &shortcut, EDT_VAE_X, EDT_VAE_BETWEEN);
        edt_vae_swap(walk, EDT_VAE_BETWEEN);
    }
    edt_vae_conv(walk, &conv2, EDT_VAE_BESIDE, EDT_VAE_X);
}

static void middle(EdtVaeWalk *walk, const char *half, int C)
{
    edt_vae_place(walk, "%s.mid_block.resnets.0.", half);
    resnet(walk, C, C);
    edt_vae_place(walk, "%s.mid_block.attentions.0.", half);
    edt_vae_norm(walk, "group_norm", C, GROUPS, FALSE, 0, EDT_VAE_X, EDT_VAE_BESIDE, walk->act);
    edt_vae_attention(walk, C);
    edt_vae_place(walk, "%s.mid_block.resnets.1.", half);
    resnet(walk, C, C);
}

/* Level number i of a half's names, from C channels to `width`; resize NULL: keeps its size. */
static void level(EdtVaeWalk *walk, const char *names, int i, int blocks, int C, int width,
                  EdtVaeConv *resize)
{
    for (int b = 0; b < blocks; b++) {
        edt_vae_place(walk, "%s.%d.resnets.%d.", names, i, b);
        resnet(walk, b == 0 ? C : width, width);
    }
    if (!resize)
        return;
    resize->C_in = resize->C_out = width;
    resize->kernel = 3;
    resize->x_type = walk->act;
    edt_vae_place(walk, "%s.%d.", names, i);
    edt_vae_conv(walk, resize, edt_vae_cast(walk, width, EDT_F32, walk->act), EDT_VAE_BESIDE);
    edt_vae_swap(walk, EDT_VAE_BESIDE);
}

/* The last norm, and the convolution to what comes out. */
static void end(EdtVaeWalk *walk, const char *half, int width, int C, EdtVaeSlot normed_in,
                EdtVaeSlot to)
{
    EdtVaeConv out = plain("conv_out", width, C, 3);

    out.from_norm = TRUE;
    edt_vae_place(walk, "%s.", half);
    edt_vae_norm(walk, "conv_norm_out", width, GROUPS, TRUE, 1, EDT_VAE_X, normed_in, EDT_F32);
    edt_vae_conv(walk, &out, normed_in, to);
}

void edt_vae_kl_decode(EdtVaeWalk *walk)
{
    const EdtVaeShape *shape = walk->shape;
    const EdtVaeHalf *half = &shape->decoder;
    int last = half->levels - 1, C = half->width[last];
    EdtVaeConv quant = plain("post_quant_conv", shape->latent, shape->latent, 1);
    EdtVaeConv in = plain("conv_in", shape->latent, C, 3);

    edt_vae_enter(walk, shape->latent, EDT_F32);
    edt_vae_place(walk, "%s", "");
    edt_vae_conv(walk, &quant, EDT_VAE_X, EDT_VAE_BETWEEN);
    edt_vae_place(walk, "decoder.");
    edt_vae_conv(walk, &in, EDT_VAE_BETWEEN, EDT_VAE_X);
    middle(walk, "decoder", C);
    for (int i = 0; i <= last; i++) {
        EdtVaeConv up = {.name = "upsamplers.0.conv", .upsample = TRUE};
        int width = half->width[last - i];
        level(walk, "decoder.up_blocks", i, half->blocks[last - i], C, width,
              i < last ? &up : NULL);
        C = width;
    }
    end(walk, "decoder", C, shape->pixels, EDT_VAE_BETWEEN, EDT_VAE_BESIDE);
    edt_vae_leave(walk, shape->pixels, 1);
}

void edt_vae_kl_encode(EdtVaeWalk *walk)
{
    const EdtVaeShape *shape = walk->shape;
    const EdtVaeHalf *half = &shape->encoder;
    int last = half->levels - 1, C = half->width[0], moments = 2 * shape->latent;
    EdtVaeConv in = plain("conv_in", shape->pixels, C, 3);
    EdtVaeConv quant = plain("quant_conv", moments, moments, 1);

    edt_vae_enter(walk, shape->pixels, EDT_F32);
    edt_vae_place(walk, "encoder.");
    edt_vae_conv(walk, &in, EDT_VAE_X, EDT_VAE_BESIDE);
    edt_vae_swap(walk, EDT_VAE_BESIDE);
    for (int i = 0; i <= last; i++) {
        EdtVaeConv down = {.name = "downsamplers.0.conv", .halves = TRUE};
        level(walk, "encoder.down_blocks", i, half->blocks[i], C, half->width[i],
              i < last ? &down : NULL);
        C = half->width[i];
    }
    middle(walk, "encoder", C);
    end(walk, "encoder", C, moments, EDT_VAE_BESIDE, EDT_VAE_BETWEEN);
    edt_vae_place(walk, "%s", "");
    edt_vae_conv(walk, &quant, EDT_VAE_BETWEEN, EDT_VAE_BESIDE);
    edt_vae_leave(walk, shape->latent, 2);
}
