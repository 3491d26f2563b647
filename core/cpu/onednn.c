/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See onednn.h.
 */
#include "cpu/onednn.h"

#include <glib/gi18n-lib.h>
#include "base/memory.h"

dnnl_data_type_t edt_onednn_type(EdtType type)
{
    return type == EDT_BF16 ? dnnl_bf16 : dnnl_f32;
}

gboolean edt_onednn_ok(dnnl_status_t status, const char *what, GError **error)
{
    if (status == dnnl_success)
        return TRUE;
    g_set_error(error, EDT_ERROR,
                status == dnnl_out_of_memory ? EDT_ERROR_NO_MEMORY : EDT_ERROR_FAILED,
                _("oneDNN could not %s (status %d)."), _(what), (int)status);
    return FALSE;
}

gboolean edt_onednn_pack(EdtDevice *dev, dnnl_status_t status, dnnl_memory_desc_t plain,
                         const void *from, const_dnnl_memory_desc_t packed, dnnl_memory_t *memory,
                         void **data, GError **error)
{
    dnnl_memory_t source = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;

    *data = edt_alloc(dnnl_memory_desc_get_size(packed), error);
    if (*data == NULL) {
        dnnl_memory_desc_destroy(plain);
        return FALSE;
    }
    if (!status)
        status = dnnl_memory_create(memory, packed, dev->engine, *data);
    if (!status)
        status = dnnl_memory_create(&source, plain, dev->engine, (void *)from);
    if (!status)
        status = dnnl_reorder_primitive_desc_create(&desc, plain, dev->engine, packed, dev->engine,
                                                    NULL);
    if (!status)
        status = dnnl_primitive_create(&reorder, desc);
    if (!status)
        status = dnnl_primitive_execute(
            reorder, dev->stream, 2,
            (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, *memory}});
    if (!status)
        status = dnnl_stream_wait(dev->stream);
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(source);
    dnnl_memory_desc_destroy(plain);
    return edt_onednn_ok(status, N_("pack weights"), error);
}

gboolean edt_onednn_bias(EdtDevice *dev, gint64 N, const void *bias, EdtType type,
                         gboolean of_matrix, dnnl_memory_t *memory, float **data, GError **error)
{
    dnnl_memory_desc_t desc = NULL;
    dnnl_dims_t vector = {N}, row = {1, N};

    *data = edt_alloc((gsize)N * sizeof(float), error);
    if (*data == NULL)
        return FALSE;
    dev->kernels->convert(N, bias, type, *data, EDT_F32);
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &desc, of_matrix ? 2 : 1, of_matrix ? row : vector, dnnl_f32, of_matrix ? dnnl_ab : dnnl_a);
    if (!status)
        status = dnnl_memory_create(memory, desc, dev->engine, *data);
    dnnl_memory_desc_destroy(desc);
    return edt_onednn_ok(status, N_("keep a bias"), error);
}

gboolean edt_onednn_make(EdtDevice *dev, const_dnnl_primitive_desc_t desc,
                         dnnl_primitive_t *primitive, dnnl_memory_t *x, dnnl_memory_t *y,
                         GError **error)
{
    dnnl_status_t status = dnnl_primitive_create(primitive, desc);
    if (!status && x)
        status = dnnl_memory_create(x, dnnl_primitive_desc_query_md(desc, dnnl_query_src_md, 0),
                                    dev->engine, DNNL_MEMORY_NONE);
    if (!status && y)
        status = dnnl_memory_create(y, dnnl_primitive_desc_query_md(desc, dnnl_query_dst_md, 0),
                                    dev->engine, DNNL_MEMORY_NONE);
    return edt_onednn_ok(status, N_("make a primitive"), error) &&
           edt_cpu_need_scratch(dev,
                                dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(
                                    desc, dnnl_query_scratchpad_md, 0)),
                                error);
}
