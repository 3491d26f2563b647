/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See walk.h (paper figure 2; official models_edt.py).
 */
#include "network/walk.h"

/* One walk on its way. */
typedef struct {
    const EdtParts *parts;
    const EdtStream *s;
    const EdtAmmPlan *amm;
    const float *skips[EDT_STAGES]; /* what waits for its joint; last in, first out */
    int waiting, downs, ups, block; /* of each how many there were */
} Walk;

/* The joint behind a stage; PATCHES behind the last. */
static EdtJointKind joint_behind(const EdtVariant *v, int stage)
{
    return stage + 1 < edt_variant_stages(v) ? edt_variant_stage(v, stage + 1).joint
                                             : EDT_JOINT_PATCHES;
}

void edt_walk_carve(EdtParts *parts, EdtArena *arena, int N)
{
    const EdtVariant *v = &parts->v;
    const gsize pixels = (gsize)N * (gsize)(v->latent_size * v->latent_size);

    parts->patches =
        edt_arena_take(arena, pixels * (gsize)MAX(v->channels, v->out_channels) * sizeof(float));
    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage stage = edt_variant_stage(v, i);
        if (joint_behind(v, i) == EDT_JOINT_DOWN)
            parts->skip[i] =
                edt_arena_take(arena, (gsize)N * (gsize)stage.T * (gsize)stage.D * sizeof(float));
    }
}

/* Where the stream of a stage begins: in a memory of its own where its input is wanted again. */
static float *beginning(Walk *w, int i)
{
    float *skip = w->parts->skip[i];
    if (skip)
        w->skips[w->waiting++] = skip;
    return skip ? skip : w->s->x;
}

/* The stream comes into a stage; where it lies. */
static const float *enter(Walk *w, int i, const EdtStage *stage)
{
    const EdtParts *parts = w->parts;
    const EdtSite *first = &parts->blocks[w->block].site;

    if (stage->joint == EDT_JOINT_PATCHES) {
        float *x = beginning(w, i);
        edt_stream_linear(w->s, parts->embed, stage, parts->patches, w->s->x);
        edt_stream_begin(w->s, stage, w->s->x, EDT_F32, parts->table, x, first);
        edt_stream_station(w->s, "x_embed_plus_pos", -1, NULL, x, EDT_F32, stage, stage->D);
        return x;
    }
    const EdtStage from = edt_variant_stage(&parts->v, i - 1);
    if (stage->joint == EDT_JOINT_DOWN) {
        float *x = beginning(w, i);
        edt_joint_down(&parts->joint[i], w->s, w->downs++, &from, stage, x, first);
        return x;
    }
    edt_joint_up(&parts->joint[i], w->s, w->ups++, &from, stage, w->skips[--w->waiting], first);
    return w->s->x;
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
    return (EdtNext){FALSE, &parts->final};
}

static void run_stage(Walk *w, int i)
{
    const EdtParts *parts = w->parts;
    const EdtStage stage = edt_variant_stage(&parts->v, i);
    const float *x = enter(w, i, &stage);

    for (int k = 1; k <= stage.depth; k++, w->block++) {
        const EdtBlock *block = &parts->blocks[w->block];
        const EdtNext next = k < stage.depth ? (EdtNext){FALSE, &block[1].site} : leave(parts, i);
        edt_block_run(block, w->s, &stage, x, edt_amm_tables_find(&parts->amm, w->amm, w->block, i),
                      next);
        x = w->s->x;
    }
}

void edt_walk_run(const EdtParts *parts, const EdtStream *s, const float *x, const EdtAmmPlan *amm,
                  float *out)
{
    const EdtVariant *v = &parts->v;
    const EdtBackend *b = s->backend;
    const int stages = edt_variant_stages(v);
    const EdtStage last = edt_variant_stage(v, stages - 1);
    Walk walk = {.parts = parts, .s = s, .amm = amm};

    b->patchify(s->dev, s->N, v->channels, v->latent_size, v->patch, x, parts->patches);
    for (int i = 0; i < stages; i++)
        run_stage(&walk, i);
    edt_stream_linear(s, parts->head, &last, s->y, parts->patches);
    edt_stream_station(s, "final_layer", -1, NULL, parts->patches, EDT_F32, &last,
                       v->patch * v->patch * v->out_channels);
    b->unpatchify(s->dev, s->N, v->out_channels, v->latent_size, v->patch, parts->patches, out);
}
