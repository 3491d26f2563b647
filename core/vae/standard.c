/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tensors of the autoencoder that the official models use (sd-vae-ft-ema and -mse), as a list.
 * What a file really holds is read from the file (weights.c); this is for measuring without one.
 */
#include "vae/vae.h"

#define STAGES 4
#define LATENT 4

static const int widths[STAGES] = {128, 256, 512, 512};

typedef struct {
    void (*each)(const char *name, int rank, const gint64 *shape, gpointer user_data);
    gpointer user_data;
} Lister;

/* <prefix><name>.weight of the shape and <prefix><name>.bias; k = 0: a linear layer, -1: a norm. */
static void list(const Lister *l, const char *prefix, const char *name, gint64 out, gint64 in, int k)
{
    g_autofree char *weight = g_strconcat(prefix, name, ".weight", NULL);
    g_autofree char *bias = g_strconcat(prefix, name, ".bias", NULL);
    l->each(weight, k > 0 ? 4 : k < 0 ? 1 : 2, (gint64[]){out, in, k, k}, l->user_data);
    l->each(bias, 1, (gint64[]){out}, l->user_data);
}

static void list_resnet(const Lister *l, const char *prefix, int in, int out)
{
    list(l, prefix, ".norm1", in, 0, -1);
    list(l, prefix, ".conv1", out, in, 3);
    list(l, prefix, ".norm2", out, 0, -1);
    list(l, prefix, ".conv2", out, out, 3);
    if (in != out)
        list(l, prefix, ".conv_shortcut", out, in, 1);
}

static void list_middle(const Lister *l, const char *side)
{
    static const char *const linear[] = {".to_q", ".to_k", ".to_v", ".to_out.0"};
    const int C = widths[STAGES - 1];
    g_autofree char *attention = g_strconcat(side, ".mid_block.attentions.0", NULL);
    for (int i = 0; i < 2; i++) {
        g_autofree char *resnet = g_strdup_printf("%s.mid_block.resnets.%d", side, i);
        list_resnet(l, resnet, C, C);
    }
    list(l, attention, ".group_norm", C, 0, -1);
    for (guint i = 0; i < G_N_ELEMENTS(linear); i++)
        list(l, attention, linear[i], C, C, 0);
}

/* Stages in the order of the side: widths ascend in the encoder, descend in the decoder, which has
 * one resnet more in each. */
static void list_side(const Lister *l, gboolean encoder)
{
    const char *side = encoder ? "encoder" : "decoder", *way = encoder ? "down" : "up";
    int in = widths[encoder ? 0 : STAGES - 1];
    list(l, side, ".conv_in", in, encoder ? 3 : LATENT, 3);
    for (int stage = 0; stage < STAGES; stage++) {
        int out = widths[encoder ? stage : STAGES - 1 - stage];
        for (int i = 0; i < (encoder ? 2 : 3); i++) {
            g_autofree char *resnet = g_strdup_printf("%s.%s_blocks.%d.resnets.%d", side, way, stage, i);
            list_resnet(l, resnet, i == 0 ? in : out, out);
        }
        g_autofree char *sampler =
            g_strdup_printf("%s.%s_blocks.%d.%ssamplers.0.conv", side, way, stage, way);
        if (stage < STAGES - 1)
            list(l, sampler, "", out, out, 3);
        in = out;
    }
    list_middle(l, side);
    list(l, side, ".conv_norm_out", in, 0, -1);
    list(l, side, ".conv_out", encoder ? 2 * LATENT : 3, in, 3);
}

void edt_vae_tensors(void (*each)(const char *name, int rank, const gint64 *shape,
                                  gpointer user_data),
                     gpointer user_data)
{
    const Lister l = {each, user_data};
    list_side(&l, TRUE);
    list_side(&l, FALSE);
    list(&l, "", "quant_conv", 2 * LATENT, 2 * LATENT, 1);
    list(&l, "", "post_quant_conv", LATENT, LATENT, 1);
}
