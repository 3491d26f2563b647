/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one core does: a table of kernels over a range of rows, filled first with plain C and then
 * overlaid by the level of the machine (dav1d's habit).  Splitting over threads is the business of
 * cpu.c; the split never changes a result.  Every level is tested against plain C
 * (tests/kernels).
 *
 * The source files kernels_*.c are compiled once per level; EDT_LEVEL names the level.
 */
#pragma once

#include "compute/backend.h"
#include "cpu/isa.h"

/* Packed keys and values of one (sample, head); see kernels_attention.c. */
typedef struct {
    int T, d;
    gsize key_bytes, value_bytes; /* of one head, 64-byte multiples */
    gsize scratch_bytes;          /* per thread */
} EdtAttentionPlan;

/* y = SiLU?(x * a + b) over C channels of pixels that lie x_pitch and y_pitch elements apart. */
typedef struct {
    int C;
    gint64 x_pitch, y_pitch;
    const void *x;
    EdtType x_type;
    void *y;
    EdtType y_type;
    const float *a, *b; /* [C] */
    gboolean silu;
} EdtScaleShift;

/* Units of the processor; those for the same factors from the slowest to the fastest. */
typedef enum {
    EDT_BURN_FMA,
    EDT_BURN_BF16_PAIRS,
    EDT_BURN_AMX_BF16,
    EDT_BURN_AVX_VNNI, /* of 256 bits */
    EDT_BURN_VNNI,     /* of 512 bits */
    EDT_BURN_AMX_INT8,
    EDT_BURN_COUNT,
} EdtBurn;

/* Rows of K numbers to bytes x / scale + EDT_BYTE_ZERO, which products of bytes want above 0; a
 * row's own scale makes its largest number EDT_BYTE_MOST. */
#define EDT_BYTE_ZERO 128
#define EDT_BYTE_MOST 127
typedef struct {
    int K;
    const void *x; /* [rows, K] */
    EdtType x_type;
    guint8 *y;    /* [rows, K] */
    float *scale; /* [rows] */
} EdtQuantise;

/* y = epilogue(y * row_scale * scale + bias), in place. */
typedef struct {
    int N;
    void *y; /* [rows, N] */
    EdtType y_type;
    const float *row_scale;    /* [rows] */
    const float *scale, *bias; /* [N] */
    EdtEpilogue epilogue;
} EdtDequantise;

typedef struct {
    EdtIsa isa;

    /* rows [begin, end) of the N*T rows */
    void (*update)(const EdtRowUpdate *op, EdtType act, gint64 begin, gint64 end);
    void (*merge)(const EdtMerge *op, EdtType act, gint64 begin, gint64 end); /* of y */
    void (*split_concat)(const EdtSplitConcat *op, EdtType act, gint64 begin,
                         gint64 end); /* of y */

    /* around products of bytes, rows [begin, end) */
    void (*quantise)(const EdtQuantise *op, gint64 begin, gint64 end);
    void (*dequantise)(const EdtDequantise *op, gint64 begin, gint64 end);

    /* attention: plan once per shape; pack one head; then query rows [begin, end) of that head */
    void (*attention_plan)(const EdtAttention *op, EdtType act, EdtAttentionPlan *plan);
    void (*attention_pack)(const EdtAttention *op, EdtType act, const EdtAttentionPlan *plan,
                           int sample, int head, void *keys, void *values);
    void (*attention_rows)(const EdtAttention *op, EdtType act, const EdtAttentionPlan *plan,
                           int sample, int head, int begin, int end, const void *keys,
                           const void *values, void *scratch);

    /* `rounds` rounds of independent multiply-adds in the registers of each unit; returns how many
     * operations they were, a multiply-add counted twice.  NULL: there is no such unit */
    double (*burn[EDT_BURN_COUNT])(gint64 rounds);
    /* reads count vectors of 64 bytes so often; returns how many bytes that were */
    double (*read)(const void *memory, gint64 count, gint64 rounds);

    /* in place; pitch from row to row */
    void (*gelu)(int rows, int N, float *y, gint64 pitch);
    void (*silu)(gint64 count, const float *x, void *y, EdtType y_type);
    void (*convert)(gint64 count, const void *x, EdtType x_type, void *y, EdtType y_type);
    void (*add)(gint64 count, void *x, const void *y, EdtType type);

    /* group norm over NHWC: per-channel sums of pixels [begin, end) of one picture (sum and sum
     * of squares, f32 each over a short range; the caller adds ranges in f64), then what follows */
    void (*channel_sums)(int C, const void *x, EdtType type, gint64 begin, gint64 end, float *sum,
                         float *sum_of_squares);
    void (*scale_shift)(const EdtScaleShift *op, gint64 begin, gint64 end);
} EdtCpuKernels;

/* The table for a level (not above what the machine has), and for this machine: that of its level
 * with what its flags add. */
const EdtCpuKernels *edt_cpu_kernels(EdtIsa isa);
const EdtCpuKernels *edt_cpu_kernels_here(void);

/* Each overlays what its level does better (kernels_level.c); what is beside the ladder comes on
 * top, by its flags. */
#define EDT_DECLARE_LEVEL(LEVEL, level) void edt_kernels_##level(EdtCpuKernels *k);
EDT_LEVELS(EDT_DECLARE_LEVEL)
void edt_kernels_burn_vnni(EdtCpuKernels *k, unsigned flags);
void edt_kernels_burn_amx(EdtCpuKernels *k, unsigned flags);
void edt_kernels_attention_tiles(EdtCpuKernels *k); /* with EDT_CPU_AMX alone */

#if defined(EDT_LEVEL) /* the parts of one level */
void EDT_AT_LEVEL(edt_kernels_rows_)(EdtCpuKernels *k);
void EDT_AT_LEVEL(edt_kernels_int8_)(EdtCpuKernels *k);
void EDT_AT_LEVEL(edt_kernels_attention_)(EdtCpuKernels *k);
void EDT_AT_LEVEL(edt_kernels_attention_pack_)(EdtCpuKernels *k);
void EDT_AT_LEVEL(edt_kernels_burn_)(EdtCpuKernels *k);
void EDT_AT_LEVEL(edt_kernels_picture_)(EdtCpuKernels *k);
#endif
