/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Box-Muller on x86-64: with FMA instructions where the CPU has them (any since 2013), else by the
 * C library's fmaf, which rounds the same and is slower.
 */
#include "sample/box_muller_steps.h"

__attribute__((target("avx2,fma"))) static void with_fma(float *d, gsize blocks)
{
    box_muller_steps(d, blocks);
}

static void with_library(float *d, gsize blocks)
{
    box_muller_steps(d, blocks);
}

EdtBoxMuller edt_box_muller_choose(void)
{
    gboolean has_fma = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
    return has_fma ? with_fma : with_library;
}
