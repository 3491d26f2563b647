/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How alike two stamps are, whatever hand drew them.  A picture of 64x64 becomes 16x16 cells of
 * silhouette, colour (CIELAB) and edges by direction; two of them are compared at every shift of up
 * to two cells, in three sizes, mirrored or not.  nearest.c looks for the nearest training picture
 * with it; the weights are those that served best to tell a class in a style that was left out (its
 * --validate).
 */
#pragma once

#include <glib.h>

#define STAMPS_SIDE 64                                /* pixels of a picture */
#define STAMPS_CELLS 16                               /* cells a side */
#define STAMPS_SHIFT 2                                /* cells, in each direction */
#define STAMPS_WIDE (STAMPS_CELLS + 2 * STAMPS_SHIFT) /* cells a side with room to shift */
#define STAMPS_CHANNELS 8 /* alpha, L, a, b; edges lying, rising, standing, falling */
#define STAMPS_FORMS 6    /* three sizes, each as it is and mirrored */
#define STAMPS_FINE 32    /* pixels a side for "is it a copy?" */

/* A training picture: [8,16,16] and, to find copies, premultiplied RGBA [32,32,4] of 0 to 1. */
typedef struct {
    float cells[STAMPS_CHANNELS][STAMPS_CELLS][STAMPS_CELLS];
    float square; /* sum of squares of the cells */
    float fine[STAMPS_FINE][STAMPS_FINE][4];
} StampsPicture;

/* A picture in question: [8,20,20] in each form. */
typedef struct {
    float cells[STAMPS_FORMS][STAMPS_CHANNELS][STAMPS_WIDE][STAMPS_WIDE];
    float square[STAMPS_FORMS];
    float fine[STAMPS_FINE][STAMPS_FINE][4];
} StampsQuestion;

/* rgba: [64,64,4] with straight alpha. */
void stamps_picture_from_rgba(StampsPicture *picture, const guint8 *rgba);
void stamps_question_from_rgba(StampsQuestion *question, const guint8 *rgba);

/* 0: the same; 1: nothing in common.  Quick: even shifts in its own size only. */
float stamps_distance_quick(const StampsQuestion *question, const StampsPicture *picture);
float stamps_distance(const StampsQuestion *question, const StampsPicture *picture);

/* Root mean square of the differences in premultiplied RGBA at 32x32, mirrored or not, at the best
 * shift of up to so many pixels; counted over what either of the two covers. */
#define STAMPS_COPY_SHIFT 1
float stamps_copy_distance(const float a[STAMPS_FINE][STAMPS_FINE][4],
                           const float b[STAMPS_FINE][STAMPS_FINE][4], int shift);
