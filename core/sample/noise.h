/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The noise of a batch: each picture draws from the generator of its own seed, and where its item
 * asks for variations, every draw is turned towards the draws of other seeds.
 */
#pragma once

#include "base/arena.h"
#include "edt.h"
#include "sample/random.h"

typedef struct {
    const EdtItem *items;
    int pictures;
    gsize count;       /* numbers of a draw */
    int voices;        /* generators a picture has room for */
    EdtRandom *random; /* [pictures, voices] */
    float *other;      /* [count] */
} EdtNoise;

/* items stays the caller's, as long as the noise lives. */
void edt_noise_plan(EdtNoise *noise, const EdtItem *items, int pictures, gsize count);
void edt_noise_carve(EdtNoise *noise, EdtArena *host);
/* The first draw of a picture into z; instead, where it is not NULL, stands for its own part. */
void edt_noise_begin(EdtNoise *noise, int picture, const float *instead, float *z);
/* A further one; doubled: as much again is drawn and forgotten. */
void edt_noise_draw(EdtNoise *noise, int picture, gboolean doubled, float *out);

/* a becomes what lies between it and b on their arc, at amount 0..1: as likely as noise as both
 * are (a straight line's middle would be too small).  At 0 and 1 it is a and b to the bit. */
void edt_noise_turn(float *a, const float *b, gsize n, double amount);
