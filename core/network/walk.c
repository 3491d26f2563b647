/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See walk.h (paper figure 2; official models_edt.py).
 */
#include "network/walk.h"
#include "network/block.h"
#include "network/joint.h"

/* A forward on its way. */
typedef struct {
    const EdtWalk *memory;
    const EdtParts *parts;
    const EdtStream *s;
    const EdtAmmPlan *amm;
    const float *skips[EDT_STAGES_MAX]; /* what waits for its joint; last in, first out */
    int waiting, block;             /* how many; the next block */
} Way;

/* The joint behind a stage; PATCHES behind the last. */
static EdtJointKind joint_behind(const EdtVariant *v, int stage)
{
    return stage + 1 < edt_variant_stages(v) ? edt_variant_stage(v, stage + 1).joint
                                             : EDT_JOINT_PATCHES;
}

void edt_walk_carve(EdtWalk *walk, EdtArena *arena, const EdtVariant *v, int N)
{
    const gsize pixels = (gsize)N * (gsize)(v->latent_size * v->latent_size);

    walk->patches =
        edt_arena_take(arena, pixels * (gsize)MAX(v->channels, v->out_channels) * sizeof(float));
    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage stage = edt_variant_stage(v, i);
        const gsize numbers = (gsize)N * (gsize)stage.T * (gsize)stage.D;
        if (joint_behind(v, i) == EDT_JOINT_DOWN)
            walk->skip[i] = edt_arena_take(arena, numbers * sizeof(float));
    }
}

/* Where the stream of a stage begins: in a memory of its own where its input is wanted again. */
static float *beginning(Way *way, int i)
{
    float *skip = way->memory->skip[i];
    if (skip)
        way->skips[way->waiting++] = skip;
    return skip ? skip : way->s->x;
}

static const float *enter_patches(Way *way, int i, const EdtStage *stage, const EdtWeight *first)
{
    const EdtStream *s = way->s;
    EdtWeight *const *ends = way->parts->ends.part;
    float *x = beginning(way, i);

    edt_stream_linear(s, ends[EDT_PART_PATCHES], way->memory->patches, s->x);
    edt_stream_begin(s, stage, s->x, EDT_F32, ends[EDT_PART_POSITIONS], x, first);
    edt_stream_tell(s, "x_embed_plus_pos", x, EDT_F32, stage->T, stage->D);
    return x;
}

/* The stream comes into stage i; where it lies. */
static const float *enter(Way *way, int i, const EdtStage *stage)
{
    const EdtGroup *joint = &way->parts->joint[i];
    const EdtWeight *first = way->parts->blocks[way->block].part[EDT_PART_SITE];
    float *x;

    switch (stage->joint) {
    case EDT_JOINT_PATCHES:
        break;
    case EDT_JOINT_DOWN: {
        const EdtStage from = edt_variant_stage(&way->parts->v, i - 1);
        x = beginning(way, i);
        edt_joint_down(joint, way->s, &from, stage, x, first);
        return x;
    }
    case EDT_JOINT_UP:
        edt_joint_up(joint, way->s, stage, way->skips[--way->waiting], first);
        return way->s->x;
    }
    return enter_patches(way, i, stage, first);
}

/* What leaves a stage: down reads x, up wants x as it is, the head wants it normed. */
static EdtNext leave(const EdtParts *parts, int stage)
{
    switch (joint_behind(&parts->v, stage)) {
    case EDT_JOINT_DOWN:
        return (EdtNext){FALSE, NULL};
    case EDT_JOINT_UP:
        return (EdtNext){TRUE, NULL};
    case EDT_JOINT_PATCHES:
        break;
    }
    return (EdtNext){FALSE, parts->ends.part[EDT_PART_SITE]};
}

static void run_stage(Way *way, int i)
{
    const EdtParts *parts = way->parts;
    const EdtStage stage = edt_variant_stage(&parts->v, i);
    const float *x = enter(way, i, &stage);

    for (int k = 1; k <= stage.depth; k++, way->block++) {
        const EdtGroup *block = &parts->blocks[way->block];
        const EdtNext next = k < stage.depth ? (EdtNext){FALSE, block[1].part[EDT_PART_SITE]}
                                             : leave(parts, i);
        edt_block_run(block, way->s, &stage, x,
                      edt_amm_tables_find(&parts->amm, way->amm, way->block, i), next);
        x = way->s->x;
    }
}

void edt_walk_run(const EdtWalk *walk, const EdtParts *parts, const EdtStream *s, const float *x,
                  const EdtAmmPlan *amm, float *out)
{
    const EdtVariant *v = &parts->v;
    const EdtBackend *b = s->backend;
    const EdtWeight *head = parts->ends.part[EDT_PART_HEAD];
    Way way = {.memory = walk, .parts = parts, .s = s, .amm = amm};

    b->patchify(s->dev, s->N, v->channels, v->latent_size, v->patch, x, walk->patches);
    for (int i = 0; i < edt_variant_stages(v); i++)
        run_stage(&way, i);
    edt_stream_linear(s, head, s->y, walk->patches);
    edt_stream_station(s, head, 1, walk->patches, EDT_F32, head->layer.T, (int)head->layer.N);
    b->unpatchify(s->dev, s->N, v->out_channels, v->latent_size, v->patch, walk->patches, out);
}
