/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear layers by oneDNN's matmul: one primitive for each row count, bias and GELU in the
 * epilogue; of bytes with passes over the rows before and behind it.  How its weights lie and what
 * computes it is layer.c's choice.  Where its micro kernel does better, linear_panels.c computes.
 */
#include "cpu/layer.h"
#include "cpu/linear_int8.h"
#include "cpu/linear_panels.h"
#include "cpu/onednn.h"

#include <glib/gi18n-lib.h>

struct EdtLinear {
    EdtCpuLayer layer;
    gint64 K, N;
    EdtEpilogue epilogue;
    EdtType x_type;    /* of the caller's x; where the layer has EDT_I8 ... */
    EdtInt8 int8;      /* ... it becomes bytes by way of this */
    EdtPanels *panels; /* NULL: it is layer's */
};

static gboolean is_int8(const EdtLinear *linear)
{
    return linear->layer.x_type == EDT_I8;
}

static dnnl_status_t add_epilogue(const EdtLinear *linear, dnnl_primitive_attr_t attr)
{
    dnnl_post_ops_t post = NULL;
    if (linear->epilogue == EDT_EPILOGUE_NONE || is_int8(linear))
        return dnnl_success;
    dnnl_status_t status = dnnl_post_ops_create(&post);
    if (!status)
        status = dnnl_post_ops_append_eltwise(post, dnnl_eltwise_gelu_tanh, 0, 0);
    if (!status)
        status = dnnl_primitive_attr_set_post_ops(attr, post);
    dnnl_post_ops_destroy(post);
    return status;
}

typedef struct {
    dnnl_memory_desc_t x, plain, any, bias, y;
    const_dnnl_memory_desc_t weights; /* plain, any, or such as are at hand */
} Operands;

static dnnl_status_t first_choice(EdtDevice *dev, const Operands *o, dnnl_primitive_attr_t attr,
                                  dnnl_primitive_desc_t *desc)
{
    return dnnl_matmul_primitive_desc_create(desc, dev->engine, o->x, o->weights, o->bias, o->y,
                                             attr);
}

static gboolean has_prefix(const_dnnl_primitive_desc_t desc, const char *prefix)
{
    return g_str_has_prefix(edt_onednn_implementation(desc), prefix);
}

/* oneDNN's gemm, its first choice below AVX-512, sums in an order that the number of rows decides:
 * a picture's bits would depend on the pictures beside it.  Its brgemm, where the processor has
 * one, does not.  For that the weights stay plain, as gemm wants them: of the layouts that 3.7's
 * brgemm for AVX2 prefers it takes one for another when the number of threads changes. */
static dnnl_status_t choose(EdtDevice *dev, Operands *o, dnnl_primitive_attr_t attr,
                            dnnl_primitive_desc_t *desc)
{
    dnnl_status_t status = first_choice(dev, o, attr, desc);
    if (status || !has_prefix(*desc, "gemm"))
        return status;
    dnnl_primitive_desc_destroy(*desc);
    o->weights = o->plain;
    status = first_choice(dev, o, attr, desc);
    while (!status && !has_prefix(*desc, "brg"))
        if (dnnl_primitive_desc_next_impl(*desc)) { /* no more of them */
            dnnl_primitive_desc_destroy(*desc);
            return first_choice(dev, o, attr, desc);
        }
    return status;
}

static dnnl_status_t describe_operands(const EdtLinear *linear, gint64 M, EdtType type, Operands *o)
{
    const gboolean bytes = type == EDT_I8;
    const dnnl_data_type_t x_type = bytes ? dnnl_u8 : edt_onednn_type(type),
                           w_type = bytes ? dnnl_s8 : x_type,
                           y_type = edt_onednn_type(edt_cpu_layer_y_type(&linear->layer, type));
    const dnnl_dims_t x = {M, linear->K}, y = {M, linear->N}, weights = {linear->K, linear->N},
                      bias = {1, linear->N};
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(&o->x, 2, x, x_type, dnnl_ab);
    if (!status)
        status = dnnl_memory_desc_create_with_tag(&o->y, 2, y, y_type, dnnl_ab);
    if (!status)
        status = dnnl_memory_desc_create_with_tag(&o->plain, 2, weights, w_type, dnnl_ab);
    if (!status)
        status = dnnl_memory_desc_create_with_tag(&o->any, 2, weights, w_type, dnnl_format_tag_any);
    if (!status && linear->layer.bias)
        status = dnnl_memory_desc_create_with_tag(&o->bias, 2, bias, dnnl_f32, dnnl_ab);
    return status;
}

/* The matmul [M,K] x [K,N]. */
static dnnl_status_t describe(EdtDevice *dev, const EdtCpuLayer *layer, int part, EdtExtent extent,
                              EdtType type, const_dnnl_memory_desc_t weights,
                              dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *desc)
{
    const EdtLinear *linear = (const EdtLinear *)layer;
    Operands o = {0};
    dnnl_status_t status = describe_operands(linear, extent.N, type, &o);
    o.weights = weights ? weights : o.any;
    if (!status)
        status = add_epilogue(linear, attr);
    if (!status)
        status = choose(dev, &o, attr, desc);
    dnnl_memory_desc_destroy(o.x);
    dnnl_memory_desc_destroy(o.plain);
    dnnl_memory_desc_destroy(o.any);
    dnnl_memory_desc_destroy(o.bias);
    dnnl_memory_desc_destroy(o.y);
    return status;
}

static EdtExtent rows(gint64 M)
{
    return (EdtExtent){M, 1, 1};
}

/* torch keeps W as [N,K]: our K x N matrix with the columns contiguous. */
static gboolean pack(EdtDevice *dev, EdtLinear *linear, dnnl_data_type_t type, const void *weight,
                     GError **error)
{
    dnnl_memory_desc_t plain = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &plain, 2, (dnnl_dims_t){linear->K, linear->N}, type, dnnl_ba);
    return edt_cpu_layer_pack(dev, &linear->layer, 0, status, plain, weight, error);
}

static gboolean fill(EdtDevice *dev, EdtLinear *linear, const EdtLinearSpec *spec, GError **error)
{
    return (!spec->bias || edt_cpu_layer_bias(dev, &linear->layer, spec->N, spec->bias,
                                              spec->bias_type, TRUE, error)) &&
           pack(dev, linear, edt_onednn_type(spec->weight_type), spec->weight, error);
}

static gboolean fill_panels(EdtDevice *dev, EdtLinear *linear, const EdtLinearSpec *spec,
                            GError **error)
{
    linear->panels = edt_panels_new(dev, spec, error);
    return linear->panels != NULL;
}

static gboolean fill_int8(EdtDevice *dev, EdtLinear *linear, const EdtLinearSpec *spec,
                          GError **error)
{
    EdtInt8 *int8 = &linear->int8;
    gboolean ok =
        edt_int8_init(dev, int8, spec, error) &&
        edt_cpu_layer_bias(dev, &linear->layer, spec->N, int8->offset, EDT_F32, TRUE, error) &&
        pack(dev, linear, dnnl_s8, int8->bytes, error);
    edt_int8_forget_bytes(int8);
    return ok;
}

EdtLinear *edt_cpu_linear_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error)
{
    EdtLinear *linear = g_new0(EdtLinear, 1);
    const gboolean int8 = edt_int8_is_for(dev, spec);

    linear->K = spec->K;
    linear->N = spec->N;
    linear->epilogue = spec->epilogue;
    linear->x_type = spec->x_type;
    linear->layer = (EdtCpuLayer){
        .what = N_("a matrix product"),
        .describe = describe,
        .x_type =
            int8 ? EDT_I8
                 : spec->x_type, /* the weights take it, too: both sides of a product have one */
        .y_type = spec->y_type,
        .n_parts = 1,
        .depth = spec->K,
        .usual = rows(128),
    };
    edt_cpu_layer_init(&linear->layer);
    if (int8                            ? fill_int8(dev, linear, spec, error)
        : edt_panels_are_for(dev, spec) ? fill_panels(dev, linear, spec, error)
                                        : fill(dev, linear, spec, error))
        return linear;
    edt_cpu_linear_free(dev, linear);
    return NULL;
}

gboolean edt_cpu_linear_prepare(EdtDevice *dev, EdtLinear *linear, gint64 M, GError **error)
{
    if (linear->panels)
        return edt_panels_prepare(dev, linear->panels, M, error);
    return edt_cpu_layer_prepare(dev, &linear->layer, rows(M), error) &&
           (!is_int8(linear) || edt_int8_prepare(dev, M, linear->K, error));
}

static void run_int8(EdtDevice *dev, EdtLinear *linear, const EdtShape *shape, gint64 M,
                     const void *x, void *y)
{
    const EdtDequantise after = {
        .N = (int)linear->N,
        .y = y,
        .y_type = linear->layer.y_type,
        .epilogue = linear->epilogue,
    };
    GError *error = NULL;

    if (!edt_int8_prepare(dev, M, linear->K, &error)) {
        edt_cpu_fail_error(dev, error);
        return;
    }
    const void *bytes = edt_int8_begin(dev, M, linear->K, x, linear->x_type);
    edt_cpu_layer_run(dev, &linear->layer, shape, 0, bytes, y);
    edt_int8_end(dev, &linear->int8, M, linear->K, after);
}

/* The type that it was computed in. */
static EdtType run_layer(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y)
{
    const EdtShape *shape = edt_cpu_layer_shape(dev, &linear->layer, rows(M));
    if (!shape)
        return EDT_F32;
    if (is_int8(linear))
        run_int8(dev, linear, shape, M, x, y);
    else
        edt_cpu_layer_run(dev, &linear->layer, shape, 0, x, y);
    return shape->parts[0].type;
}

void edt_cpu_linear(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y)
{
    double since = edt_cpu_begin(dev);
    EdtType type = EDT_F32;
    if (linear->panels)
        edt_panels_run(dev, linear->panels, M, x, y);
    else
        type = run_layer(dev, linear, M, x, y);
    edt_cpu_end(dev, EDT_PROFILE_LINEAR, since,
                edt_cpu_layer_work(&linear->layer, type, M * linear->K, linear->K * linear->N,
                                   M * linear->N, (double)(M * linear->K * linear->N)));
}

void edt_cpu_linear_free(EdtDevice *dev, EdtLinear *linear)
{
    if (!linear)
        return;
    edt_cpu_layer_clear(&linear->layer);
    edt_panels_free(linear->panels);
    edt_int8_clear(&linear->int8);
    g_free(linear);
}
