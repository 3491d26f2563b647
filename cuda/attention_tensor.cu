// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fused attention on the tensor cores: bf16 in and out, f32 between.  Without them: attention.cu.
//
// A block of four warps answers 64 queries of one head, 16 a warp; keys and values come by in tiles
// of 64 through shared memory.  The scores of a warp never leave its registers: what the product
// q k^T leaves in lane (g, t) is what the product with v wants there (mma.cuh), so weights are
// rounded to bf16 where they lie.  Rows of a head are padded with zeros to STEPS * 16 channels.
#include "attention.cuh"
#include "mma.cuh"

#define WARPS 4
#define THREADS (WARPS * EDT_WARP)
#define QUERIES (WARPS * 16)
#define KEYS 64
#define LOG2E 1.44269504088896341f

// Elements from row to row of a tile: 16 bytes more than the row, which keeps the banks apart.
template <int STEPS> static constexpr int pitch = STEPS * 16 + 8;

// KEYS rows of keys (which 1) or values (2) from row `first` on; zeros outside.
template <int STEPS>
static __device__ __forceinline__ void fetch(const EdtAttention &op, int sample, int head,
                                             int which, int first, uint16_t *tile)
{
    constexpr int PIECES = STEPS * 4; // of 4 channels: 52, EDT's head width, is no multiple of 8
    for (int i = threadIdx.x; i < KEYS * PIECES; i += THREADS) {
        int row = i / PIECES, c = i % PIECES * 4;
        uint2 value = {0, 0};
        if (first + row < op.T && c < op.d)
            value = *reinterpret_cast<const uint2 *>(
                static_cast<const uint16_t *>(op.qkv) +
                edt_head_row(op, sample, head, which, first + row) + c);
        *reinterpret_cast<uint2 *>(tile + row * pitch<STEPS> + c) = value;
    }
}

// Two neighbouring channels of a query; zeros outside.
static __device__ __forceinline__ uint32_t query_pair(const EdtAttention &op, int sample, int head,
                                                      int q, int c)
{
    if (q >= op.T || c >= op.d)
        return 0;
    return *reinterpret_cast<const uint32_t *>(static_cast<const uint16_t *>(op.qkv) +
                                               edt_head_row(op, sample, head, 0, q) + c);
}

// score[j] = q . k of the warp's 16 queries with keys 8j .. 8j+7.
template <int STEPS>
static __device__ __forceinline__ void dot(const uint32_t query[STEPS][4], const uint16_t *keys,
                                           float score[KEYS / 8][4])
{
    const int lane = threadIdx.x % EDT_WARP, part = lane / 8;
    for (int j = 0; j < KEYS / 8; j++)
        for (int i = 0; i < 4; i++)
            score[j][i] = 0;
#pragma unroll
    for (int s = 0; s < STEPS; s++)
#pragma unroll
        for (int j = 0; j < KEYS / 8; j += 2) {
            uint32_t k[4];
            edt_load_matrices(k, keys + (8 * j + part / 2 * 8 + lane % 8) * pitch<STEPS> +
                                     s * 16 + part % 2 * 8);
            edt_mma(score[j], query[s], k[0], k[1]);
            edt_mma(score[j + 1], query[s], k[2], k[3]);
        }
}

// What a lane knows of its two rows, g and g + 8.
typedef struct {
    int window[2];      // of the query
    float top[2], sum[2];
} Rows;

static __device__ __forceinline__ float over_row(float value, bool largest)
{
    for (int offset = 2; offset > 0; offset /= 2) {
        float other = __shfl_xor_sync(EDT_ALL_LANES, value, offset);
        value = largest ? fmaxf(value, other) : value + other;
    }
    return value;
}

// Scores of row r (0: g, 1: g + 8) become weights, in units where e^x is 2^x: bias before the
// softmax, AMM after it on the numerator alone.  Returns what older weights shrink by.
static __device__ __forceinline__ float weigh(const EdtAttention &op, const float *bias, int first,
                                              const int *windows, int r, float score[KEYS / 8][4],
                                              Rows *rows)
{
    const int t = threadIdx.x % 4;
    float most = rows->top[r], part = 0;
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
        for (int i = 0; i < 2; i++) {
            int k = 8 * j + 2 * t + i;
            float value = score[j][2 * r + i] * op.scale;
            if (bias && first + k < op.T)
                value += bias[rows->window[r] - windows[k]];
            value = first + k < op.T ? value * LOG2E : -INFINITY;
            score[j][2 * r + i] = value;
            most = fmaxf(most, value);
        }
    most = over_row(most, true); // finite: the first tile always holds a key
    const float shrink = exp2f(rows->top[r] - most);
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
        for (int i = 0; i < 2; i++) {
            int k = 8 * j + 2 * t + i;
            float weight = exp2f(score[j][2 * r + i] - most);
            part += weight;
            if (op.amm && first + k < op.T)
                weight *= op.amm[rows->window[r] - windows[k]];
            score[j][2 * r + i] = weight;
        }
    rows->sum[r] = rows->sum[r] * shrink + over_row(part, false);
    rows->top[r] = most;
    return shrink;
}

// out[c] += weights . values, channels 8c .. 8c+7.
template <int STEPS>
static __device__ __forceinline__ void gather(const float weight[KEYS / 8][4],
                                              const uint16_t *values, float out[STEPS * 2][4])
{
    const int lane = threadIdx.x % EDT_WARP, part = lane / 8;
#pragma unroll
    for (int j = 0; j < KEYS / 8; j += 2) {
        const uint32_t w[4] = {edt_pack_bf16(weight[j][0], weight[j][1]),
                               edt_pack_bf16(weight[j][2], weight[j][3]),
                               edt_pack_bf16(weight[j + 1][0], weight[j + 1][1]),
                               edt_pack_bf16(weight[j + 1][2], weight[j + 1][3])};
#pragma unroll
        for (int c = 0; c < STEPS * 2; c += 2) {
            uint32_t v[4];
            edt_load_transposed(v, values + (8 * j + part % 2 * 8 + lane % 8) * pitch<STEPS> +
                                       8 * c + part / 2 * 8);
            edt_mma(out[c], w, v[0], v[1]);
            edt_mma(out[c + 1], w, v[2], v[3]);
        }
    }
}

template <int STEPS>
static __global__ void __launch_bounds__(THREADS) attend(EdtAttention op)
{
    EDT_SHARED(uint16_t, keys); // [KEYS][pitch]
    uint16_t *values = keys + KEYS * pitch<STEPS>;
    int *windows = reinterpret_cast<int *>(values + KEYS * pitch<STEPS>); // [KEYS]
    const int lane = threadIdx.x % EDT_WARP, g = lane / 4, t = lane % 4;
    const int sample = blockIdx.y / op.H, head = blockIdx.y % op.H;
    const int begin = blockIdx.x * QUERIES + threadIdx.x / EDT_WARP * 16;
    const float *bias = op.bias ? op.bias + head * (2 * op.n - 1) * (2 * op.n - 1) : nullptr;
    uint32_t query[STEPS][4];
    float out[STEPS * 2][4] = {};
    Rows rows;

#pragma unroll
    for (int s = 0; s < STEPS; s++)
        for (int i = 0; i < 4; i++)
            query[s][i] = query_pair(op, sample, head, begin + g + i % 2 * 8,
                                     s * 16 + i / 2 * 8 + 2 * t);
    for (int r = 0; r < 2; r++) {
        int q = min(begin + g + 8 * r, op.T - 1); // rows behind the last stay inside the window
        rows.window[r] = op.n ? edt_window_of_query(op, q) : 0;
        rows.top[r] = -INFINITY;
        rows.sum[r] = 0;
    }
    for (int first = 0; first < op.T; first += KEYS) {
        float score[KEYS / 8][4];
        __syncthreads(); // the last tile may still be read
        fetch<STEPS>(op, sample, head, 1, first, keys);
        fetch<STEPS>(op, sample, head, 2, first, values);
        if (threadIdx.x < KEYS)
            windows[threadIdx.x] = op.n ? edt_window_of_key(op, first + threadIdx.x) : 0;
        __syncthreads();
        dot<STEPS>(query, keys, score);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float shrink = weigh(op, bias, first, windows, r, score, &rows);
#pragma unroll
            for (int c = 0; c < STEPS * 2; c++) {
                out[c][2 * r] *= shrink;
                out[c][2 * r + 1] *= shrink;
            }
        }
        gather<STEPS>(score, values, out);
    }
#pragma unroll
    for (int c = 0; c < STEPS * 2; c++)
        for (int r = 0; r < 2; r++) {
            int q = begin + g + 8 * r, at = 8 * c + 2 * t;
            if (q < op.T && at < op.d)
                *reinterpret_cast<uint32_t *>(
                    static_cast<uint16_t *>(op.out) +
                    (((int64_t)sample * op.T + q) * op.H + head) * op.d + at) =
                    edt_pack_bf16(out[c][2 * r] / rows.sum[r], out[c][2 * r + 1] / rows.sum[r]);
        }
}

template <int STEPS> static cudaError_t launch(const EdtAttention *op, cudaStream_t stream)
{
    constexpr size_t shared =
        2 * KEYS * pitch<STEPS> * sizeof(uint16_t) + KEYS * sizeof(int);
    static_assert(shared <= EDT_SHARED_MAX);
    auto kernel = attend<STEPS>;
    EDT_LAUNCH(kernel, dim3((unsigned)((op->T + QUERIES - 1) / QUERIES), (unsigned)(op->N * op->H)),
               dim3(THREADS), shared, stream, *op);
    return cudaGetLastError();
}

cudaError_t edt_cuda_attention_tensor(const EdtAttention *op, cudaStream_t stream)
{
    if (op->d % 4 || op->d > EDT_CUDA_TENSOR_HEAD_MAX)
        return cudaErrorInvalidValue;
    return op->d <= 32   ? launch<2>(op, stream)
           : op->d <= 64 ? launch<4>(op, stream) /* all official sizes: 52 */
                         : launch<8>(op, stream);
}
