// SPDX-License-Identifier: GPL-3.0-or-later
//
// The two moves of a convolution that is computed as a matrix product (conv.c): gather brings
// together what each output pixel sees, deal puts one parity of an up-sampled picture in its place.
// Both copy whole pixels in pieces of 16, 4 or 2 bytes and know no arithmetic.
#include "launch.cuh"

// pieces: of Piece in a pixel.
template <typename Piece> static __global__ void gather(EdtCudaGather op, int pieces)
{
    const int taps = op.kernel * op.kernel;
    const int64_t picture = (int64_t)op.out_h * op.out_w;
    for EDT_EACH (i, op.count * taps * pieces) {
        int64_t row = i / pieces / taps, pixel = (op.first + row) % picture,
                n = (op.first + row) / picture;
        int tap = (int)(i / pieces % taps);
        int y = (int)(pixel / op.out_w) * op.stride + tap / op.kernel - op.before_y;
        int x = (int)(pixel % op.out_w) * op.stride + tap % op.kernel - op.before_x;
        Piece value = {};
        if (y >= 0 && y < op.h && x >= 0 && x < op.w)
            value = static_cast<const Piece *>(
                op.x)[((n * op.h + y) * op.w + x) * pieces + i % pieces];
        static_cast<Piece *>(op.rows)[i] = value;
    }
}

template <typename Piece> static __global__ void deal(EdtCudaDeal op, int pieces)
{
    for EDT_EACH (i, op.count * pieces) {
        int64_t pixel = op.first + i / pieces, row = pixel / op.w; // rows of all pictures
        // picture n begins at row 2nh of y, and row n*h + y goes to 2nh + 2y
        int64_t to = (2 * row + op.parity / 2) * 2 * op.w + 2 * (pixel % op.w) + op.parity % 2;
        static_cast<Piece *>(op.y)[to * pieces + i % pieces] =
            static_cast<const Piece *>(op.rows)[i];
    }
}

cudaError_t edt_cuda_gather(const EdtCudaGather *op, cudaStream_t stream)
{
    const int bytes = op->C * (int)edt_type_size(op->type);
    const int size = bytes % 16 == 0 ? 16 : bytes % 4 == 0 ? 4 : 2, pieces = bytes / size;
    auto kernel = size == 16 ? gather<uint4> : size == 4 ? gather<uint32_t> : gather<uint16_t>;
    const int64_t count = op->count * op->kernel * op->kernel * pieces;
    EDT_LAUNCH(kernel, edt_grid(count), dim3(edt_block), 0, stream, *op, pieces);
    return cudaGetLastError();
}

cudaError_t edt_cuda_deal(const EdtCudaDeal *op, cudaStream_t stream)
{
    const int bytes = op->C * (int)edt_type_size(op->type);
    const int size = bytes % 16 == 0 ? 16 : bytes % 4 == 0 ? 4 : 2, pieces = bytes / size;
    auto kernel = size == 16 ? deal<uint4> : size == 4 ? deal<uint32_t> : deal<uint16_t>;
    EDT_LAUNCH(kernel, edt_grid(op->count * pieces), dim3(edt_block), 0, stream, *op, pieces);
    return cudaGetLastError();
}
