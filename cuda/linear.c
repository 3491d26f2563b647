/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear layers: weights on the device in the type of their input, bias in the type of the output,
 * everything else in matmul.c.
 */
#include "device.h"
#include "base/number.h"

#include <glib/gi18n-lib.h>

struct EdtLinear {
    EdtMatmulShape shape; /* but for M */
    void *weight, *bias;
};

#define PIECE 65536 /* numbers converted at a time */

/* Uploads what is of the right type as it is, the rest piece by piece. */
static void upload_as(EdtDevice *dev, void *to, EdtType to_type, const void *host, EdtType from,
                      gsize count)
{
    if (from == to_type) {
        edt_cuda_upload(dev, to, host, count * edt_type_size(from));
        return;
    }
    g_autofree char *piece = g_malloc(PIECE * sizeof(float));
    for (gsize done = 0; done < count; done += PIECE) {
        gsize part = MIN(count - done, PIECE);
        for (gsize i = 0; i < part; i++)
            edt_number_put(piece, to_type, i, edt_number_at(host, from, done + i));
        edt_cuda_upload(dev, (char *)to + done * edt_type_size(to_type), piece,
                        part * edt_type_size(to_type));
    }
}

void *edt_cuda_keep(EdtDevice *dev, const void *host, EdtType from, gsize count, EdtType to,
                    GError **error)
{
    void *data = edt_cuda_alloc(dev, count * edt_type_size(to), error);
    if (data)
        upload_as(dev, data, to, host, from, count);
    return data;
}

EdtLinear *edt_cuda_linear_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error)
{
    if (spec->x_type == EDT_F32 && spec->y_type != EDT_F32) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    _("The CUDA backend has no product of f32 that gives bf16."));
        return NULL;
    }
    EdtLinear *linear = g_new0(EdtLinear, 1);
    linear->shape.N = linear->shape.ldy = spec->N;
    linear->shape.K = linear->shape.ldx = linear->shape.ldw = spec->K;
    linear->shape.x_type = spec->x_type;
    linear->shape.y_type = spec->y_type;
    linear->shape.epilogue = spec->epilogue;
    linear->shape.bias = spec->bias != NULL;
    linear->weight = edt_cuda_keep(dev, spec->weight, spec->weight_type,
                                   (gsize)spec->N * (gsize)spec->K, spec->x_type, error);
    if (linear->weight && spec->bias)
        linear->bias =
            edt_cuda_keep(dev, spec->bias, spec->bias_type, (gsize)spec->N, spec->y_type, error);
    if (linear->weight && (linear->bias || !spec->bias))
        return linear;
    edt_cuda_linear_free(dev, linear);
    return NULL;
}

gboolean edt_cuda_linear_prepare(EdtDevice *dev, EdtLinear *linear, gint64 M, GError **error)
{
    EdtMatmulShape shape = linear->shape;
    shape.M = M;
    return edt_cuda_ok(cudaSetDevice(dev->ordinal), N_("turning to it"), error) &&
           edt_matmul_prepare(dev->matmuls, &shape, error);
}

void edt_cuda_linear(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y)
{
    EdtMatmulShape shape = linear->shape;
    GError *error = NULL;

    if (!edt_cuda_enter(dev))
        return;
    shape.M = M;
    edt_cuda_begin(dev);
    if (!edt_matmul_run(dev->matmuls, &shape, x, linear->weight, linear->bias, y, dev->stream,
                        &error))
        edt_cuda_fail(dev, error);
    edt_cuda_end(dev, EDT_PROFILE_LINEAR, 2.0 * (double)M * (double)shape.K * (double)shape.N);
}

void edt_cuda_linear_free(EdtDevice *dev, EdtLinear *linear)
{
    if (!linear)
        return;
    edt_cuda_free(dev, linear->weight);
    edt_cuda_free(dev, linear->bias);
    g_free(linear);
}
