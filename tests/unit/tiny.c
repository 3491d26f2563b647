/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See tiny.h.
 */
#include "tiny.h"

#include <glib/gstdio.h>

static char *folder, *path;

const char *tiny_model(void)
{
    GError *error = NULL;
    if (path)
        return path;
    folder = g_dir_make_tmp("edt-tiny-XXXXXX", &error);
    g_assert_no_error(error);
    path = g_build_filename(folder, "tiny.safetensors", NULL);
    EdtImport import = {
        .edt_path = TINY_DATA "/edt_tiny_bare.pt",
        .vae_path = TINY_DATA "/vae_small_modern.safetensors",
        .output = path,
    };
    edt_import(&import, NULL, NULL, &error);
    g_assert_no_error(error);
    return path;
}

void tiny_clear(void)
{
    if (path == NULL)
        return;
    g_unlink(path);
    g_rmdir(folder);
    g_clear_pointer(&path, g_free);
    g_clear_pointer(&folder, g_free);
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
