/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which tensors an SD autoencoder has: AutoencoderKL with two residual blocks per encoder level and
 * three per decoder level, attention in the middle of both halves.  Widths are read from tensors.
 */
#include "files/vae_names.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define WIDTH_MAX 8192

typedef struct {
    EdtVaeTensor each;
    gpointer user_data;
} Lister;

/* ---- reading the widths ---- */

static gboolean refuse(GError **error, const char *name)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("the autoencoder's tensor “%s” is missing or has an unexpected shape. Use the "
                  "autoencoder of Stable Diffusion (sd-vae-ft-ema or sd-vae-ft-mse)"),
                name);
    return FALSE;
}

static gboolean conv_shape(EdtVaeShapeOf shape_of, gpointer source, const char *name,
                           gint64 *outputs, gint64 *inputs, GError **error)
{
    gint64 shape[EDT_RANK_MAX];

    if (shape_of(source, name, shape) != 4 || shape[0] < 1 || shape[0] > WIDTH_MAX ||
        shape[1] < 1 || shape[1] > WIDTH_MAX)
        return refuse(error, name);
    *outputs = shape[0];
    *inputs = shape[1];
    return TRUE;
}

gboolean edt_vae_shape_detect(EdtVaeShapeOf shape_of, gpointer source, int levels, EdtVaeShape *vae,
                              GError **error)
{
    gint64 other;

    memset(vae, 0, sizeof *vae);
    if (levels < 1 || levels > EDT_VAE_LEVELS_MAX)
        return refuse(error, "decoder.up_blocks.0.resnets.0.conv1.weight");
    vae->levels = levels;
    for (int i = 0; i < levels; i++) {
        char name[64];
        g_snprintf(name, sizeof name, "encoder.down_blocks.%d.resnets.0.conv1.weight", i);
        if (!conv_shape(shape_of, source, name, &vae->width[i], &other, error))
            return FALSE;
    }
    return conv_shape(shape_of, source, "encoder.conv_in.weight", &other, &vae->pixels, error) &&
           conv_shape(shape_of, source, "decoder.conv_in.weight", &other, &vae->latent, error);
}

/* ---- listing the tensors ---- */

/* weight and bias of one layer; kernel 0: a norm, -1: a linear layer */
static void layer(const Lister *l, const char *place, const char *what, gint64 outputs,
                  gint64 inputs, int kernel)
{
    gint64 shape[4] = {outputs, inputs, kernel, kernel};
    char name[96];

    g_snprintf(name, sizeof name, "%s%s.weight", place, what);
    l->each(name, kernel > 0 ? 4 : kernel < 0 ? 2 : 1, shape, l->user_data);
    g_snprintf(name, sizeof name, "%s%s.bias", place, what);
    l->each(name, 1, shape, l->user_data);
}

static void resnet(const Lister *l, const char *place, gint64 outputs, gint64 inputs)
{
    layer(l, place, "norm1", inputs, 0, 0);
    layer(l, place, "conv1", outputs, inputs, 3);
    layer(l, place, "norm2", outputs, 0, 0);
    layer(l, place, "conv2", outputs, outputs, 3);
    if (inputs != outputs)
        layer(l, place, "conv_shortcut", outputs, inputs, 1);
}

static void middle(const Lister *l, const char *half, gint64 width)
{
    static const char *const linear[] = {"to_q", "to_k", "to_v", "to_out.0"};
    char place[64];

    g_snprintf(place, sizeof place, "%s.mid_block.attentions.0.", half);
    layer(l, place, "group_norm", width, 0, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(linear); i++)
        layer(l, place, linear[i], width, width, -1);
    for (int i = 0; i < 2; i++) {
        g_snprintf(place, sizeof place, "%s.mid_block.resnets.%d.", half, i);
        resnet(l, place, width, width);
    }
}

static void resnets(const Lister *l, const char *level, int n, gint64 outputs, gint64 inputs)
{
    for (int j = 0; j < n; j++) {
        char place[64];
        g_snprintf(place, sizeof place, "%sresnets.%d.", level, j);
        resnet(l, place, outputs, j == 0 ? inputs : outputs);
    }
}

static void encoder(const Lister *l, const EdtVaeShape *vae)
{
    gint64 last = vae->width[vae->levels - 1];

    layer(l, "encoder.", "conv_in", vae->width[0], vae->pixels, 3);
    for (int i = 0; i < vae->levels; i++) {
        char level[40];
        g_snprintf(level, sizeof level, "encoder.down_blocks.%d.", i);
        resnets(l, level, 2, vae->width[i], vae->width[MAX(i - 1, 0)]);
        if (i + 1 < vae->levels)
            layer(l, level, "downsamplers.0.conv", vae->width[i], vae->width[i], 3);
    }
    middle(l, "encoder", last);
    layer(l, "encoder.", "conv_norm_out", last, 0, 0);
    layer(l, "encoder.", "conv_out", 2 * vae->latent, last, 3);
}

static void decoder(const Lister *l, const EdtVaeShape *vae)
{
    int last = vae->levels - 1;

    layer(l, "decoder.", "conv_in", vae->width[last], vae->latent, 3);
    for (int i = 0; i < vae->levels; i++) {
        gint64 width = vae->width[last - i], before = vae->width[MIN(last - i + 1, last)];
        char level[40];
        g_snprintf(level, sizeof level, "decoder.up_blocks.%d.", i);
        resnets(l, level, 3, width, before);
        if (i < last)
            layer(l, level, "upsamplers.0.conv", width, width, 3);
    }
    middle(l, "decoder", vae->width[last]);
    layer(l, "decoder.", "conv_norm_out", vae->width[0], 0, 0);
    layer(l, "decoder.", "conv_out", vae->pixels, vae->width[0], 3);
}

void edt_vae_tensors(const EdtVaeShape *vae, EdtVaeTensor each, gpointer user_data)
{
    Lister lister = {each, user_data};

    encoder(&lister, vae);
    decoder(&lister, vae);
    layer(&lister, "", "quant_conv", 2 * vae->latent, 2 * vae->latent, 1);
    layer(&lister, "", "post_quant_conv", vae->latent, vae->latent, 1);
}
