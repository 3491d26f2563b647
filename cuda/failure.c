/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a GPU answers, as errors for people; a device keeps its first failure until the next sync,
 * and leaves out everything in between.  Next: memory.c.
 */
#include "device.h"

#include <glib/gi18n-lib.h>

gboolean edt_cuda_ok(cudaError_t status, const char *what, GError **error)
{
    if (status == cudaSuccess)
        return TRUE;
    cudaGetLastError(); /* the error is ours now */
    g_set_error(error, EDT_ERROR,
                status == cudaErrorMemoryAllocation ? EDT_ERROR_NO_MEMORY : EDT_ERROR_BACKEND,
                _("The GPU failed at %s: %s. Try again, or choose the backend cpu."), _(what),
                cudaGetErrorString(status));
    return FALSE;
}

void edt_cuda_fail(EdtDevice *dev, GError *error)
{
    if (!dev->error)
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
    edt_cuda_check(dev, cudaSetDevice(dev->ordinal), N_("turning to it"));
    return !dev->error;
}

gboolean edt_cuda_sync(EdtDevice *dev, GError **error)
{
    cudaSetDevice(dev->ordinal);
    edt_cuda_check(dev, cudaStreamSynchronize(dev->stream), N_("its work"));
    if (!dev->error)
        return TRUE;
    g_propagate_error(error, dev->error);
    dev->error = NULL;
    return FALSE;
}
