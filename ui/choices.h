/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * choices.h: the words a setting can take, once for scripts (the procedure's arguments) and once
 * for people (the dialog's lists).  Texts are marked here and translated where they are shown.
 */
#pragma once

#include <glib.h>

/* 2^53 - 1: a seed is a double in GIMP's settings, which has no larger whole numbers, and up to here
 * every one of them. */
#define EDT_UI_SEED_MAX 9007199254740991.0

typedef struct {
    const char *word;  /* what scripts and stored settings say; NULL ends a list */
    const char *label; /* N_() */
    const char *help;  /* N_() */
} EdtChoice;

extern const EdtChoice edt_ui_samplers[];
extern const EdtChoice edt_ui_amms[];
extern const EdtChoice edt_ui_backends[];
extern const EdtChoice edt_ui_precisions[];
extern const EdtChoice edt_ui_fits[];

/* Place of a word in its list; -1 where it is none of it. */
int edt_ui_choice_find(const EdtChoice *choices, const char *word);
