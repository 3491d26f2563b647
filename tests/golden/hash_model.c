/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * edt-hash-model: writes the deterministic weights (hash_weights.h) as a file, either bare, with
 * the reference's names, as something to import, or as a complete model that the engine opens.
 * Its pictures are noise with structure; it stands in where no trained model is at hand.
 */
#include "base/half.h"
#include "edt.h"
#include "files/safetensors.h"
#include "golden/hash_weights.h"

#include <stdlib.h>

typedef struct {
    EdtSafetensorsWriter *writer;
    EdtTensorSource *source;
    const char *prefix;
    gboolean bf16;
    GError **error;
    gboolean failed;
} Output;

/* Tables stay f32: they are small, and the official code never rounds them. */
static EdtType stored_type(const Output *output, const char *name)
{
    return output->bf16 && !g_str_has_suffix(name, "pos_embed") ? EDT_BF16 : EDT_F32;
}

static void declare(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Output *output = user_data;
    g_autofree char *full = g_strconcat(output->prefix, name, NULL);
    edt_safetensors_writer_declare(output->writer, full, stored_type(output, name), rank, shape);
}

static gboolean write_bf16(Output *output, const float *values, gsize count)
{
    g_autofree EdtHalf *halves = g_new(EdtHalf, count);
    for (gsize i = 0; i < count; i++)
        halves[i] = edt_f32_to_bf16(values[i]);
    return edt_safetensors_writer_data(output->writer, halves, count * sizeof *halves,
                                       output->error);
}

static void write_values(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Output *output = user_data;
    EdtTensorView view;
    gsize count = 1;

    if (output->failed)
        return;
    for (int i = 0; i < rank; i++)
        count *= (gsize)shape[i];
    output->source->find(output->source, name, &view);
    if (stored_type(output, name) == EDT_BF16)
        output->failed = !write_bf16(output, view.data, count);
    else
        output->failed = !edt_safetensors_writer_data(output->writer, view.data,
                                                      count * sizeof(float), output->error);
    output->source->done(output->source, name);
}

/* What `edt import` writes about an official latent model. */
static void describe(EdtSafetensorsWriter *writer, const EdtVariant *variant, int image_size)
{
    g_autofree char *image = g_strdup_printf("%d", image_size);
    g_autofree char *latent = g_strdup_printf("%d", variant->latent_size);
    g_autofree char *title =
        g_strdup_printf("%s at %d, untrained (deterministic weights)", variant->name, image_size);
    const char *const pairs[][2] = {
        {"format", "edt-model-1"},  {"edt.variant", variant->name},
        {"edt.image_size", image},  {"edt.latent_size", latent},
        {"edt.channels", "4"},      {"edt.guided_channels", "3"},
        {"edt.schedule", "linear"}, {"edt.prediction", "noise"},
        {"edt.latent", "sd-vae"},   {"edt.alpha", "0"},
        {"edt.n_classes", "1000"},  {"edt.classes", "imagenet"},
        {"edt.title", title},       {"edt.licence", "GPL-3.0-or-later"},
        {"edt.source_sha256", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
        edt_safetensors_writer_metadata(writer, pairs[i][0], pairs[i][1]);
}

/* outputs: the parts of the file, one after the other. */
static gboolean write_file(const char *path, Output *outputs, int n, const EdtVariant *described,
                           int image_size, GError **error)
{
    EdtSafetensorsWriter *writer = edt_safetensors_writer_new(path, TRUE, error);
    if (writer == NULL)
        return FALSE;
    if (described != NULL)
        describe(writer, described, image_size);
    for (int i = 0; i < n; i++) {
        outputs[i].writer = writer;
        outputs[i].error = error;
        hash_weights_each(outputs[i].source, declare, &outputs[i]);
    }
    for (int i = 0; i < n; i++) {
        hash_weights_each(outputs[i].source, write_values, &outputs[i]);
        if (outputs[i].failed) {
            edt_safetensors_writer_abandon(writer);
            return FALSE;
        }
    }
    return edt_safetensors_writer_finish(writer, error);
}

static gboolean run(const char *path, const EdtVariant *variant, int image_size, gboolean model,
                    gboolean vae, gboolean bf16, GError **error)
{
    Output outputs[2];
    int n = 0;

    if (model || !vae)
        outputs[n++] = (Output){.source = hash_weights_edt(variant, HASH_ADALN_GAIN),
                                .prefix = model ? "edt." : ""};
    if (vae)
        outputs[n++] = (Output){.source = hash_weights_vae(), .prefix = model ? "vae." : ""};
    for (int i = 0; i < n; i++)
        outputs[i].bf16 = bf16;
    gboolean written = write_file(path, outputs, n, model ? variant : NULL, image_size, error);
    for (int i = 0; i < n; i++)
        hash_weights_free(outputs[i].source);
    return written;
}

int main(int argc, char **argv)
{
    gboolean model = FALSE, vae = FALSE, bf16 = FALSE;
    const GOptionEntry entries[] = {
        {"model", 0, 0, G_OPTION_ARG_NONE, &model, "A complete model, not bare weights", NULL},
        {"vae", 0, 0, G_OPTION_ARG_NONE, &vae, "With the VAE; bare: the VAE alone", NULL},
        {"bf16", 0, 0, G_OPTION_ARG_NONE, &bf16, "Store bf16 instead of f32", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("VARIANT IMAGE_SIZE OUT.safetensors");
    g_autoptr(GError) error = NULL;
    EdtVariant variant;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 4) {
        g_printerr("%s\n", error ? error->message : "Give a variant, an image size and a path.");
        return EDT_ERROR_USAGE;
    }
    int image_size = atoi(argv[2]);
    if (!edt_variant_named(argv[1], image_size, &variant)) {
        g_printerr("There is no variant %s at %s pixels.\n", argv[1], argv[2]);
        return EDT_ERROR_USAGE;
    }
    if (model && variant.latent_size == image_size) {
        g_printerr("--model writes latent models; %s works on pixels.\n", variant.name);
        return EDT_ERROR_USAGE;
    }
    if (!run(argv[3], &variant, image_size, model, vae, bf16, &error)) {
        g_printerr("%s\n", error->message);
        return error->code;
    }
    return EXIT_SUCCESS;
}
