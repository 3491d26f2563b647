/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sampler's step in ordinary memory, number by number: a few thousand of them beside the
 * network's billions of operations.
 */
#include "compute/step.h"

void edt_step_run(const EdtSamplerStep *op)
{
    for (gint64 n = 0; n < op->N; n++)
        for (gint64 i = 0; i < (gint64)op->C * op->hw; i++)
            edt_step_number(op, op->how, n, i);
}
