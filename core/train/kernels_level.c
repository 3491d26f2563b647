/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The trainer's kernels of one instruction level; compiled once per level.  Next: kernels.c.
 */
#include "train/kernels.h"

void EDT_AT_LEVEL(edt_train_kernels_)(EdtTrainKernels *k)
{
    EDT_AT_LEVEL(edt_train_kernels_rows_)(k);
    EDT_AT_LEVEL(edt_train_kernels_attention_)(k);
    EDT_AT_LEVEL(edt_train_kernels_loss_)(k);
    EDT_AT_LEVEL(edt_train_kernels_adan_)(k);
}
