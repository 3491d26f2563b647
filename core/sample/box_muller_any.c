/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Box-Muller where the compiler's fmaf is all there is to choose.
 */
#include "sample/box_muller_steps.h"

static void box_muller(float *d, gsize blocks)
{
    box_muller_steps(d, blocks);
}

EdtBoxMuller edt_box_muller_choose(void)
{
    return box_muller;
}
