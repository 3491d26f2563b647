/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of this machine's level; EDT_ISA lowers it as it does the engine's.
 */
#include "train/kernels.h"

#define FILL_OF(LEVEL, level) edt_train_kernels_##level,

const EdtTrainKernels *edt_train_kernels(void)
{
    static void (*const fill[])(EdtTrainKernels *) = {EDT_LEVELS(FILL_OF)};
    static EdtTrainKernels table;
    static gsize filled;

    if (g_once_init_enter(&filled)) {
        fill[edt_isa_detect()](&table);
        g_once_init_leave(&filled, 1);
    }
    return &table;
}
