/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packs the keys (transposed) and values of one head into panels, so that the products of
 * kernels_attention.c read memory from end to end.  With AVX512-BF16 and bf16 activations two
 * neighbours along the summed dimension lie together: keys [d/2][T][2], values [T/2][d][2] in each
 * panel.  Compiled once per instruction level.
 */
#include "cpu/kernels_attention.h"

static void plan(const EdtAttention *op, EdtType act, EdtAttentionPlan *plan)
{
    const gboolean pairs = in_pairs(act);
    gsize T = round_up((gsize)op->T, pairs ? MAX(LANES, PAIRED) : LANES);
    gsize d = round_up((gsize)op->d, LANES);
    plan->T = (int)T;
    plan->d = (int)d;
    if (pairs) { /* odd counts get a zero partner */
        plan->key_bytes = (gsize)paired(op->d) * T * 2;
        plan->value_bytes = (gsize)paired(op->T) * d * 2;
    } else {
        plan->key_bytes = (gsize)op->d * T * 4;
        plan->value_bytes = (gsize)op->T * d * 4;
    }
    plan->key_bytes = round_up(plan->key_bytes, 64);
    plan->value_bytes = round_up(plan->value_bytes, 64);
    /* queries, scores, bf16 scores, outputs of GROUP rows; one line of windows */
    plan->scratch_bytes = round_up(GROUP * (d * 4 + T * 4 + T * 2 + d * 4) + T * 4, 64);
}

static void pack_f32(const EdtAttention *op, EdtType act, const EdtAttentionPlan *plan, int sample,
                     int head, float *restrict keys, float *restrict values)
{
    const gsize pitch = 3 * (gsize)op->H * (gsize)op->d; /* from token to token */

    memset(keys, 0, plan->key_bytes);
    memset(values, 0, plan->value_bytes);
    for (int t0 = 0; t0 < op->T; t0 += LANES) { /* whole cache lines of keys, few streams to read */
        int panel = t0 / WIDTH * WIDTH, width = panel_width(plan->T, panel);
        int strip = MIN(LANES, op->T - t0);
        const void *k = token(op, act, sample, head, t0, 1);
        float *restrict to = keys + (gsize)panel * op->d + (t0 - panel);
        for (int i = 0; i < op->d; i++)
            for (int t = 0; t < strip; t++)
                to[i * width + t] = load_one(k, act, (gsize)t * pitch + i);
    }
    for (int panel = 0; panel < plan->d; panel += WIDTH) {
        int width = panel_width(plan->d, panel), used = MIN(width, op->d - panel);
        for (int t = 0; t < op->T; t++) {
            const void *v = token(op, act, sample, head, t, 2);
            float *restrict to = values + (gsize)panel * op->T + (gsize)t * width;
            for (int i = 0; i < used; i++)
                to[i] = load_one(v, act, (gsize)(panel + i));
        }
    }
}

#if PAIRS
static void pack_pairs(const EdtAttention *op, const EdtAttentionPlan *plan, int sample, int head,
                       EdtHalf *restrict keys, EdtHalf *restrict values)
{
    const int d2 = paired(op->d), T2 = paired(op->T), even = op->d & ~1;
    const gsize pitch = 3 * (gsize)op->H * (gsize)op->d;

    memset(keys, 0, plan->key_bytes);
    memset(values, 0, plan->value_bytes);
    for (int t0 = 0; t0 < op->T; t0 += LANES) {
        int panel = t0 / WIDTH * WIDTH, width = panel_width(plan->T, panel);
        int strip = MIN(LANES, op->T - t0);
        const EdtHalf *k = token(op, EDT_BF16, sample, head, t0, 1);
        EdtHalf *restrict to = keys + (gsize)panel * d2 + (t0 - panel) * 2;
        for (int i = 0; i < even; i += 2)
            for (int t = 0; t < strip; t++)
                memcpy(to + (i / 2 * width + t) * 2, k + (gsize)t * pitch + i, 4);
        for (int t = 0; t < strip && (op->d & 1); t++)
            to[(even / 2 * width + t) * 2] = k[(gsize)t * pitch + even];
    }
    for (int panel = 0; panel < plan->d; panel += WIDTH) {
        int width = panel_width(plan->d, panel), used = MIN(width, op->d - panel);
        for (int t = 0; t < op->T; t += 2) {
            const EdtHalf *v = (const EdtHalf *)token(op, EDT_BF16, sample, head, t, 2) + panel;
            EdtHalf *restrict to = values + (gsize)panel * T2 + (gsize)t * width;
            const gboolean both = t + 1 < op->T;
#pragma omp simd
            for (int i = 0; i < used; i++) {
                to[2 * i] = v[i];
                to[2 * i + 1] = both ? v[pitch + i] : 0;
            }
        }
    }
}
#endif

static void pack(const EdtAttention *op, EdtType act, const EdtAttentionPlan *plan, int sample,
                 int head, void *keys, void *values)
{
#if PAIRS
    if (in_pairs(act)) {
        pack_pairs(op, plan, sample, head, keys, values);
        return;
    }
#endif
    pack_f32(op, act, plan, sample, head, keys, values);
}

void EDT_AT_LEVEL(edt_kernels_attention_pack_)(EdtCpuKernels *k)
{
    k->attention_plan = plan;
    k->attention_pack = pack;
}
