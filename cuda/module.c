/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The module's face: the backend table, each operation entering the device and launching its
 * kernel, and the probe that says whether there is a GPU at all.  Loaded by core/compute/module.c.
 */
#include "device.h"
#include "compute/module.h"

#include <glib/gi18n-lib.h>

/* Enter, time, launch, check: the life of an operation. */
#define OPERATION(dev, kind, flops, what, launch)                                                  \
    do {                                                                                           \
        if (!edt_cuda_enter(dev))                                                                  \
            return;                                                                                \
        edt_cuda_begin(dev);                                                                       \
        edt_cuda_check(dev, launch, what);                                                         \
        edt_cuda_end(dev, kind, flops);                                                            \
    } while (0)
#define ROWS(dev, launch) OPERATION(dev, EDT_PROFILE_ROWS, 0, N_("a row operation"), launch)
#define PICTURE(dev, launch) OPERATION(dev, EDT_PROFILE_OTHER, 0, N_("a picture operation"), launch)

static EdtType act(const EdtDevice *dev)
{
    return dev->act;
}

static void patchify(EdtDevice *dev, int N, int C, int h, int p, const float *x, float *rows)
{
    ROWS(dev, edt_cuda_patchify(N, C, h, p, x, rows, dev->stream));
}

static void unpatchify(EdtDevice *dev, int N, int C, int h, int p, const float *rows, float *x)
{
    ROWS(dev, edt_cuda_unpatchify(N, C, h, p, rows, x, dev->stream));
}

static void add_rows(EdtDevice *dev, gint64 R, int D, float *x, const float *table, const int *row)
{
    ROWS(dev, edt_cuda_add_rows(R, D, x, table, row, dev->stream));
}

static void silu(EdtDevice *dev, gint64 count, const float *x, void *y, EdtType y_type)
{
    ROWS(dev, edt_cuda_silu(count, x, y, y_type, dev->stream));
}

static void update(EdtDevice *dev, const EdtRowUpdate *op)
{
    ROWS(dev, edt_cuda_update(op, dev->act, dev->stream));
}

static void merge(EdtDevice *dev, const EdtMerge *op)
{
    ROWS(dev, edt_cuda_merge(op, dev->act, dev->stream));
}

static void split_concat(EdtDevice *dev, const EdtSplitConcat *op)
{
    ROWS(dev, edt_cuda_split_concat(op, dev->act, dev->stream));
}

static cudaError_t attend(EdtDevice *dev, const EdtAttention *op)
{
    if (dev->act == EDT_BF16 && dev->tensor_cores && op->d % 4 == 0 &&
        op->d <= EDT_CUDA_TENSOR_HEAD_MAX)
        return edt_cuda_attention_tensor(op, dev->stream);
    return edt_cuda_attention(op, dev->act, dev->stream);
}

static void attention(EdtDevice *dev, const EdtAttention *op)
{
    OPERATION(dev, EDT_PROFILE_ATTENTION, 4.0 * op->N * op->H * (double)op->T * op->T * op->d,
              N_("attention"), attend(dev, op));
}

static void group_norm(EdtDevice *dev, const EdtGroupNorm *op)
{
    GError *error = NULL;
    if (!edt_cuda_enter(dev))
        return;
    /* grows at the first picture of a size only */
    if (!edt_cuda_need_work(dev, edt_cuda_group_norm_work(op), &error)) {
        edt_cuda_fail(dev, error);
        return;
    }
    OPERATION(dev, EDT_PROFILE_NORM, 0, N_("a group norm"),
              edt_cuda_group_norm(op, dev->work, dev->stream));
}

static void add(EdtDevice *dev, gint64 count, void *x, const void *y, EdtType type)
{
    PICTURE(dev, edt_cuda_add(count, x, y, type, dev->stream));
}

static void convert(EdtDevice *dev, gint64 count, const void *x, EdtType x_type, void *y,
                    EdtType y_type)
{
    PICTURE(dev, edt_cuda_convert(count, x, x_type, y, y_type, dev->stream));
}

static void to_nhwc(EdtDevice *dev, int N, int C, int hw, const float *x, void *y, EdtType y_type)
{
    PICTURE(dev, edt_cuda_to_nhwc(N, C, hw, x, y, y_type, dev->stream));
}

static void to_nchw(EdtDevice *dev, int N, int C, int hw, const void *x, EdtType x_type, float *y)
{
    PICTURE(dev, edt_cuda_to_nchw(N, C, hw, x, x_type, y, dev->stream));
}

static void advance(EdtDevice *dev, const EdtSamplerStep *op)
{
    PICTURE(dev, edt_cuda_advance(op, dev->stream));
}

static const EdtBackend table = {
    .name = "cuda",
    .asynchronous = TRUE,
    .open = edt_cuda_open,
    .close = edt_cuda_close,
    .act = act,
    .alloc = edt_cuda_alloc,
    .free = edt_cuda_free,
    .memory = edt_cuda_memory,
    .upload = edt_cuda_upload,
    .download = edt_cuda_download,
    .peek = edt_cuda_peek,
    .sync = edt_cuda_sync,
    .linear_new = edt_cuda_linear_new,
    .linear_prepare = edt_cuda_linear_prepare,
    .linear = edt_cuda_linear,
    .linear_free = edt_cuda_linear_free,
    .conv_new = edt_cuda_conv_new,
    .conv_prepare = edt_cuda_conv_prepare,
    .conv = edt_cuda_conv,
    .conv_free = edt_cuda_conv_free,
    .conv_planes = edt_cuda_conv_planes,
    .patchify = patchify,
    .unpatchify = unpatchify,
    .add_rows = add_rows,
    .silu = silu,
    .update = update,
    .merge = merge,
    .split_concat = split_concat,
    .attention = attention,
    .group_norm = group_norm,
    .add = add,
    .convert = convert,
    .to_nhwc = to_nhwc,
    .to_nchw = to_nchw,
    .advance = advance,
    .peak = edt_cuda_peak,
    .step_begin = edt_cuda_step_begin,
    .step_end = edt_cuda_step_end,
    .profile = edt_cuda_profile,
    .profile_rows = edt_cuda_profile_rows,
};

/* One GPU for people; NULL where it does not answer. */
static char *describe(int ordinal)
{
    struct cudaDeviceProp properties;
    size_t free_bytes = 0, all_bytes = 0;
    int count = 0;

    if (cudaGetDeviceCount(&count) || ordinal >= count ||
        cudaGetDeviceProperties(&properties, ordinal) || cudaSetDevice(ordinal) ||
        cudaMemGetInfo(&free_bytes, &all_bytes)) {
        cudaGetLastError();
        return NULL;
    }
    g_autofree char *there = g_format_size_full(free_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *all = g_format_size_full(all_bytes, G_FORMAT_SIZE_IEC_UNITS);
    return g_strdup_printf(_("%s (GPU %d of %d), compute capability %d.%d, %s of %s free, %s by "
                             "default"),
                           properties.name, ordinal, count, properties.major, properties.minor,
                           there, all, properties.major >= 8 ? "bf16" : "f32");
}

static gboolean probe(int *chosen, gboolean *bf16, GError **error)
{
    struct cudaDeviceProp properties;
    size_t free_bytes = 0, all_bytes = 0;

    *chosen = edt_cuda_ordinal(&properties, error);
    if (*chosen < 0)
        return FALSE;
    *bf16 = properties.major >= 8;
    return edt_cuda_ok(cudaSetDevice(*chosen), N_("turning to it"), error) &&
           edt_cuda_ok(cudaMemGetInfo(&free_bytes, &all_bytes), N_("counting its memory"), error);
}

G_MODULE_EXPORT const EdtBackendModule *edt_backend_module(void);

const EdtBackendModule *edt_backend_module(void)
{
    static const EdtBackendModule module = {{EDT_VERSION, sizeof(EdtBackend)}, &table, probe,
                                              describe};
    return &module;
}
