/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Instruction levels of x86-64 that have own kernels, and which one this machine runs.  What does
 * not lie on that ladder is a flag beside it.
 */
#pragma once

/* The ladder, as meson.build compiles it: portable C; AVX2 and FMA; AVX-512 F, BW, VL, DQ; its bf16
 * dot product with them.  EDT_LEVELS(each) is each(LEVEL, level) for one after the other. */
#if defined(__x86_64__)
#define EDT_LEVELS(each)                                                                           \
    each(PLAIN, plain) each(AVX2, avx2) each(AVX512, avx512) each(AVX512BF16, avx512bf16)
#else
#define EDT_LEVELS(each) each(PLAIN, plain)
#endif

#define EDT_ISA_OF(LEVEL, level) EDT_ISA_##LEVEL,
typedef enum { EDT_LEVELS(EDT_ISA_OF) EDT_ISA_COUNT } EdtIsa;

/* In a file that is compiled for each level: the name with that level behind it. */
#define EDT_PASTE_(name, level) name##level
#define EDT_PASTE(name, level) EDT_PASTE_(name, level)
#define EDT_AT_LEVEL(name) EDT_PASTE(name, EDT_LEVEL)

typedef enum {
    EDT_CPU_AMX = 1,      /* tiles of bf16, and the system lets this process use them */
    EDT_CPU_AVX_VNNI = 2, /* int8 dot products of 256 bits */
    EDT_CPU_VNNI = 4,     /* the same of 512 bits */
    EDT_CPU_AMX_INT8 = 8, /* tiles of int8, beside those of bf16 */
} EdtCpuFlags;

const char *edt_isa_name(EdtIsa isa); /* "plain", "avx2", "avx512", "avx512bf16" */
/* The best level of this machine; EDT_ISA=plain|avx2|... in the environment lowers it. */
EdtIsa edt_isa_detect(void);
/* What this machine has beside the ladder; nothing where EDT_ISA names a level. */
unsigned edt_cpu_flags(void);

/* "avx512bf16 kernels, AMX, AVX-VNNI, oneDNN at AVX512_CORE_AMX"; free it. */
char *edt_cpu_describe(void);
