/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small autoencoder beside the full one: imported in either spelling, painting previews as often
 * as their time allows, decoding where a request asks for it; what cannot go there is refused.
 */
#include "unit/tiny.h"
#include "folder.h"

#include "cpu/cpu.h"
#include "engine/previews.h"
#include "files/safetensors.h"
#include "golden/small_vae.h"
#include "vae/vae.h"

#include <string.h>

#define SIDE 128

static const char *folder;

static char *file_of(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* Writes a small autoencoder and answers its path. */
static char *write_vae(const EdtVaeShape *shape, gboolean taesd_decoder)
{
    char *path = file_of(taesd_decoder ? "taesd_decoder.safetensors" : "whole.safetensors");
    SmallVae *vae = small_vae_new(shape);
    small_vae_write(vae, path, taesd_decoder, NULL);
    small_vae_free(vae);
    return path;
}

static gboolean import(const char *vae, const char *draft, const char *output, GError **error)
{
    const EdtImport import = {.edt_path = TINY_DATA "/edt_tiny_bare.pt",
                              .vae_path = vae,
                              .draft_path = draft,
                              .output = output,
                              .force = TRUE};
    return edt_import(&import, NULL, NULL, error);
}

#define FULL TINY_DATA "/vae_small_modern.safetensors"

/* The model with a draft; its draft came with the numbers of TAESD's own file, or by our names. */
static char *model_with(gboolean taesd_decoder)
{
    GError *error = NULL;
    char *path = file_of("model.safetensors");
    g_autofree char *draft = write_vae(&small_vae_taesd, taesd_decoder);
    import(FULL, draft, path, &error);
    g_assert_no_error(error);
    return path;
}

static EdtEngine *engine_of(const char *path)
{
    const EdtEngineOptions wish = {.threads = 2, .precision = EDT_PRECISION_F32};
    GError *error = NULL;
    EdtEngine *engine = edt_engine_open(path, &wish, &error);
    g_assert_no_error(error);
    return engine;
}

/* ---- import ---- */

static void test_import(void)
{
    SmallVae *vae = small_vae_new(&small_vae_taesd);
    for (int taesd = 0; taesd < 2; taesd++) {
        g_autofree char *path = model_with(taesd);
        GError *error = NULL;
        EdtModelInfo *info = edt_model_info_read(path, &error);
        g_assert_no_error(error);
        g_assert_true(info->has_vae && info->has_draft && !info->has_alpha);
        edt_model_info_free(info);
        EdtSafetensors *file = edt_safetensors_open(path, &error);
        int found = 0;
        for (guint i = 0; i < edt_safetensors_count(file); i++) {
            const EdtSafetensor *t = edt_safetensors_get(file, i);
            if (!g_str_has_prefix(t->name, "draft."))
                continue;
            const float *numbers = small_vae_numbers(vae, t->name + strlen("draft."));
            g_assert_nonnull(numbers);
            g_assert_cmpmem(t->view.data, t->bytes, numbers, t->bytes);
            g_assert_true(g_str_has_prefix(t->name, "draft.decoder.layers."));
            found++;
        }
        g_assert_cmpint(found, ==, 37); /* five blocks of six, five convolutions, three unbiased */
        edt_safetensors_close(file);
    }
    small_vae_free(vae);
}

static void refused(const char *vae, const char *draft, int code, const char *what)
{
    g_autofree char *path = file_of("refused.safetensors");
    GError *error = NULL;
    g_assert_false(import(vae, draft, path, &error));
    g_assert_error(error, EDT_ERROR, code);
    if (!strstr(error->message, what))
        g_error("“%s” is not in: %s", what, error->message);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
}

static void test_refused(void)
{
    EdtVaeShape half = small_vae_taesd; /* of pictures half as large */
    g_autofree char *draft = write_vae(&small_vae_taesd, TRUE);
    refused(NULL, draft, EDT_ERROR_USAGE, "--vae");
    refused(FULL, FULL, EDT_ERROR_BAD_FILE, "TAESD");
    refused(draft, NULL, EDT_ERROR_BAD_FILE, "encoder.layers.0.weight");
    half.encoder.levels = half.decoder.levels = 3;
    half.factor = 4;
    g_autofree char *other = write_vae(&half, FALSE);
    refused(FULL, other, EDT_ERROR_BAD_FILE, "TAESD");
    g_autofree char *codec = write_vae(&small_vae_codec, FALSE);
    refused(FULL, codec, EDT_ERROR_BAD_FILE, "TAESD");
    refused(codec, NULL, EDT_ERROR_BAD_FILE, "Stable Diffusion");
}

/* ---- decoding ---- */

/* What the small autoencoder makes of the sampler's latent as it is, without a scale. */
static void check_picture(const EdtPicture *picture)
{
    SmallVae *weights = small_vae_new(&small_vae_taesd);
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){2, EDT_PRECISION_F32}, NULL);
    EdtVae *vae = edt_vae_new(backend, dev, small_vae_source(weights), EDT_VAE_DECODER, NULL);
    g_autofree float *planes = g_new(float, 3 * SIDE * SIDE);
    g_assert_true(edt_vae_decode(vae, SIDE / 8, SIDE / 8, picture->latent, planes, NULL));
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int c = 0; c < 3; c++)
            g_assert_cmpfloat_with_epsilon(picture->pixels[3 * i + c],
                                           CLAMP((planes[c * SIDE * SIDE + i] + 1) / 2, 0.0f, 1.0f),
                                           1e-5f);
    edt_vae_free(vae);
    backend->close(dev);
    small_vae_free(weights);
}

typedef struct {
    int plain, painted, last_plain, first_painted;
} Seen;

static void note(const EdtPreview *preview, gpointer data)
{
    Seen *seen = data;
    g_assert_cmpint(preview->channels, ==, 3);
    if (preview->width == SIDE) {
        seen->first_painted = seen->painted++ ? seen->first_painted : preview->step;
    } else {
        g_assert_cmpint(preview->width, ==, SIDE / 8);
        seen->last_plain = preview->step;
        seen->plain++;
    }
}

static void test_decode(void)
{
    const EdtCallbacks callbacks = {.preview = note};
    g_autofree char *path = model_with(TRUE);
    EdtEngine *engine = engine_of(path);
    EdtItem items[1];
    EdtRequest request = tiny_request(engine, items, 1, 3);
    GError *error = NULL;
    EdtPictures *full = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    request.vae = EDT_DECODE_DRAFT;
    EdtPictures *draft = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(full->pictures[0].latent, 4 * 256 * 4, draft->pictures[0].latent, 4 * 256 * 4);
    g_assert_cmpint(draft->pictures[0].width, ==, SIDE);
    check_picture(&draft->pictures[0]);

    /* rough colours until there was a real picture, then only such */
    Seen seen = {.first_painted = G_MAXINT};
    request.want_previews = TRUE;
    request.steps = 60;
    edt_pictures_free(full);
    full = edt_generate(engine, &request, &callbacks, &seen, &error);
    g_assert_no_error(error);
    g_assert_cmpint(seen.plain + seen.painted, >, 0);
    g_assert_cmpint(seen.last_plain, <, seen.first_painted);
    edt_pictures_free(full);
    edt_pictures_free(draft);
    edt_engine_close(engine);

    engine = engine_of(tiny_model()); /* has none */
    g_assert_false(edt_engine_info(engine)->has_draft);
    request.want_previews = FALSE;
    g_assert_null(edt_generate(engine, &request, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "--draft-vae"));
    g_clear_error(&error);
    edt_engine_close(engine);
}

/* ---- when previews are due ---- */

static int count_due(EdtPreviews *previews, int steps, double seconds)
{
    int due = 0;
    for (int i = 0; i < steps; i++)
        due += edt_previews_due(previews, seconds);
    return due;
}

static void test_due(void)
{
    EdtPreviews cheap = {.cost = 0.05}, dear = {.cost = 0.5}, unknown = {.work = 0.3};
    g_assert_cmpint(count_due(&cheap, 20, 1.0), ==, 20);
    g_assert_cmpint(count_due(&dear, 20, 1.0), ==, 4);
    g_assert_cmpint(count_due(&dear, 4, 1.0), ==, 0); /* nothing is saved beyond one picture */
    g_assert_cmpint(count_due(&unknown, 9, 2.0), ==, 3);
    unknown.cost = 1.0;
    g_assert_cmpint(count_due(&unknown, 40, 2.5), ==, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = test_folder();
    g_test_add_func("/draft/import", test_import);
    g_test_add_func("/draft/refused", test_refused);
    g_test_add_func("/draft/decode", test_decode);
    g_test_add_func("/draft/due", test_due);
    return g_test_run();
}
