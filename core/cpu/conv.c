/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolutions by oneDNN, NHWC: weights packed once, one primitive per picture size.  One output
 * may take several parts:
 *
 * - A 3x3 convolution behind nearest 2x up-sampling is four 2x2 convolutions of the small picture,
 *   one for each parity of the output pixel, with weights added up beforehand: 4/9 of the
 *   multiply-adds.
 * - In f32 a convolution of many channels takes its input in planes of PLANE channels, each part
 *   adding one plane to the output.  One f32 sum over 512 channels and nine taps is 4608 additions
 *   long and alone off by more than the decoder may be: 3.7e-6 in one sum, 2.6e-6 in planes of 128
 *   channels, 2.3e-6 in planes of 64, where 3e-6 is the gate (tests/golden).
 */
#include "cpu/onednn.h"

#include <glib/gi18n-lib.h>
#include "base/half.h"
#include "base/memory.h"

#define SHAPES_MAX 4 /* picture sizes of one convolution; the oldest makes room */
#define PARTS_MAX 8
#define PARITIES 4 /* of an up-sampled pixel: (row & 1) * 2 + (column & 1) */
#define PLANE 64   /* channels */

typedef struct {
    int N, h, w;
    dnnl_primitive_t primitive[PARTS_MAX];
    dnnl_memory_t x, y;
} Shape;

struct EdtConv {
    EdtConvSpec spec; /* its host pointers are cleared */
    int parts;        /* convolutions that make one output: 1, PARITIES, or the planes */
    int C_part;       /* input channels of a part */
    float *bias;
    void *weights[PARTS_MAX]; /* packed by oneDNN */
    dnnl_memory_desc_t packed_desc;
    dnnl_memory_t packed[PARTS_MAX], bias_memory;
    Shape shapes[SHAPES_MAX];
    int n_shapes, next;
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

/* Padding before and behind one axis.  Plain 3x3: 1, 1.  Stride 2: 0, 1 or 1, 0 (one side of an even
 * number of pixels).  2x2 of an even output: the pixel before; of an odd one: the pixel behind. */
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

static float tap(const EdtConvSpec *spec, gsize i)
{
    return spec->weight_type == EDT_F32 ? ((const float *)spec->weight)[i]
                                        : edt_bf16_to_f32(((const EdtHalf *)spec->weight)[i]);
}

/* Which of the two rows (columns) of a parity's 2x2 kernel takes row k of the 3x3 kernel: output
 * row 2i sees up-sampled rows 2i-1, 2i, 2i+1, which are rows i-1, i, i of the small picture; output
 * row 2i+1 sees i, i, i+1. */
static int row_of_tap(int odd, int k)
{
    return odd ? k == 2 : k > 0;
}

static void add_taps(const EdtConvSpec *spec, int parity, float *out)
{
    gsize pairs = (gsize)spec->C_out * (gsize)spec->C_in;
    for (gsize i = 0; i < pairs; i++) {
        double sum[2][2] = {{0}};
        for (int ky = 0; ky < 3; ky++)
            for (int kx = 0; kx < 3; kx++)
                sum[row_of_tap(parity / 2, ky)][row_of_tap(parity % 2, kx)] +=
                    tap(spec, i * 9 + (gsize)(ky * 3 + kx));
        for (int k = 0; k < 4; k++)
            out[i * 4 + (gsize)k] = (float)sum[k / 2][k % 2];
    }
}

/* weights: the channels of this part in [C_out,C_in,k,k] of `type`. */
static gboolean pack_part(EdtDevice *dev, EdtConv *conv, int part, const void *weights,
                          EdtType type, GError **error)
{
    const EdtConvSpec *spec = &conv->spec;
    int k = part_kernel(conv);
    dnnl_memory_desc_t plain = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_strides(
        &plain, 4, (dnnl_dims_t){spec->C_out, conv->C_part, k, k}, edt_onednn_type(type),
        (dnnl_dims_t){(dnnl_dim_t)spec->C_in * k * k, k * k, k, 1});
    return edt_onednn_pack(dev, status, plain, weights, conv->packed_desc, &conv->packed[part],
                           &conv->weights[part], error);
}

static gboolean pack(EdtDevice *dev, EdtConv *conv, const EdtConvSpec *spec, GError **error)
{
    gsize plane =
        (gsize)(conv->C_part * spec->kernel * spec->kernel) * edt_type_size(spec->weight_type);
    gsize count = (gsize)spec->C_out * (gsize)spec->C_in * 4;
    gboolean done = TRUE;

    for (int part = 0; done && part < conv->parts && !spec->upsample; part++)
        done = pack_part(dev, conv, part, (const char *)spec->weight + (gsize)part * plane,
                         spec->weight_type, error);
    if (!spec->upsample)
        return done;
    float *added = edt_alloc(count * sizeof(float), error);
    done = added != NULL;
    for (int part = 0; done && part < PARITIES; part++) {
        add_taps(spec, part, added);
        done = pack_part(dev, conv, part, added, EDT_F32, error);
    }
    edt_free(added);
    return done;
}

/* ---- primitives ---- */

/* Planes behind the first one add to it. */
static gboolean adds(const EdtConv *conv, int part)
{
    return conv->spec.accumulate || (part > 0 && !conv->spec.upsample);
}

static gboolean has_bias(const EdtConv *conv, int part)
{
    return conv->bias && (part == 0 || conv->spec.upsample);
}

/* What follows the sums: what was there is added, then ReLU, when the sum is complete. */
static dnnl_status_t add_post_ops(const EdtConv *conv, int part, dnnl_primitive_attr_t attr,
                                  dnnl_post_ops_t *post)
{
    gboolean last = conv->spec.upsample || part == conv->parts - 1;
    dnnl_status_t status = dnnl_post_ops_create(post);

    if (!status && adds(conv, part))
        status = dnnl_post_ops_append_sum(*post, 1.0f, 0, dnnl_data_type_undef);
    if (!status && conv->spec.epilogue == EDT_EPILOGUE_RELU && last)
        status = dnnl_post_ops_append_eltwise(*post, dnnl_eltwise_relu, 0.0f, 0.0f);
    if (!status)
        status = dnnl_primitive_attr_set_post_ops(attr, *post);
    return status;
}

/* Part `part` on pictures of h x w; weights NULL: in the layout that oneDNN prefers. */
static gboolean describe(EdtDevice *dev, const EdtConv *conv, int part, int N, int h, int w,
                         const_dnnl_memory_desc_t weights, dnnl_primitive_desc_t *desc,
                         GError **error)
{
    const EdtConvSpec *spec = &conv->spec;
    int k = part_kernel(conv), s = spec->stride;
    dnnl_memory_desc_t x = NULL, any = NULL, bias = NULL, y = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t post = NULL;
    dnnl_dims_t before, behind;

    gboolean bias_too = has_bias(conv, part);
    padding(conv, part / 2, &before[0], &behind[0]);
    padding(conv, part % 2, &before[1], &behind[1]);
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &x, 4, (dnnl_dims_t){N, conv->C_part, h, w}, edt_onednn_type(spec->x_type), dnnl_nhwc);
    if (!status)
        status = dnnl_memory_desc_create_with_tag(
            &y, 4, (dnnl_dims_t){N, spec->C_out, part_side(conv, h), part_side(conv, w)},
            edt_onednn_type(spec->y_type), dnnl_nhwc);
    if (!status && weights == NULL)
        status = dnnl_memory_desc_create_with_tag(
            &any, 4, (dnnl_dims_t){spec->C_out, conv->C_part, k, k}, edt_onednn_type(spec->x_type),
            dnnl_format_tag_any);
    if (!status && bias_too)
        status = dnnl_memory_desc_create_with_tag(&bias, 1, (dnnl_dims_t){spec->C_out}, dnnl_f32,
                                                  dnnl_a);
    if (!status)
        status = dnnl_primitive_attr_create(&attr);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (!status)
        status = add_post_ops(conv, part, attr, &post);
    if (!status)
        status = dnnl_convolution_forward_primitive_desc_create(
            desc, dev->engine, dnnl_forward_inference, dnnl_convolution_direct, x,
            weights ? weights : any, bias, y, (dnnl_dims_t){s, s}, (dnnl_dims_t){0, 0}, before,
            behind, attr);
    dnnl_post_ops_destroy(post);
    dnnl_primitive_attr_destroy(attr);
    dnnl_memory_desc_destroy(x);
    dnnl_memory_desc_destroy(any);
    dnnl_memory_desc_destroy(bias);
    dnnl_memory_desc_destroy(y);
    return edt_onednn_ok(status, N_("plan a convolution"), error);
}

/* The layout that oneDNN wants for a middling picture; other sizes and parities keep to it. */
static gboolean choose_layout(EdtDevice *dev, EdtConv *conv, GError **error)
{
    dnnl_primitive_desc_t desc = NULL;
    gboolean done = describe(dev, conv, 0, 1, 64, 64, NULL, &desc, error) &&
                    edt_onednn_ok(dnnl_memory_desc_clone(
                                      &conv->packed_desc,
                                      dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0)),
                                  N_("describe the weights of a convolution"), error);
    dnnl_primitive_desc_destroy(desc);
    return done;
}

static void clear_shape(Shape *shape)
{
    for (int part = 0; part < PARTS_MAX; part++)
        dnnl_primitive_destroy(shape->primitive[part]);
    dnnl_memory_destroy(shape->x);
    dnnl_memory_destroy(shape->y);
    *shape = (Shape){0};
}

static Shape *find_shape(EdtConv *conv, int N, int h, int w)
{
    for (int i = 0; i < conv->n_shapes; i++)
        if (conv->shapes[i].N == N && conv->shapes[i].h == h && conv->shapes[i].w == w)
            return &conv->shapes[i];
    return NULL;
}

static gboolean make_part(EdtDevice *dev, EdtConv *conv, int part, Shape *shape, GError **error)
{
    dnnl_primitive_desc_t desc = NULL;
    gboolean done =
        describe(dev, conv, part, shape->N, shape->h, shape->w, conv->packed_desc, &desc, error) &&
        edt_onednn_make(dev, desc, &shape->primitive[part], part == 0 ? &shape->x : NULL,
                        part == 0 ? &shape->y : NULL, error);
    dnnl_primitive_desc_destroy(desc);
    return done;
}

/* Bytes of one parity's picture, which is then dealt out to the large one. */
static gsize parity_bytes(const EdtConv *conv, int N, int h, int w)
{
    return (gsize)N * (gsize)h * (gsize)w * (gsize)conv->spec.C_out *
           edt_type_size(conv->spec.y_type);
}

gboolean edt_cpu_conv_prepare(EdtDevice *dev, EdtConv *conv, int N, int h, int w, GError **error)
{
    Shape shape = {.N = N, .h = h, .w = w};
    gboolean done = TRUE;

    if (conv->spec.upsample && !edt_cpu_need_work(dev, parity_bytes(conv, N, h, w), error))
        return FALSE;
    if (find_shape(conv, N, h, w))
        return TRUE;
    for (int part = 0; done && part < conv->parts; part++)
        done = make_part(dev, conv, part, &shape, error);
    if (!done) {
        clear_shape(&shape);
        return FALSE;
    }
    clear_shape(&conv->shapes[conv->next]);
    conv->shapes[conv->next] = shape;
    conv->next = (conv->next + 1) % SHAPES_MAX;
    conv->n_shapes = MIN(conv->n_shapes + 1, SHAPES_MAX);
    return TRUE;
}

/* ---- running ---- */

static void run_part(EdtDevice *dev, EdtConv *conv, Shape *shape, int part, const void *x, void *y)
{
    dnnl_memory_set_data_handle(shape->x, (void *)x);
    dnnl_memory_set_data_handle(shape->y, y);
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, shape->x},
        {DNNL_ARG_WEIGHTS, conv->packed[part]},
        {DNNL_ARG_SCRATCHPAD, dev->scratch_memory},
        {DNNL_ARG_DST, shape->y},
        {DNNL_ARG_BIAS, conv->bias_memory},
    };
    dnnl_status_t status = dnnl_primitive_execute(shape->primitive[part], dev->stream,
                                                  has_bias(conv, part) ? 5 : 4, args);
    if (status)
        edt_cpu_fail(dev, N_("a convolution"), status);
}

/* from [N*h][w][C] to the pixels of one parity of y [N*2h][2w][C]. */
static void deal_out(EdtDevice *dev, const EdtConv *conv, const Shape *shape, int parity,
                     const char *from, char *y)
{
    const gsize pixel = (gsize)conv->spec.C_out * edt_type_size(conv->spec.y_type);
    const int w = shape->w, h = shape->h;
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (int row = 0; row < shape->N * h; row++) {
        gsize to_row = (gsize)(row / h) * 2 * (gsize)h + (gsize)(row % h * 2 + parity / 2);
        char *to = y + (to_row * 2 * (gsize)w + (gsize)(parity % 2)) * pixel;
        for (int column = 0; column < w; column++)
            memcpy(to + (gsize)column * 2 * pixel, from + ((gsize)row * w + column) * pixel, pixel);
    }
}

void edt_cpu_conv(EdtDevice *dev, EdtConv *conv, int N, int h, int w, const void *x, void *y)
{
    double since = edt_cpu_begin(dev);
    const EdtConvSpec *spec = &conv->spec;
    int k = part_kernel(conv);
    GError *error = NULL;

    if (!edt_cpu_conv_prepare(dev, conv, N, h, w, &error)) {
        edt_cpu_fail_error(dev, error);
        return;
    }
    Shape *shape = find_shape(conv, N, h, w);
    gsize plane =
        (gsize)N * (gsize)h * (gsize)w * (gsize)conv->C_part * edt_type_size(spec->x_type);
    for (int part = 0; !spec->upsample && part < conv->parts; part++)
        run_part(dev, conv, shape, part, (const char *)x + (gsize)part * plane, y);
    for (int parity = 0; spec->upsample && parity < PARITIES; parity++) {
        run_part(dev, conv, shape, parity, x, dev->work);
        deal_out(dev, conv, shape, parity, dev->work, y);
    }
    edt_cpu_end(dev, EDT_PROFILE_CONV, since,
                2.0 * N * conv->parts * part_side(conv, h) * part_side(conv, w) * k * k *
                    conv->C_part * spec->C_out);
}

EdtConv *edt_cpu_conv_new(EdtDevice *dev, const EdtConvSpec *spec, GError **error)
{
    EdtConv *conv = g_new0(EdtConv, 1);
    conv->spec = *spec;
    conv->spec.weight = conv->spec.bias = NULL;
    conv->parts = spec->upsample ? PARITIES : 1;
    conv->C_part = spec->C_in;
    if (spec->from_norm && spec->x_type == EDT_F32 && spec->y_type == EDT_F32 &&
        spec->C_in % PLANE == 0 && spec->C_in / PLANE <= PARTS_MAX) {
        conv->parts = spec->C_in / PLANE;
        conv->C_part = PLANE;
    }
    if ((!spec->bias || edt_onednn_bias(dev, spec->C_out, spec->bias, spec->bias_type, FALSE,
                                        &conv->bias_memory, &conv->bias, error)) &&
        choose_layout(dev, conv, error) && pack(dev, conv, spec, error))
        return conv;
    edt_cpu_conv_free(dev, conv);
    return NULL;
}

int edt_cpu_conv_planes(EdtDevice *dev, const EdtConv *conv)
{
    return conv->spec.upsample ? 1 : conv->parts;
}

void edt_cpu_conv_free(EdtDevice *dev, EdtConv *conv)
{
    if (conv == NULL)
        return;
    for (int i = 0; i < conv->n_shapes; i++)
        clear_shape(&conv->shapes[i]);
    for (int part = 0; part < PARTS_MAX; part++) {
        dnnl_memory_destroy(conv->packed[part]);
        edt_free(conv->weights[part]);
    }
    dnnl_memory_destroy(conv->bias_memory);
    dnnl_memory_desc_destroy(conv->packed_desc);
    edt_free(conv->bias);
    g_free(conv);
}
