/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fused attention of one head: scores, position bias, softmax, AMM on the numerator, value product.
 * Both products are register tiles of ROWS queries x up to TILE vectors over packed panels
 * (kernels_attention_pack.c).  GROUP queries go through together: a panel is read into L1 once for
 * all of them, and their scores stay close.  With AVX512-BF16 the products take pairs of bf16
 * (vdpbf16ps), with AMX tiles of them.  Compiled once per instruction level, and for AMX.
 */
#include "cpu/kernels_attention.h"
#if TILES
#include "cpu/tiles.h"
#endif

#define ROWS 4                      /* queries of a register tile, or more: */
#define SUMS (LANES == 16 ? 16 : 8) /* so many vectors hide how long each waits for itself */
#define CHUNK 64 /* tokens of values at a time, so that a panel's chunk stays in L1 */

/* c[rows][vectors] (+)= a[rows][K] b[K][vectors]; pitches pa and pc, b a panel.  The two counts are
 * constants wherever this is inlined. */
EDT_INLINE void tile_f32(int rows, int vectors, int K, const float *a, int pa, const float *b,
                         float *c, int pc, gboolean more)
{
    Vec sum[SUMS][TILE];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            sum[r][v] = more ? load(c + r * pc + v * LANES) : all(0);
    for (int k = 0; k < K; k++) {
        Vec column[TILE];
        for (int v = 0; v < vectors; v++)
            column[v] = load(b + (k * vectors + v) * LANES);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++)
                sum[r][v] += a[r * pa + k] * column[v];
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            store(c + r * pc + v * LANES, sum[r][v]);
}

#if PAIRS
/* The same on pairs along K: a[rows][2 K], b [K][vectors][2]. */
EDT_INLINE void tile_pairs(int rows, int vectors, int K, const EdtHalf *a, int pa, const EdtHalf *b,
                           float *c, int pc, gboolean more)
{
    __m512 sum[SUMS][TILE];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            sum[r][v] = more ? _mm512_loadu_ps(c + r * pc + v * LANES) : _mm512_setzero_ps();
    for (int k = 0; k < K; k++) {
        __m512bh column[TILE];
        for (int v = 0; v < vectors; v++)
            column[v] = (__m512bh)_mm512_loadu_si512(b + (k * vectors + v) * LANES * 2);
        for (int r = 0; r < rows; r++) {
            gint32 pair;
            memcpy(&pair, a + r * pa + 2 * k, 4);
            __m512bh both = (__m512bh)_mm512_set1_epi32(pair);
            for (int v = 0; v < vectors; v++)
                sum[r][v] = _mm512_dpbf16_ps(sum[r][v], both, column[v]);
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            _mm512_storeu_ps(c + r * pc + v * LANES, sum[r][v]);
}
#endif

EDT_INLINE void tile(gboolean pairs, int rows, int vectors, int K, const void *a, int at, int pa,
                     const void *b, float *c, int pc, gboolean more)
{
#if PAIRS
    if (pairs) {
        tile_pairs(rows, vectors, K, (const EdtHalf *)a + at * pa, pa, b, c + at * pc, pc, more);
        return;
    }
#endif
    tile_f32(rows, vectors, K, (const float *)a + at * pa, pa, b, c + at * pc, pc, more);
}

/* A panel of so many vectors times up to GROUP rows, in tiles and then single rows. */
EDT_INLINE void tiles(gboolean pairs, int rows, int vectors, int K, const void *a, int pa,
                      const void *b, float *c, int pc, gboolean more)
{
    const int tall = MAX(ROWS, SUMS / vectors / ROWS * ROWS);
    int r = 0;
    for (; r + tall <= rows; r += tall)
        tile(pairs, tall, vectors, K, a, r, pa, b, c, pc, more);
    for (; r < rows; r++)
        tile(pairs, 1, vectors, K, a, r, pa, b, c, pc, more);
}

EDT_INLINE void panel(gboolean pairs, int rows, int vectors, int K, const void *a, int pa,
                      const void *b, float *c, int pc, gboolean more)
{
    switch (vectors) {
    case 1:
        tiles(pairs, rows, 1, K, a, pa, b, c, pc, more);
        break;
    case 2:
        tiles(pairs, rows, 2, K, a, pa, b, c, pc, more);
        break;
    case 3:
        tiles(pairs, rows, MIN(3, TILE), K, a, pa, b, c, pc, more);
        break;
    default:
        tiles(pairs, rows, TILE, K, a, pa, b, c, pc, more);
    }
}

static void panel_f32(int rows, int vectors, int K, const float *a, int pa, const float *b,
                      float *c, int pc, gboolean more)
{
    panel(FALSE, rows, vectors, K, a, pa, b, c, pc, more);
}

#if TILES
/* Of tiles: 16 rows, be those behind `rows` nobody's; sums 0 to 3, rows 4, columns 5 to 7. */
#define EACH_SUM(each) each(0, 5) each(1, 6) each(2, 7) each(3, 5)

static void panel_pairs(int rows, int vectors, int K, const EdtHalf *a, int pa, const EdtHalf *b,
                        float *c, int pc, gboolean more)
{
    const int pitch = 4 * LANES * vectors; /* bytes, from pair to pair of b */
#define BEGIN(v, column)                                                                           \
    if (v < vectors && more)                                                                       \
        _tile_loadd(v, c + v * LANES, 4 * pc);                                                     \
    else if (v < vectors)                                                                          \
        _tile_zero(v);
    EACH_SUM(BEGIN)
    for (int k = 0; k < K; k += PAIRED / 2) {
        _tile_loadd(4, a + 2 * k, 2 * pa);
#define ADD(v, column)                                                                             \
    if (v < vectors) {                                                                             \
        _tile_loadd(column, b + (k * vectors + v) * LANES * 2, pitch);                             \
        _tile_dpbf16ps(v, 4, column);                                                              \
    }
        EACH_SUM(ADD)
    }
#define END(v, column)                                                                             \
    if (v < vectors)                                                                               \
        _tile_stored(v, c + v * LANES, 4 * pc);
    EACH_SUM(END)
}
#elif PAIRS
static void panel_pairs(int rows, int vectors, int K, const EdtHalf *a, int pa, const EdtHalf *b,
                        float *c, int pc, gboolean more)
{
    panel(TRUE, rows, vectors, K, a, pa, b, c, pc, more);
}
#endif

/* score[rows][T] = query keys^T */
static void scores_f32(const EdtAttention *op, const EdtAttentionPlan *plan, int rows,
                       const float *query, const float *keys, float *score)
{
    for (int t = 0; t < plan->T; t += WIDTH)
        panel_f32(rows, panel_width(plan->T, t) / LANES, op->d, query, plan->d,
                  keys + (gsize)t * op->d, score + t, plan->T, FALSE);
}

/* out[rows][d] = score values */
static void values_f32(const EdtAttention *op, const EdtAttentionPlan *plan, int rows,
                       const float *score, const float *values, float *out)
{
    for (int panel = 0; panel < plan->d; panel += WIDTH) {
        int width = panel_width(plan->d, panel);
        for (int t = 0; t < op->T; t += CHUNK)
            panel_f32(rows, width / LANES, MIN(CHUNK, op->T - t), score + t, plan->T,
                      values + (gsize)panel * op->T + (gsize)t * width, out + panel, plan->d,
                      t > 0);
    }
}

#if PAIRS
static void scores_pairs(const EdtAttention *op, const EdtAttentionPlan *plan, int rows,
                         const EdtHalf *query, const EdtHalf *keys, float *score)
{
    const int d2 = paired(op->d);
    for (int t = 0; t < plan->T; t += WIDTH)
        panel_pairs(rows, panel_width(plan->T, t) / LANES, d2 / 2, query, d2, keys + (gsize)t * d2,
                    score + t, plan->T, FALSE);
}

static void values_pairs(const EdtAttention *op, const EdtAttentionPlan *plan, int rows,
                         const EdtHalf *score, const EdtHalf *values, float *out)
{
    const int T2 = paired(op->T);
    for (int panel = 0; panel < plan->d; panel += WIDTH) {
        int width = panel_width(plan->d, panel);
        for (int t = 0; t < T2; t += 2 * CHUNK)
            panel_pairs(rows, width / LANES, MIN(2 * CHUNK, T2 - t) / 2, score + t, plan->T,
                        values + (gsize)panel * T2 + (gsize)t * width, out + panel, plan->d, t > 0);
    }
}
#endif

/* The window of a (2n-1)^2 table that query q sees for key row ky: n ascending values. */
static inline const float *window(const float *table, int n, int q, int ky)
{
    return table + (q / n - ky + n - 1) * (2 * n - 1) + (n - 1 - q % n);
}

/* Bias or AMM of query q over the keys of one grid row after the other.  Where a grid row is whole
 * vectors the window is read in place; smaller grids copy their windows into `line` first. */
EDT_INLINE const float *line_of(const float *table, int n, int q, int T, float *restrict line)
{
    for (int ky = 0; ky < n; ky++) {
        const float *restrict from = window(table, n, q, ky);
        for (int kx = 0; kx < n; kx++)
            line[ky * n + kx] = from[kx];
    }
    for (int t = n * n; t < T; t++)
        line[t] = 0;
    return line;
}

/* The LANES values of a window table at key t; line is set when the grid is narrow. */
EDT_INLINE Vec at_key(const float *table, const float *line, int n, int q, int t)
{
    return line ? load(line + t) : load(window(table, n, q, t / n) + t % n);
}

/* score = score * scale + bias over whole vectors; returns the largest. */
EDT_INLINE float add_bias(const float *table, const float *line, int n, int q, int T, float scale,
                          float *score)
{
    Vec top[2] = {all(-1e30f), all(-1e30f)};
    int t = 0;
    for (; t + 2 * LANES <= T; t += 2 * LANES)
        for (int i = 0; i < 2; i++) {
            Vec s = load(score + t + i * LANES) * scale;
            if (table)
                s += at_key(table, line, n, q, t + i * LANES);
            store(score + t + i * LANES, s);
            top[i] = larger(top[i], s);
        }
    for (; t < T; t += LANES) {
        Vec s = load(score + t) * scale;
        if (table)
            s += at_key(table, line, n, q, t);
        store(score + t, s);
        top[0] = larger(top[0], s);
    }
    return largest(larger(top[0], top[1]));
}

/* score = exp(score - top) * amm; returns the sum before AMM. */
EDT_INLINE float weigh(const float *table, const float *line, int n, int q, int T, float top,
                       float *score)
{
    Vec sum = {0};
    for (int t = 0; t < T; t += LANES) {
        Vec e = exponential(load(score + t) - top);
        sum += e;
        if (table)
            e *= at_key(table, line, n, q, t);
        store(score + t, e);
    }
    return total(sum);
}

/* The same two with n a constant for the official grids: no divisions at a key. */
EDT_INLINE float add_bias_by_grid(const float *table, const float *line, int n, int q, int T,
                                  float scale, float *score)
{
    switch (n) {
    case 16:
        return add_bias(table, line, 16, q, T, scale, score);
    case 32:
        return add_bias(table, line, 32, q, T, scale, score);
    }
    return add_bias(table, line, MAX(n, 1), q, T, scale, score);
}

EDT_INLINE float weigh_by_grid(const float *table, const float *line, int n, int q, int T,
                               float top, float *score)
{
    switch (n) {
    case 16:
        return weigh(table, line, 16, q, T, top, score);
    case 32:
        return weigh(table, line, 32, q, T, top, score);
    }
    return weigh(table, line, MAX(n, 1), q, T, top, score);
}

/* One row of T scores, still to be scaled, to weights, in place; returns what to divide by.  Room
 * beyond op->T up to whole vectors is padding that weighs nothing. */
static float soften(const EdtAttention *op, int head, int q, int T, float scale,
                    float *restrict score, float *restrict spare)
{
    const int n = op->n, side = 2 * n - 1;
    const gboolean narrow = n % LANES != 0;
    const float *table = op->bias ? op->bias + (gsize)head * side * side : NULL;
    const float *line = table && narrow ? line_of(table, n, q, T, spare) : NULL;

    for (int t = op->T; t < T; t++)
        score[t] = -1e30f;
    const float top = add_bias_by_grid(table, line, n, q, T, scale, score);
    table = op->amm;
    line = table && narrow ? line_of(table, n, q, T, spare) : NULL;
    return weigh_by_grid(table, line, n, q, T, top, score);
}

EDT_INLINE void finish_as(int d, void *out, EdtType type, gint64 at, float factor,
                          const float *restrict row)
{
#pragma omp simd
    for (int i = 0; i < d; i++)
        store_one(out, type, (gsize)(at + i), row[i] * factor);
}

static void finish(const EdtAttention *op, EdtType act, int sample, int head, int q, float factor,
                   const float *restrict row)
{
    gint64 at = ((gint64)sample * op->T + q) * op->H * op->d + (gint64)head * op->d;
    EDT_BY_TYPE(act, TYPE, finish_as(op->d, op->out, TYPE, at, factor, row));
}

static void attend_f32(const EdtAttention *op, EdtType act, const EdtAttentionPlan *plan,
                       int sample, int head, int begin, int end, const float *keys,
                       const float *values, void *scratch)
{
    float *query = scratch, *score = query + GROUP * plan->d, *out = score + GROUP * plan->T;
    float *spare = out + GROUP * plan->d;
    for (int q = begin; q < end; q += GROUP) {
        int rows = MIN(GROUP, end - q);
        float sum[GROUP];
        for (int r = 0; r < rows; r++) { /* q is scaled before the product, as officially */
            const void *in = token(op, act, sample, head, q + r, 0);
            for (int i = 0; i < op->d; i++)
                query[r * plan->d + i] = load_one(in, act, (gsize)i) * op->scale;
        }
        scores_f32(op, plan, rows, query, keys, score);
        for (int r = 0; r < rows; r++)
            sum[r] = soften(op, head, q + r, plan->T, 1, score + r * plan->T, spare);
        values_f32(op, plan, rows, score, values, out);
        for (int r = 0; r < rows; r++)
            finish(op, act, sample, head, q + r, 1.0f / sum[r], out + r * plan->d);
    }
}

#if PAIRS
/* bf16 weights of a row; an odd partner and the padding are zero. */
static void halve(int count, int T, const float *restrict score, EdtHalf *restrict half)
{
    for (int t = 0; t < T; t += LANES)
        _mm256_storeu_si256((__m256i *)(half + t),
                            (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(score + t)));
    for (int t = count; t < T; t++)
        half[t] = 0;
}

static void attend_pairs(const EdtAttention *op, const EdtAttentionPlan *plan, int sample, int head,
                         int begin, int end, const EdtHalf *keys, const EdtHalf *values,
                         void *scratch)
{
    float *score = scratch, *out = score + GROUP * plan->T;
    float *spare = out + GROUP * plan->d;
    EdtHalf *half = (EdtHalf *)(spare + plan->T), *query = half + GROUP * plan->T;
    const int d2 = paired(op->d);
#if TILES
    edt_tiles_begin();
#endif
    for (int q = begin; q < end; q += GROUP) {
        int rows = MIN(GROUP, end - q);
        float sum[GROUP];
        for (int r = 0; r < rows; r++) {
            memcpy(query + r * d2, token(op, EDT_BF16, sample, head, q + r, 0), (gsize)op->d * 2);
            for (int i = op->d; i < d2; i++)
                query[r * d2 + i] = 0;
        }
        scores_pairs(op, plan, rows, query, keys, score);
        for (int r = 0; r < rows; r++) {
            float *row = score + r * plan->T; /* scaled only now: q itself is exact in bf16 */
            sum[r] = soften(op, head, q + r, plan->T, op->scale, row, spare);
            halve(op->T, plan->T, row, half + r * plan->T);
        }
        values_pairs(op, plan, rows, half, values, out);
        for (int r = 0; r < rows; r++)
            finish(op, EDT_BF16, sample, head, q + r, 1.0f / sum[r], out + r * plan->d);
    }
#if TILES
    _tile_release();
#endif
}
#endif

static void attend(const EdtAttention *op, EdtType act, const EdtAttentionPlan *plan, int sample,
                   int head, int begin, int end, const void *keys, const void *values,
                   void *scratch)
{
#if PAIRS
    if (in_pairs(act)) {
        attend_pairs(op, plan, sample, head, begin, end, keys, values, scratch);
        return;
    }
#endif
    attend_f32(op, act, plan, sample, head, begin, end, keys, values, scratch);
}

void EDT_AT_LEVEL(edt_kernels_attention_)(EdtCpuKernels *k)
{
    EDT_AT_LEVEL(edt_kernels_attention_pack_)(k);
    k->attention_rows = attend;
}
