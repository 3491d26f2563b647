/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See family.h: the rows, and the sizes that families of one width share.
 */
#include "network/family.h"

/* Sizes of the families whose width is one: DiT's, which MDT took over; the Ti is ours. */
static const struct {
    const char *size;
    int D, H, blocks;
} sizes[] = {{"Ti", 192, 3, 12},
             {"S", 384, 6, 12},
             {"B", 768, 12, 12},
             {"L", 1024, 16, 24},
             {"XL", 1152, 16, 28}};

/* Of both versions (Adan). */
/* clang-format off */
#define MDT_TRAINING(learning_rate, ...)                                                           \
    {EDT_HIDING_SIDE, .least = 0.3, .most = 0.5, .tables = TRUE, .noise = TRUE, .uniform = TRUE,   \
     .rate = learning_rate, .rate_end = learning_rate, .clip = 1, __VA_ARGS__}
/* clang-format on */

const EdtFamilyRow edt_families[EDT_FAMILIES] = {
    [EDT_FAMILY_EDT] = {.name = "EDT",
                        .mark = "down_blocks.0.reduction.weight",
                        .windows = 1,
                        .training = {EDT_HIDING_DOWN, .rate = 1e-3, .rate_end = 5e-5},
                        .stages = 5,
                        .stage = {{EDT_JOINT_PATCHES, 0, "blocks"},
                                  {EDT_JOINT_DOWN, 1, "blocks"},
                                  {EDT_JOINT_DOWN, 2, "blocks"},
                                  {EDT_JOINT_UP, 1, "blocks"},
                                  {EDT_JOINT_UP, 0, "blocks"}}},
    [EDT_FAMILY_DIT] = {.name = "DiT",
                        .licence = "CC-BY-NC-4.0",
                        .mark = "blocks.0.attn.qkv.weight",
                        .no_mark = EDT_BIAS_OF("blocks.0"),
                        .training = {EDT_HIDING_NONE, .noise = TRUE, .plain = TRUE, .uniform = TRUE,
                                     .rate = 1e-4, .rate_end = 1e-4},
                        .largest_patch = 8,
                        .stages = 1,
                        .stage = {{EDT_JOINT_PATCHES, 0, "blocks"}}},
    [EDT_FAMILY_MDTV2] = {.name = "MDTv2",
                          .guidance = {4, 0.01},
                          .mark = "en_inblocks.0.attn.qkv.weight",
                          .windows = 1 + 3,
                          .training = MDT_TRAINING(3e-4),
                          .other = {384, MDT_TRAINING(5e-4, .decoder = 6)}, /* its run.sh */
                          .largest_patch = 2,
                          .decoder = 4,
                          .stages = 3,
                          .stage = {{EDT_JOINT_PATCHES, 0, "en_inblocks"},
                                    {EDT_JOINT_THROUGH, 0, "en_outblocks", EDT_SKIP_MIRROR},
                                    {EDT_JOINT_TABLE, 0, "de_blocks", EDT_SKIP_TOKENS}}},
    [EDT_FAMILY_MDT] = {.name = "MDT",
                        .guidance = {5, 0.01},
                        .mark = "decoder_pos_embed",
                        .windows = 1 + 3,
                        .training = MDT_TRAINING(3e-4),
                        .divided = TRUE,
                        .largest_patch = 2,
                        .decoder = 2,
                        .stages = 2,
                        .stage = {{EDT_JOINT_PATCHES, 0, "blocks"},
                                  {EDT_JOINT_TABLE, 0, "blocks"}}},
};

int edt_family_heads(int D)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (sizes[i].D == D)
            return sizes[i].H;
    return 0;
}

void edt_family_divide(EdtVariant *v, int blocks, int decoder)
{
    const int last = edt_family_of(v)->stages - 1;
    for (int s = 0; s < last; s++)
        v->depths[s] = (blocks - decoder) / last;
    v->depths[last] = last ? decoder : blocks;
}

void edt_family_width(EdtVariant *v, int D, int H)
{
    for (int s = 0; s < edt_family_of(v)->stages; s++) {
        v->dims[s] = D;
        v->heads[s] = H;
    }
}

gboolean edt_family_size(EdtFamily family, gsize i, int patch, int decoder, EdtVariant *v)
{
    if (i >= G_N_ELEMENTS(sizes))
        return FALSE;
    *v = (EdtVariant){.family = family,
                      .channels = 4,
                      .patch = patch,
                      .mlp_ratio = 4,
                      .n_classes = 1000,
                      .out_channels = 8};
    g_snprintf(v->name, sizeof v->name, "%s-%s/%d", edt_families[family].name, sizes[i].size,
               patch);
    edt_family_width(v, sizes[i].D, sizes[i].H);
    edt_family_divide(v, sizes[i].blocks, decoder);
    return TRUE;
}
