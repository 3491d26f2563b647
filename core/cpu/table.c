/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernel tables per instruction level: plain C first, better levels over it.
 */
#include "cpu/kernels.h"

static void fill(EdtCpuKernels *k, EdtIsa isa)
{
    k->isa = isa;
    edt_kernels_rows_plain(k);
    edt_kernels_attention_plain(k);
    edt_kernels_burn_plain(k);
    edt_kernels_picture_plain(k);
#if defined(__x86_64__)
    if (isa >= EDT_ISA_AVX2) {
        edt_kernels_rows_avx2(k);
        edt_kernels_attention_avx2(k);
        edt_kernels_burn_avx2(k);
        edt_kernels_picture_avx2(k);
    }
    if (isa >= EDT_ISA_AVX512) {
        edt_kernels_rows_avx512(k);
        edt_kernels_attention_avx512(k);
        edt_kernels_burn_avx512(k);
        edt_kernels_picture_avx512(k);
    }
    if (isa >= EDT_ISA_AVX512BF16) {
        edt_kernels_rows_avx512bf16(k);
        edt_kernels_attention_avx512bf16(k);
        edt_kernels_burn_avx512bf16(k);
        edt_kernels_picture_avx512bf16(k);
    }
#endif
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
        if (edt_cpu_flags() & EDT_CPU_AMX)
            edt_kernels_burn_amx(&table);
#endif
        g_once_init_leave(&filled, 1);
    }
    return &table;
}
