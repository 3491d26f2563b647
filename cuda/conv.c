/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolutions as matrix products: gather.cu lays out what each output pixel sees, tile by tile in
 * a bounded workspace, and a product with the weights gives the pixels.  A 1x1 convolution is a
 * product as it stands.
 *
 * - Behind nearest 2x up-sampling a 3x3 convolution is four 2x2 convolutions of the small picture,
 *   one for each parity of the output pixel, with weights added up beforehand: 4/9 of the work.
 * - In f32 the sum over taps and channels is taken in parts that add to the output: one f32 sum of
 *   4608 terms is alone off by more than the decoder may be (tests/golden).
 */
#include "device.h"
#include "compute/taps.h"

#include <glib/gi18n-lib.h>

#define TILE ((gsize)64 << 20) /* bytes of gathered rows at a time */
#define TILE_ROWS 64           /* tiles are a multiple of this, which keeps their output aligned */
#define PART 1152              /* longest f32 sum: 9 taps of 128 channels */

struct EdtConv {
    EdtConvSpec spec; /* its host pointers are cleared */
    int kernel;       /* of one product's taps: 2 behind up-sampling */
    int parities;
    gint64 K, part;   /* taps x channels, and how many of them are summed at a time */
    char *weights;    /* [parities][C_out][kernel][kernel][C_in] of x_type */
    void *bias;       /* [C_out] of y_type */
};

/* ---- weights ---- */

/* One parity's taps to [C_out][2][2][C_in]. */
static void add_taps(const EdtConvSpec *spec, int parity, float *out)
{
    const gsize C = (gsize)spec->C_in;
    float sum[4];
    for (gsize pair = 0; pair < (gsize)spec->C_out * C; pair++) {
        edt_taps_add(spec, pair, parity, sum);
        for (gsize k = 0; k < 4; k++)
            out[(pair / C * 4 + k) * C + pair % C] = sum[k];
    }
}

/* Taps from [C_out,C_in,k,k] to [C_out][k][k][C_in]. */
static void order_taps(const EdtConvSpec *spec, float *out)
{
    const gsize C = (gsize)spec->C_in, taps = (gsize)(spec->kernel * spec->kernel);
    for (gsize pair = 0; pair < (gsize)spec->C_out * C; pair++)
        for (gsize k = 0; k < taps; k++)
            out[(pair / C * taps + k) * C + pair % C] =
                edt_number_at(spec->weight, spec->weight_type, pair * taps + k);
}

/* Numbers of one parity's weights: each begins as cuBLASLt is told (matmul.c). */
static gsize parity_size(const EdtConv *conv)
{
    return ((gsize)conv->spec.C_out * (gsize)conv->K + 7) / 8 * 8;
}

static gboolean keep_weights(EdtDevice *dev, EdtConv *conv, const EdtConvSpec *spec, GError **error)
{
    const gsize one = parity_size(conv);
    g_autofree float *ordered = g_try_new0(float, one * (gsize)conv->parities);
    if (!ordered) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, _("Out of memory for a convolution."));
        return FALSE;
    }
    for (int parity = 0; spec->upsample && parity < EDT_PARITIES; parity++)
        add_taps(spec, parity, ordered + (gsize)parity * one);
    if (!spec->upsample)
        order_taps(spec, ordered);
    conv->weights = edt_cuda_keep(dev, ordered, EDT_F32, one * (gsize)conv->parities, spec->x_type,
                                  error);
    if (conv->weights && spec->bias)
        conv->bias = edt_cuda_keep(dev, spec->bias, spec->bias_type, (gsize)spec->C_out,
                                   spec->y_type, error);
    return conv->weights && (conv->bias || !spec->bias);
}

EdtConv *edt_cuda_conv_new(EdtDevice *dev, const EdtConvSpec *spec, GError **error)
{
    if ((spec->x_type == EDT_F32 && spec->y_type != EDT_F32) ||
        (spec->upsample && (spec->accumulate || spec->kernel != 3))) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    _("The CUDA backend has no convolution of this kind."));
        return NULL;
    }
    EdtConv *conv = g_new0(EdtConv, 1);
    conv->spec = *spec;
    conv->spec.weight = conv->spec.bias = NULL;
    conv->kernel = spec->upsample ? 2 : spec->kernel;
    conv->parities = spec->upsample ? EDT_PARITIES : 1;
    conv->K = (gint64)conv->kernel * conv->kernel * spec->C_in;
    conv->part = conv->K;
    if (spec->x_type == EDT_F32 && conv->K > PART) {
        gint64 parts = (conv->K + PART - 1) / PART;
        conv->part = ((conv->K + parts - 1) / parts + 31) / 32 * 32;
    }
    if (keep_weights(dev, conv, spec, error))
        return conv;
    edt_cuda_conv_free(dev, conv);
    return NULL;
}

void edt_cuda_conv_free(EdtDevice *dev, EdtConv *conv)
{
    if (!conv)
        return;
    edt_cuda_free(dev, conv->weights);
    edt_cuda_free(dev, conv->bias);
    g_free(conv);
}

int edt_cuda_conv_planes(EdtDevice *dev, const EdtConv *conv)
{
    return 1;
}

/* ---- tiles ---- */

/* A run over pictures of one size. */
typedef struct {
    gint64 pixels;   /* output pixels of one parity, all pictures */
    gint64 rows;     /* of a tile */
    int out_h, out_w;
    gsize gathered, made; /* bytes of a tile's rows and, behind up-sampling, of its output */
} Tiling;

static gboolean gathers(const EdtConv *conv)
{
    return conv->kernel > 1;
}

static Tiling tiling_for(const EdtConv *conv, int N, int h, int w)
{
    const gsize row = (gsize)conv->K * edt_type_size(conv->spec.x_type);
    Tiling t = {.out_h = h / conv->spec.stride, .out_w = w / conv->spec.stride};
    t.pixels = (gint64)N * t.out_h * t.out_w;
    t.rows = t.pixels;
    if (gathers(conv)) {
        t.rows = MAX((gint64)(TILE / row) / TILE_ROWS * TILE_ROWS, TILE_ROWS);
        t.rows = MIN(t.rows, t.pixels);
        t.gathered = ((gsize)t.rows * row + 255) / 256 * 256;
    }
    if (conv->spec.upsample)
        t.made = (gsize)t.rows * (gsize)conv->spec.C_out * edt_type_size(conv->spec.y_type);
    return t;
}

/* The product of `rows` rows that begins at column `first` of K. */
static EdtMatmulShape product(const EdtConv *conv, gint64 rows, gint64 first)
{
    EdtMatmulShape shape = {0};
    shape.M = rows;
    shape.N = shape.ldy = conv->spec.C_out;
    shape.K = MIN(conv->part, conv->K - first);
    shape.ldx = shape.ldw = conv->K;
    shape.x_type = conv->spec.x_type;
    shape.y_type = conv->spec.y_type;
    shape.bias = first == 0 && conv->bias;
    shape.accumulate = first > 0 || conv->spec.accumulate;
    if (first + conv->part >= conv->K)
        shape.epilogue = conv->spec.epilogue;
    return shape;
}

gboolean edt_cuda_conv_prepare(EdtDevice *dev, EdtConv *conv, int N, int h, int w, GError **error)
{
    const Tiling t = tiling_for(conv, N, h, w);
    const gint64 rest = t.pixels % t.rows;
    gboolean ok = edt_cuda_ok(cudaSetDevice(dev->ordinal), N_("turning to it"), error) &&
                  edt_cuda_need_work(dev, t.gathered + t.made, error);

    for (gint64 first = 0; ok && first < conv->K; first += conv->part) {
        EdtMatmulShape whole = product(conv, t.rows, first), last = product(conv, rest, first);
        ok = edt_matmul_prepare(dev->matmuls, &whole, error) &&
             (rest == 0 || edt_matmul_prepare(dev->matmuls, &last, error));
    }
    return ok;
}

/* y = rows W^T + bias for the weights of one parity, in parts of the sum. */
static gboolean multiply(EdtDevice *dev, const EdtConv *conv, int parity, gint64 rows,
                         const char *x, void *y, GError **error)
{
    const gsize size = edt_type_size(conv->spec.x_type);
    const char *weights = conv->weights + (gsize)parity * parity_size(conv) * size;
    gboolean ok = TRUE;
    for (gint64 first = 0; ok && first < conv->K; first += conv->part) {
        EdtMatmulShape shape = product(conv, rows, first);
        ok = edt_matmul_run(dev->matmuls, &shape, x + (gsize)first * size,
                            weights + (gsize)first * size, conv->bias, y, dev->stream, error);
    }
    return ok;
}

/* Plain 3x3: padding all round.  Stride 2: on one side only.  2x2 of an even output: the pixel
 * before; of an odd one: the pixel behind. */
static int padding_before(const EdtConv *conv, int odd)
{
    if (conv->spec.upsample)
        return !odd;
    return conv->kernel == 3 && (conv->spec.stride == 1 || conv->spec.pad_front);
}

/* Output pixels first .. first+count-1 of one parity. */
static gboolean run_tile(EdtDevice *dev, const EdtConv *conv, const Tiling *t, int parity, int h,
                         int w, gint64 first, gint64 count, const char *x, char *y, GError **error)
{
    const EdtConvSpec *spec = &conv->spec;
    char *work = dev->work, *made = work + t->gathered;
    const gsize x_row = (gsize)conv->K * edt_type_size(spec->x_type);
    char *to = y + (gsize)first * (gsize)spec->C_out * edt_type_size(spec->y_type);

    if (gathers(conv) &&
        !edt_cuda_ok(edt_cuda_gather(&(EdtCudaGather){
                                         .h = h, .w = w, .C = spec->C_in,
                                         .out_h = t->out_h, .out_w = t->out_w,
                                         .kernel = conv->kernel, .stride = spec->stride,
                                         .before_y = padding_before(conv, parity / 2),
                                         .before_x = padding_before(conv, parity % 2),
                                         .first = first, .count = count,
                                         .x = x, .rows = work, .type = spec->x_type,
                                     },
                                     dev->stream),
                     N_("a convolution"), error))
        return FALSE;
    if (!multiply(dev, conv, parity, count, gathers(conv) ? work : x + (gsize)first * x_row,
                  spec->upsample ? made : to, error))
        return FALSE;
    return !spec->upsample ||
           edt_cuda_ok(edt_cuda_deal(&(EdtCudaDeal){
                                         .h = h, .w = w, .C = spec->C_out, .parity = parity,
                                         .first = first, .count = count,
                                         .rows = made, .y = y, .type = spec->y_type,
                                     },
                                     dev->stream),
                       N_("a convolution"), error);
}

void edt_cuda_conv(EdtDevice *dev, EdtConv *conv, int N, int h, int w, const void *x, void *y)
{
    const Tiling t = tiling_for(conv, N, h, w);
    GError *error = NULL;
    gboolean ok = TRUE;

    if (!edt_cuda_enter(dev))
        return;
    edt_cuda_begin(dev);
    ok = edt_cuda_need_work(dev, t.gathered + t.made, &error);
    for (int parity = 0; parity < conv->parities; parity++)
        for (gint64 first = 0; ok && first < t.pixels; first += t.rows)
            ok = run_tile(dev, conv, &t, parity, h, w, first, MIN(t.rows, t.pixels - first), x, y,
                          &error);
    if (!ok)
        edt_cuda_fail(dev, error);
    edt_cuda_end(dev, EDT_PROFILE_CONV,
                 2.0 * (double)conv->parities * (double)t.pixels * (double)conv->K *
                     conv->spec.C_out);
}
