/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A GPU's memory, and bytes on their way to it and back.  Host memory goes through two pinned
 * halves in turn, so an upload returns once the caller's memory has been read.  What is only looked
 * at has pinned memory of its own.
 */
#include "device.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define STAGING EDT_CUDA_STAGING

/* ---- taking and giving back ---- */

void *edt_cuda_alloc(EdtDevice *dev, gsize bytes, GError **error)
{
    void *data = NULL;
    size_t free_bytes = 0, all_bytes = 0;

    if (!edt_cuda_ok(cudaSetDevice(dev->ordinal), N_("turning to it"), error))
        return NULL;
    cudaError_t status = cudaMalloc(&data, MAX(bytes, 1));
    if (status == cudaSuccess) {
        g_hash_table_insert(dev->taken, data, GSIZE_TO_POINTER(bytes));
        dev->held += bytes;
        return data;
    }
    if (status != cudaErrorMemoryAllocation) {
        edt_cuda_ok(status, N_("taking memory"), error);
        return NULL;
    }
    cudaGetLastError();
    cudaMemGetInfo(&free_bytes, &all_bytes);
    g_autofree char *wish = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *there = g_format_size_full(free_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *all = g_format_size_full(all_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                _("The GPU's memory is full: %s more are needed, %s of %s are free. Choose a "
                  "smaller model or batch, the type bf16, or the backend cpu."),
                wish, there, all);
    return NULL;
}

void edt_cuda_free(EdtDevice *dev, void *data)
{
    if (!data)
        return;
    cudaSetDevice(dev->ordinal);
    edt_cuda_forget_steps(dev);
    dev->held -= GPOINTER_TO_SIZE(g_hash_table_lookup(dev->taken, data));
    g_hash_table_remove(dev->taken, data);
    edt_cuda_check(dev, cudaFree(data), N_("giving back memory")); /* waits for work that uses it */
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
    if (!dev->work)
        return FALSE;
    dev->work_bytes = bytes;
    return TRUE;
}

/* ---- to and fro ---- */

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
        edt_cuda_check(dev, status, N_("an upload"));
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
        edt_cuda_check(dev, status, N_("a download"));
    }
}

const void *edt_cuda_peek(EdtDevice *dev, const void *from, gsize bytes)
{
    if (!edt_cuda_enter(dev))
        return NULL;
    if (bytes > dev->peeked_bytes) { /* at the first preview of a batch only */
        cudaFreeHost(dev->peeked);
        dev->peeked = NULL;
        dev->peeked_bytes = 0;
        edt_cuda_check(dev, cudaMallocHost(&dev->peeked, bytes), N_("a preview"));
        if (dev->error)
            return NULL;
        dev->peeked_bytes = bytes;
    }
    edt_cuda_check(dev, cudaMemcpyAsync(dev->peeked, from, bytes, cudaMemcpyDeviceToHost,
                                        dev->stream),
                   N_("a preview"));
    return dev->error ? NULL : dev->peeked;
}
