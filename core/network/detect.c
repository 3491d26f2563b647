/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way back from tensors to the shape of a network (shape.h): its family by names, the rest by
 * shapes.  What nothing tells comes as hints.
 */
#include "network/family.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define DIM_MAX 4096 /* widest stage we accept: 4 D must fit a row kernel's buffer */

typedef struct {
    EdtShapeOf shape_of;
    gpointer source;
    EdtShapeHints hints;
    GError **error;
} Reader;

static gboolean refuse(Reader *reader, const char *name, const char *why)
{
    g_set_error(reader->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("This is no checkpoint that can be read: tensor “%s” %s."), name, why);
    return FALSE;
}

static gboolean has(Reader *reader, const char *name)
{
    gint64 shape[EDT_RANK_MAX];
    return reader->shape_of(reader->source, name, shape) != 0;
}

static gboolean read_shape(Reader *reader, const char *name, int rank, gint64 shape[EDT_RANK_MAX])
{
    int found = reader->shape_of(reader->source, name, shape);
    if (found == 0)
        return refuse(reader, name, _("is missing"));
    if (found != rank)
        return refuse(reader, name, _("has an unexpected number of dimensions"));
    for (int i = 0; i < rank; i++)
        if (shape[i] <= 0 || shape[i] > 1 << 24)
            return refuse(reader, name, _("has an impossible size"));
    return TRUE;
}

/* The root of a square, or -1. */
static int side_of(gint64 square)
{
    const gint64 side = square < 0 ? -1 : llround(sqrt((double)square));
    return side * side == square ? (int)side : -1;
}

typedef struct {
    int D, H, n, ratio;
} Block;

/* Heads and grid from the position bias. */
static gboolean read_windows(Reader *reader, const char *of, int unused, Block *block)
{
    gint64 bias[EDT_RANK_MAX];
    char name[96];

    g_snprintf(name, sizeof name, EDT_BIAS_OF("%s"), of);
    if (!read_shape(reader, name, 2, bias))
        return FALSE;
    const int side = side_of(bias[0] - unused); /* 2n-1 */
    if (side % 2 != 1 || side > 2 * EDT_GRID_MAX - 1 || block->D % bias[1])
        return refuse(reader, name, _("does not fit a square token grid"));
    block->H = (int)bias[1];
    block->n = (side + 1) / 2;
    return TRUE;
}

/* Without position bias: heads by what is known, the grid from the position table. */
static gboolean read_table(Reader *reader, Block *block)
{
    gint64 table[EDT_RANK_MAX];

    if (!read_shape(reader, "pos_embed", 3, table))
        return FALSE;
    block->n = side_of(table[1]);
    if (block->n < 1 || block->n > EDT_GRID_MAX)
        return refuse(reader, "pos_embed", _("does not fit a square token grid"));
    block->H = reader->hints.heads ? reader->hints.heads : edt_family_heads(block->D);
    if (!block->H && reader->hints.heads_of_run > 0 && block->D % reader->hints.heads_of_run == 0)
        block->H = reader->hints.heads_of_run;
    if (block->H > 0 && block->D % block->H == 0)
        return TRUE;
    g_set_error(
        reader->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
        block->H > 0
            ? _("A network of width %d cannot have the number of heads that was given.")
            : _("How many heads a network of width %d has is in none of its tensors: say it "
                "with --heads."),
        block->D);
    return FALSE;
}

/* of: "blocks.0" */
static gboolean read_block(Reader *reader, const char *of, int windows, Block *block)
{
    gint64 qkv[EDT_RANK_MAX], fc1[EDT_RANK_MAX];
    char name[96];

    g_snprintf(name, sizeof name, "%s.mlp.fc1.weight", of);
    if (!read_shape(reader, name, 2, fc1))
        return FALSE;
    g_snprintf(name, sizeof name, "%s.attn.qkv.weight", of);
    if (!read_shape(reader, name, 2, qkv))
        return FALSE;
    if (qkv[0] != 3 * qkv[1] || qkv[1] > DIM_MAX || qkv[1] % 4)
        return refuse(reader, name, _("has no plausible width"));
    if (fc1[1] != qkv[1] || fc1[0] % fc1[1] || fc1[0] / fc1[1] > 16)
        return refuse(reader, "mlp.fc1.weight", _("does not fit its block"));
    *block = (Block){.D = (int)qkv[1], .ratio = (int)(fc1[0] / fc1[1])};
    return windows ? read_windows(reader, of, windows - 1, block) : read_table(reader, block);
}

static gboolean block_exists(Reader *reader, const char *list, int i)
{
    char name[64];
    g_snprintf(name, sizeof name, "%s.%d.attn.qkv.weight", list, i);
    return has(reader, name);
}

/* Consecutive blocks with one grid are a stage; the grids must run n, n/2, n/4, n/2, n. */
static gboolean read_grids(Reader *reader, EdtVariant *v)
{
    int stage = -1, last = 0;
    for (int i = 0; i < EDT_BLOCKS_MAX && (i == 0 || block_exists(reader, "blocks", i)); i++) {
        Block block;
        char of[32];
        g_snprintf(of, sizeof of, "blocks.%d", i);
        if (!read_block(reader, of, edt_family_of(v)->windows, &block))
            return FALSE;
        if (block.n != last) {
            if (++stage == 0)
                v->grid = block.n;
            last = block.n;
            if (stage >= edt_variant_stages(v) || v->grid % 4 ||
                block.n != edt_variant_grid(v, stage))
                return refuse(reader, "blocks",
                              _("do not form two down, one middle and two up stages"));
            v->dims[stage] = block.D;
            v->heads[stage] = block.H;
            v->mlp_ratio = block.ratio;
        }
        if (block.D != v->dims[stage] || block.H != v->heads[stage] || block.ratio != v->mlp_ratio)
            return refuse(reader, "blocks", _("of one stage differ in width or heads"));
        v->depths[stage]++;
    }
    if (stage != edt_variant_stages(v) - 1)
        return refuse(reader, "blocks", _("do not form two down, one middle and two up stages"));
    return TRUE;
}

static int count_blocks(Reader *reader, const char *list)
{
    int blocks = 0;
    while (blocks < EDT_BLOCKS_MAX && block_exists(reader, list, blocks))
        blocks++;
    return blocks;
}

/* Depths of a family of one width, from the lengths of its lists. */
static gboolean read_depths(Reader *reader, EdtVariant *v)
{
    const int last = edt_variant_stages(v) - 1, wanted = reader->hints.decoder;

    for (int s = 0; s <= last; s++)
        v->depths[s] = count_blocks(reader, edt_family_of(v)->stage[s].blocks);
    if (edt_family_of(v)->divided)
        edt_family_divide(v, v->depths[last], wanted ? wanted : edt_family_of(v)->decoder);
    for (int s = 0; s <= last; s++) {
        const gboolean mirrors = edt_family_of(v)->stage[s].skip == EDT_SKIP_MIRROR;
        if (v->depths[s] < 1 || (mirrors && v->depths[s] != v->depths[s - 1]))
            return refuse(reader, edt_family_of(v)->stage[s].blocks,
                          _("are not as many as the other parts of the network ask for"));
    }
    return edt_variant_blocks(v) <= EDT_BLOCKS_MAX ||
           refuse(reader, edt_family_of(v)->stage[0].blocks, _("has an impossible size"));
}

static gboolean read_one_width(Reader *reader, EdtVariant *v)
{
    Block block;
    char of[32];

    g_snprintf(of, sizeof of, "%s.0", edt_family_of(v)->stage[0].blocks);
    if (!read_block(reader, of, edt_family_of(v)->windows, &block))
        return FALSE;
    edt_family_width(v, block.D, block.H);
    v->grid = block.n;
    v->mlp_ratio = block.ratio;
    return read_depths(reader, v);
}

#define STYLES "style_embedder.embedding_table.weight"

/* The table of styles, where there is one. */
static gboolean read_styles(Reader *reader, EdtVariant *v)
{
    gint64 styles[EDT_RANK_MAX];

    if (reader->shape_of(reader->source, STYLES, styles) == 0)
        return TRUE;
    if (!read_shape(reader, STYLES, 2, styles))
        return FALSE;
    if (styles[1] != v->dims[0] || styles[0] < 2)
        return refuse(reader, STYLES, _("does not fit the model's width"));
    if (styles[0] - 1 > EDT_STYLES_MAX)
        return refuse(reader, STYLES, _("has an impossible size"));
    v->n_styles = (int)styles[0] - 1;
    return TRUE;
}

/* A file that is damaged beyond recognition is taken for an EDT, which says what it lacks. */
static EdtFamily find_family(Reader *reader)
{
    static const EdtFamily order[] = {EDT_FAMILY_MDTV2, EDT_FAMILY_EDT, EDT_FAMILY_MDT,
                                      EDT_FAMILY_DIT};
    for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
        const char *without = edt_families[order[i]].no_mark;
        if (has(reader, edt_families[order[i]].mark) && !(without && has(reader, without)))
            return order[i];
    }
    return EDT_FAMILY_EDT;
}

#define CLASSES "y_embedder.embedding_table.weight"

/* A table for ImageNet that was trained without dropping labels has no row for none. */
static gboolean read_classes(Reader *reader, EdtVariant *v)
{
    const int imagenet = 1000, no_null = reader->hints.no_null;
    gint64 labels[EDT_RANK_MAX];

    if (!read_shape(reader, CLASSES, 2, labels))
        return FALSE;
    if (labels[1] != v->dims[0] || labels[0] < 2 ||
        (!edt_family_one_width(edt_family_of(v)) &&
         (v->dims[4] != v->dims[0] || v->dims[3] != v->dims[1])))
        return refuse(reader, CLASSES, _("does not fit the model's width"));
    v->no_null = no_null > 0 || (no_null == 0 && labels[0] == imagenet);
    v->n_classes = (int)labels[0] - !v->no_null;
    return TRUE;
}

gboolean edt_variant_detect(EdtShapeOf shape_of, gpointer source, EdtShapeHints hints,
                            EdtVariant *v, GError **error)
{
    Reader reader = {shape_of, source, hints, error};
    gint64 patch[EDT_RANK_MAX], final[EDT_RANK_MAX];

    *v = (EdtVariant){.family = find_family(&reader)};
    if (!read_shape(&reader, "x_embedder.proj.weight", 4, patch) ||
        !read_shape(&reader, "final_layer.linear.weight", 2, final) ||
        !(edt_family_one_width(edt_family_of(v)) ? read_one_width(&reader, v)
                                                 : read_grids(&reader, v)) ||
        !read_classes(&reader, v) || !read_styles(&reader, v))
        return FALSE;
    gint64 area = patch[2] * patch[3];
    if (patch[2] != patch[3] || patch[2] > 16 || patch[1] > 64 || patch[0] != v->dims[0])
        return refuse(&reader, "x_embedder.proj.weight", _("is no patch embedding of this model"));
    if (final[0] != area * patch[1] && final[0] != 2 * area * patch[1])
        return refuse(&reader, "final_layer.linear.weight", _("does not fit patch and channels"));
    v->channels = (int)patch[1];
    v->patch = (int)patch[2];
    v->latent_size = v->grid * v->patch;
    v->out_channels = (int)(final[0] / area);
    edt_variant_name(v);
    return TRUE;
}

EdtShapeHints edt_variant_hints(const EdtVariant *v)
{
    return (EdtShapeHints){
        .heads = edt_family_of(v)->windows ? 0 : v->heads[0],
        .no_null = v->no_null,
        .decoder = edt_family_of(v)->divided ? v->depths[edt_variant_stages(v) - 1] : 0,
    };
}
