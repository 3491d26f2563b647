/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernel tables per instruction level: plain C first, better levels over it.
 */
#include "cpu/kernels.h"

#define FILL_OF(LEVEL, level) edt_kernels_##level,

static void fill(EdtCpuKernels *k, EdtIsa isa)
{
    static void (*const levels[])(EdtCpuKernels *) = {EDT_LEVELS(FILL_OF)};
    k->isa = isa;
    for (int level = 0; level <= (int)isa; level++)
        levels[level](k);
}

const EdtCpuKernels *edt_cpu_kernels(EdtIsa isa)
{
    static EdtCpuKernels tables[EDT_ISA_COUNT];
    static gsize filled;

    if (g_once_init_enter(&filled)) {
        for (int level = 0; level < EDT_ISA_COUNT; level++)
            fill(&tables[level], (EdtIsa)level);
        g_once_init_leave(&filled, 1);
    }
    return &tables[isa];
}

const EdtCpuKernels *edt_cpu_kernels_here(void)
{
    static EdtCpuKernels table;
    static gsize filled;

    if (g_once_init_enter(&filled)) {
        table = *edt_cpu_kernels(edt_isa_detect());
#if defined(__x86_64__)
        edt_kernels_burn_vnni(&table, edt_cpu_flags());
        edt_kernels_burn_amx(&table, edt_cpu_flags());
        if (edt_cpu_flags() & EDT_CPU_AMX)
            edt_kernels_attention_tiles(&table);
#endif
        g_once_init_leave(&filled, 1);
    }
    return &table;
}
