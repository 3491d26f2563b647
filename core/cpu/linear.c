/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear layers by oneDNN's matmul: one primitive for each row count, bias and GELU in the
 * epilogue. How its weights lie and what computes it is layer.c's choice.
 */
#include "cpu/layer.h"
#include "cpu/onednn.h"

#include <glib/gi18n-lib.h>

struct EdtLinear {
    EdtCpuLayer layer;
    gint64 K, N;
    EdtEpilogue epilogue;
};

static dnnl_status_t add_epilogue(const EdtLinear *linear, dnnl_primitive_attr_t attr)
{
    dnnl_post_ops_t post = NULL;
    if (linear->epilogue == EDT_EPILOGUE_NONE)
        return dnnl_success;
    dnnl_status_t status = dnnl_post_ops_create(&post);
    if (!status)
        status = dnnl_post_ops_append_eltwise(post, dnnl_eltwise_gelu_tanh, 0, 0);
    if (!status)
        status = dnnl_primitive_attr_set_post_ops(attr, post);
    dnnl_post_ops_destroy(post);
    return status;
}

/* The matmul [M,K] x [K,N]. */
static dnnl_status_t describe(EdtDevice *dev, const EdtCpuLayer *layer, int part, EdtExtent extent,
                              EdtType type, const_dnnl_memory_desc_t weights,
                              dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *desc)
{
    const EdtLinear *linear = (const EdtLinear *)layer;
    const dnnl_dim_t M = extent.N, K = linear->K, N = linear->N;
    dnnl_data_type_t y_type = edt_onednn_type(edt_cpu_layer_y_type(layer, type));
    dnnl_memory_desc_t x = NULL, any = NULL, bias = NULL, y = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(&x, 2, (dnnl_dims_t){M, K},
                                                            edt_onednn_type(type), dnnl_ab);
    if (!status)
        status = dnnl_memory_desc_create_with_tag(&y, 2, (dnnl_dims_t){M, N}, y_type, dnnl_ab);
    if (!status && !weights)
        status = dnnl_memory_desc_create_with_tag(&any, 2, (dnnl_dims_t){K, N},
                                                  edt_onednn_type(type), dnnl_format_tag_any);
    if (!status && layer->bias)
        status = dnnl_memory_desc_create_with_tag(&bias, 2, (dnnl_dims_t){1, N}, dnnl_f32, dnnl_ab);
    if (!status)
        status = add_epilogue(linear, attr);
    if (!status)
        status = dnnl_matmul_primitive_desc_create(desc, dev->engine, x, weights ? weights : any,
                                                   bias, y, attr);
    dnnl_memory_desc_destroy(x);
    dnnl_memory_desc_destroy(any);
    dnnl_memory_desc_destroy(bias);
    dnnl_memory_desc_destroy(y);
    return status;
}

static EdtExtent rows(gint64 M)
{
    return (EdtExtent){M, 1, 1};
}

/* torch keeps W as [N,K]: our K x N matrix with the columns contiguous. */
static gboolean pack(EdtDevice *dev, EdtLinear *linear, const EdtLinearSpec *spec, GError **error)
{
    dnnl_memory_desc_t plain = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &plain, 2, (dnnl_dims_t){spec->K, spec->N}, edt_onednn_type(spec->weight_type), dnnl_ba);
    return edt_cpu_layer_pack(dev, &linear->layer, 0, status, plain, spec->weight, error);
}

EdtLinear *edt_cpu_linear_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error)
{
    EdtLinear *linear = g_new0(EdtLinear, 1);

    linear->K = spec->K;
    linear->N = spec->N;
    linear->epilogue = spec->epilogue;
    linear->layer = (EdtCpuLayer){
        .what = N_("a matrix product"),
        .describe = describe,
        .x_type = spec->x_type, /* the weights take it, too: both sides of a product have one */
        .y_type = spec->y_type,
        .n_parts = 1,
        .depth = spec->K,
        .usual = rows(128),
    };
    edt_cpu_layer_init(&linear->layer);
    if ((!spec->bias || edt_cpu_layer_bias(dev, &linear->layer, spec->N, spec->bias,
                                           spec->bias_type, TRUE, error)) &&
        pack(dev, linear, spec, error))
        return linear;
    edt_cpu_linear_free(dev, linear);
    return NULL;
}

gboolean edt_cpu_linear_prepare(EdtDevice *dev, EdtLinear *linear, gint64 M, GError **error)
{
    return edt_cpu_layer_prepare(dev, &linear->layer, rows(M), error);
}

void edt_cpu_linear(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y)
{
    double since = edt_cpu_begin(dev);
    const EdtShape *shape = edt_cpu_layer_shape(dev, &linear->layer, rows(M));
    if (!shape)
        return;
    edt_cpu_layer_run(dev, &linear->layer, shape, 0, x, y);
    edt_cpu_end(dev, EDT_PROFILE_LINEAR, since,
                2.0 * (double)M * (double)linear->K * (double)linear->N);
}

void edt_cpu_linear_free(EdtDevice *dev, EdtLinear *linear)
{
    if (!linear)
        return;
    edt_cpu_layer_clear(&linear->layer);
    g_free(linear);
}
