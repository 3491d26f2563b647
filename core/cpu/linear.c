/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear layers by oneDNN: weights packed once into the layout that its matmul likes best, one
 * primitive per row count, bias and GELU in the epilogue.
 */
#include "cpu/onednn.h"

#include <glib/gi18n-lib.h>
#include "base/memory.h"

#define SHAPES_MAX 8 /* row counts of one layer: batch sizes, last slices */

typedef struct {
    gint64 M;
    dnnl_primitive_t primitive;
    dnnl_memory_t x, y;
} Shape;

struct EdtLinear {
    gint64 K, N;
    dnnl_data_type_t w_type, x_type, y_type;
    EdtEpilogue epilogue;
    dnnl_memory_desc_t packed_desc;
    dnnl_memory_t packed, bias;
    void *packed_data;
    float *bias_data;
    Shape shapes[SHAPES_MAX];
    int n_shapes, next; /* the oldest shape makes room */
};

/* The matmul [M,K] x [K,N]; weights in the layout `weights`. */
static gboolean describe(EdtDevice *dev, const EdtLinear *linear, gint64 M,
                         const_dnnl_memory_desc_t weights, dnnl_primitive_desc_t *desc,
                         GError **error)
{
    dnnl_memory_desc_t x = NULL, bias = NULL, y = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t post = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(&x, 2, (dnnl_dims_t){M, linear->K},
                                                            linear->x_type, dnnl_ab);

    if (!status)
        status = dnnl_memory_desc_create_with_tag(&y, 2, (dnnl_dims_t){M, linear->N},
                                                  linear->y_type, dnnl_ab);
    if (!status && linear->bias_data)
        status = dnnl_memory_desc_create_with_tag(&bias, 2, (dnnl_dims_t){1, linear->N}, dnnl_f32,
                                                  dnnl_ab);
    if (!status)
        status = dnnl_primitive_attr_create(&attr);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (!status && linear->epilogue == EDT_EPILOGUE_GELU) {
        status = dnnl_post_ops_create(&post);
        if (!status)
            status = dnnl_post_ops_append_eltwise(post, dnnl_eltwise_gelu_tanh, 0, 0);
        if (!status)
            status = dnnl_primitive_attr_set_post_ops(attr, post);
    }
    if (!status)
        status = dnnl_matmul_primitive_desc_create(desc, dev->engine, x, weights, bias, y, attr);
    dnnl_post_ops_destroy(post);
    dnnl_primitive_attr_destroy(attr);
    dnnl_memory_desc_destroy(x);
    dnnl_memory_desc_destroy(y);
    dnnl_memory_desc_destroy(bias);
    return edt_onednn_ok(status, N_("plan a matrix product"), error);
}

/* The layout that oneDNN wants for a middling row count; other row counts keep to it. */
static gboolean choose_layout(EdtDevice *dev, EdtLinear *linear, GError **error)
{
    dnnl_memory_desc_t any = NULL;
    dnnl_primitive_desc_t desc = NULL;
    gboolean done =
        edt_onednn_ok(dnnl_memory_desc_create_with_tag(&any, 2, (dnnl_dims_t){linear->K, linear->N},
                                                       linear->w_type, dnnl_format_tag_any),
                      N_("describe weights"), error) &&
        describe(dev, linear, 128, any, &desc, error) &&
        edt_onednn_ok(
            dnnl_memory_desc_clone(&linear->packed_desc,
                                   dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0)),
            N_("describe packed weights"), error);
    dnnl_memory_desc_destroy(any);
    dnnl_primitive_desc_destroy(desc);
    return done;
}

/* torch keeps W as [N,K]: our K x N matrix with the columns contiguous. */
static gboolean pack(EdtDevice *dev, EdtLinear *linear, const EdtLinearSpec *spec, GError **error)
{
    dnnl_memory_desc_t plain = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &plain, 2, (dnnl_dims_t){spec->K, spec->N}, edt_onednn_type(spec->weight_type), dnnl_ba);
    return edt_onednn_pack(dev, status, plain, spec->weight, linear->packed_desc, &linear->packed,
                           &linear->packed_data, error);
}

EdtLinear *edt_cpu_linear_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error)
{
    EdtLinear *linear = g_new0(EdtLinear, 1);
    linear->K = spec->K;
    linear->N = spec->N;
    linear->x_type = edt_onednn_type(spec->x_type);
    linear->w_type = linear->x_type; /* both sides of a product have one type */
    linear->y_type = edt_onednn_type(spec->y_type);
    linear->epilogue = spec->epilogue;
    if ((spec->bias == NULL || edt_onednn_bias(dev, spec->N, spec->bias, spec->bias_type, TRUE,
                                               &linear->bias, &linear->bias_data, error)) &&
        choose_layout(dev, linear, error) && pack(dev, linear, spec, error))
        return linear;
    edt_cpu_linear_free(dev, linear);
    return NULL;
}

static void clear_shape(Shape *shape)
{
    dnnl_primitive_destroy(shape->primitive);
    dnnl_memory_destroy(shape->x);
    dnnl_memory_destroy(shape->y);
    *shape = (Shape){0};
}

static Shape *find_shape(EdtLinear *linear, gint64 M)
{
    for (int i = 0; i < linear->n_shapes; i++)
        if (linear->shapes[i].M == M)
            return &linear->shapes[i];
    return NULL;
}

gboolean edt_cpu_linear_prepare(EdtDevice *dev, EdtLinear *linear, gint64 M, GError **error)
{
    if (find_shape(linear, M))
        return TRUE;

    dnnl_primitive_desc_t desc = NULL;
    Shape shape = {.M = M};
    gboolean done = describe(dev, linear, M, linear->packed_desc, &desc, error) &&
                    edt_onednn_make(dev, desc, &shape.primitive, &shape.x, &shape.y, error);
    dnnl_primitive_desc_destroy(desc);
    if (!done) {
        clear_shape(&shape);
        return FALSE;
    }
    clear_shape(&linear->shapes[linear->next]);
    linear->shapes[linear->next] = shape;
    linear->next = (linear->next + 1) % SHAPES_MAX;
    linear->n_shapes = MIN(linear->n_shapes + 1, SHAPES_MAX);
    return TRUE;
}

void edt_cpu_linear(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y)
{
    double since = edt_cpu_begin(dev);
    Shape *shape = find_shape(linear, M);
    if (shape == NULL) {
        GError *error = NULL;
        if (!edt_cpu_linear_prepare(dev, linear, M, &error)) {
            edt_cpu_fail_error(dev, error);
            return;
        }
        shape = find_shape(linear, M);
    }
    dnnl_memory_set_data_handle(shape->x, (void *)x);
    dnnl_memory_set_data_handle(shape->y, y);
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, shape->x},      {DNNL_ARG_WEIGHTS, linear->packed},
        {DNNL_ARG_DST, shape->y},      {DNNL_ARG_SCRATCHPAD, dev->scratch_memory},
        {DNNL_ARG_BIAS, linear->bias},
    };
    dnnl_status_t status =
        dnnl_primitive_execute(shape->primitive, dev->stream, linear->bias ? 5 : 4, args);
    if (status)
        edt_cpu_fail(dev, N_("a matrix product"), status);
    edt_cpu_end(dev, EDT_PROFILE_LINEAR, since,
                2.0 * (double)M * (double)linear->K * (double)linear->N);
}

void edt_cpu_linear_free(EdtDevice *dev, EdtLinear *linear)
{
    if (linear == NULL)
        return;
    for (int i = 0; i < linear->n_shapes; i++)
        clear_shape(&linear->shapes[i]);
    dnnl_memory_destroy(linear->packed);
    dnnl_memory_destroy(linear->bias);
    dnnl_memory_desc_destroy(linear->packed_desc);
    edt_free(linear->packed_data);
    edt_free(linear->bias_data);
    g_free(linear);
}
