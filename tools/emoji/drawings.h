/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The drawings of a dataset, read to be compared: those of DATASET/drawings.tsv, and of
 * DATASET/held-out.tsv where it is there.  Both are tables of class<TAB>style<TAB>path.  Next:
 * nearest.c.
 */
#pragma once

#include "distance.h"

#define DRAWINGS_STYLES_MAX 32

typedef struct {
    EmojiPicture picture;
    EmojiQuestion *question; /* when validating */
    int class_index;
    int style;         /* in the order in which the table has them */
    gboolean held_out; /* never trained on */
    char *path;
} Drawing;

typedef struct {
    Drawing *drawings;
    int n;
    char **styles; /* up to DRAWINGS_STYLES_MAX */
} Drawings;

/* Says what is wrong with which file, and ends the program. */
_Noreturn void drawings_die(const char *what, const char *path);

/* questions: make them as well, 77 KB for each drawing. */
Drawings drawings_read(const char *folder, gboolean questions);
void drawings_clear(Drawings *all);

/* A square PNG of EMOJI_SIDE pixels or a multiple, averaged to [64,64,4] of straight alpha. */
void drawings_read_png(const char *path, guint8 *rgba);
