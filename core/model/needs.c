/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See needs.h.
 */
#include "model/needs.h"
#include "network/network.h"

static EdtType act_of(int half)
{
    return half ? EDT_BF16 : EDT_F32;
}

void edt_needs_decoding(EdtModelInfo *info, const EdtVaeShape *vae)
{
    const int side = info->latent_size;

    for (int half = 0; half < 2; half++) {
        const gsize room = edt_vae_room(vae, act_of(half), side, side, EDT_VAE_DECODER);
        info->decoding_bytes[half] +=
            edt_vae_workspace(vae, act_of(half), side, side, EDT_VAE_DECODER);
        if (vae->pixels == 4 && vae->encoder.levels > 0) /* a shape is coded again (mould.h) */
            info->decoding_bytes[half] +=
                edt_vae_workspace(vae, act_of(half), side, side, EDT_VAE_ENCODER);
        info->decoding_room[half] = MAX(info->decoding_room[half], room);
    }
}

/* As much for each picture of a batch, or a little less. */
void edt_needs_forward(EdtModelInfo *info, const EdtVariant *v)
{
    const EdtInnerCount inner = edt_variant_inner(v);

    info->n_inner = inner.weights;
    info->inner_bytes = 2 * inner.most_read;
    for (int half = 0; half < 2; half++) {
        info->forward_bytes[half] = edt_network_workspace(v, act_of(half), 2, 1);
        info->forward_room[half] = edt_network_room(v, act_of(half), 2);
    }
}
