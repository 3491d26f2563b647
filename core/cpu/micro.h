/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * oneDNN's micro kernel of f32 products, which its matmul is made of.  Private to cpu/.
 */
#pragma once

#include "cpu/device.h"

/* y [rows,columns] += x [rows,depth] w [depth,columns]; pitches in numbers, from row to row. */
typedef struct {
    int rows, columns, depth;
    int x_pitch, w_pitch, y_pitch;
} EdtMicroCall;

typedef struct dnnl_brgemm EdtMicro;

/* A processor with AVX2 and without AVX-512 (where matmul is as quick), a oneDNN that has it. */
gboolean edt_micro_is_here(void);

/* The device makes one for each kind of call and keeps it. */
EdtMicro *edt_micro_for(EdtDevice *dev, EdtMicroCall call, GError **error);
void edt_micro_run(const EdtMicro *micro, const float *x, const float *w, float *y);
void edt_micro_forget(EdtDevice *dev); /* all of them */
