/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * No layer of ours runs as a reference implementation of oneDNN's: all layers of all official sizes
 * are planned here, in every type, and none of them run.  meson.build starts this once for each
 * instruction level that oneDNN can be held to.
 */
#include "base/memory.h"
#include "machine.h"
#include "cpu/cpu.h"
#include "cpu/isa.h"
#include "vae/shape.h"
#include "network/network.h"
#include "train/layers.h"
#include "train/train_network.h"
#include "vae/vae.h"

#include <oneapi/dnnl/dnnl.h>

/* ---- what onednn.c says of references ---- */

static int references;

static void count_reference(const char *domain, GLogLevelFlags level, const char *message,
                            gpointer data)
{
    g_test_message("%s", message);
    references++;
}

/* ---- a device that plans ---- */

static EdtLinear *plan_linear(EdtDevice *dev, const EdtLinearSpec *spec, GError **error)
{
    EdtLinearSpec bare = *spec;
    bare.weight = NULL;
    return edt_backend_cpu()->linear_new(dev, &bare, error);
}

static EdtConv *plan_conv(EdtDevice *dev, const EdtConvSpec *spec, GError **error)
{
    EdtConvSpec bare = *spec;
    bare.weight = NULL;
    return edt_backend_cpu()->conv_new(dev, &bare, error);
}

static void no_copy(EdtDevice *dev, void *to, const void *from, gsize bytes)
{
}

static void no_conv(EdtDevice *dev, EdtConv *conv, int N, int h, int w, const void *x, void *y)
{
}

static void no_linear(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y)
{
}

static void no_norm(EdtDevice *dev, const EdtGroupNorm *op)
{
}

static void no_attention(EdtDevice *dev, const EdtAttention *op)
{
}

static void no_add(EdtDevice *dev, gint64 count, void *x, const void *y, EdtType type)
{
}

static void no_convert(EdtDevice *dev, gint64 count, const void *x, EdtType x_type, void *y,
                       EdtType y_type)
{
}

static void no_nhwc(EdtDevice *dev, int N, int C, int hw, const float *x, void *y, EdtType y_type)
{
}

static void no_nchw(EdtDevice *dev, int N, int C, int hw, const void *x, EdtType x_type, float *y)
{
}

static EdtBackend planner(void)
{
    EdtBackend backend = *edt_backend_cpu();
    backend.linear_new = plan_linear;
    backend.conv_new = plan_conv;
    backend.upload = backend.download = no_copy;
    backend.linear = no_linear;
    backend.conv = no_conv;
    backend.group_norm = no_norm;
    backend.attention = no_attention;
    backend.add = no_add;
    backend.convert = no_convert;
    backend.to_nhwc = no_nhwc;
    backend.to_nchw = no_nchw;
    return backend;
}

/* Zeros of the shape that a tensor's name asks for. */
typedef struct {
    EdtTensorSource source;
    GHashTable *shapes; /* name -> EdtTensorView */
    void *zeros;
    gsize bytes;
} Source;

static void add_shape(const char *name, int rank, const gint64 *shape, gpointer data)
{
    Source *source = data;
    EdtTensorView *view = g_new0(EdtTensorView, 1);
    gsize bytes = sizeof(float);
    view->type = EDT_F32;
    view->rank = rank;
    for (int i = 0; i < rank; i++) {
        view->shape[i] = shape[i];
        bytes *= (gsize)shape[i];
    }
    source->bytes = MAX(source->bytes, bytes);
    g_hash_table_insert(source->shapes, g_strdup(name), view);
}

static gboolean find(EdtTensorSource *base, const char *name, EdtTensorView *view)
{
    Source *source = (Source *)base;
    const EdtTensorView *shape = g_hash_table_lookup(source->shapes, name);
    if (!shape)
        return FALSE;
    if (!source->zeros)
        source->zeros = g_malloc0(source->bytes);
    *view = *shape;
    view->data = source->zeros;
    return TRUE;
}

static void let_go(EdtTensorSource *base, const char *name)
{
}

static Source source_new(void)
{
    return (Source){.source = {find, let_go},
                    .shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
}

static void source_clear(Source *source)
{
    g_hash_table_unref(source->shapes);
    g_free(source->zeros);
}

static EdtDevice *open_device(const EdtBackend *backend, EdtPrecision precision)
{
    GError *error = NULL;
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){2, precision}, &error);
    g_assert_no_error(error);
    return dev;
}

/* ---- networks ---- */

static void plan_network(const char *name, int size, EdtPrecision precision)
{
    const EdtBackend backend = planner();
    EdtDevice *dev = open_device(&backend, precision);
    Source source = source_new();
    EdtVariant v;
    GError *error = NULL;

    g_assert_true(edt_variant_named(name, size, &v));
    edt_variant_tensors(&v, add_shape, &source);
    EdtNetwork *model = edt_network_new(&backend, dev, &v, &source.source, &error);
    g_assert_no_error(error);
    for (int pictures = 1; pictures <= 4; pictures += 3) {
        edt_network_prepare(model, 2 * pictures, 25 * 2, &error); /* both halves of guidance */
        g_assert_no_error(error);
        edt_network_prepare(model, pictures, 25, &error);
        g_assert_no_error(error);
    }
    edt_network_free(model);
    backend.close(dev);
    source_clear(&source);
}

static void test_networks(void)
{
    static const char *const names[] = {"EDT-S/2", "EDT-B/2", "EDT-XL/2"};
    const int last = edt_cpu_has_int8() ? EDT_PRECISION_INT8 : EDT_PRECISION_BF16;
    references = 0;
    for (int precision = EDT_PRECISION_F32; precision <= last; precision++) {
        for (guint i = 0; i < G_N_ELEMENTS(names); i++)
            for (int size = 256; size <= 512; size *= 2)
                plan_network(names[i], size, (EdtPrecision)precision);
        plan_network("EDT-Ti/4", 64, (EdtPrecision)precision);
    }
    g_assert_cmpint(references, ==, 0);
}

/* ---- the autoencoder ---- */

static void plan_vae(EdtPrecision precision)
{
    static const int sides[] = {8, 16, 32, 40, 64}; /* pictures of 64 to 512 pixels */
    const EdtBackend backend = planner();
    EdtDevice *dev = open_device(&backend, precision);
    Source source = source_new();
    GError *error = NULL;

    edt_vae_tensors(&edt_vae_standard, EDT_VAE_DECODER | EDT_VAE_ENCODER, add_shape, &source);
    EdtVae *vae =
        edt_vae_new(&backend, dev, &source.source, EDT_VAE_DECODER | EDT_VAE_ENCODER, &error);
    g_assert_no_error(error);
    float *latent = g_new0(float, 2 * 4 * 64 * 64), *pixels = g_new0(float, 3 * 512 * 512);
    for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
        edt_vae_decode(vae, sides[i], sides[i], latent, pixels, &error);
        g_assert_no_error(error);
        edt_vae_encode(vae, sides[i], sides[i], pixels, latent, latent + 4 * 64 * 64, &error);
        g_assert_no_error(error);
    }
    g_free(latent);
    g_free(pixels);
    edt_vae_free(vae);
    backend.close(dev);
    source_clear(&source);
}

static void test_autoencoder(void)
{
    references = 0;
    plan_vae(EDT_PRECISION_F32);
    plan_vae(EDT_PRECISION_BF16);
    g_assert_cmpint(references, ==, 0);
}

/* ---- training ---- */

static void plan_training(const char *name, int size, int N, EdtType act)
{
    EdtVariant v;
    GError *error = NULL;

    g_assert_true(edt_variant_named(name, size, &v));
    EdtParameters *parameters = edt_parameters_new(&v);
    EdtTrainNetwork *network = edt_train_network_new(parameters, N, act, 1, &error);
    g_assert_no_error(error);
    for (int few = 128; few < 180 && network->filling; few += 17) {
        network->few = few; /* tokens that are not hidden */
        edt_train_network_plan_few(network, &error);
        g_assert_no_error(error);
    }
    edt_train_network_free(network);
    edt_parameters_free(parameters);
}

static void test_training(void)
{
    references = 0;
    for (int act = EDT_F32; act <= (edt_cpu_has_bf16() ? EDT_BF16 : EDT_F32); act++) {
        plan_training("EDT-Ti/4", 64, 16, (EdtType)act);
        plan_training("EDT-S/2", 256, 8, (EdtType)act);
        plan_training("EDT-B/2", 256, 2, (EdtType)act);
        plan_training("EDT-XL/2", 256, 2, (EdtType)act);
        plan_training("EDT-S/2", 512, 2, (EdtType)act);
        plan_training("DiT-S/2", 256, 8, (EdtType)act);
        plan_training("MDTv2-S/2", 256, 8, (EdtType)act);
        plan_training("MDTv2-XL/2", 256, 2, (EdtType)act);
    }
    g_assert_cmpint(references, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_handler("EDT", G_LOG_LEVEL_MESSAGE, count_reference, NULL);
    g_test_message("oneDNN computes at level 0x%x", (unsigned)dnnl_get_effective_cpu_isa());
    g_test_add_func("/plans/networks", test_networks);
    g_test_add_func("/plans/autoencoder", test_autoencoder);
    g_test_add_func("/plans/training", test_training);
    return g_test_run();
}
