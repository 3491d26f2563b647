/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opens and closes a GPU, and measures its peak.  Everything runs on one stream, in order.
 * Next: module.c for the table.
 */
#include "device.h"

#include <glib/gi18n-lib.h>

/* ---- life ---- */

int edt_cuda_ordinal(struct cudaDeviceProp *properties, GError **error)
{
    const char *wish = g_getenv("EDT_CUDA_DEVICE");
    int count = 0, ordinal = wish ? (int)g_ascii_strtoll(wish, NULL, 10) : 0;
    cudaError_t status = cudaGetDeviceCount(&count);

    if (status != cudaSuccess || count == 0) {
        cudaGetLastError();
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("there is no usable NVIDIA GPU (%s)"),
                    status ? cudaGetErrorString(status) : _("none found"));
        return -1;
    }
    if (ordinal < 0 || ordinal >= count) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    _("EDT_CUDA_DEVICE is %s, but the GPUs here are 0 to %d"), wish, count - 1);
        return -1;
    }
    status = cudaGetDeviceProperties(properties, ordinal);
    if (status == cudaSuccess)
        return ordinal;
    cudaGetLastError();
    g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("GPU %d does not answer (%s)"), ordinal,
                cudaGetErrorString(status));
    return -1;
}

static gboolean start(EdtDevice *dev, GError **error)
{
    cudaError_t status = cudaSetDevice(dev->ordinal);
    if (!status)
        status = cudaStreamCreateWithFlags(&dev->stream, cudaStreamNonBlocking);
    for (int i = 0; !status && i < 2; i++)
        status = cudaEventCreateWithFlags(&dev->staged[i], cudaEventDisableTiming);
    if (!status)
        status = cudaEventCreateWithFlags(&dev->begun, cudaEventDefault);
    if (!status)
        status = cudaEventCreateWithFlags(&dev->ended, cudaEventDefault);
    if (!status)
        status = cudaMallocHost((void **)&dev->staging, 2 * EDT_CUDA_STAGING);
    if (!edt_cuda_ok(status, N_("starting"), error))
        return FALSE;
    /* f32 stays f32 unless somebody asks: the same picture as on the CPU */
    dev->matmuls = edt_matmuls_open(g_strcmp0(g_getenv("EDT_CUDA_TF32"), "1") == 0, error);
    dev->held = EDT_MATMUL_WORKSPACE;
    return dev->matmuls != NULL;
}

EdtDevice *edt_cuda_open(const EdtDeviceOptions *options, GError **error)
{
    struct cudaDeviceProp properties;
    GError *reason = NULL;
    const int ordinal = edt_cuda_ordinal(&properties, &reason);

    if (ordinal < 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    _("The CUDA backend cannot be used: %s. Choose the backend auto or cpu."),
                    reason->message);
        g_error_free(reason);
        return NULL;
    }
    if (options->precision == EDT_PRECISION_BF16 && properties.major < 8) {
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_BACKEND,
            _("%s cannot multiply bf16 (compute capability %d.%d; 8.0 can). Choose the type "
              "f32."),
            properties.name, properties.major, properties.minor);
        return NULL;
    }
    EdtDevice *dev = g_new0(EdtDevice, 1);
    dev->ordinal = ordinal;
    dev->act = options->precision == EDT_PRECISION_BF16 ? EDT_BF16 : EDT_F32;
    dev->tensor_cores = properties.major >= 8;
    dev->records = g_strcmp0(g_getenv("EDT_CUDA_GRAPH"), "0") != 0;
    dev->taken = g_hash_table_new(NULL, NULL);
    edt_profile_begin(dev->profile);
    if (start(dev, error))
        return dev;
    edt_cuda_close(dev);
    return NULL;
}

/* A GPU that has failed answers every call with its failure; there is nobody to tell any more. */
void edt_cuda_close(EdtDevice *dev)
{
    if (!dev)
        return;
    cudaSetDevice(dev->ordinal);
    if (dev->stream)
        cudaStreamSynchronize(dev->stream);
    edt_cuda_forget_steps(dev);
    edt_matmuls_close(dev->matmuls);
    cudaFree(dev->work);
    cudaFreeHost(dev->staging);
    cudaFreeHost(dev->peeked);
    for (int i = 0; i < 2; i++)
        if (dev->staged[i])
            cudaEventDestroy(dev->staged[i]);
    if (dev->begun)
        cudaEventDestroy(dev->begun);
    if (dev->ended)
        cudaEventDestroy(dev->ended);
    if (dev->stream)
        cudaStreamDestroy(dev->stream);
    cudaGetLastError();
    g_hash_table_unref(dev->taken);
    g_clear_error(&dev->error);
    g_free(dev);
}

/* ---- the highest rate ---- */

#define PEAK_SIDE 4096
#define PEAK_TRIALS 12

static double time_product(EdtDevice *dev, const EdtMatmulShape *shape, void *x, void *w, void *y)
{
    float ms = 0;
    GError *error = NULL;
    cudaEventRecord(dev->begun, dev->stream);
    if (!edt_matmul_run(dev->matmuls, shape, x, w, NULL, y, dev->stream, &error))
        edt_cuda_fail(dev, error);
    cudaEventRecord(dev->ended, dev->stream);
    edt_cuda_check(dev, cudaEventSynchronize(dev->ended), N_("measuring its peak"));
    cudaEventElapsedTime(&ms, dev->begun, dev->ended);
    return ms > 0 ? 2.0 * PEAK_SIDE * PEAK_SIDE * PEAK_SIDE / (ms * 1e-3) : 0;
}

/* The best of several large products in act: what the device gives, not its data sheet. */
double edt_cuda_peak(EdtDevice *dev)
{
    const gint64 side = PEAK_SIDE;
    const gsize bytes = (gsize)(side * side) * edt_type_size(dev->act);
    EdtMatmulShape shape = {0};
    void *matrix[3] = {NULL};
    GError *error = NULL;
    double best = 0;

    shape.M = shape.N = shape.K = shape.ldx = shape.ldw = shape.ldy = side;
    shape.x_type = shape.y_type = dev->act;
    for (int i = 0; i < 3 && !error; i++) {
        matrix[i] = edt_cuda_alloc(dev, bytes, &error);
        if (matrix[i])
            edt_cuda_check(dev, edt_cuda_fill(side * side, matrix[i], dev->act, dev->stream),
                           N_("measuring its peak"));
    }
    for (int i = 0; i < PEAK_TRIALS && !error; i++)
        best = MAX(best, time_product(dev, &shape, matrix[0], matrix[1], matrix[2]));
    for (int i = 0; i < 3; i++)
        edt_cuda_free(dev, matrix[i]);
    if (error)
        edt_cuda_fail(dev, error);
    return best;
}
