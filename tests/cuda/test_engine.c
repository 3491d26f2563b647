/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way a program takes: looking for the module, choosing a backend, and whole pictures through
 * edt.h with the autoencoder, on the CPU and on what the module offers.  MODULE: the host build, or
 * the CUDA module itself (tests/cuda/run).
 */
#include "machine.h"
#include "unit/tiny.h"

#include "compute/module.h"
#include "golden/golden.h"

#include <string.h>

static const char *module_path;

/* ---- looking for it; before anything is loaded, for that stays ---- */

static const EdtBackend *choose(EdtBackendKind kind, char **why, GError **error)
{
    EdtDeviceOptions options;
    return edt_backend_choose(&(EdtEngineOptions){.backend = kind}, &options, why, error);
}

static void check_missing(const char *path, const char *says)
{
    g_autofree char *why = NULL;
    GError *error = NULL;

    g_setenv("EDT_CUDA_MODULE", path, TRUE);
    const EdtBackend *backend =
        choose(EDT_BACKEND_CUDA, NULL, &error);
    g_assert_null(backend);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BACKEND);
    g_assert_nonnull(strstr(error->message, says));
    g_assert_true(g_str_has_suffix(error->message, "Choose the backend auto or cpu."));
    g_clear_error(&error);
    backend = choose(EDT_BACKEND_AUTO, &why, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(backend->name, ==, "cpu");
    g_assert_nonnull(strstr(why, says));
    EdtBackendInfo *list = edt_backends_list();
    g_assert_cmpstr(list[1].name, ==, "cuda");
    g_assert_false(list[1].usable);
    g_assert_nonnull(strstr(list[1].detail, says));
    edt_backends_free(list);
}

static void test_no_module(void)
{
    check_missing("/nonexistent/libedt-cuda.so", "cannot be loaded");
}

/* A library, but none of ours: libm is loaded already. */
static void test_other_library(void)
{
    check_missing("libm.so.6", "another version");
}

static void test_found(void)
{
    GError *error = NULL;
    g_setenv("EDT_CUDA_MODULE", module_path, TRUE);
    EdtBackendInfo *list = edt_backends_list();
    g_test_message("%s", list[1].detail);
    g_assert_true(list[1].usable);
    edt_backends_free(list);
    const EdtBackend *backend =
        choose(EDT_BACKEND_AUTO, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(backend->name, ==, "cuda");
    backend = choose(EDT_BACKEND_CPU, NULL, &error);
    g_assert_cmpstr(backend->name, ==, "cpu");
}

/* ---- pictures ---- */

typedef enum { PLAIN, CAREFUL, SHAPE, REUSE } Kind;

/* Pictures that use all of the canvas: what is kept, a return in a step, classes by weight, noise
 * between seeds; the other one a shape. */
static void lay_canvas(EdtItem *items, Kind kind)
{
    static float source[3 * 128 * 128], mask[128 * 128];
    for (int i = 0; i < 3 * 128 * 128; i++)
        source[i] = (float)(i % 128) / 64 - 1;
    for (int i = 0; i < 128 * 128; i++)
        mask[i] = i / 128 > 50 ? 1 : 0;
    for (int i = 0; i < 2 && (kind == CAREFUL || kind == SHAPE); i++) {
        items[i].source = source;
        items[i].freedom = 0.9;
        items[i].mask = mask;
        items[i].fill = kind == CAREFUL ? EDT_FILL_MISSING : EDT_FILL_SHAPE;
        items[i].careful = TRUE;
        items[i].mix = (EdtMix){2, {{5, EDT_STYLE_ANY, 0.3}, {i, EDT_STYLE_ANY, 0.25}}};
        items[i].variation = (EdtVariation){1, {{7, 0.25}}};
    }
}

static EdtPictures *paint(EdtBackendKind backend, EdtPrecision precision, Kind kind)
{
    const EdtEngineOptions options = {.threads = 1, .backend = backend, .precision = precision};
    GError *error = NULL;
    EdtItem items[2];
    EdtEngine *engine = edt_engine_open(tiny_model(), &options, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(edt_engine_backend(engine), ==, backend == EDT_BACKEND_CPU ? "cpu" : "cuda");
    EdtRequest request = tiny_request(engine, items, 2, 4);
    lay_canvas(items, kind);
    if (kind == REUSE) {
        request.steps = 13; /* with inner stages and without: plainly, recorded and replayed */
        request.reuse = 2;
    }
    EdtPictures *pictures = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    edt_engine_close(engine);
    return pictures;
}

static void check_pictures(EdtPrecision precision, Kind kind, double gate)
{
    EdtPictures *cpu = paint(EDT_BACKEND_CPU, precision, kind);
    EdtPictures *cuda = paint(EDT_BACKEND_CUDA, precision, kind);
    for (int i = 0; i < 2; i++) {
        const EdtPicture *a = &cpu->pictures[i], *b = &cuda->pictures[i];
        golden_check("pixels", b->pixels, a->pixels, (gsize)(a->width * a->height * a->channels),
                     gate);
    }
    edt_pictures_free(cpu);
    edt_pictures_free(cuda);
}

static void test_pictures_f32(void)
{
    check_pictures(EDT_PRECISION_F32, PLAIN, 1e-5);
}

static void test_pictures_bf16(void)
{
    check_pictures(EDT_PRECISION_BF16, PLAIN, 3e-2);
}

static void test_canvas(void)
{
    check_pictures(EDT_PRECISION_F32, CAREFUL, 1e-5);
    check_pictures(EDT_PRECISION_F32, SHAPE, 1e-5);
}

static void test_reuse(void)
{
    check_pictures(EDT_PRECISION_F32, REUSE, 1e-5);
}

int main(int argc, char **argv)
{
    module_path = g_getenv("MODULE");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuda/engine/no-module", test_no_module);
    g_test_add_func("/cuda/engine/other-library", test_other_library);
    g_test_add_func("/cuda/engine/found", test_found);
    g_test_add_func("/cuda/engine/pictures-f32", test_pictures_f32);
    g_test_add_func("/cuda/engine/pictures-bf16", test_pictures_bf16);
    g_test_add_func("/cuda/engine/canvas", test_canvas);
    g_test_add_func("/cuda/engine/reuse", test_reuse);
    return g_test_run();
}
