/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Instruction levels of x86-64 that have own kernels, and which one this machine runs.
 */
#pragma once

typedef enum {
    EDT_ISA_PLAIN,      /* portable C */
    EDT_ISA_AVX2,       /* AVX2 + FMA */
    EDT_ISA_AVX512,     /* AVX-512 F, BW, VL, DQ */
    EDT_ISA_AVX512BF16, /* and its bf16 dot product */
    EDT_ISA_COUNT,
} EdtIsa;

const char *edt_isa_name(EdtIsa isa); /* "plain", "avx2", "avx512", "avx512bf16" */
/* The best level of this machine; EDT_ISA=plain|avx2|... in the environment lowers it. */
EdtIsa edt_isa_detect(void);
