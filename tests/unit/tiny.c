/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See tiny.h.
 */
#include "tiny.h"

#include "folder.h"

static char *path;

/* A genuine file, where it was when this was built or where it is now (tests/cuda/bundle). */
static char *tiny_data(const char *file)
{
    const char *told = g_getenv("EDT_GOLDEN_DATA");
    return told ? g_build_filename(told, "pt", file, NULL)
                : g_build_filename(TINY_DATA, file, NULL);
}

const char *tiny_model(void)
{
    GError *error = NULL;
    if (path)
        return path;
    g_autofree char *edt = tiny_data("edt_tiny_bare.pt");
    g_autofree char *vae = tiny_data("vae_small_modern.safetensors");
    path = test_file("tiny.safetensors");
    EdtImport import = {.edt_path = edt, .vae_path = vae, .output = path};
    edt_import(&import, NULL, NULL, &error);
    g_assert_no_error(error);
    return path;
}

/* EDT_TEST_ONE_THREAD: under ThreadSanitizer, which cannot see the barriers of OpenMP's runtime and
 * would report every parallel loop; what it is to check are the calls from several threads. */
gboolean tiny_one_thread(void)
{
    return g_getenv("EDT_TEST_ONE_THREAD") != NULL;
}

EdtEngine *tiny_engine(int threads, EdtPrecision precision)
{
    GError *error = NULL;
    if (tiny_one_thread())
        threads = 1;
    EdtEngineOptions options = {.threads = threads, .precision = precision};
    EdtEngine *engine = edt_engine_open(tiny_model(), &options, &error);
    g_assert_no_error(error);
    return engine;
}

EdtRequest tiny_request(EdtEngine *engine, EdtItem *items, int n, int steps)
{
    EdtRequest request;
    edt_request_init(&request, engine);
    for (int i = 0; i < n; i++)
        items[i] = (EdtItem){.class_index = i % 10, .seed = 100 + (guint64)i};
    request.items = items;
    request.n_items = n;
    request.steps = steps;
    request.sampler = EDT_SAMPLER_DDIM;
    return request;
}
