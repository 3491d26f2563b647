/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shapes of EDT: a table that names the published sizes, and the way back from tensors to a
 * shape.  Next: layers.c.
 */
#include "network/shape.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define DIM_MAX 4096    /* widest stage we accept: 4 D must fit a row kernel's buffer */
#define GRID_MAX 128

/* Sizes of the paper's table 1 and the official models_edt.py; the Ti are ours, with patches of 4
 * for small pictures in pixel space, of 2 for latents.  latent_size and grid are set by image size. */
static const struct {
    EdtVariant v;
    int factor; /* image pixels per latent pixel */
} named[] = {
    {{.name = "EDT-S/2",
      .channels = 4,
      .patch = 2,
      .dims = {312, 416, 520, 416, 312},
      .heads = {6, 8, 10, 8, 6},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
    {{.name = "EDT-B/2",
      .channels = 4,
      .patch = 2,
      .dims = {624, 832, 1040, 832, 624},
      .heads = {12, 16, 20, 16, 12},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
    {{.name = "EDT-XL/2",
      .channels = 4,
      .patch = 2,
      .dims = {936, 1248, 1560, 1248, 936},
      .heads = {18, 24, 30, 24, 18},
      .depths = {6, 4, 4, 7, 7},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
    {{.name = "EDT-Ti/4",
      .channels = 4,
      .patch = 4,
      .dims = {156, 208, 260, 208, 156},
      .heads = {3, 4, 5, 4, 3},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     1},
    {{.name = "EDT-Ti/2",
      .channels = 4,
      .patch = 2,
      .dims = {156, 208, 260, 208, 156},
      .heads = {3, 4, 5, 4, 3},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
};

/* How a stage of a family is entered, and how often its grid was halved. */
static const struct {
    int stages;
    struct {
        EdtJointKind joint;
        int halvings;
    } stage[EDT_STAGES_MAX];
} families[] = {
    [EDT_FAMILY_EDT] = {5,
                        {{EDT_JOINT_PATCHES, 0},
                         {EDT_JOINT_DOWN, 1},
                         {EDT_JOINT_DOWN, 2},
                         {EDT_JOINT_UP, 1},
                         {EDT_JOINT_UP, 0}}},
};

int edt_variant_stages(const EdtVariant *v)
{
    return families[v->family].stages;
}

int edt_variant_grid(const EdtVariant *v, int stage)
{
    return v->grid >> families[v->family].stage[stage].halvings;
}

EdtStage edt_variant_stage(const EdtVariant *v, int stage)
{
    const int n = edt_variant_grid(v, stage), D = v->dims[stage], H = v->heads[stage];
    return (EdtStage){
        .joint = families[v->family].stage[stage].joint,
        .n = n,
        .T = n * n,
        .D = D,
        .H = H,
        .d = D / H,
        .depth = v->depths[stage],
    };
}

int edt_variant_blocks(const EdtVariant *v)
{
    int blocks = 0;
    for (int s = 0; s < edt_variant_stages(v); s++)
        blocks += v->depths[s];
    return blocks;
}

int edt_variant_stage_of_block(const EdtVariant *v, int block)
{
    int stage = 0;
    while (stage < edt_variant_stages(v) - 1 && block >= v->depths[stage])
        block -= v->depths[stage++];
    return stage;
}

gboolean edt_variant_named(const char *name, int image_size, EdtVariant *v)
{
    for (guint i = 0; i < G_N_ELEMENTS(named); i++) {
        int unit = named[i].factor * named[i].v.patch * 4; /* the middle stage halves twice */
        if (strcmp(name, named[i].v.name) != 0 || image_size <= 0 || image_size % unit)
            continue;
        *v = named[i].v;
        v->latent_size = image_size / named[i].factor;
        v->grid = v->latent_size / v->patch;
        return v->grid <= GRID_MAX;
    }
    return FALSE;
}

/* A published size by widths, heads and patch; depths may differ (the released XL). */
static void name_variant(EdtVariant *v)
{
    const char *name = "EDT custom";
    for (guint i = 0; i < G_N_ELEMENTS(named); i++)
        if (memcmp(v->dims, named[i].v.dims, sizeof v->dims) == 0 &&
            memcmp(v->heads, named[i].v.heads, sizeof v->heads) == 0 &&
            v->patch == named[i].v.patch)
            name = named[i].v.name;
    g_strlcpy(v->name, name, sizeof v->name);
}

/* ---- tensors to shape ---- */

typedef struct {
    EdtShapeOf shape_of;
    gpointer source;
    GError **error;
} Reader;

static gboolean refuse(Reader *reader, const char *name, const char *why)
{
    g_set_error(reader->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("This is not an EDT checkpoint that can be read: tensor “%s” %s."), name, why);
    return FALSE;
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

typedef struct {
    int D, H, n, ratio;
} Block;

static gboolean read_block(Reader *reader, int i, Block *block)
{
    gint64 bias[EDT_RANK_MAX], qkv[EDT_RANK_MAX], fc1[EDT_RANK_MAX];
    char name[96];

    g_snprintf(name, sizeof name, "blocks.%d.mlp.fc1.weight", i);
    if (!read_shape(reader, name, 2, fc1))
        return FALSE;
    g_snprintf(name, sizeof name, "blocks.%d.attn.qkv.weight", i);
    if (!read_shape(reader, name, 2, qkv))
        return FALSE;
    if (qkv[0] != 3 * qkv[1] || qkv[1] > DIM_MAX || qkv[1] % 4)
        return refuse(reader, name, _("has no plausible width"));
    if (fc1[1] != qkv[1] || fc1[0] % fc1[1] || fc1[0] / fc1[1] > 16)
        return refuse(reader, "mlp.fc1.weight", _("does not fit its block"));
    g_snprintf(name, sizeof name, "blocks.%d.attn.rel_pos_bias.relative_position_bias_table", i);
    if (!read_shape(reader, name, 2, bias))
        return FALSE;
    int side = (int)lround(sqrt((double)bias[0])); /* 2n-1 */
    if ((gint64)side * side != bias[0] || side % 2 == 0 || side > 2 * GRID_MAX - 1 ||
        qkv[1] % bias[1])
        return refuse(reader, name, _("does not fit a square token grid"));
    *block = (Block){.D = (int)qkv[1], .H = (int)bias[1], .n = (side + 1) / 2,
                     .ratio = (int)(fc1[0] / fc1[1])};
    return TRUE;
}

static gboolean block_exists(Reader *reader, int i)
{
    gint64 shape[EDT_RANK_MAX];
    char name[64];
    g_snprintf(name, sizeof name, "blocks.%d.attn.qkv.weight", i);
    return reader->shape_of(reader->source, name, shape) != 0;
}

/* Consecutive blocks with one grid are a stage; the grids must run n, n/2, n/4, n/2, n. */
static gboolean read_stages(Reader *reader, EdtVariant *v)
{
    int stage = -1, last = 0;
    for (int i = 0; i < EDT_BLOCKS_MAX && (i == 0 || block_exists(reader, i)); i++) {
        Block block;
        if (!read_block(reader, i, &block))
            return FALSE;
        if (block.n != last) {
            if (++stage == 0)
                v->grid = block.n;
            last = block.n;
            if (stage >= edt_variant_stages(v) || v->grid % 4 || block.n != edt_variant_grid(v, stage))
                return refuse(reader, "blocks",
                              _("do not form two down, one middle and two up stages"));
            v->dims[stage] = block.D;
            v->heads[stage] = block.H;
            v->mlp_ratio = block.ratio;
        }
        if (block.D != v->dims[stage] || block.H != v->heads[stage] ||
            block.ratio != v->mlp_ratio)
            return refuse(reader, "blocks", _("of one stage differ in width or heads"));
        v->depths[stage]++;
    }
    if (stage != edt_variant_stages(v) - 1)
        return refuse(reader, "blocks", _("do not form two down, one middle and two up stages"));
    return TRUE;
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
    v->n_styles = (int)styles[0] - 1;
    return TRUE;
}

gboolean edt_variant_detect(EdtShapeOf shape_of, gpointer source, EdtVariant *v, GError **error)
{
    Reader reader = {shape_of, source, error};
    gint64 patch[EDT_RANK_MAX], labels[EDT_RANK_MAX], final[EDT_RANK_MAX];

    *v = (EdtVariant){0};
    if (!read_shape(&reader, "x_embedder.proj.weight", 4, patch) ||
        !read_shape(&reader, "y_embedder.embedding_table.weight", 2, labels) ||
        !read_shape(&reader, "final_layer.linear.weight", 2, final) || !read_stages(&reader, v) ||
        !read_styles(&reader, v))
        return FALSE;
    gint64 area = patch[2] * patch[3];
    if (patch[2] != patch[3] || patch[2] > 16 || patch[1] > 64 || patch[0] != v->dims[0])
        return refuse(&reader, "x_embedder.proj.weight", _("is no patch embedding of this model"));
    if (labels[1] != v->dims[0] || labels[0] < 2 || v->dims[4] != v->dims[0] ||
        v->dims[3] != v->dims[1])
        return refuse(&reader, "y_embedder.embedding_table.weight",
                      _("does not fit the model's width"));
    if (final[0] != area * patch[1] && final[0] != 2 * area * patch[1])
        return refuse(&reader, "final_layer.linear.weight", _("does not fit patch and channels"));
    v->channels = (int)patch[1];
    v->patch = (int)patch[2];
    v->latent_size = v->grid * v->patch;
    v->n_classes = (int)labels[0] - 1;
    v->out_channels = (int)(final[0] / area);
    name_variant(v);
    return TRUE;
}

void edt_position_table(int n, int D, float *out)
{
    int quarter = D / 4; /* x: sin, cos; y: sin, cos */
    for (int t = 0; t < n * n; t++) {
        double at[2] = {t % n, t / n}; /* official meshgrid: w first */
        for (int axis = 0; axis < 2; axis++)
            for (int i = 0; i < quarter; i++) {
                double omega = 1.0 / pow(10000.0, (double)i / (double)quarter);
                float *row = out + (gsize)t * D + axis * (D / 2) + i;
                row[0] = (float)sin(at[axis] * omega);
                row[quarter] = (float)cos(at[axis] * omega);
            }
    }
}
