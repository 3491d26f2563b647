/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How alike two drawings are, whatever hand drew them.  A picture of 64x64 becomes 16x16 cells of
 * silhouette, colour (CIELAB) and edges by direction; two of them are compared at every shift of up
 * to two cells, in three sizes, mirrored or not.  nearest.c looks for the nearest training picture
 * with it; the weights are those that served best to tell a class in a style that was left out (its
 * --validate).
 */
#pragma once

#include <glib.h>

#define EMOJI_SIDE 64                              /* pixels of a picture */
#define EMOJI_CELLS 16                             /* cells a side */
#define EMOJI_SHIFT 2                              /* cells, in each direction */
#define EMOJI_WIDE (EMOJI_CELLS + 2 * EMOJI_SHIFT) /* cells a side with room to shift */
#define EMOJI_CHANNELS 8 /* alpha, L, a, b; edges lying, rising, standing, falling */
#define EMOJI_FORMS 6    /* three sizes, each as it is and mirrored */
#define EMOJI_FINE 32    /* pixels a side for "is it a copy?" */

/* A training picture: [8,16,16] and, to find copies, premultiplied RGBA [32,32,4] of 0 to 1. */
typedef struct {
    float cells[EMOJI_CHANNELS][EMOJI_CELLS][EMOJI_CELLS];
    float square; /* sum of squares of the cells */
    float fine[EMOJI_FINE][EMOJI_FINE][4];
} EmojiPicture;

/* A picture in question: [8,20,20] in each form. */
typedef struct {
    float cells[EMOJI_FORMS][EMOJI_CHANNELS][EMOJI_WIDE][EMOJI_WIDE];
    float square[EMOJI_FORMS];
    float fine[EMOJI_FINE][EMOJI_FINE][4];
} EmojiQuestion;

/* rgba: [64,64,4] with straight alpha. */
void emoji_picture_from_rgba(EmojiPicture *picture, const guint8 *rgba);
void emoji_question_from_rgba(EmojiQuestion *question, const guint8 *rgba);

/* 0: the same; 1: nothing in common.  Quick: even shifts in its own size only. */
float emoji_distance_quick(const EmojiQuestion *question, const EmojiPicture *picture);
float emoji_distance(const EmojiQuestion *question, const EmojiPicture *picture);

/* Root mean square of the differences in premultiplied RGBA at 32x32, mirrored or not, at the best
 * shift of up to so many pixels; counted over what either of the two covers. */
#define EMOJI_COPY_SHIFT 1
float emoji_copy_distance(const float a[EMOJI_FINE][EMOJI_FINE][4],
                          const float b[EMOJI_FINE][EMOJI_FINE][4], int shift);
