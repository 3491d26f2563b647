/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See walk.h (paper figure 2; official models_edt.py; section 3 of the MDT paper).
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
    int waiting, block;                 /* how many; the running block */
    const float *x;                     /* where the stream lies */
    int outer;                          /* edt_variant_outer() */
    gboolean reuses;                    /* the inner stages are not gone through */
} Way;

/* The joint behind a stage; PATCHES behind the last. */
static EdtJointKind joint_behind(const EdtVariant *v, int stage)
{
    return stage + 1 < edt_variant_stages(v) ? edt_variant_stage(v, stage + 1).joint
                                             : EDT_JOINT_PATCHES;
}

/* Some later stage is set beside what this one begins with. */
static gboolean is_wanted(const EdtVariant *v, int stage)
{
    gboolean wanted = joint_behind(v, stage) == EDT_JOINT_DOWN;
    for (int i = 1; stage == 0 && i < edt_variant_stages(v); i++)
        wanted |= edt_variant_stage(v, i).skip == EDT_SKIP_TOKENS;
    return wanted;
}

/* The next stage is set beside the outputs of this one's blocks. */
static gboolean is_mirrored(const EdtVariant *v, int stage)
{
    return stage + 1 < edt_variant_stages(v) &&
           edt_variant_stage(v, stage + 1).skip == EDT_SKIP_MIRROR;
}

/* Room for what the inner stages bring to the outer one. */
static void *carve_inner(EdtArena *arena, const EdtVariant *v, EdtType act, int N)
{
    const EdtStage outer = edt_variant_stage(v, edt_variant_outer(v));
    const gsize count = (gsize)N * (gsize)outer.T * (gsize)outer.D;

    return edt_variant_outer(v) ? edt_arena_take(arena, count * edt_type_size(act)) : NULL;
}

void edt_walk_carve(EdtWalk *walk, EdtArena *arena, const EdtVariant *v, EdtType act, int N)
{
    const gsize pixels = (gsize)N * (gsize)(v->latent_size * v->latent_size);
    int block = 0;

    walk->patches =
        edt_arena_take(arena, pixels * (gsize)MAX(v->channels, v->out_channels) * sizeof(float));
    walk->inner = carve_inner(arena, v, act, N);
    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage stage = edt_variant_stage(v, i);
        const gsize bytes = (gsize)N * (gsize)stage.T * (gsize)stage.D * sizeof(float);
        if (is_wanted(v, i))
            walk->skip[i] = edt_arena_take(arena, bytes);
        for (int k = 0; k < stage.depth; k++, block++)
            if (is_mirrored(v, i))
                walk->kept[block] = edt_arena_take(arena, bytes);
    }
}

/* ---- into a stage ---- */

/* Where the stream of a stage begins: in a memory of its own where its input is wanted again. */
static float *beginning(Way *way, int i)
{
    float *skip = way->memory->skip[i];
    if (skip)
        way->skips[way->waiting++] = skip;
    return skip ? skip : way->s->x;
}

static void enter_patches(Way *way, int i, const EdtStage *stage, const EdtWeight *first)
{
    const EdtStream *s = way->s;
    EdtWeight *const *ends = way->parts->ends.part;
    float *x = beginning(way, i);

    edt_stream_linear(s, ends[EDT_PART_PATCHES], way->memory->patches, s->x);
    edt_stream_begin(s, stage, s->x, EDT_F32, ends[EDT_PART_POSITIONS], x, first);
    edt_stream_tell(s, "x_embed_plus_pos", x, EDT_F32, stage->T, stage->D);
    way->x = x;
}

/* What the inner stages bring stays for the forwards that reuse it. */
static void enter_up(Way *way, int i, const EdtStage *stage, const EdtWeight *first)
{
    const EdtGroup *joint = &way->parts->joint[i];
    void *e = i == way->outer ? way->memory->inner : way->s->p;

    if (i != way->outer || !way->reuses)
        edt_joint_expand(joint, way->s, stage, e);
    edt_joint_up(joint, way->s, stage, e, way->skips[--way->waiting], first);
    way->x = way->s->x;
}

/* The stream comes into stage i. */
static void enter(Way *way, int i, const EdtStage *stage)
{
    const EdtGroup *joint = &way->parts->joint[i];
    const EdtWeight *first = way->parts->blocks[way->block].part[EDT_PART_SITE];

    switch (stage->joint) {
    case EDT_JOINT_PATCHES:
        enter_patches(way, i, stage, first);
        break;
    case EDT_JOINT_DOWN: {
        const EdtStage from = edt_variant_stage(&way->parts->v, i - 1);
        float *x = beginning(way, i);
        edt_joint_down(joint, way->s, &from, stage, x, first);
        way->x = x;
        break;
    }
    case EDT_JOINT_UP:
        enter_up(way, i, stage, first);
        break;
    case EDT_JOINT_THROUGH:
    case EDT_JOINT_TABLE: /* the last block has seen to it */
        break;
    }
}

/* ---- out of a block ---- */

/* What block k of stage i wants of the block before it. */
static EdtNext into(const Way *way, int i, int k)
{
    const EdtParts *parts = way->parts;
    const EdtStage stage = edt_variant_stage(&parts->v, i);
    EdtNext next = {0};

    switch (stage.skip) {
    case EDT_SKIP_NONE:
        next.site = parts->blocks[way->block + 1].part[EDT_PART_SITE];
        break;
    case EDT_SKIP_MIRROR: /* its twin lies as far before the middle as it lies behind */
        next.beside = way->memory->kept[way->block - 2 * k];
        break;
    case EDT_SKIP_TOKENS:
        next.beside = way->memory->skip[0];
        break;
    }
    next.plain = next.beside != NULL;
    if (k == 0 && stage.joint == EDT_JOINT_TABLE)
        next.table = parts->joint[i].part[EDT_PART_POSITIONS];
    return next;
}

/* What leaves stage i: down reads x, up wants x as it is, the head wants it normed. */
static EdtNext leave(const Way *way, int i)
{
    switch (joint_behind(&way->parts->v, i)) {
    case EDT_JOINT_DOWN:
        return (EdtNext){0};
    case EDT_JOINT_UP:
        return (EdtNext){.plain = TRUE};
    case EDT_JOINT_THROUGH:
    case EDT_JOINT_TABLE:
        return into(way, i + 1, 0);
    case EDT_JOINT_PATCHES:
        break;
    }
    return (EdtNext){.site = way->parts->ends.part[EDT_PART_SITE]};
}

static void run_stage(Way *way, int i)
{
    const EdtParts *parts = way->parts;
    const EdtStage stage = edt_variant_stage(&parts->v, i);

    enter(way, i, &stage);
    for (int k = 1; k <= stage.depth; k++, way->block++) {
        const EdtNext next = k < stage.depth ? into(way, i, k) : leave(way, i);
        float *kept = way->memory->kept[way->block], *x = kept ? kept : way->s->x;
        edt_block_run(&parts->blocks[way->block], way->s, &stage, way->x, x,
                      edt_amm_tables_find(&parts->amm, way->amm, way->block, i), next);
        way->x = x;
    }
}

/* The first stage is there for the inner ones: beside the outer one is set what it began with. */
static void pass_inner(Way *way)
{
    const EdtStage first = edt_variant_stage(&way->parts->v, 0);

    enter_patches(way, 0, &first, NULL);
    for (int i = 0; i < way->outer; i++)
        way->block += way->parts->v.depths[i];
}

void edt_walk_run(const EdtWalk *walk, const EdtParts *parts, const EdtStream *s, const float *x,
                  const EdtAmmPlan *amm, gboolean reuses, float *out)
{
    const EdtVariant *v = &parts->v;
    const EdtBackend *b = s->backend;
    const EdtWeight *head = parts->ends.part[EDT_PART_HEAD];
    const int outer = edt_variant_outer(v);
    Way way = {.memory = walk,
               .parts = parts,
               .s = s,
               .amm = amm,
               .outer = outer,
               .reuses = reuses && outer};

    b->patchify(s->dev, s->N, v->channels, v->latent_size, v->patch, x, walk->patches);
    if (way.reuses)
        pass_inner(&way);
    for (int i = way.reuses ? outer : 0; i < edt_variant_stages(v); i++)
        run_stage(&way, i);
    edt_stream_linear(s, head, s->y, walk->patches);
    edt_stream_station(s, head, 1, walk->patches, EDT_F32, head->layer.T, (int)head->layer.N);
    b->unpatchify(s->dev, s->N, v->out_channels, v->latent_size, v->patch, walk->patches, out);
}
