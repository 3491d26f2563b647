/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where several pictures lie: side by side, or strewn.  Numbers only.
 */
#pragma once

#include <glib.h>

/* Of a picture: its middle, how large beside the asked size, and how far turned (degrees). */
typedef struct {
    double x, y, scale, angle;
} EdtSpot;

typedef enum {
    EDT_ARRANGE_STACK,
    EDT_ARRANGE_ROW,
    EDT_ARRANGE_GRID,
    EDT_ARRANGE_SCATTER
} EdtArrange;

/* Stack, row and grid of n pictures of side x side pixels, around the middle of an area that begins
 * at 0,0.  gap: pixels between two.  In `spots`, n of them. */
void edt_arrange_even(EdtArrange arrange, int n, int width, int height, double side, double gap,
                      EdtSpot *spots);

typedef struct {
    int n;              /* pictures, at most */
    int width, height;  /* of the area */
    const guint8 *mask; /* [height, width]: above 127 a middle may lie there; NULL: anywhere */
    double side;        /* pixels of a picture */
    double sizes;       /* 0..1: scales lie between 1 - sizes and 1 */
    double turns;       /* degrees: angles lie between -turns and turns */
    double distance;    /* the least between two middles, as a share of the side */
    guint32 seed;
    gboolean wrap; /* distances go around the edges, for a seamless pattern */
} EdtScatter;

/* How many found room, at most n.  Evenly strewn: each new one is the remotest of several. */
int edt_arrange_scatter(const EdtScatter *scatter, EdtSpot *spots);
