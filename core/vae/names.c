/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AutoencoderKL: CompVis says "decoder.up.3.block.0.nin_shortcut.weight", diffusers
 * "decoder.up_blocks.0.resnets.0.conv_shortcut.weight" (its oldest releases differ in the attention
 * only: query, key, value, proj_attn).  TAESD numbers the steps of a sequence, and its decoder's
 * begin with the clamp, which has no tensors: "3.conv.0.weight" is what diffusers calls
 * "decoder.layers.2.conv.0.weight".
 */
#include "vae/names.h"

#include <string.h>

typedef struct {
    const char *from, *to;
} Spelling;

/* The text behind prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
    return g_str_has_prefix(text, prefix) ? text + strlen(prefix) : NULL;
}

/* "prefix3.rest": the digit, and rest; -1 otherwise. */
static int numbered(const char *text, const char *prefix, const char **rest)
{
    const char *at = after(text, prefix);

    if (!at || !g_ascii_isdigit(at[0]) || at[1] != '.')
        return -1;
    *rest = at + 2;
    return at[0] - '0';
}

/* ---- AutoencoderKL ---- */

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
    if ((tail = after(rest, "downsample.")))
        return g_strdup_printf("%s.%d.downsamplers.0.%s", blocks, number, tail);
    if ((tail = after(rest, "upsample.")))
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
    if ((tail = after(rest, "mid.block_1.")))
        return resnet("mid_block.resnets.0.", tail);
    if ((tail = after(rest, "mid.block_2.")))
        return resnet("mid_block.resnets.1.", tail);
    if ((tail = after(rest, "mid.attn_1.")) || (tail = after(rest, "mid_block.attentions.0.")))
        return attention(tail);
    return respell(rest, spellings, G_N_ELEMENTS(spellings));
}

static char *kl_name(const char *name, int levels)
{
    const char *rest;

    if ((rest = after(name, "encoder.")))
        return join("encoder.", half(rest, levels));
    if ((rest = after(name, "decoder.")))
        return join("decoder.", half(rest, levels));
    if (after(name, "quant_conv.") || after(name, "post_quant_conv."))
        return g_strdup(name);
    return NULL;
}

/* ---- TAESD ---- */

/* "<digits>.rest" with `less` taken off the number, below place; NULL for other names. */
static char *layer_name(const char *place, const char *name, int less)
{
    char *rest;
    guint64 number = g_ascii_isdigit(*name) ? g_ascii_strtoull(name, &rest, 10) : G_MAXUINT64;

    if (number > G_MAXINT || *rest != '.' || (int)number < less)
        return NULL;
    return g_strdup_printf("%slayers.%d%s", place, (int)number - less, rest);
}

static char *taesd_name(const char *name)
{
    const char *rest;

    if ((rest = after(name, "encoder.")))
        return layer_name("encoder.", rest, 0);
    if ((rest = after(name, "decoder.")))
        return layer_name("decoder.", rest, 1);
    return NULL;
}

/* ---- a file ---- */

static const char *prefix_of(gconstpointer source, guint n, EdtNameAt name_at)
{
    static const char *const prefixes[] = {"first_stage_model.", "vae."};

    for (gsize p = 0; p < G_N_ELEMENTS(prefixes); p++)
        for (guint i = 0; i < n; i++)
            if (g_str_has_prefix(name_at(source, i), prefixes[p]))
                return prefixes[p];
    return "";
}

/* Levels of a KL decoder; 0 when there is none. */
static int levels_of(gconstpointer source, guint n, EdtNameAt name_at, const char *prefix)
{
    int levels = 0;

    for (guint i = 0; i < n; i++) {
        const char *name = after(name_at(source, i), prefix), *rest;
        if (!name)
            continue;
        levels = MAX(levels, numbered(name, "decoder.up.", &rest) + 1);
        levels = MAX(levels, numbered(name, "decoder.up_blocks.", &rest) + 1);
    }
    return levels;
}

static gboolean has(gconstpointer source, guint n, EdtNameAt name_at, const char *prefix,
                    const char *name)
{
    for (guint i = 0; i < n; i++)
        if (g_strcmp0(after(name_at(source, i), prefix), name) == 0)
            return TRUE;
    return FALSE;
}

EdtVaeSpelling edt_vae_spelling(gconstpointer source, guint n, EdtNameAt name_at)
{
    static const struct {
        const char *name; /* the first of these that is there says how the file spells */
        int how;
    } signs[] = {
        {"decoder.layers.0.weight", EDT_VAE_SPELLS_SMALL},
        {"decoder.0.weight", EDT_VAE_SPELLS_SMALL},
        {"decoder.1.weight", EDT_VAE_SPELLS_TAESD},
        {"encoder.layers.0.weight", EDT_VAE_SPELLS_SMALL},
        {"encoder.0.weight", EDT_VAE_SPELLS_SMALL},
        {"0.weight", EDT_VAE_SPELLS_ENCODER},
        {"1.weight", EDT_VAE_SPELLS_DECODER},
    };
    EdtVaeSpelling spelling = {.prefix = prefix_of(source, n, name_at)};

    spelling.levels = levels_of(source, n, name_at, spelling.prefix);
    if (spelling.levels > 0)
        spelling.how = EDT_VAE_SPELLS_KL;
    for (gsize i = 0; i < G_N_ELEMENTS(signs) && !spelling.how; i++)
        if (has(source, n, name_at, spelling.prefix, signs[i].name))
            spelling.how = signs[i].how;
    return spelling;
}

char *edt_vae_our_name(const EdtVaeSpelling *spelling, const char *name)
{
    name = after(name, spelling->prefix);
    if (!name)
        return NULL;
    switch (spelling->how) {
    case EDT_VAE_SPELLS_KL:
        return kl_name(name, spelling->levels);
    case EDT_VAE_SPELLS_SMALL:
        return after(name, "encoder.") || after(name, "decoder.") ? g_strdup(name) : NULL;
    case EDT_VAE_SPELLS_TAESD:
        return taesd_name(name);
    case EDT_VAE_SPELLS_DECODER:
        return layer_name("decoder.", name, 1);
    case EDT_VAE_SPELLS_ENCODER:
        return layer_name("encoder.", name, 0);
    case EDT_VAE_SPELLS_NOTHING:
        break;
    }
    return NULL;
}
