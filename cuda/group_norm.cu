// SPDX-License-Identifier: GPL-3.0-or-later
//
// Group norm with SiLU, NHWC, in three passes: sums of each channel over strips of pixels (f32),
// their sum for each group (f64, in a fixed order: the same bits every time) as one factor and one
// offset a channel, and the picture itself.
#include "launch.cuh"

#define STRIP 128 // pixels summed in f32
#define EPSILON 1e-6

typedef struct {
    float sum, squares;
} Sums;

static inline int strips_of(const EdtGroupNorm *op)
{
    return (op->hw + STRIP - 1) / STRIP;
}

// Block (strip, channels, picture); threads: 32 channels beside each other, 8 pixels deep.
#define CHANNELS 32
#define DEPTH 8

static __global__ void __launch_bounds__(CHANNELS *DEPTH)
    sum_strips(EdtGroupNorm op, Sums *sums)
{
    EDT_SHARED(Sums, part); // [DEPTH][CHANNELS]
    const int lane = threadIdx.x % CHANNELS, depth = threadIdx.x / CHANNELS;
    const int c = blockIdx.y * CHANNELS + lane, n = blockIdx.z;
    const int begin = blockIdx.x * STRIP, end = min(begin + STRIP, op.hw);
    Sums own = {0, 0};
    for (int p = begin + depth; c < op.C && p < end; p += DEPTH) {
        float value = edt_load<1>(op.x, op.x_type, ((int64_t)n * op.hw + p) * op.C + c).at[0];
        own.sum += value;
        own.squares += value * value;
    }
    part[threadIdx.x] = own;
    __syncthreads();
    if (depth > 0 || c >= op.C)
        return;
    for (int i = 1; i < DEPTH; i++) {
        own.sum += part[i * CHANNELS + lane].sum;
        own.squares += part[i * CHANNELS + lane].squares;
    }
    sums[((int64_t)n * gridDim.x + blockIdx.x) * op.C + c] = own;
}

// Block (group, picture): y = x * factor + offset, for normalisation and affine together.
#define SUMMERS 128

static __global__ void __launch_bounds__(SUMMERS)
    coefficients(EdtGroupNorm op, const Sums *sums, int strips, float *factor, float *offset)
{
    EDT_SHARED(double, total); // [2][SUMMERS]
    const int width = op.C / op.groups, first = blockIdx.x * width, n = blockIdx.y;
    double sum = 0, squares = 0;
    for (int64_t i = threadIdx.x; i < (int64_t)strips * width; i += SUMMERS) {
        Sums part = sums[((int64_t)n * strips + i / width) * op.C + first + i % width];
        sum += part.sum;
        squares += part.squares;
    }
    total[threadIdx.x] = sum;
    total[SUMMERS + threadIdx.x] = squares;
    __syncthreads();
    for (int reach = SUMMERS / 2; reach > 0; reach /= 2) {
        if ((int)threadIdx.x < reach) {
            total[threadIdx.x] += total[threadIdx.x + reach];
            total[SUMMERS + threadIdx.x] += total[SUMMERS + threadIdx.x + reach];
        }
        __syncthreads();
    }
    const double count = (double)op.hw * width, mean = total[0] / count;
    const double variance = fmax(total[SUMMERS] / count - mean * mean, 0.0);
    const double inverse = 1.0 / sqrt(variance + EPSILON);
    for (int c = first + (int)threadIdx.x; c < first + width; c += SUMMERS) {
        factor[n * op.C + c] = (float)(inverse * op.weight[c]);
        offset[n * op.C + c] = (float)(op.bias[c] - mean * inverse * op.weight[c]);
    }
}

// V channels of one pixel a thread; V divides the width of a plane.
template <int V>
static __global__ void apply(EdtGroupNorm op, int64_t count, const float *factor,
                             const float *offset)
{
    const int width = op.C / op.planes;
    for EDT_EACH (i, count) {
        int64_t at = i * V, pixel = at / op.C, n = pixel / op.hw;
        int c = (int)(at % op.C), plane = c / width;
        EdtVec<V> x = edt_load<V>(op.x, op.x_type, at),
                  a = edt_load<V>(factor, EDT_F32, n * op.C + c),
                  b = edt_load<V>(offset, EDT_F32, n * op.C + c);
        for (int k = 0; k < V; k++) {
            x.at[k] = x.at[k] * a.at[k] + b.at[k];
            x.at[k] = op.silu ? edt_silu(x.at[k]) : x.at[k];
        }
        edt_store<V>(op.y, op.y_type, ((int64_t)plane * op.N * op.hw + pixel) * width + c % width,
                     x);
    }
}

static inline size_t sums_bytes(const EdtGroupNorm *op)
{
    size_t bytes = (size_t)op->N * (size_t)strips_of(op) * (size_t)op->C * sizeof(Sums);
    return (bytes + 63) / 64 * 64;
}

static inline size_t vector_bytes(const EdtGroupNorm *op)
{
    return ((size_t)op->N * (size_t)op->C * sizeof(float) + 63) / 64 * 64;
}

gsize edt_cuda_group_norm_work(const EdtGroupNorm *op)
{
    return sums_bytes(op) + 2 * vector_bytes(op);
}

cudaError_t edt_cuda_group_norm(const EdtGroupNorm *op, void *work, cudaStream_t stream)
{
    Sums *sums = static_cast<Sums *>(work);
    float *factor = reinterpret_cast<float *>(static_cast<char *>(work) + sums_bytes(op));
    float *offset = factor + vector_bytes(op) / sizeof(float);
    const int V = op->C / op->planes % 4 == 0 ? 4 : 1;
    const int64_t count = (int64_t)op->N * op->hw * op->C / V;
    auto kernel = V == 4 ? apply<4> : apply<1>;

    EDT_LAUNCH(sum_strips,
               dim3((unsigned)strips_of(op), (unsigned)((op->C + CHANNELS - 1) / CHANNELS),
                    (unsigned)op->N),
               dim3(CHANNELS * DEPTH), CHANNELS * DEPTH * sizeof(Sums), stream, *op, sums);
    EDT_LAUNCH(coefficients, dim3((unsigned)op->groups, (unsigned)op->N), dim3(SUMMERS),
               2 * SUMMERS * sizeof(double), stream, *op, sums, strips_of(op), factor, offset);
    EDT_LAUNCH(kernel, edt_grid(count), dim3(edt_block), 0, stream, *op, count, factor, offset);
    return cudaGetLastError();
}
