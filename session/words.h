/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The words a setting can take, once for scripts (the procedure's arguments) and once for people
 * (the dialog's lists).  Texts are marked here and translated where they are shown.
 */
#pragma once

#include "edt.h"
#include "session/arrange.h"

/* 2^53 - 1: a seed is a double in GIMP's settings, which has no larger whole numbers, and up to
 * here every one of them. */
#define EDT_SEED_MAX 9007199254740991.0
#define EDT_COUNT_MAX 64   /* pictures of one order */
#define EDT_FRAMES_MAX 240 /* of one morph */

typedef struct {
    int value;         /* of the setting's enum */
    const char *label; /* N_(); NULL ends the list */
    const char *help;  /* N_() */
} EdtChoice;

typedef struct {
    const char *const *words; /* what scripts and stored settings say, in the order of the enum */
    const EdtChoice *list;    /* in the order of the dialog */
} EdtChoices;

extern const EdtChoices edt_sampler_choices, edt_spacing_choices, edt_amm_choices,
    edt_backend_choices, edt_precision_choices, edt_mix_how_choices, edt_fit_choices,
    edt_target_choices, edt_paper_choices, edt_into_choices, edt_context_choices, edt_from_choices,
    edt_speed_choices, edt_between_choices, edt_where_choices, edt_turns_choices,
    edt_arrange_choices, edt_decode_choices;

/* What the dialog calls a setting of core/settings.h, with its mnemonic, N_(): of those that a
 * preset sets, and "vae". */
const char *edt_setting_label(const char *name);

/* The size of a new layer. */
typedef enum { EDT_FIT_NATIVE, EDT_FIT_SELECTION, EDT_FIT_IMAGE } EdtFit;

/* Where a layer that is made again goes. */
typedef enum { EDT_TARGET_REPLACE, EDT_TARGET_ABOVE } EdtTarget;

/* What a picture starts from. */
typedef enum { EDT_FROM_NOTHING, EDT_FROM_LAYER, EDT_FROM_SELECTION } EdtFrom;

/* What a morph goes between. */
typedef enum { EDT_BETWEEN_SETTINGS, EDT_BETWEEN_LAYERS } EdtBetween;

/* What pictures are scattered over. */
typedef enum { EDT_WHERE_SELECTION, EDT_WHERE_TILE } EdtWhere;

/* What the selection is to a picture, and what is known around what is missing. */
typedef enum { EDT_INTO_SHAPE, EDT_INTO_MISSING, EDT_INTO_PLACE } EdtInto;
typedef enum { EDT_CONTEXT_LAYER, EDT_CONTEXT_VISIBLE } EdtContext;
