/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See layers.h.  Names, shapes and order are those of the official models_edt.py.
 */
#include "network/layers.h"

#include <string.h>

/* ---- the list ---- */

typedef struct {
    const EdtVariant *v;
    EdtEachLayer each;
    gpointer user_data;
} Visitor;

/* One layer: `of` begins its name and says whose it is. */
static void visit(const Visitor *w, EdtLayer of, const char *name)
{
    g_strlcat(of.name, name, sizeof of.name);
    of.T = of.stage < 0 ? 1 : edt_variant_stage(w->v, of.stage).T;
    w->each(&of, w->user_data);
}

/* A product inside the network. */
static void visit_linear(const Visitor *w, EdtLayer of, EdtPart part, gint64 N, gint64 K,
                         gboolean bias, const char *name)
{
    of.part = part;
    of.N = N;
    of.K = K;
    of.bias = bias;
    of.epilogue = part == EDT_PART_FC1 ? EDT_EPILOGUE_GELU : EDT_EPILOGUE_NONE;
    of.x_act = of.y_act = TRUE;
    of.inner = part == EDT_PART_QKV || part == EDT_PART_PROJ || part == EDT_PART_FC1 ||
               part == EDT_PART_FC2;
    visit(w, of, name);
}

/* Shifts, scales and gates for each row of the conditioning. */
static void visit_site(const Visitor *w, EdtLayer of, gint64 columns, EdtFirst first)
{
    of.part = EDT_PART_SITE;
    of.stage = -1;
    of.N = columns;
    of.K = edt_variant_stage(w->v, 0).D;
    of.bias = of.x_act = TRUE;
    of.first = first;
    visit(w, of, ".adaLN_modulation.1");
}

static void visit_positions(const Visitor *w, EdtLayer of, const EdtStage *stage, const char *name)
{
    of.part = EDT_PART_POSITIONS;
    of.kind = EDT_LAYER_POSITIONS;
    of.K = stage->T;
    of.N = stage->D;
    of.first = EDT_FIRST_TABLE;
    of.fixed = !edt_variant_training(w->v)->tables;
    visit(w, of, name);
}

static gboolean has_side(const Visitor *w)
{
    return edt_variant_training(w->v)->hiding == EDT_HIDING_SIDE;
}

/* MDT's second table, and what stands where training hides a token. */
static void visit_decoder(const Visitor *w)
{
    const int last = edt_variant_stages(w->v) - 1;
    const EdtStage stage = edt_variant_stage(w->v, last);
    EdtLayer of = {.owner = EDT_OWNER_JOINT, .index = last, .stage = last};
    EdtLayer mask = {.part = EDT_PART_MASK, .kind = EDT_LAYER_POSITIONS, .training = TRUE};

    if (stage.joint == EDT_JOINT_TABLE)
        visit_positions(w, of, &stage, "decoder_pos_embed");
    mask.K = 1;
    mask.N = stage.D;
    mask.first = EDT_FIRST_NORMAL;
    if (has_side(w))
        visit(w, mask, "mask_token");
}

static void visit_beginning(const Visitor *w)
{
    const EdtVariant *v = w->v;
    const EdtStage first = edt_variant_stage(v, 0);
    EdtLayer patches = {.part = EDT_PART_PATCHES, .kind = EDT_LAYER_PATCHES};
    EdtLayer time = {.part = EDT_PART_TIME_IN, .stage = -1, .first = EDT_FIRST_NORMAL};
    EdtLayer classes = {.part = EDT_PART_CLASSES, .stage = -1, .first = EDT_FIRST_NORMAL};

    visit_positions(w, (EdtLayer){.owner = EDT_OWNER_ENDS}, &first, "pos_embed");
    visit_decoder(w);
    patches.side = v->patch;
    patches.N = time.N = classes.N = first.D;
    patches.K = v->channels * v->patch * v->patch;
    patches.bias = time.bias = TRUE;
    visit(w, patches, "x_embedder.proj"); /* in f32: it carries the picture, and is cheap */
    time.K = EDT_TIMESTEP_WIDTH;
    visit(w, time, "t_embedder.mlp.0");
    time.part = EDT_PART_TIME_OUT;
    time.K = first.D;
    visit(w, time, "t_embedder.mlp.2");
    classes.kind = EDT_LAYER_ROWS;
    classes.K = v->n_classes + !v->no_null;
    visit(w, classes, "y_embedder.embedding_table.weight");
    classes.part = EDT_PART_STYLES;
    classes.K = v->n_styles + 1;
    if (v->n_styles)
        visit(w, classes, "style_embedder.embedding_table.weight");
}

static void visit_windows(const Visitor *w, EdtLayer of, const EdtStage *s)
{
    of.part = EDT_PART_WINDOWS;
    of.kind = EDT_LAYER_WINDOWS;
    of.side = 2 * s->n - 1;
    of.K = s->windows;
    of.N = s->H;
    of.first = EDT_FIRST_NORMAL;
    visit(w, of, ".attn.rel_pos_bias.relative_position_bias_table");
}

/* of: the block, by its name. */
static void visit_block(const Visitor *w, EdtLayer of)
{
    const EdtStage s = edt_variant_stage(w->v, of.stage);
    const int D = s.D, hidden = D * w->v->mlp_ratio;

    if (s.windows)
        visit_windows(w, of, &s);
    visit_linear(w, of, EDT_PART_QKV, 3 * D, D, TRUE, ".attn.qkv");
    visit_linear(w, of, EDT_PART_PROJ, D, D, TRUE, ".attn.proj");
    visit_linear(w, of, EDT_PART_FC1, hidden, D, TRUE, ".mlp.fc1");
    visit_linear(w, of, EDT_PART_FC2, D, hidden, TRUE, ".mlp.fc2");
    visit_site(w, of, 6 * D, EDT_FIRST_ZERO);
    if (s.skip != EDT_SKIP_NONE)
        visit_linear(w, of, EDT_PART_SKIP, D, 2 * D, TRUE, ".skip_linear");
}

static void visit_blocks(const Visitor *w)
{
    int block = 0;
    for (int stage = 0; stage < edt_variant_stages(w->v); stage++) {
        const EdtStage s = edt_variant_stage(w->v, stage);
        for (int i = 0; i < s.depth; i++) {
            EdtLayer of = {.owner = EDT_OWNER_BLOCK, .index = block++, .stage = stage};
            g_snprintf(of.name, sizeof of.name, "%s.%d", s.blocks, s.first + i);
            visit_block(w, of);
        }
    }
    if (has_side(w))
        visit_block(w,
                    (EdtLayer){.owner = EDT_OWNER_SIDE, .training = TRUE, .name = "sideblocks.0"});
}

/* The joint in front of a stage, number i of its kind; without the up-sampling, which the reference
 * has in a list of its own. */
static void visit_joint(const Visitor *w, int i, int stage)
{
    const EdtStage from = edt_variant_stage(w->v, stage - 1), to = edt_variant_stage(w->v, stage);
    const gboolean down = to.joint == EDT_JOINT_DOWN;
    const int width = down ? 4 * from.D : 2 * to.D; /* of what is merged */
    EdtLayer of = {.owner = EDT_OWNER_JOINT, .index = stage, .stage = stage};

    g_snprintf(of.name, sizeof of.name, down ? "down_blocks.%d" : "concat_blocks.%d", i);
    visit_positions(w, of, &to, ".pos_embed");
    visit_site(w, of, 2 * width, EDT_FIRST_XAVIER);
    visit_linear(w, of, EDT_PART_MERGE, to.D, width, !down, down ? ".reduction" : ".cat");
}

static void visit_expand(const Visitor *w, int i, int stage)
{
    const int from = edt_variant_stage(w->v, stage - 1).D, to = edt_variant_stage(w->v, stage).D;
    EdtLayer of = {.owner = EDT_OWNER_JOINT, .index = stage, .stage = stage - 1};

    g_snprintf(of.name, sizeof of.name, "up_blocks.%d", i);
    visit_linear(w, of, EDT_PART_EXPAND, 4 * to, from, FALSE, ".expand");
}

static void each_joint(const Visitor *w, EdtJointKind kind,
                       void (*what)(const Visitor *w, int i, int stage))
{
    int i = 0;
    for (int stage = 1; stage < edt_variant_stages(w->v); stage++)
        if (edt_variant_stage(w->v, stage).joint == kind)
            what(w, i++, stage);
}

static void visit_end(const Visitor *w)
{
    const EdtVariant *v = w->v;
    const int last = edt_variant_stages(v) - 1, D = edt_variant_stage(v, last).D;
    EdtLayer of = {.owner = EDT_OWNER_ENDS, .stage = last, .name = "final_layer"}, head = of;

    head.part = EDT_PART_HEAD;
    head.N = v->out_channels * v->patch * v->patch;
    head.K = D;
    head.bias = head.x_act = TRUE;
    head.first = EDT_FIRST_ZERO;
    visit(w, head, ".linear");
    visit_site(w, of, 2 * D, EDT_FIRST_ZERO);
}

void edt_layers(const EdtVariant *v, EdtEachLayer each, gpointer user_data)
{
    const Visitor visitor = {v, each, user_data}, *w = &visitor;

    visit_beginning(w);
    visit_blocks(w);
    each_joint(w, EDT_JOINT_UP, visit_joint);
    each_joint(w, EDT_JOINT_DOWN, visit_joint);
    each_joint(w, EDT_JOINT_UP, visit_expand);
    visit_end(w);
}

/* ---- what follows from it ---- */

int edt_layer_shape(const EdtLayer *layer, gint64 shape[EDT_RANK_MAX])
{
    const gint64 N = layer->N, K = layer->K, side = layer->side;

    switch (layer->kind) {
    case EDT_LAYER_LINEAR:
        shape[0] = N, shape[1] = K;
        return 2;
    case EDT_LAYER_PATCHES:
        shape[0] = N, shape[1] = K / (side * side), shape[2] = shape[3] = side;
        return 4;
    case EDT_LAYER_POSITIONS:
        shape[0] = 1, shape[1] = K, shape[2] = N;
        return 3;
    case EDT_LAYER_ROWS:
    case EDT_LAYER_WINDOWS:
        shape[0] = K, shape[1] = N;
        return 2;
    }
    return 0;
}

void edt_layer_tensors(const EdtLayer *layer, EdtTensorSpec each, gpointer user_data)
{
    const gboolean linear = edt_layer_is_linear(layer);
    g_autofree char *weight = g_strconcat(layer->name, linear ? ".weight" : "", NULL);
    g_autofree char *bias = g_strconcat(layer->name, ".bias", NULL);
    gint64 shape[EDT_RANK_MAX] = {0};

    each(weight, edt_layer_shape(layer, shape), shape, user_data);
    if (linear && layer->bias)
        each(bias, 1, &layer->N, user_data);
}

typedef struct {
    EdtTensorSpec each;
    gpointer user_data;
} Tensors;

static void tell_tensors(const EdtLayer *layer, gpointer user_data)
{
    const Tensors *to = user_data;
    if (!layer->training)
        edt_layer_tensors(layer, to->each, to->user_data);
}

void edt_variant_tensors(const EdtVariant *v, EdtTensorSpec each, gpointer user_data)
{
    Tensors to = {each, user_data};
    edt_layers(v, tell_tensors, &to);
}

typedef struct {
    void (*each)(const char *name, gpointer user_data);
    gpointer user_data;
} Spares;

static void tell_name(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    const Spares *to = user_data;
    to->each(name, to->user_data);
}

static void tell_spares(const EdtLayer *layer, gpointer user_data)
{
    const Spares *to = user_data;
    if (layer->training)
        edt_layer_tensors(layer, tell_name, user_data);
    if (layer->part == EDT_PART_WINDOWS) {
        g_autofree char *block = g_strndup(layer->name, strlen(layer->name) - strlen("bias_table"));
        g_autofree char *index = g_strconcat(block, "index", NULL); /* relative_position_index */
        to->each(index, to->user_data);
    }
}

void edt_variant_spares(const EdtVariant *v, void (*each)(const char *name, gpointer user_data),
                        gpointer user_data)
{
    Spares to = {each, user_data};
    edt_layers(v, tell_spares, &to);
}

static void count_parameters(const EdtLayer *layer, gpointer user_data)
{
    const gint64 bias = edt_layer_is_linear(layer) && layer->bias ? layer->N : 0;
    if (!layer->training)
        *(guint64 *)user_data += (guint64)(layer->K * layer->N + bias);
}

guint64 edt_variant_parameters(const EdtVariant *v)
{
    guint64 count = 0;
    edt_layers(v, count_parameters, &count);
    return count;
}

static void count_inner(const EdtLayer *layer, gpointer user_data)
{
    EdtInnerCount *count = user_data;
    if (!layer->inner || layer->training)
        return;
    count->weights += (guint64)(layer->K * layer->N);
    count->most_read = MAX(count->most_read, (guint64)(layer->T * layer->K));
}

EdtInnerCount edt_variant_inner(const EdtVariant *v)
{
    EdtInnerCount count = {0};
    edt_layers(v, count_inner, &count);
    return count;
}

static void count_macs(const EdtLayer *layer, gpointer user_data)
{
    if (edt_layer_is_linear(layer) && !layer->training)
        *(guint64 *)user_data += (guint64)(layer->K * layer->N * layer->T);
}

/* As get_flops of the official code counts them: matrix products only, attention's two too. */
guint64 edt_variant_macs(const EdtVariant *v)
{
    guint64 macs = 0;

    edt_layers(v, count_macs, &macs);
    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage s = edt_variant_stage(v, i);
        macs += 2 * (guint64)s.depth * (guint64)s.T * (guint64)s.T * (guint64)s.D;
    }
    return macs;
}

static void count_row_macs(const EdtLayer *layer, gpointer user_data)
{
    if (layer->stage < 0)
        count_macs(layer, user_data);
}

guint64 edt_variant_row_macs(const EdtVariant *v)
{
    guint64 macs = 0;

    edt_layers(v, count_row_macs, &macs);
    return macs;
}
