/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Families of networks as rows of one table: how one is recognised and how its stages hang
 * together. Whoever wants to know the shape of a network asks shape.h.  Private to network/. Next:
 * shape.c.
 */
#pragma once

#include "network/shape.h"

#define EDT_GRID_MAX 128
#define EDT_BIAS_OF(block) block ".attn.rel_pos_bias.relative_position_bias_table"

typedef struct {
    const char *name;
    const char *licence;  /* of the published weights; NULL: none is known */
    EdtGuidance guidance; /* see edt_variant_guidance() */
    const char *mark,
        *no_mark; /* tensors that it has and has not; the first row that fits counts */
    int windows;  /* position bias by offset: 1, and as many rows more as nothing uses */
    EdtTraining training;
    struct {
        int D; /* of the one size that is trained otherwise; 0: none is */
        EdtTraining training;
    } other;
    gboolean divided;  /* no tensor says where its last stage begins */
    int largest_patch; /* published in sizes S to XL, with 2, 4, ... below it; 0: widths differ */
    int decoder;       /* blocks of the last stage, as published */
    int stages;
    struct {
        EdtJointKind joint;
        int halvings; /* of the first stage's grid */
        const char *blocks;
        EdtSkip skip;
    } stage[EDT_STAGES_MAX];
} EdtFamilyRow;

extern const EdtFamilyRow edt_families[EDT_FAMILIES];

static inline const EdtFamilyRow *edt_family_of(const EdtVariant *v)
{
    return &edt_families[v->family];
}

static inline gboolean edt_family_one_width(const EdtFamilyRow *family)
{
    return family->largest_patch > 0;
}

/* The published heads of a width of those families; 0: none are known. */
int edt_family_heads(int D);
/* All blocks to the stages: the last has the decoder, the others share what is left alike. */
void edt_family_divide(EdtVariant *v, int blocks, int decoder);
/* One width and its heads to all stages. */
void edt_family_width(EdtVariant *v, int D, int H);
/* Published size number i of a family of one width, its grid not set; FALSE behind the last. */
gboolean edt_family_size(EdtFamily family, gsize i, int patch, int decoder, EdtVariant *v);
/* Its name as a published size, by widths, heads and patch; else "... custom".  Depths may differ
 * in EDT (the released XL); in the others only where the decoder begins. */
void edt_variant_name(EdtVariant *v);
