/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CPU as a device: opened and closed, its room, its first failure, and what took how long.  See
 * device.h.  Next: cpu.c, for the table.
 */
#include "cpu/device.h"
#include "cpu/micro.h"
#include "base/memory.h"
#include "base/threads.h"
#include "machine.h"

#include <glib/gi18n-lib.h>
#include <omp.h>

/* ---- life ---- */

void edt_cpu_close(EdtDevice *dev)
{
    if (!dev)
        return;
    edt_micro_forget(dev);
    dnnl_memory_destroy(dev->scratch_memory);
    dnnl_stream_destroy(dev->stream);
    dnnl_engine_destroy(dev->engine);
    edt_free(dev->scratch);
    edt_free(dev->work);
    edt_free(dev->wide);
    edt_pool_free(dev->pool);
    g_clear_error(&dev->error);
    g_free(dev);
}

EdtDevice *edt_cpu_open(const EdtDeviceOptions *options, GError **error)
{
    EdtDevice *dev = g_new0(EdtDevice, 1);
    dev->threads = options->threads;
    gboolean bf16 = options->precision == EDT_PRECISION_BF16;
    dev->int8 = options->precision == EDT_PRECISION_INT8;
    dev->act = (bf16 || dev->int8) && edt_cpu_has_bf16() ? EDT_BF16 : EDT_F32;
    dev->rounded = bf16 && dev->act == EDT_F32;
    dev->kernels = edt_cpu_kernels_here();
    dev->pool = edt_pool_new();
    edt_profile_begin(dev->profile);
    edt_threads_use(dev->threads);
    if (dnnl_engine_create(&dev->engine, dnnl_cpu, 0) ||
        dnnl_stream_create(&dev->stream, dev->engine, dnnl_stream_default_flags)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("oneDNN could not open the CPU."));
        edt_cpu_close(dev);
        return NULL;
    }
    if (!edt_cpu_need_scratch(dev, 64, error)) {
        edt_cpu_close(dev);
        return NULL;
    }
    return dev;
}

EdtType edt_cpu_act(const EdtDevice *dev)
{
    return dev->act;
}

/* ---- room ---- */

gboolean edt_cpu_need_scratch(EdtDevice *dev, gsize bytes, GError **error)
{
    dnnl_memory_desc_t desc = NULL;
    if (bytes <= dev->scratch_bytes)
        return TRUE;
    void *data = edt_alloc(bytes, error);
    if (!data)
        return FALSE;
    dnnl_memory_t memory = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &desc, 1, (dnnl_dims_t){(dnnl_dim_t)bytes}, dnnl_u8, dnnl_a);
    if (!status)
        status = dnnl_memory_create(&memory, desc, dev->engine, data);
    dnnl_memory_desc_destroy(desc);
    if (status) {
        edt_free(data);
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("oneDNN could not take scratch memory."));
        return FALSE;
    }
    dnnl_memory_destroy(dev->scratch_memory);
    edt_free(dev->scratch);
    dev->scratch = data;
    dev->scratch_memory = memory;
    dev->scratch_bytes = bytes;
    return TRUE;
}

static gboolean grow(void **room, gsize *room_bytes, gsize bytes, GError **error)
{
    if (bytes <= *room_bytes)
        return TRUE;
    void *data = edt_alloc(bytes, error);
    if (!data)
        return FALSE;
    edt_free(*room);
    *room = data;
    *room_bytes = bytes;
    return TRUE;
}

gboolean edt_cpu_need_work(EdtDevice *dev, gsize bytes, GError **error)
{
    return grow(&dev->work, &dev->work_bytes, bytes, error);
}

gboolean edt_cpu_need_wide(EdtDevice *dev, gsize bytes, GError **error)
{
    return grow(&dev->wide, &dev->wide_bytes, bytes, error);
}

/* ---- failures ---- */

void edt_cpu_fail_error(EdtDevice *dev, GError *error)
{
    if (!dev->error)
        dev->error = error;
    else
        g_clear_error(&error);
}

void edt_cpu_fail(EdtDevice *dev, const char *what, dnnl_status_t status)
{
    edt_cpu_fail_error(
        dev, g_error_new(EDT_ERROR,
                         status == dnnl_out_of_memory ? EDT_ERROR_NO_MEMORY : EDT_ERROR_FAILED,
                         _("oneDNN failed at %s (status %d)."), _(what), (int)status));
}

gboolean edt_cpu_sync(EdtDevice *dev, GError **error)
{
    dnnl_stream_wait(dev->stream);
    if (!dev->error)
        return TRUE;
    g_propagate_error(error, dev->error);
    dev->error = NULL;
    return FALSE;
}

/* ---- profile ---- */

double edt_cpu_begin(const EdtDevice *dev)
{
    return dev->profiling ? omp_get_wtime() : 0;
}

void edt_cpu_end(EdtDevice *dev, EdtProfileKind kind, double since, EdtProfileWork work)
{
    if (dev->profiling)
        edt_profile_add(&dev->profile[kind], omp_get_wtime() - since, work);
}

void edt_cpu_end_moving(EdtDevice *dev, EdtProfileKind kind, double since, double bytes)
{
    edt_cpu_end(dev, kind, since, (EdtProfileWork){.bytes = bytes});
}

EdtFactors edt_cpu_factors(EdtType type)
{
    return type == EDT_I8     ? EDT_FACTORS_INT8
           : type == EDT_BF16 ? EDT_FACTORS_BF16
                              : EDT_FACTORS_F32;
}

void edt_cpu_profile(EdtDevice *dev, gboolean on)
{
    dev->profiling = on;
    if (on)
        edt_profile_begin(dev->profile);
}

const EdtProfileRow *edt_cpu_profile_rows(EdtDevice *dev)
{
    return dev->profile;
}
