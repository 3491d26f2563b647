// SPDX-License-Identifier: GPL-3.0-or-later
//
// cuda/matmul.h without cuBLASLt: a plain product, f32 sums, on the simulated stream.
#include "cuda_host.h"

extern "C" {
#include "base/half.h"
#include "matmul.h"
}

#include "simulated.h"

#include <vector>

struct EdtMatmuls {
    bool tf32;
};

typedef float Lanes __attribute__((vector_size(32), aligned(4)));

static std::vector<float> widen(const void *x, EdtType type, gint64 rows, gint64 columns, gint64 ld)
{
    std::vector<float> out((size_t)(rows * columns));
    for (gint64 r = 0; r < rows; r++)
        for (gint64 c = 0; c < columns; c++)
            out[(size_t)(r * columns + c)] =
                type == EDT_F32 ? static_cast<const float *>(x)[r * ld + c]
                                : edt_bf16_to_f32(static_cast<const EdtHalf *>(x)[r * ld + c]);
    return out;
}

static float dot(const float *a, const float *b, gint64 count)
{
    Lanes lanes = {0};
    float sum = 0;
    gint64 i = 0;
    for (; i + 8 <= count; i += 8)
        lanes += *reinterpret_cast<const Lanes *>(a + i) * *reinterpret_cast<const Lanes *>(b + i);
    for (int k = 0; k < 8; k++)
        sum += lanes[k];
    for (; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

static float gelu(float x)
{
    return 0.5f * x * (1 + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
}

static float number(const void *x, EdtType type, gint64 i)
{
    return type == EDT_F32 ? static_cast<const float *>(x)[i]
                           : edt_bf16_to_f32(static_cast<const EdtHalf *>(x)[i]);
}

static void multiply(const EdtMatmulShape &s, const void *x, const void *w, const void *bias,
                     void *y)
{
    std::vector<float> rows = widen(x, s.x_type, s.M, s.K, s.ldx);
    std::vector<float> columns = widen(w, s.x_type, s.N, s.K, s.ldw);
    for (gint64 m = 0; m < s.M; m++)
        for (gint64 n = 0; n < s.N; n++) {
            float value = dot(&rows[(size_t)(m * s.K)], &columns[(size_t)(n * s.K)], s.K);
            value += s.accumulate ? number(y, s.y_type, m * s.ldy + n) : 0;
            value += s.bias ? number(bias, s.y_type, n) : 0;
            value = s.epilogue == EDT_EPILOGUE_GELU   ? gelu(value)
                    : s.epilogue == EDT_EPILOGUE_RELU ? fmaxf(value, 0)
                                                      : value;
            if (s.y_type == EDT_F32)
                static_cast<float *>(y)[m * s.ldy + n] = value;
            else
                static_cast<EdtHalf *>(y)[m * s.ldy + n] = edt_f32_to_bf16(value);
        }
}

EdtMatmuls *edt_matmuls_open(gboolean tf32, GError **)
{
    edt_host_machine.live++;
    edt_host_machine.held += EDT_MATMUL_WORKSPACE; // counted, though nobody needs it here
    return new EdtMatmuls{tf32 != FALSE};
}

void edt_matmuls_close(EdtMatmuls *matmuls)
{
    edt_host_machine.live -= matmuls != nullptr;
    edt_host_machine.held -= matmuls ? EDT_MATMUL_WORKSPACE : 0;
    delete matmuls;
}

gboolean edt_matmul_prepare(EdtMatmuls *, const EdtMatmulShape *, GError **)
{
    return TRUE;
}

gboolean edt_matmul_run(EdtMatmuls *, const EdtMatmulShape *shape, const void *x, const void *w,
                        const void *bias, void *y, cudaStream_t stream, GError **error)
{
    const EdtMatmulShape s = *shape;
    edt_host_submit(stream, [=] { multiply(s, x, w, bias, y); });
    if (cudaGetLastError() == cudaSuccess)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, "The GPU failed at a matrix product.");
    return FALSE;
}
