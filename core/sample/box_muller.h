/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Uniforms to normals, sixteen at a time, with torch's own f32 roundings.  One function, compiled
 * for more than one instruction set with the same bits as result; meson takes box_muller_x86.c or
 * box_muller_any.c.  Next: box_muller_steps.h.
 */
#pragma once

#include <glib.h>

#define EDT_BOX_MULLER_BLOCK 16

/* d: [blocks, 16] uniforms in [0, 1), overwritten by normals. */
typedef void (*EdtBoxMuller)(float *d, gsize blocks);

EdtBoxMuller edt_box_muller_choose(void);
