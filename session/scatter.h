/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Many pictures thrown onto an area: where each comes to lie, and what that looks like.  Arithmetic
 * alone; the same seed always throws the same way.
 */
#pragma once

#include "edt.h"

typedef struct {
    int width, height; /* of the area, in pixels */
    const float *mask; /* [height, width]: middles lie where it is 0.5 or more; NULL: anywhere */
    gboolean whole;    /* no picture leaves the mask, or the area: of a picture the circle counts
                          that touches its sides */
    gboolean wrap;     /* the area is a tile: what leaves it comes in on the other side */
    int spots;         /* so many are tried for; there are fewer where there is no room */
    int pictures;      /* there are so many to choose from */
    double side;       /* of the largest, in pixels */
    double differ;     /* 0..1: the smallest are so much smaller */
    double turn;       /* degrees at most, either way */
    double distance;   /* of two middles at least, as a share of the mean of both sides */
    guint64 seed;
} EdtScatter;

typedef struct {
    double x, y; /* its middle, in pixels from the area's upper left corner */
    double side;
    double turn; /* radians, clockwise */
    int picture;
} EdtSpot;

/* Of EdtSpot, in the order in which they are drawn; g_array_unref(). */
GArray *edt_scatter(const EdtScatter *scatter);

/* Draws the spots' pictures (square, of one size) over each other.  Returns one picture of the
 * area with alpha, its pixels to be freed; they are NULL where there is no memory for it. */
EdtPicture edt_scatter_draw(const EdtScatter *scatter, const GArray *spots,
                            const EdtPicture *pictures);
