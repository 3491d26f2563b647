/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kernels of one instruction level, written over those of the levels below.  Compiled once per
 * level, like all kernels_*.c.  Next: table.c.
 */
#include "cpu/kernels.h"

void EDT_AT_LEVEL(edt_kernels_)(EdtCpuKernels *k)
{
    EDT_AT_LEVEL(edt_kernels_rows_)(k);
    EDT_AT_LEVEL(edt_kernels_int8_)(k);
    EDT_AT_LEVEL(edt_kernels_attention_)(k);
    EDT_AT_LEVEL(edt_kernels_burn_)(k);
    EDT_AT_LEVEL(edt_kernels_picture_)(k);
}
