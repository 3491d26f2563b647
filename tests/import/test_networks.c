/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Genuine checkpoints of DiT, MDTv2 and MDT become models: bare, of a training run, with parameters
 * and whole numbers among the weights.  Their outputs are the reference's.
 */
#include "models.h"
#include "golden/golden.h"
#include "golden/rig.h"
#include "model/info.h"
#include "shapes.h"

#include <string.h>

/* ---- a model's network ---- */

typedef struct {
    EdtTensorSource base;
    EdtSafetensors *file;
} FileSource;

static gboolean find(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    g_autofree char *full = g_strconcat("edt.", name, NULL);
    const EdtSafetensor *tensor = edt_safetensors_find(((FileSource *)source)->file, full);
    if (tensor)
        *view = tensor->view;
    return tensor != NULL;
}

/* One row, t 342, class 3. */
static void check_output(const char *model, const char *expected)
{
    Golden *golden = golden_open("pt_models_tiny");
    FileSource source = {.base = {.find = find}, .file = open_model(model)};
    EdtVariant v;
    GError *error = NULL;
    EdtModelInfo *info = edt_model_info_of(source.file, model, &v, &error);

    g_assert_no_error(error);
    Rig rig = rig_of(&v, &source.base, EDT_PRECISION_F32, 1);
    g_autofree float *out =
        rig_forward(&rig, 1, golden_f32(golden, "input.x", 4 * 8 * 8), (float[]){342}, (int[]){3});
    golden_check_tensor(golden, expected, out, 8 * 8 * 8, 2e-6);
    rig_free(&rig);
    edt_model_info_free(info);
    edt_safetensors_close(source.file);
    golden_close(golden);
}

/* ---- the files ---- */

static EdtImport import_of(const char *checkpoint, const char *output)
{
    return (EdtImport){.edt_path = checkpoint, .output = output, .force = TRUE};
}

static EdtModelInfo *imported(const EdtImport *import)
{
    GError *error = NULL;
    edt_import(import, NULL, NULL, &error);
    g_assert_no_error(error);
    EdtModelInfo *info = edt_model_info_read(import->output, &error);
    g_assert_no_error(error);
    return info;
}

static void test_files(void)
{
    static const struct {
        const char *file, *output, *variant, *licence;
        int heads, decode_layer;
        double guidance, power;
    } cases[] = {
        {"pt/dit_tiny_bare.pt", "dit_tiny.out", "DiT custom", "CC-BY-NC-4.0", 2, 0, 4, 0},
        {"pt/dit_tiny_train.pt", "dit_tiny.out", "DiT custom", "CC-BY-NC-4.0", 2, 0, 4, 0},
        {"pt/mdtv2_tiny_bare.pt", "mdtv2_tiny.out", "MDTv2 custom", "", 0, 0, 4, 0.01},
        {"pt/mdtv2_tiny_ema_0.9999.pt", "mdtv2_tiny.out", "MDTv2 custom", "", 0, 0, 4, 0.01},
        {"pt/mdt_v1_tiny_bare.pt", "mdt_v1_tiny.decode1.out", "MDT custom", "", 0, 1, 5, 0.01},
        {"pt/mdt_v1_tiny_bare.pt", "mdt_v1_tiny.decode2.out", "MDT custom", "", 0, 2, 5, 0.01},
        {"pt/mdt_v1_tiny_bare.pt", "mdt_v1_tiny.decode2.out", "MDT custom", "", 0, 0, 5, 0.01},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = golden_file(cases[i].file), *output = craft_path("model.st");
        EdtImport import = import_of(path, output);
        import.heads = cases[i].heads;
        import.decode_layer = cases[i].decode_layer;
        EdtModelInfo *info = imported(&import);
        g_assert_cmpstr(info->variant, ==, cases[i].variant);
        g_assert_cmpstr(info->licence, ==, cases[i].licence);
        g_assert_cmpint(info->n_classes, ==, 10);
        g_assert_cmpint(info->latent_size, ==, 8);
        g_assert_true(info->has_null);
        g_assert_cmpfloat(info->cfg_scale, ==, cases[i].guidance);
        g_assert_cmpfloat(info->cfg_pow, ==, cases[i].power);
        g_assert_true(info->learned_variance);
        g_assert_false(info->amm_official || info->amm_helps); /* of so few blocks none is known */
        edt_model_info_free(info);
        check_output(output, cases[i].output);
    }
}

/* The licence that somebody gives counts. */
static void test_licence(void)
{
    g_autofree char *path = golden_file("pt/dit_tiny_bare.pt"), *output = craft_path("model.st");
    EdtImport import = import_of(path, output);
    import.heads = 2;
    import.licence = "mine";
    EdtModelInfo *info = imported(&import);
    g_assert_cmpstr(info->licence, ==, "mine");
    edt_model_info_free(info);
}

static void assert_import_refused(const EdtImport *import, const char *text)
{
    int code;
    g_autofree char *message = failed_import(import, &code);
    if (!strstr(message, text))
        g_error("“%s” does not contain “%s”", message, text);
    g_assert_cmpint(code, ==, EDT_ERROR_BAD_FILE);
}

/* No tensor tells how many heads a width of 32 has. */
static void test_heads(void)
{
    g_autofree char *path = golden_file("pt/dit_tiny_bare.pt"), *output = craft_path("none.st");
    EdtImport import = import_of(path, output);

    assert_import_refused(&import, "--heads");
    import.heads = 3;
    assert_import_refused(&import, "cannot have");
}

/* What tensors tell is not for options to change. */
static void test_told(void)
{
    static const struct {
        const char *file, *text;
        int heads, decode_layer;
    } cases[] = {
        {"pt/dit_tiny_bare.pt", "DiT custom, whose tensors do not go with --decode-layer 1", 2, 1},
        {"pt/mdtv2_tiny_bare.pt", "MDTv2 custom, whose tensors do not go with --heads 4", 4, 2},
        {"pt/mdtv2_tiny_bare.pt", "MDTv2 custom, whose tensors do not go with --decode-layer 4", 2,
         4},
        {"pt/mdt_v1_tiny_bare.pt", "MDT custom, whose tensors do not go with --heads 4", 4, 2},
        {"pt/edt_tiny_bare.pt", "EDT custom, whose tensors do not go with --heads 5", 5, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = golden_file(cases[i].file), *output = craft_path("none.st");
        EdtImport import = import_of(path, output);
        int code;
        import.heads = cases[i].heads;
        import.decode_layer = cases[i].decode_layer;
        g_autofree char *message = failed_import(&import, &code);
        if (!strstr(message, cases[i].text))
            g_error("“%s” does not contain “%s”", message, cases[i].text);
        g_assert_cmpint(code, ==, EDT_ERROR_USAGE);
    }
}

static void test_decoder(void)
{
    g_autofree char *path = golden_file("pt/mdt_v1_tiny_bare.pt"), *output = craft_path("none.st");
    EdtImport import = import_of(path, output);

    import.decode_layer = 4; /* of 4 blocks: nothing would be in front of it */
    assert_import_refused(&import, "“blocks”");
}

/* ---- other wrappings, with tensors changed ---- */

typedef struct {
    EdtSafetensorsWriter *writer;
    const char *prefix, *without;
    gboolean data;
} Output;

static void write_tensor(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Output *output = user_data;
    g_autofree char *full = g_strconcat(output->prefix, name, NULL);
    gsize count = 1;

    if (g_strcmp0(name, output->without) == 0)
        return;
    for (int i = 0; i < rank; i++)
        count *= (gsize)shape[i];
    g_autofree float *zeros = g_new0(float, count);
    if (output->data)
        edt_safetensors_writer_data(output->writer, zeros, count * sizeof(float), NULL);
    else
        edt_safetensors_writer_declare(output->writer, full, EDT_F32, rank, shape);
}

static void write_layer(const EdtLayer *layer, gpointer output)
{
    edt_layer_tensors(layer, write_tensor, output);
}

/* Zeros for all layers, those of training too, but for one tensor. */
static char *write_network(const EdtVariant *v, const char *prefix, const char *without)
{
    char *path = craft_path("network.safetensors");
    Output output = {edt_safetensors_writer_new(path, TRUE, NULL), prefix, without, FALSE};

    edt_layers(v, write_layer, &output);
    output.data = TRUE;
    edt_layers(v, write_layer, &output);
    g_assert_true(edt_safetensors_writer_finish(output.writer, NULL));
    return path;
}

static EdtVariant little(EdtFamily family)
{
    return shape_little(family, 16, 2, 2);
}

static void test_prefixes(void)
{
    static const EdtFamily families[] = {EDT_FAMILY_DIT, EDT_FAMILY_MDTV2, EDT_FAMILY_MDT};
    for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
        const EdtVariant v = little(families[i]);
        g_autofree char *path = write_network(&v, "module._orig_mod.", NULL);
        g_autofree char *output = craft_path("model.st");
        EdtImport import = import_of(path, output);
        import.heads = 2;
        EdtModelInfo *info = imported(&import);
        g_assert_cmpuint(info->n_parameters, ==, edt_variant_parameters(&v));
        edt_model_info_free(info);
    }
}

static void test_missing(void)
{
    static const struct {
        EdtFamily family;
        const char *without, *text;
    } cases[] = {
        {EDT_FAMILY_DIT, "blocks.1.mlp.fc2.bias", "1 missing (blocks.1.mlp.fc2.bias)"},
        {EDT_FAMILY_DIT, "pos_embed", "“pos_embed” is missing"},
        {EDT_FAMILY_MDTV2, "decoder_pos_embed", "1 missing (decoder_pos_embed)"},
        {EDT_FAMILY_MDTV2, "en_outblocks.1.attn.qkv.weight", "“en_outblocks”"},
        {EDT_FAMILY_MDTV2, "de_blocks.0.skip_linear.weight",
         "1 missing (de_blocks.0.skip_linear.weight)"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const EdtVariant v = little(cases[i].family);
        g_autofree char *path = write_network(&v, "", cases[i].without);
        g_autofree char *output = craft_path("none.st");
        EdtImport import = import_of(path, output);
        import.heads = 2;
        assert_import_refused(&import, cases[i].text);
    }
}

/* ---- what a training run says of itself ---- */

static void pickle_zeros(const char *name, int rank, const gint64 *shape, gpointer pickle)
{
    gint64 sizes[5] = {-1, -1, -1, -1, -1}, strides[5] = {-1, -1, -1, -1, -1}, count = 1;

    for (int i = rank - 1; i >= 0; i--) {
        sizes[i] = shape[i];
        strides[i] = count;
        count *= shape[i];
    }
    pickle_string(pickle, name);
    pickle_tensor(pickle, "FloatStorage", "0", 1 << 16, 0, sizes, strides);
}

static void pickle_layer(const EdtLayer *layer, gpointer pickle)
{
    edt_layer_tensors(layer, pickle_zeros, pickle);
}

/* {"ema": zeros, "args": a Namespace of a model, or the same as a dictionary} */
static char *write_run(const EdtVariant *v, const char *model, gboolean named)
{
    g_autoptr(GByteArray) p = pickle_new(), zip = NULL;
    g_autofree float *zeros = g_new0(float, 1 << 16);

    pickle_op(p, "}(");
    pickle_string(p, "ema");
    pickle_op(p, "}(");
    edt_layers(v, pickle_layer, p);
    pickle_op(p, "u");
    pickle_string(p, "args");
    if (named) {
        pickle_global(p, "argparse", "Namespace");
        pickle_op(p, ")\x81");
    }
    pickle_op(p, "}(");
    pickle_string(p, "model");
    pickle_string(p, model);
    pickle_op(p, named ? "ubu." : "uu.");
    zip = zip_with(p, zeros, (1 << 16) * sizeof *zeros);
    return craft_file("run.pt", zip);
}

/* A width of its own with the heads of a published size. */
static void test_heads_of_run(void)
{
    EdtVariant v = shape_little(EDT_FAMILY_DIT, 24, 2, 2);
    for (int named = 0; named < 2; named++) {
        g_autofree char *path = write_run(&v, "DiT-S/2", named);
        g_autofree char *output = craft_path("model.st");
        EdtImport import = import_of(path, output);
        edt_model_info_free(imported(&import));
        EdtSafetensors *model = open_model(output);
        g_assert_cmpstr(edt_safetensors_metadata(model, "edt.heads"), ==, "6");
        edt_safetensors_close(model);
        import.heads = 4; /* who says it knows better */
        edt_model_info_free(imported(&import));
        model = open_model(output);
        g_assert_cmpstr(edt_safetensors_metadata(model, "edt.heads"), ==, "4");
        edt_safetensors_close(model);
    }
    static const char *const no_help[] = {"DiT-tiny/2", "DiT-XL/2"}; /* none; 16 do not divide 24 */
    for (gsize i = 0; i < G_N_ELEMENTS(no_help); i++) {
        g_autofree char *path = write_run(&v, no_help[i], TRUE), *output = craft_path("none.st");
        EdtImport import = import_of(path, output);
        assert_import_refused(&import, "--heads");
    }
}

/* What only training needs may be missing, too. */
static void test_without_side(void)
{
    const EdtVariant v = little(EDT_FAMILY_MDTV2);
    g_autofree char *path = write_network(&v, "", "mask_token"), *output = craft_path("model.st");
    EdtImport import = import_of(path, output);
    edt_model_info_free(imported(&import));
}

/* diffusers' names lead to the original file. */
static void test_diffusers(void)
{
    g_autofree char *path = craft_path("diffusers.safetensors"), *output = craft_path("none.st");
    EdtSafetensorsWriter *writer = edt_safetensors_writer_new(path, TRUE, NULL);
    EdtImport import = import_of(path, output);

    edt_safetensors_writer_declare(
        writer, "transformer_blocks.0.norm1.emb.timestep_embedder.linear_1.weight", EDT_F32, 1,
        (gint64[]){1});
    edt_safetensors_writer_data(writer, "\0\0\0\0", 4, NULL);
    g_assert_true(edt_safetensors_writer_finish(writer, NULL));
    assert_import_refused(&import, "DiT-XL-2-256x256.pt");
}

/* ---- no null class ---- */

static EdtPictures *generate(EdtEngine *engine, int class_index, double cfg, GError **error)
{
    EdtItem item = {.class_index = class_index, .seed = 1};
    EdtRequest request;

    edt_request_init(&request, engine);
    request.items = &item;
    request.n_items = 1;
    request.steps = 1;
    request.latent_only = TRUE;
    if (cfg)
        request.cfg_scale = cfg;
    return edt_generate(engine, &request, NULL, NULL, error);
}

static void test_no_null_class(void)
{
    EdtVariant v = little(EDT_FAMILY_DIT);
    v.n_classes = 1000;
    v.no_null = TRUE;
    g_autofree char *path = write_network(&v, "", NULL), *output = craft_path("model.safetensors");
    EdtImport import = import_of(path, output);
    GError *error = NULL;

    import.heads = 2;
    EdtModelInfo *info = imported(&import);
    g_assert_cmpint(info->n_classes, ==, 1000);
    g_assert_false(info->has_null);
    g_assert_cmpfloat(info->cfg_scale, ==, 1);
    edt_model_info_free(info);
    EdtEngine *engine = edt_engine_open(output, &(EdtEngineOptions){.threads = 1}, &error);
    g_assert_no_error(error);
    EdtPictures *plain = generate(engine, 999, 0, &error);
    g_assert_no_error(error);
    edt_pictures_free(plain);
    g_assert_null(generate(engine, 0, 4, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "without a null class"));
    g_clear_error(&error);
    g_assert_null(generate(engine, 1000, 0, &error)); /* which would be the null class */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    edt_engine_close(engine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/networks/files", test_files);
    g_test_add_func("/networks/licence", test_licence);
    g_test_add_func("/networks/heads", test_heads);
    g_test_add_func("/networks/told", test_told);
    g_test_add_func("/networks/decoder", test_decoder);
    g_test_add_func("/networks/heads-of-run", test_heads_of_run);
    g_test_add_func("/networks/prefixes", test_prefixes);
    g_test_add_func("/networks/missing", test_missing);
    g_test_add_func("/networks/without-side", test_without_side);
    g_test_add_func("/networks/diffusers", test_diffusers);
    g_test_add_func("/networks/no-null-class", test_no_null_class);
    return g_test_run();
}
