/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a running generation stands, as job.c tells it and the dialog shows it.
 */
#pragma once

#include "edt.h"

/* The latest preview of one picture. */
typedef struct {
    int width, height, channels; /* 0 x 0: none yet */
    GBytes *pixels;              /* height x width x channels, sRGB */
} EdtTile;

/* Borrowed during the call that hands it over. */
typedef struct {
    EdtPhase phase;
    int step, steps; /* of the running batch */
    int first_item, n_items, total_items;
    double fraction;      /* of all steps of all pictures, 0..1 */
    double rate;          /* steps a second; 0 before the first */
    double seconds_left;  /* -1: unknown */
    gboolean held;        /* waits for an answer */
    gboolean bf16_in_f32; /* bf16 was asked of a processor without it */
    int n_tiles;
    const EdtTile *tiles;
} EdtFrame;
