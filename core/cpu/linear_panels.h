/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Products of f32 over weights in panels, each block by oneDNN's micro kernel.  Below AVX-512 its
 * matmul reads the weights where they lie, if a product must not depend on the rows beside it
 * (linear.c), and so comes to half of what the processor can.  Private to cpu/.
 */
#pragma once

#include "cpu/device.h"

typedef struct EdtPanels EdtPanels;

/* Whether the device computes this layer so. */
gboolean edt_panels_are_for(const EdtDevice *dev, const EdtLinearSpec *spec);

/* Takes a copy of the spec's weights and bias; without weights it can be prepared, but not run. */
EdtPanels *edt_panels_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error);
void edt_panels_free(EdtPanels *panels); /* NULL is fine */

gboolean edt_panels_prepare(EdtDevice *dev, const EdtPanels *panels, gint64 M, GError **error);
/* y [M,N] = epilogue(x [M,K] W + b); the bits of a row depend on that row alone. */
void edt_panels_run(EdtDevice *dev, const EdtPanels *panels, gint64 M, const float *x, float *y);
