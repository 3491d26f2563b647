/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this machine can do; see isa.h.
 */
#include "cpu/isa.h"

#include <glib.h>
#include <string.h>

static const char *const names[EDT_ISA_COUNT] = {"plain", "avx2", "avx512", "avx512bf16"};

const char *edt_isa_name(EdtIsa isa)
{
    return names[isa];
}

static EdtIsa machine(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return EDT_ISA_PLAIN;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return EDT_ISA_AVX2;
    return __builtin_cpu_supports("avx512bf16") ? EDT_ISA_AVX512BF16 : EDT_ISA_AVX512;
#else
    return EDT_ISA_PLAIN;
#endif
}

EdtIsa edt_isa_detect(void)
{
    EdtIsa best = machine();
    const char *wish = g_getenv("EDT_ISA");
    for (int isa = 0; wish && isa < (int)best; isa++)
        if (strcmp(wish, names[isa]) == 0)
            return (EdtIsa)isa;
    return best;
}
