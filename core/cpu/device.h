/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CPU as a device: oneDNN engine and stream, kernel table, scratch, profile.  Private to cpu/.
 */
#pragma once

#include "base/pool.h"
#include "cpu/kernels.h"

#include <oneapi/dnnl/dnnl.h>

struct EdtDevice {
    int threads;
    EdtType act;
    gboolean int8;       /* inner layers are products of bytes */
    gboolean rounded;    /* bf16 was asked of a processor without it: f32, of rounded weights */
    const EdtCpuKernels *kernels;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    EdtPool *pool;       /* packed weights */
    GHashTable *micro;   /* see micro.h; NULL: none yet */
    void *scratch;       /* oneDNN's user scratchpad, the largest asked for */
    gsize scratch_bytes;
    dnnl_memory_t scratch_memory; /* the same as an oneDNN argument */
    void *work;          /* packed keys and values, per-thread rows */
    gsize work_bytes;
    void *wide;          /* what a layer that is computed in another type reads and writes */
    gsize wide_bytes;
    GError *error;       /* first failure of an operation, until sync */
    gboolean profiling;
    EdtProfileRow profile[EDT_PROFILE_COUNT + 1];
};

/* device.c */
EdtDevice *edt_cpu_open(const EdtDeviceOptions *options, GError **error);
void edt_cpu_close(EdtDevice *dev); /* NULL is fine */
EdtType edt_cpu_act(const EdtDevice *dev);
gboolean edt_cpu_sync(EdtDevice *dev, GError **error);
void edt_cpu_profile(EdtDevice *dev, gboolean on);
const EdtProfileRow *edt_cpu_profile_rows(EdtDevice *dev);

/* Grows the oneDNN scratchpad, the kernels' work space, the space of layers in another type; only
 * the preparation of shapes and the first attention of a shape do so. */
gboolean edt_cpu_need_scratch(EdtDevice *dev, gsize bytes, GError **error);
gboolean edt_cpu_need_work(EdtDevice *dev, gsize bytes, GError **error);
gboolean edt_cpu_need_wide(EdtDevice *dev, gsize bytes, GError **error);

/* Records a failure of an operation (the first one wins). */
void edt_cpu_fail(EdtDevice *dev, const char *what, dnnl_status_t status);
void edt_cpu_fail_error(EdtDevice *dev, GError *error); /* takes error */

/* `double since = edt_cpu_begin(dev); ... edt_cpu_end(dev, kind, since, work);` */
double edt_cpu_begin(const EdtDevice *dev);
void edt_cpu_end(EdtDevice *dev, EdtProfileKind kind, double since, EdtProfileWork work);
/* The same of what moves numbers and multiplies nothing worth counting. */
void edt_cpu_end_moving(EdtDevice *dev, EdtProfileKind kind, double since, double bytes);
EdtFactors edt_cpu_factors(EdtType type); /* of products of that type */

/* units.c; see backend.h */
double edt_cpu_peak(EdtDevice *dev);
int edt_cpu_units(EdtDevice *dev, EdtUnitRate *rates, double memory[EDT_REACHES], double *got);

/* linear.c */
EdtLinear *edt_cpu_linear_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error);
gboolean edt_cpu_linear_prepare(EdtDevice *dev, EdtLinear *linear, gint64 M, GError **error);
void edt_cpu_linear(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y);
void edt_cpu_linear_free(EdtDevice *dev, EdtLinear *linear);

/* conv.c */
EdtConv *edt_cpu_conv_new(EdtDevice *dev, const EdtConvSpec *spec, GError **error);
gboolean edt_cpu_conv_prepare(EdtDevice *dev, EdtConv *conv, int N, int h, int w, GError **error);
void edt_cpu_conv(EdtDevice *dev, EdtConv *conv, int N, int h, int w, const void *x, void *y);
void edt_cpu_conv_free(EdtDevice *dev, EdtConv *conv);
gsize edt_cpu_conv_room(const EdtConvSpec *spec, int N, int h, int w);
int edt_cpu_conv_planes(EdtDevice *dev, const EdtConv *conv);

/* decoder.c: the VAE's other operations */
void edt_cpu_group_norm(EdtDevice *dev, const EdtGroupNorm *op);
void edt_cpu_add(EdtDevice *dev, gint64 count, void *x, const void *y, EdtType type);
/* Within an operation that counts its own time. */
void edt_cpu_convert_uncounted(EdtDevice *dev, gint64 count, const void *x, EdtType x_type, void *y,
                               EdtType y_type);
void edt_cpu_convert(EdtDevice *dev, gint64 count, const void *x, EdtType x_type, void *y,
                     EdtType y_type);
void edt_cpu_to_nhwc(EdtDevice *dev, int N, int C, int hw, const float *x, void *y, EdtType y_type);
void edt_cpu_to_nchw(EdtDevice *dev, int N, int C, int hw, const void *x, EdtType x_type, float *y);
