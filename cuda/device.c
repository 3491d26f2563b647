/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opens and closes a GPU, and moves bytes to it and back.  Everything runs on one stream, in order;
 * host memory goes through two pinned halves in turn, so an upload returns once the caller's
 * memory has been read.
 */
#include "device.h"

#include <string.h>

#define STAGING ((gsize)4 << 20) /* bytes of a half */

/* ---- errors ---- */

gboolean edt_cuda_ok(cudaError_t status, const char *what, GError **error)
{
    if (status == cudaSuccess)
        return TRUE;
    cudaGetLastError(); /* the error is ours now */
    g_set_error(error, EDT_ERROR,
                status == cudaErrorMemoryAllocation ? EDT_ERROR_NO_MEMORY : EDT_ERROR_BACKEND,
                "The GPU failed at %s: %s. Try again, or choose the backend cpu.", what,
                cudaGetErrorString(status));
    return FALSE;
}

void edt_cuda_fail(EdtDevice *dev, GError *error)
{
    if (dev->error == NULL)
        dev->error = error;
    else
        g_clear_error(&error);
}

void edt_cuda_check(EdtDevice *dev, cudaError_t status, const char *what)
{
    GError *error = NULL;
    if (!edt_cuda_ok(status, what, &error))
        edt_cuda_fail(dev, error);
}

gboolean edt_cuda_enter(EdtDevice *dev)
{
    if (dev->error)
        return FALSE;
    edt_cuda_check(dev, cudaSetDevice(dev->ordinal), "turning to it");
    return dev->error == NULL;
}

gboolean edt_cuda_sync(EdtDevice *dev, GError **error)
{
    cudaSetDevice(dev->ordinal);
    edt_cuda_check(dev, cudaStreamSynchronize(dev->stream), "its work");
    if (dev->error == NULL)
        return TRUE;
    g_propagate_error(error, dev->error);
    dev->error = NULL;
    return FALSE;
}

/* ---- life ---- */

int edt_cuda_ordinal(struct cudaDeviceProp *properties, GError **error)
{
    const char *wish = g_getenv("EDT_CUDA_DEVICE");
    int count = 0, ordinal = wish ? (int)g_ascii_strtoll(wish, NULL, 10) : 0;
    cudaError_t status = cudaGetDeviceCount(&count);

    if (status != cudaSuccess || count == 0) {
        cudaGetLastError();
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, "there is no usable NVIDIA GPU (%s)",
                    status ? cudaGetErrorString(status) : "none found");
        return -1;
    }
    if (ordinal < 0 || ordinal >= count) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    "EDT_CUDA_DEVICE is %s, but the GPUs here are 0 to %d", wish, count - 1);
        return -1;
    }
    status = cudaGetDeviceProperties(properties, ordinal);
    if (status == cudaSuccess)
        return ordinal;
    cudaGetLastError();
    g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, "GPU %d does not answer (%s)", ordinal,
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
        status = cudaMallocHost((void **)&dev->staging, 2 * STAGING);
    if (!edt_cuda_ok(status, "starting", error))
        return FALSE;
    /* f32 stays f32 unless somebody asks: the same picture as on the CPU */
    dev->matmuls = edt_matmuls_open(g_strcmp0(g_getenv("EDT_CUDA_TF32"), "1") == 0, error);
    dev->held = EDT_MATMUL_WORKSPACE;
    return dev->matmuls != NULL;
}

EdtDevice *edt_cuda_open(const EdtDeviceOptions *options, GError **error)
{
    static const char *const names[EDT_PROFILE_COUNT] = {"linear", "attention",  "rows",
                                                         "conv",   "group norm", "other"};
    struct cudaDeviceProp properties;
    const int ordinal = edt_cuda_ordinal(&properties, error);

    if (ordinal < 0) {
        g_prefix_error(error, "The CUDA backend cannot be used: ");
        return NULL;
    }
    if (options->precision == EDT_PRECISION_BF16 && properties.major < 8) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    "%s cannot multiply bf16 (compute capability %d.%d; 8.0 can). Choose the type "
                    "f32.",
                    properties.name, properties.major, properties.minor);
        return NULL;
    }
    EdtDevice *dev = g_new0(EdtDevice, 1);
    dev->ordinal = ordinal;
    dev->act = options->precision == EDT_PRECISION_BF16 ? EDT_BF16 : EDT_F32;
    dev->tensor_cores = properties.major >= 8;
    dev->records = g_strcmp0(g_getenv("EDT_CUDA_GRAPH"), "0") != 0;
    dev->taken = g_hash_table_new(NULL, NULL);
    for (int i = 0; i < EDT_PROFILE_COUNT; i++)
        dev->profile[i].what = names[i];
    if (start(dev, error))
        return dev;
    edt_cuda_close(dev);
    return NULL;
}

/* A GPU that has failed answers every call with its failure; there is nobody to tell any more. */
void edt_cuda_close(EdtDevice *dev)
{
    if (dev == NULL)
        return;
    cudaSetDevice(dev->ordinal);
    if (dev->stream)
        cudaStreamSynchronize(dev->stream);
    edt_cuda_forget_steps(dev);
    edt_matmuls_close(dev->matmuls);
    cudaFree(dev->work);
    cudaFreeHost(dev->staging);
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

/* ---- memory ---- */

void *edt_cuda_alloc(EdtDevice *dev, gsize bytes, GError **error)
{
    void *data = NULL;
    size_t free_bytes = 0, all_bytes = 0;

    if (!edt_cuda_ok(cudaSetDevice(dev->ordinal), "turning to it", error))
        return NULL;
    cudaError_t status = cudaMalloc(&data, MAX(bytes, 1));
    if (status == cudaSuccess) {
        g_hash_table_insert(dev->taken, data, GSIZE_TO_POINTER(bytes));
        dev->held += bytes;
        return data;
    }
    if (status != cudaErrorMemoryAllocation) {
        edt_cuda_ok(status, "taking memory", error);
        return NULL;
    }
    cudaGetLastError();
    cudaMemGetInfo(&free_bytes, &all_bytes);
    g_autofree char *wish = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *there = g_format_size_full(free_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *all = g_format_size_full(all_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                "The GPU's memory is full: %s more are needed, %s of %s are free. Choose a smaller "
                "model or batch, the type bf16, or the backend cpu.",
                wish, there, all);
    return NULL;
}

void edt_cuda_free(EdtDevice *dev, void *data)
{
    if (data == NULL)
        return;
    cudaSetDevice(dev->ordinal);
    edt_cuda_forget_steps(dev);
    dev->held -= GPOINTER_TO_SIZE(g_hash_table_lookup(dev->taken, data));
    g_hash_table_remove(dev->taken, data);
    edt_cuda_check(dev, cudaFree(data), "giving back memory"); /* waits for work that uses it */
}

guint64 edt_cuda_memory(EdtDevice *dev)
{
    size_t free_bytes = 0, all_bytes = 0;

    cudaSetDevice(dev->ordinal);
    if (cudaMemGetInfo(&free_bytes, &all_bytes) != cudaSuccess) {
        cudaGetLastError(); /* whoever takes memory will hear of it */
        return 0;
    }
    return free_bytes + dev->held;
}

gboolean edt_cuda_need_work(EdtDevice *dev, gsize bytes, GError **error)
{
    if (bytes <= dev->work_bytes)
        return TRUE;
    edt_cuda_free(dev, dev->work);
    dev->work_bytes = 0;
    dev->work = edt_cuda_alloc(dev, bytes, error);
    if (dev->work == NULL)
        return FALSE;
    dev->work_bytes = bytes;
    return TRUE;
}

void edt_cuda_upload(EdtDevice *dev, void *to, const void *host, gsize bytes)
{
    for (gsize done = 0; done < bytes && edt_cuda_enter(dev); done += STAGING) {
        gsize part = MIN(bytes - done, STAGING);
        char *half = dev->staging + (gsize)dev->half * STAGING;
        cudaEvent_t staged = dev->staged[dev->half];
        cudaError_t status = cudaEventSynchronize(staged); /* its last copy is done */
        if (!status) {
            memcpy(half, (const char *)host + done, part);
            status = cudaMemcpyAsync((char *)to + done, half, part, cudaMemcpyHostToDevice,
                                     dev->stream);
        }
        if (!status)
            status = cudaEventRecord(staged, dev->stream);
        edt_cuda_check(dev, status, "an upload");
        dev->half ^= 1;
    }
}

void edt_cuda_download(EdtDevice *dev, void *host, const void *from, gsize bytes)
{
    for (gsize done = 0; done < bytes && edt_cuda_enter(dev); done += STAGING) {
        gsize part = MIN(bytes - done, STAGING);
        /* the stream is in order: both halves are free once it is */
        cudaError_t status = cudaMemcpyAsync(dev->staging, (const char *)from + done, part,
                                             cudaMemcpyDeviceToHost, dev->stream);
        if (!status)
            status = cudaStreamSynchronize(dev->stream);
        if (!status)
            memcpy((char *)host + done, dev->staging, part);
        edt_cuda_check(dev, status, "a download");
    }
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
    edt_cuda_check(dev, cudaEventSynchronize(dev->ended), "measuring its peak");
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
                           "measuring its peak");
    }
    for (int i = 0; i < PEAK_TRIALS && !error; i++)
        best = MAX(best, time_product(dev, &shape, matrix[0], matrix[1], matrix[2]));
    for (int i = 0; i < 3; i++)
        edt_cuda_free(dev, matrix[i]);
    if (error)
        edt_cuda_fail(dev, error);
    return best;
}
