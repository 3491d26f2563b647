/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolutions by oneDNN, NHWC; how weights lie and what computes them is layer.c's choice.  One
 * output may take several parts:
 *
 * - A 3x3 convolution behind nearest 2x up-sampling is four 2x2 convolutions of the small picture,
 *   one for each parity of the output pixel, with weights added up beforehand: 4/9 of the
 *   multiply-adds.
 * - In f32 a convolution of many channels takes its input in planes of PLANE channels, each part
 *   adding one plane to the output.  One f32 sum over 512 channels and nine taps is 4608 additions
 *   long and alone off by more than the decoder may be: 3.7e-6 in one sum, 2.6e-6 in planes of 128
 *   channels, 2.3e-6 in planes of 64, where 3e-6 is the gate (tests/golden).
 */
#include "cpu/layer.h"
#include "cpu/onednn.h"
#include "base/memory.h"
#include "compute/taps.h"

#include <glib/gi18n-lib.h>

#define PLANE 64 /* channels */

struct EdtConv {
    EdtCpuLayer layer;
    EdtConvSpec spec; /* its host pointers are cleared */
    int C_part;       /* input channels of a part; parts: 1, EDT_PARITIES, or the planes */
};

static int part_kernel(const EdtConv *conv)
{
    return conv->spec.upsample ? 2 : conv->spec.kernel;
}

/* Side of what one primitive writes for a side of what it reads. */
static int part_side(const EdtConv *conv, int side)
{
    return conv->spec.stride == 2 ? side / 2 : side;
}

/* Padding before and behind one axis.  Plain 3x3: 1, 1.  Stride 2: 0, 1 or 1, 0 (one side of an
 * even number of pixels).  2x2 of an even output: the pixel before; of an odd one: the pixel
 * behind. */
static void padding(const EdtConv *conv, int odd, dnnl_dim_t *before, dnnl_dim_t *behind)
{
    if (conv->spec.upsample) {
        *before = !odd;
        *behind = odd;
    } else {
        gboolean one_side = conv->spec.stride == 2;
        *before = conv->spec.kernel == 3 && (!one_side || conv->spec.pad_front);
        *behind = conv->spec.kernel == 3 && (!one_side || !conv->spec.pad_front);
    }
}

/* ---- weights ---- */

/* One parity's taps to [C_out,C_in,2,2]. */
static void add_taps(const EdtDevice *dev, const EdtConvSpec *spec, int parity, float *out)
{
    const gsize pairs = (gsize)spec->C_out * (gsize)spec->C_in;
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (gsize pair = 0; pair < pairs; pair++)
        edt_taps_add(spec, pair, parity, out + pair * 4);
}

/* weights: the channels of this part in [C_out,C_in,k,k] of `type`; NULL: only planned. */
static gboolean pack_part(EdtDevice *dev, EdtConv *conv, int part, const void *weights,
                          EdtType type, GError **error)
{
    const EdtConvSpec *spec = &conv->spec;
    int k = part_kernel(conv);
    dnnl_memory_desc_t plain = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_strides(
        &plain, 4, (dnnl_dims_t){spec->C_out, conv->C_part, k, k}, edt_onednn_type(type),
        (dnnl_dims_t){(dnnl_dim_t)spec->C_in * k * k, k * k, k, 1});
    return edt_cpu_layer_pack(dev, &conv->layer, part, status, plain, weights, error);
}

static gboolean pack_parities(EdtDevice *dev, EdtConv *conv, const EdtConvSpec *spec,
                              GError **error)
{
    gsize count = (gsize)spec->C_out * (gsize)spec->C_in * 4;
    float *added = edt_alloc(count * sizeof(float), error);
    gboolean ok = added != NULL;

    for (int part = 0; ok && part < EDT_PARITIES; part++) {
        if (spec->weight)
            add_taps(dev, spec, part, added);
        ok = pack_part(dev, conv, part, spec->weight ? added : NULL, EDT_F32, error);
    }
    edt_free(added);
    return ok;
}

static gboolean pack(EdtDevice *dev, EdtConv *conv, const EdtConvSpec *spec, GError **error)
{
    gsize plane =
        (gsize)(conv->C_part * spec->kernel * spec->kernel) * edt_type_size(spec->weight_type);
    gboolean ok = TRUE;

    if (spec->upsample)
        return pack_parities(dev, conv, spec, error);
    for (int part = 0; ok && part < conv->layer.n_parts; part++)
        ok = pack_part(dev, conv, part,
                       spec->weight ? (const char *)spec->weight + (gsize)part * plane : NULL,
                       spec->weight_type, error);
    return ok;
}

/* ---- primitives ---- */

/* Later planes add to the first. */
static gboolean part_adds(const EdtConv *conv, int part)
{
    return conv->spec.accumulate || (!conv->spec.upsample && part > 0);
}

/* What follows the sums: what was there is added, then ReLU, when the sum is complete. */
static dnnl_status_t add_post_ops(const EdtConv *conv, int part, dnnl_primitive_attr_t attr)
{
    const gboolean last = conv->spec.upsample || part == conv->layer.n_parts - 1;
    dnnl_post_ops_t post = NULL;
    dnnl_status_t status = dnnl_post_ops_create(&post);
    if (!status && part_adds(conv, part))
        status = dnnl_post_ops_append_sum(post, 1.0f, 0, dnnl_data_type_undef);
    if (!status && conv->spec.epilogue == EDT_EPILOGUE_RELU && last)
        status = dnnl_post_ops_append_eltwise(post, dnnl_eltwise_relu, 0.0f, 0.0f);
    if (!status)
        status = dnnl_primitive_attr_set_post_ops(attr, post);
    dnnl_post_ops_destroy(post);
    return status;
}

/* A part on N pictures of h x w. */
static dnnl_status_t describe(EdtDevice *dev, const EdtCpuLayer *layer, int part, EdtExtent e,
                              EdtType type, const_dnnl_memory_desc_t weights,
                              dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *desc)
{
    const EdtConv *conv = (const EdtConv *)layer;
    const EdtConvSpec *spec = &conv->spec;
    const int k = part_kernel(conv), s = spec->stride;
    const gboolean bias_too = layer->bias && (spec->upsample || part == 0);
    dnnl_data_type_t y_type = edt_onednn_type(edt_cpu_layer_y_type(layer, type));
    dnnl_memory_desc_t x = NULL, any = NULL, bias = NULL, y = NULL;
    dnnl_dims_t before, behind;

    padding(conv, part / 2, &before[0], &behind[0]);
    padding(conv, part % 2, &before[1], &behind[1]);
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &x, 4, (dnnl_dims_t){e.N, conv->C_part, e.h, e.w}, edt_onednn_type(type), dnnl_nhwc);
    if (!status)
        status = dnnl_memory_desc_create_with_tag(
            &y, 4, (dnnl_dims_t){e.N, spec->C_out, part_side(conv, e.h), part_side(conv, e.w)},
            y_type, dnnl_nhwc);
    if (!status && !weights)
        status = dnnl_memory_desc_create_with_tag(&any, 4,
                                                  (dnnl_dims_t){spec->C_out, conv->C_part, k, k},
                                                  edt_onednn_type(type), dnnl_format_tag_any);
    if (!status && bias_too)
        status = dnnl_memory_desc_create_with_tag(&bias, 1, (dnnl_dims_t){spec->C_out}, dnnl_f32,
                                                  dnnl_a);
    if (!status)
        status = add_post_ops(conv, part, attr);
    if (!status)
        status = dnnl_convolution_forward_primitive_desc_create(
            desc, dev->engine, dnnl_forward_inference, dnnl_convolution_direct, x,
            weights ? weights : any, bias, y, (dnnl_dims_t){s, s}, (dnnl_dims_t){0, 0}, before,
            behind, attr);
    dnnl_memory_desc_destroy(x);
    dnnl_memory_desc_destroy(any);
    dnnl_memory_desc_destroy(bias);
    dnnl_memory_desc_destroy(y);
    return status;
}

/* Where an output of stride 2 is one pixel wide and more than four high, oneDNN 3.7's convolution
 * for AMX reads what it did not write. */
static gboolean wrong_in_bf16(const EdtCpuLayer *layer, EdtExtent extent)
{
    const EdtConv *conv = (const EdtConv *)layer;
    return conv->spec.stride == 2 && part_side(conv, extent.w) == 1;
}

/* One parity's picture, which is then dealt out to the large one. */
gsize edt_cpu_conv_room(const EdtConvSpec *spec, int N, int h, int w)
{
    return !spec->upsample
               ? 0
               : (gsize)N * (gsize)h * (gsize)w * (gsize)spec->C_out * edt_type_size(spec->y_type);
}

gboolean edt_cpu_conv_prepare(EdtDevice *dev, EdtConv *conv, int N, int h, int w, GError **error)
{
    return edt_cpu_need_work(dev, edt_cpu_conv_room(&conv->spec, N, h, w), error) &&
           edt_cpu_layer_prepare(dev, &conv->layer, (EdtExtent){N, h, w}, error);
}

/* ---- running ---- */

/* from [N*h][w][C] to the pixels of one parity of y [N*2h][2w][C]. */
static void deal_out(EdtDevice *dev, const EdtConv *conv, EdtExtent e, int parity, const char *from,
                     char *y)
{
    const gsize pixel = (gsize)conv->spec.C_out * edt_type_size(conv->spec.y_type);
    const int w = e.w, h = e.h;
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (int row = 0; row < (int)e.N * h; row++) {
        gsize to_row = (gsize)(row / h) * 2 * (gsize)h + (gsize)(row % h * 2 + parity / 2);
        char *to = y + (to_row * 2 * (gsize)w + (gsize)(parity % 2)) * pixel;
        for (int column = 0; column < w; column++)
            memcpy(to + (gsize)column * 2 * pixel, from + ((gsize)row * w + column) * pixel, pixel);
    }
}

static void run(EdtDevice *dev, EdtConv *conv, const EdtShape *shape, const void *x, void *y)
{
    const EdtExtent e = shape->extent;
    gsize plane = (gsize)e.N * (gsize)e.h * (gsize)e.w * (gsize)conv->C_part *
                  edt_type_size(conv->spec.x_type);
    for (int part = 0; part < conv->layer.n_parts; part++) {
        if (conv->spec.upsample) {
            edt_cpu_layer_run(dev, &conv->layer, shape, part, x, dev->work);
            deal_out(dev, conv, e, part, dev->work, y);
        } else {
            edt_cpu_layer_run(dev, &conv->layer, shape, part, (const char *)x + (gsize)part * plane,
                              y);
        }
    }
}

/* Parts of an up-sampling read the whole of x, planes their part of it; sums are of one number
 * each. */
static EdtProfileWork work_of(const EdtConv *conv, const EdtShape *shape)
{
    const EdtConvSpec *spec = &conv->spec;
    const EdtExtent e = shape->extent;
    const gint64 sums = e.N * part_side(conv, e.h) * part_side(conv, e.w) * spec->C_out;
    const gint64 all = conv->layer.n_parts * conv->layer.depth; /* of a number of all parts */
    return edt_cpu_layer_work(&conv->layer, shape->parts[0].type, e.N * e.h * e.w * spec->C_in,
                              all * spec->C_out, spec->upsample ? EDT_PARITIES * sums : sums,
                              (double)sums * (double)all);
}

void edt_cpu_conv(EdtDevice *dev, EdtConv *conv, int N, int h, int w, const void *x, void *y)
{
    double since = edt_cpu_begin(dev);
    GError *error = NULL;

    if (!edt_cpu_conv_prepare(dev, conv, N, h, w, &error)) {
        edt_cpu_fail_error(dev, error);
        return;
    }
    const EdtShape *shape = edt_cpu_layer_shape(dev, &conv->layer, (EdtExtent){N, h, w});
    run(dev, conv, shape, x, y);
    edt_cpu_end(dev, EDT_PROFILE_CONV, since, work_of(conv, shape));
}

/* TRUE: sums of planes, see the head of this file. */
static gboolean in_planes(const EdtConvSpec *spec)
{
    return spec->from_norm && spec->x_type == EDT_F32 && spec->y_type == EDT_F32 &&
           spec->C_in % PLANE == 0 && spec->C_in / PLANE <= EDT_PARTS_MAX;
}

EdtConv *edt_cpu_conv_new(EdtDevice *dev, const EdtConvSpec *spec, GError **error)
{
    EdtConv *conv = g_new0(EdtConv, 1);
    conv->spec = *spec;
    conv->spec.weight = conv->spec.bias = NULL;
    conv->C_part = in_planes(spec) ? PLANE : spec->C_in;
    conv->layer = (EdtCpuLayer){
        .what = N_("a convolution"),
        .describe = describe,
        .wrong_in_bf16 = wrong_in_bf16,
        .x_type = spec->x_type,
        .y_type = spec->y_type,
        .n_parts = spec->upsample ? EDT_PARITIES : spec->C_in / conv->C_part,
        .depth = (gint64)part_kernel(conv) * part_kernel(conv) * conv->C_part,
        .usual = {1, 64, 64},
    };
    edt_cpu_layer_init(&conv->layer);
    if ((!spec->bias || edt_cpu_layer_bias(dev, &conv->layer, spec->C_out, spec->bias,
                                           spec->bias_type, FALSE, error)) &&
        pack(dev, conv, spec, error))
        return conv;
    edt_cpu_conv_free(dev, conv);
    return NULL;
}

int edt_cpu_conv_planes(EdtDevice *dev, const EdtConv *conv)
{
    return conv->spec.upsample ? 1 : conv->layer.n_parts;
}

void edt_cpu_conv_free(EdtDevice *dev, EdtConv *conv)
{
    if (!conv)
        return;
    edt_cpu_layer_clear(&conv->layer);
    g_free(conv);
}
