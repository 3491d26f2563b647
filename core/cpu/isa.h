/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Instruction levels of x86-64 that have own kernels, and which one this machine runs.  What does
 * not lie on that ladder is a flag beside it.
 */
#pragma once

typedef enum {
    EDT_ISA_PLAIN,      /* portable C */
    EDT_ISA_AVX2,       /* AVX2 + FMA */
    EDT_ISA_AVX512,     /* AVX-512 F, BW, VL, DQ */
    EDT_ISA_AVX512BF16, /* and its bf16 dot product */
    EDT_ISA_COUNT,
} EdtIsa;

typedef enum {
    EDT_CPU_AMX = 1,      /* tiles of bf16, and the system lets this process use them */
    EDT_CPU_AVX_VNNI = 2, /* int8 dot products of 256 bits */
} EdtCpuFlags;

const char *edt_isa_name(EdtIsa isa); /* "plain", "avx2", "avx512", "avx512bf16" */
/* The best level of this machine; EDT_ISA=plain|avx2|... in the environment lowers it. */
EdtIsa edt_isa_detect(void);
/* What this machine has beside the ladder; nothing where EDT_ISA names a level. */
unsigned edt_cpu_flags(void);

/* "avx512bf16 kernels, AMX, AVX-VNNI, oneDNN at AVX512_CORE_AMX"; free it. */
char *edt_cpu_describe(void);
