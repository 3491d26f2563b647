/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Spellings of the autoencoder's names.  CompVis: "decoder.up.3.block.0.nin_shortcut.weight";
 * diffusers: "decoder.up_blocks.0.resnets.0.conv_shortcut.weight" (its oldest releases differ in
 * the attention only: query, key, value, proj_attn).
 */
#include "files/vae_names.h"

#include <string.h>

typedef struct {
    const char *from, *to;
} Spelling;

const char *edt_vae_prefix(gconstpointer source, guint n, EdtNameAt name_at)
{
    static const char *const prefixes[] = {"first_stage_model.", "vae."};

    for (gsize p = 0; p < G_N_ELEMENTS(prefixes); p++)
        for (guint i = 0; i < n; i++)
            if (g_str_has_prefix(name_at(source, i), prefixes[p]))
                return prefixes[p];
    return "";
}

/* The text behind prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
    return g_str_has_prefix(text, prefix) ? text + strlen(prefix) : NULL;
}

/* "prefix3.rest": the digit, and rest; -1 otherwise. */
static int numbered(const char *text, const char *prefix, const char **rest)
{
    const char *at = after(text, prefix);

    if (at == NULL || !g_ascii_isdigit(at[0]) || at[1] != '.')
        return -1;
    *rest = at + 2;
    return at[0] - '0';
}

int edt_vae_levels(gconstpointer source, guint n, EdtNameAt name_at, const char *prefix)
{
    int levels = 0;

    for (guint i = 0; i < n; i++) {
        const char *name = after(name_at(source, i), prefix), *rest;
        if (name == NULL)
            continue;
        levels = MAX(levels, numbered(name, "decoder.up.", &rest) + 1);
        levels = MAX(levels, numbered(name, "decoder.up_blocks.", &rest) + 1);
    }
    return levels;
}

/* rest with its beginning replaced by the first spelling that fits, or as it is. */
static char *respell(const char *rest, const Spelling *spellings, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        const char *tail = after(rest, spellings[i].from);
        if (tail)
            return g_strconcat(spellings[i].to, tail, NULL);
    }
    return g_strdup(rest);
}

static char *join(const char *place, char *rest)
{
    char *name = g_strconcat(place, rest, NULL);
    g_free(rest);
    return name;
}

static char *attention(const char *rest)
{
    static const Spelling spellings[] = {
        {"norm.", "group_norm."},
        {"q.", "to_q."},
        {"k.", "to_k."},
        {"v.", "to_v."},
        {"query.", "to_q."},
        {"key.", "to_k."},
        {"value.", "to_v."},
        {"proj_out.", "to_out.0."},
        {"proj_attn.", "to_out.0."},
    };
    return join("mid_block.attentions.0.", respell(rest, spellings, G_N_ELEMENTS(spellings)));
}

static char *resnet(const char *place, const char *rest)
{
    static const Spelling spellings[] = {{"nin_shortcut.", "conv_shortcut."}};
    return join(place, respell(rest, spellings, G_N_ELEMENTS(spellings)));
}

/* down.I.block.J., down.I.downsample., and the same of up; blocks: what diffusers calls the level
 */
static char *level(const char *rest, const char *blocks, int number)
{
    char place[64];
    const char *tail;
    int j = numbered(rest, "block.", &tail);

    g_snprintf(place, sizeof place, "%s.%d.resnets.%d.", blocks, number, j);
    if (j >= 0)
        return resnet(place, tail);
    if ((tail = after(rest, "downsample.")) != NULL)
        return g_strdup_printf("%s.%d.downsamplers.0.%s", blocks, number, tail);
    if ((tail = after(rest, "upsample.")) != NULL)
        return g_strdup_printf("%s.%d.upsamplers.0.%s", blocks, number, tail);
    return g_strdup_printf("%s.%d.%s", blocks, number, rest);
}

/* The part behind "encoder." or "decoder.". */
static char *half(const char *rest, int levels)
{
    static const Spelling spellings[] = {{"norm_out.", "conv_norm_out."}};
    const char *tail;
    int i;

    if ((i = numbered(rest, "down.", &tail)) >= 0)
        return level(tail, "down_blocks", i);
    if ((i = numbered(rest, "up.", &tail)) >= 0)
        return level(tail, "up_blocks", levels - 1 - i);
    if ((tail = after(rest, "mid.block_1.")) != NULL)
        return resnet("mid_block.resnets.0.", tail);
    if ((tail = after(rest, "mid.block_2.")) != NULL)
        return resnet("mid_block.resnets.1.", tail);
    if ((tail = after(rest, "mid.attn_1.")) != NULL ||
        (tail = after(rest, "mid_block.attentions.0.")) != NULL)
        return attention(tail);
    return respell(rest, spellings, G_N_ELEMENTS(spellings));
}

char *edt_vae_modern_name(const char *name, int levels)
{
    const char *rest;

    if ((rest = after(name, "encoder.")) != NULL)
        return join("encoder.", half(rest, levels));
    if ((rest = after(name, "decoder.")) != NULL)
        return join("decoder.", half(rest, levels));
    if (after(name, "quant_conv.") || after(name, "post_quant_conv."))
        return g_strdup(name);
    return NULL;
}
