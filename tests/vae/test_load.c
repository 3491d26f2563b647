/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the autoencoder refuses: each wrong tensor by name, uses that cannot be right, and memory
 * that runs out at any point; nothing leaks then (run under ASan).
 */
#include "base/memory.h"
#include "cpu/cpu.h"
#include "edt.h"
#include "golden/golden.h"
#include "vae/vae.h"

#include <string.h>

/* The small autoencoder of data/pt, with one tensor changed. */
typedef struct {
    EdtTensorSource base;
    Golden *golden;
    const char *name; /* of the changed tensor */
    enum { WHOLE, GONE, LONGER, OTHER_RANK, F16 } change;
    int found, done;
} Source;

static gboolean find(EdtTensorSource *base, const char *name, EdtTensorView *view)
{
    Source *source = (Source *)base;
    gboolean changed = g_strcmp0(name, source->name) == 0;
    if (!golden_has(source->golden, name) || (changed && source->change == GONE))
        return FALSE;
    *view = *golden_get(source->golden, name);
    if (changed && source->change == LONGER)
        view->shape[0]++;
    if (changed && source->change == OTHER_RANK)
        view->shape[view->rank++] = 1;
    if (changed && source->change == F16)
        view->type = EDT_F16;
    source->found++;
    return TRUE;
}

static void done(EdtTensorSource *base, const char *name)
{
    g_assert_true(golden_has(((Source *)base)->golden, name));
    ((Source *)base)->done++;
}

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    Source source;
} Rig;

static Rig rig_new(void)
{
    GError *error = NULL;
    Rig rig = {.backend = edt_backend_cpu(),
               .source = {.base = {find, done}, .golden = golden_open("pt/vae_small_modern")}};
    rig.dev = rig.backend->open(&(EdtDeviceOptions){2, EDT_PRECISION_F32}, &error);
    g_assert_no_error(error);
    return rig;
}

static void rig_free(Rig *rig)
{
    rig->backend->close(rig->dev);
    golden_close(rig->source.golden);
}

static EdtVae *load(Rig *rig, EdtVaeParts parts, GError **error)
{
    return edt_vae_new(rig->backend, rig->dev, &rig->source.base, parts, error);
}

/* ---- tensors ---- */

static void refused(Rig *rig, const char *name, int change)
{
    GError *error = NULL;
    rig->source.name = name;
    rig->source.change = change;
    g_assert_null(load(rig, EDT_VAE_DECODER | EDT_VAE_ENCODER, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    if (!strstr(error->message, name))
        g_error("%s is not named in: %s", name, error->message);
    g_clear_error(&error);
}

/* Every kind of tensor that there is, in both halves. */
static const char *const kinds[] = {
    "post_quant_conv.weight",
    "post_quant_conv.bias",
    "quant_conv.weight",
    "decoder.conv_in.weight",
    "decoder.conv_in.bias",
    "decoder.mid_block.resnets.0.norm1.weight",
    "decoder.mid_block.resnets.1.conv2.bias",
    "decoder.mid_block.attentions.0.group_norm.bias",
    "decoder.mid_block.attentions.0.to_q.weight",
    "decoder.mid_block.attentions.0.to_k.bias",
    "decoder.mid_block.attentions.0.to_v.weight",
    "decoder.mid_block.attentions.0.to_out.0.weight",
    "decoder.up_blocks.0.resnets.0.norm2.bias",
    "decoder.up_blocks.2.resnets.0.conv_shortcut.weight",
    "decoder.up_blocks.0.upsamplers.0.conv.bias",
    "decoder.conv_norm_out.weight",
    "decoder.conv_out.weight",
    "encoder.conv_in.bias",
    "encoder.down_blocks.0.downsamplers.0.conv.bias",
    "encoder.mid_block.attentions.0.to_out.0.bias",
    "encoder.conv_norm_out.bias",
    "encoder.conv_out.bias",
};

static void test_missing(void)
{
    Rig rig = rig_new();
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        refused(&rig, kinds[i], GONE);
    rig_free(&rig);
}

static void test_shapes(void)
{
    Rig rig = rig_new();
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        refused(&rig, kinds[i], OTHER_RANK);
        refused(&rig, kinds[i], F16);
        if (g_str_has_suffix(kinds[i], ".bias") || strstr(kinds[i], "norm") ||
            strstr(kinds[i], "to_"))
            refused(&rig, kinds[i], LONGER);
    }
    refused(&rig, "decoder.conv_out.weight", LONGER); /* four colours */
    rig_free(&rig);
}

/* The pages of each tensor are given back, once. */
static void test_done(void)
{
    GError *error = NULL;
    Rig rig = rig_new();
    EdtVae *vae = load(&rig, EDT_VAE_DECODER | EDT_VAE_ENCODER, &error);
    g_assert_no_error(error);
    g_assert_cmpint(rig.source.done, ==, 244); /* two shortcuts fewer than the standard one */
    edt_vae_free(vae);
    rig_free(&rig);
}

/* ---- uses ---- */

static void test_uses(void)
{
    GError *error = NULL;
    Rig rig = rig_new();
    g_autofree float *numbers = g_new0(float, 3 * 64 * 64);
    float mean[256], logvar[256];
    EdtVae *decoder = load(&rig, EDT_VAE_DECODER, &error);
    g_assert_no_error(error);
    g_assert_cmpint(edt_vae_shape(decoder)->factor, ==, 8);

    g_assert_false(edt_vae_encode(decoder, 8, 8, numbers, mean, logvar, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_false(edt_vae_decode(decoder, 0, 8, mean, numbers, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_false(edt_vae_decode(decoder, 8, 1 << 20, mean, numbers, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    edt_vae_free(decoder);
    edt_vae_free(NULL);
    rig_free(&rig);
}

static void test_encoder_alone(void)
{
    GError *error = NULL;
    Rig rig = rig_new();
    Golden *golden = golden_open("g_vae");
    float mean[256], logvar[256];
    EdtVae *encoder = load(&rig, EDT_VAE_ENCODER, &error);
    g_assert_no_error(error);
    g_assert_cmpint(edt_vae_shape(encoder)->latent, ==, 4);
    g_assert_cmpint(edt_vae_shape(encoder)->factor, ==, 8);
    g_assert_true(edt_vae_encode(encoder, 8, 8, golden_f32(golden, "input.image", 3 * 64 * 64),
                                 mean, logvar, &error));
    Golden *reference = golden_open("pt/pt_vae_small");
    golden_check("mean", mean, golden_f32(reference, "encode64.moments", 512), 256, 3e-6);
    golden_check("logvar", logvar, golden_f32(reference, "encode64.moments", 512) + 256, 256, 3e-6);
    edt_vae_free(encoder);
    golden_close(reference);
    golden_close(golden);
    rig_free(&rig);
}

/* Each allocation in turn fails: an error of its own kind, and the next try succeeds. */
static void test_no_memory(void)
{
    Rig rig = rig_new();
    float latent[256] = {0};
    g_autofree float *pixels = g_new(float, 3 * 64 * 64);
    int failures = 0;

    for (guint64 n = 1;; n++) {
        GError *error = NULL;
        edt_alloc_fail_at(n);
        EdtVae *vae = load(&rig, EDT_VAE_DECODER, &error);
        gboolean worked = vae && edt_vae_decode(vae, 8, 8, latent, pixels, &error);
        edt_alloc_fail_at(0);
        if (worked) {
            edt_vae_free(vae);
            break;
        }
        g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
        g_clear_error(&error);
        if (vae)
            g_assert_true(edt_vae_decode(vae, 8, 8, latent, pixels, &error));
        edt_vae_free(vae);
        failures++;
    }
    g_assert_cmpint(failures, >, 100); /* weights, biases, working memory */
    rig_free(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vae/load/missing", test_missing);
    g_test_add_func("/vae/load/shapes", test_shapes);
    g_test_add_func("/vae/load/done", test_done);
    g_test_add_func("/vae/load/uses", test_uses);
    g_test_add_func("/vae/load/encoder-alone", test_encoder_alone);
    g_test_add_func("/vae/load/no-memory", test_no_memory);
    return g_test_run();
}
