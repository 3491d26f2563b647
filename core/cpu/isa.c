/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this machine can do; see isa.h.
 */
#include "base/threads.h"
#include "cpu/isa.h"
#include "machine.h"

#include <oneapi/dnnl/dnnl.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define NAME_OF(LEVEL, level) #level,
static const char *const names[] = {EDT_LEVELS(NAME_OF) NULL};

const char *edt_isa_name(EdtIsa isa)
{
    return names[isa];
}

/* ---- the machine ---- */

#if defined(__x86_64__)
static EdtIsa machine_level(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return EDT_ISA_PLAIN;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return EDT_ISA_AVX2;
    return __builtin_cpu_supports("avx512bf16") ? EDT_ISA_AVX512BF16 : EDT_ISA_AVX512;
}

#define OSXSAVE (1u << 27)
#define TILE_STATES (3u << 17) /* of XCR0 */
#define TILE_DATA 18
#define REQUEST_PERMISSION 0x1023 /* arch_prctl(ARCH_REQ_XCOMP_PERM) */

/* The system saves tiles, and says yes to this process using them. */
static gboolean may_use_tiles(void)
{
    unsigned a, b, c, d, states, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE))
        return FALSE;
    __asm__ volatile("xgetbv" : "=a"(states), "=d"(high) : "c"(0));
    return (states & TILE_STATES) == TILE_STATES &&
           syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static unsigned machine_flags(void)
{
    unsigned a, b, c, d, flags = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    if ((d >> 22 & 1) && (d >> 24 & 1) && machine_level() == EDT_ISA_AVX512BF16 && may_use_tiles())
        flags |= EDT_CPU_AMX | (d >> 25 & 1 ? EDT_CPU_AMX_INT8 : 0);
    if ((c >> 11 & 1) && machine_level() >= EDT_ISA_AVX512)
        flags |= EDT_CPU_VNNI;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1) &&
        machine_level() >= EDT_ISA_AVX2)
        flags |= EDT_CPU_AVX_VNNI;
    return flags;
}
#else
static EdtIsa machine_level(void)
{
    return EDT_ISA_PLAIN;
}

static unsigned machine_flags(void)
{
    return 0;
}
#endif

/* ---- and the user ---- */

/* The level that EDT_ISA names, or EDT_ISA_COUNT. */
static EdtIsa wished_level(void)
{
    const char *wish = g_getenv("EDT_ISA");
    int isa = 0;
    while (isa < EDT_ISA_COUNT && g_strcmp0(wish, names[isa]) != 0)
        isa++;
    return (EdtIsa)isa;
}

EdtIsa edt_isa_detect(void)
{
    return MIN(wished_level(), machine_level());
}

char *edt_environment_fault(void)
{
    const char *isa = g_getenv("EDT_ISA"), *threads = g_getenv("EDT_THREADS");
    if (isa && *isa && wished_level() == EDT_ISA_COUNT) {
        g_autofree char *all = g_strjoinv(", ", (char **)names);
        return g_strdup_printf("EDT_ISA is \"%s\", which is no level: say one of %s, or unset it.",
                               isa, all);
    }
    if (threads && *threads &&
        !g_ascii_string_to_signed(threads, 10, 0, EDT_THREADS_MAX, NULL, NULL))
        return g_strdup_printf(
            "EDT_THREADS is \"%s\": say a whole number from 1 to %d, or unset it.", threads,
            EDT_THREADS_MAX);
    return NULL;
}

unsigned edt_cpu_flags(void)
{
    static gsize known; /* flags + 1 */
    if (g_once_init_enter(&known))
        g_once_init_leave(&known, (wished_level() == EDT_ISA_COUNT ? machine_flags() : 0) + 1);
    return (unsigned)known - 1;
}

/* ---- oneDNN ---- */

/* Own kernels and oneDNN, which ONEDNN_MAX_CPU_ISA may lower, both need it. */
gboolean edt_cpu_has_bf16(void)
{
    const unsigned wanted = dnnl_cpu_isa_avx512_core_bf16; /* a set of bits; more are above it */
    return strcmp(edt_isa_name(edt_isa_detect()), "avx512bf16") == 0 &&
           ((unsigned)dnnl_get_effective_cpu_isa() & wanted) == wanted;
}

/* Without these instructions products of bytes are no quicker than those of f32, or wrong where
 * sums of two saturate.  Own kernels need nothing special for them. */
gboolean edt_cpu_has_int8(void)
{
    const unsigned isa = dnnl_get_effective_cpu_isa(); /* a set of bits */
    return (isa & dnnl_cpu_isa_avx2_vnni) == dnnl_cpu_isa_avx2_vnni ||
           (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni;
}

/* What oneDNN calls the level it computes at, as ONEDNN_MAX_CPU_ISA takes it. */
static const char *onednn_level(void)
{
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } levels[] = {
        {dnnl_cpu_isa_sse41, "SSE41"},
        {dnnl_cpu_isa_avx, "AVX"},
        {dnnl_cpu_isa_avx2, "AVX2"},
        {dnnl_cpu_isa_avx2_vnni, "AVX2_VNNI"},
        {dnnl_cpu_isa_avx2_vnni_2, "AVX2_VNNI_2"},
        {dnnl_cpu_isa_avx512_core, "AVX512_CORE"},
        {dnnl_cpu_isa_avx512_core_vnni, "AVX512_CORE_VNNI"},
        {dnnl_cpu_isa_avx512_core_bf16, "AVX512_CORE_BF16"},
        {dnnl_cpu_isa_avx512_core_fp16, "AVX512_CORE_FP16"},
        {dnnl_cpu_isa_avx512_core_amx, "AVX512_CORE_AMX"},
        {dnnl_cpu_isa_avx512_core_amx_fp16, "AVX512_CORE_AMX_FP16"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(levels); i++)
        if (levels[i].isa == dnnl_get_effective_cpu_isa())
            return levels[i].name;
    return "DEFAULT";
}

char *edt_cpu_describe(void)
{
    const unsigned flags = edt_cpu_flags();
    return g_strdup_printf("%s kernels%s%s, oneDNN at %s", edt_isa_name(edt_isa_detect()),
                           flags & EDT_CPU_AMX ? ", AMX" : "",
                           flags & EDT_CPU_AVX_VNNI ? ", AVX-VNNI" : "", onednn_level());
}
