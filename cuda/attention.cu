// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fused attention on the ordinary cores, for every type and head width: keys come by in tiles of
// KEYS, the softmax is kept up to date as they do, and no score ever leaves the block.  The tensor
// cores' version is attention_tensor.cu.
//
// A block of 128 threads answers 16 * ROWS queries of one head.  Thread (ty, tx) of 16 x 8 keeps
// rows ty, ty + 16, ...; eight lanes beside each other share a row, so a row's maximum and sum are
// three shuffles.  A head wider than 64 passes in chunks of 64.
#include "attention.cuh"

#define THREADS 128
#define KEYS 32
#define CHUNK 64
#define PITCH (CHUNK + 4)      // four more floats a row keep the banks apart
#define WEIGHT_PITCH (KEYS + 4)

// Rows first .. first+count-1 of one vector of a head, channels c0 .. c0+CHUNK-1; zeros outside.
template <int V>
static __device__ __forceinline__ void fetch(const EdtAttention &op, EdtType act, int sample,
                                             int head, int which, int first, int count, int c0,
                                             float *to, int pitch)
{
    for (int i = (int)threadIdx.x * V; i < count * CHUNK; i += THREADS * V) {
        int row = i / CHUNK, c = i % CHUNK;
        EdtVec<V> value = {};
        if (first + row < op.T && c0 + c < op.d)
            value = edt_load<V>(op.qkv, act,
                                edt_head_row(op, sample, head, which, first + row) + c0 + c);
        edt_store<V>(to, EDT_F32, row * pitch + c, value);
    }
}

// score[r][j] += q . k over one chunk.
template <int ROWS>
static __device__ __forceinline__ void dot(const float *queries, int pitch, const float *keys,
                                           float score[ROWS][4])
{
    const int ty = threadIdx.x / 8, tx = threadIdx.x % 8;
#pragma unroll 4
    for (int c = 0; c < CHUNK; c += 4) {
        EdtVec<4> q[ROWS], k;
        for (int r = 0; r < ROWS; r++)
            q[r] = edt_load<4>(queries, EDT_F32, (ty + 16 * r) * pitch + c);
        for (int j = 0; j < 4; j++) {
            k = edt_load<4>(keys, EDT_F32, (tx + 8 * j) * PITCH + c);
            for (int r = 0; r < ROWS; r++)
                for (int i = 0; i < 4; i++)
                    score[r][j] += q[r].at[i] * k.at[i];
        }
    }
}

// Over the eight lanes of a row.
static __device__ __forceinline__ float row_max(float value)
{
    for (int offset = 4; offset > 0; offset /= 2)
        value = fmaxf(value, __shfl_xor_sync(EDT_ALL_LANES, value, offset));
    return value;
}

static __device__ __forceinline__ float row_sum(float value)
{
    for (int offset = 4; offset > 0; offset /= 2)
        value += __shfl_xor_sync(EDT_ALL_LANES, value, offset);
    return value;
}

// Scores of one row become weights: bias before the softmax, AMM after it and on the numerator
// alone (paper section 3.2).  top and sum are kept up to date; returns the factor by which older
// weights shrink.
static __device__ __forceinline__ float weigh(const EdtAttention &op, int head, int q, int first,
                                              const float score[4], float *weights, float *top,
                                              float *sum)
{
    const int tx = threadIdx.x % 8, area = (2 * op.n - 1) * (2 * op.n - 1);
    const int from = op.n ? edt_window_of_query(op, q) : 0;
    float value[4], most = *top;

    for (int j = 0; j < 4; j++) {
        int k = first + tx + 8 * j;
        value[j] = k < op.T ? score[j] * op.scale : -INFINITY;
        if (op.bias && k < op.T)
            value[j] += op.bias[head * area + from - edt_window_of_key(op, k)];
        most = fmaxf(most, value[j]);
    }
    most = row_max(most); // finite: the first tile always holds a key
    float shrink = expf(*top - most), part = 0;
    for (int j = 0; j < 4; j++) {
        int k = first + tx + 8 * j;
        float weight = expf(value[j] - most);
        part += weight;
        if (op.amm && k < op.T)
            weight *= op.amm[from - edt_window_of_key(op, k)];
        weights[tx + 8 * j] = weight;
    }
    *sum = *sum * shrink + row_sum(part);
    *top = most;
    return shrink;
}

// out[r][i] += weights . values over the keys of a tile; i counts two groups of four channels.
template <int ROWS>
static __device__ __forceinline__ void gather(const float *weights, const float *values,
                                              float out[ROWS][8])
{
    const int ty = threadIdx.x / 8, tx = threadIdx.x % 8;
#pragma unroll 2
    for (int k = 0; k < KEYS; k += 4) {
        EdtVec<4> w[ROWS], v[2];
        for (int r = 0; r < ROWS; r++)
            w[r] = edt_load<4>(weights, EDT_F32, (ty + 16 * r) * WEIGHT_PITCH + k);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            v[0] = edt_load<4>(values, EDT_F32, (k + j) * PITCH + tx * 4);
            v[1] = edt_load<4>(values, EDT_F32, (k + j) * PITCH + tx * 4 + CHUNK / 2);
            for (int r = 0; r < ROWS; r++)
                for (int i = 0; i < 8; i++)
                    out[r][i] += w[r].at[j] * v[i / 4].at[i % 4];
        }
    }
}

template <int CHUNKS, int ROWS> static constexpr int shared_floats()
{
    return 16 * ROWS * (CHUNKS * CHUNK + 4) + KEYS * PITCH + 16 * ROWS * WEIGHT_PITCH;
}

template <int V, int CHUNKS, int ROWS>
static __global__ void __launch_bounds__(THREADS) attend(EdtAttention op, EdtType act)
{
    constexpr int QUERIES = 16 * ROWS, QUERY_PITCH = CHUNKS * CHUNK + 4;
    EDT_SHARED(float, queries);                  // [QUERIES][QUERY_PITCH]
    float *tile = queries + QUERIES * QUERY_PITCH; // [KEYS][PITCH]: keys, then values
    float *weights = tile + KEYS * PITCH;          // [QUERIES][WEIGHT_PITCH]
    const int ty = threadIdx.x / 8, tx = threadIdx.x % 8;
    const int sample = blockIdx.y / op.H, head = blockIdx.y % op.H, begin = blockIdx.x * QUERIES;
    float out[CHUNKS][ROWS][8] = {}, top[ROWS], sum[ROWS];

    for (int r = 0; r < ROWS; r++)
        top[r] = -INFINITY, sum[r] = 0;
    for (int c = 0; c < CHUNKS; c++)
        fetch<V>(op, act, sample, head, 0, begin, QUERIES, c * CHUNK, queries + c * CHUNK,
                 QUERY_PITCH);
    for (int first = 0; first < op.T; first += KEYS) {
        float score[ROWS][4] = {};
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
            __syncthreads();
            fetch<V>(op, act, sample, head, 1, first, KEYS, c * CHUNK, tile, PITCH);
            __syncthreads();
            dot<ROWS>(queries + c * CHUNK, QUERY_PITCH, tile, score);
        }
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            int row = ty + 16 * r, q = min(begin + row, op.T - 1);
            float shrink = weigh(op, head, q, first, score[r], weights + row * WEIGHT_PITCH,
                                 &top[r], &sum[r]);
            for (int c = 0; c < CHUNKS; c++)
                for (int i = 0; i < 8; i++)
                    out[c][r][i] *= shrink;
        }
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
            __syncthreads();
            fetch<V>(op, act, sample, head, 2, first, KEYS, c * CHUNK, tile, PITCH);
            __syncthreads();
            gather<ROWS>(weights, tile, out[c]);
        }
    }
#pragma unroll
    for (int c = 0; c < CHUNKS; c++)
        for (int r = 0; r < ROWS; r++)
            for (int i = 0; i < 8; i += V) {
                int q = begin + ty + 16 * r, at = c * CHUNK + i / 4 * (CHUNK / 2) + tx * 4 + i % 4;
                EdtVec<V> value;
                for (int k = 0; k < V; k++)
                    value.at[k] = out[c][r][i + k] / sum[r];
                if (q < op.T && at < op.d)
                    edt_store<V>(op.out, act,
                                 (((int64_t)sample * op.T + q) * op.H + head) * op.d + at, value);
            }
}

template <int V, int CHUNKS, int ROWS>
static cudaError_t launch(const EdtAttention *op, EdtType act, cudaStream_t stream)
{
    auto kernel = attend<V, CHUNKS, ROWS>;
    const size_t shared = sizeof(float) * shared_floats<CHUNKS, ROWS>();
    static_assert(sizeof(float) * shared_floats<CHUNKS, ROWS>() <= EDT_SHARED_MAX);
    EDT_LAUNCH(kernel,
               dim3((unsigned)((op->T + 16 * ROWS - 1) / (16 * ROWS)), (unsigned)(op->N * op->H)),
               dim3(THREADS), shared, stream, *op, act);
    return cudaGetLastError();
}

cudaError_t edt_cuda_attention(const EdtAttention *op, EdtType act, cudaStream_t stream)
{
    const bool four = op->d % 4 == 0;
    if (op->d <= CHUNK)
        return four ? launch<4, 1, 2>(op, act, stream) : launch<1, 1, 2>(op, act, stream);
    if (op->d <= 2 * CHUNK)
        return four ? launch<4, 2, 2>(op, act, stream) : launch<1, 2, 2>(op, act, stream);
    if (op->d <= EDT_CUDA_HEAD_MAX && four)
        return launch<4, EDT_CUDA_HEAD_MAX / CHUNK, 1>(op, act, stream);
    return cudaErrorInvalidValue;
}
