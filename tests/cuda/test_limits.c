/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole pictures through edt.h on a GPU that is too small, dies, or is watched: what a program gets
 * to see, what comes back from the device, and that the CPU goes on.  The GPU is the simulated one,
 * in its module, as test_engine.c finds it.
 */
#include "unit/tiny.h"

#include "host/simulated.h"
#include "sample/preview.h"

#include <gmodule.h>
#include <string.h>

static EdtHostMachine *gpu;

static EdtEngine *open_engine(EdtBackendKind backend, GError **error)
{
    const EdtEngineOptions options = {
        .threads = 1, .backend = backend, .precision = EDT_PRECISION_F32};
    return edt_engine_open(tiny_model(), &options, error);
}

static guint64 forecast(int batch)
{
    const EdtEngineOptions options = {.backend = EDT_BACKEND_CUDA, .precision = EDT_PRECISION_F32};
    EdtModelInfo *info = edt_model_info_read(tiny_model(), NULL);
    guint64 bytes = edt_memory_forecast(info, &options, batch);
    edt_model_info_free(info);
    return bytes;
}

/* What a run on the CPU gives, as the last word after every failure. */
static void check_cpu_works(void)
{
    GError *error = NULL;
    EdtItem items[1];
    EdtEngine *engine = open_engine(EDT_BACKEND_CPU, &error);
    g_assert_no_error(error);
    EdtRequest request = tiny_request(engine, items, 1, 1);
    request.latent_only = TRUE;
    EdtPictures *pictures = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    edt_pictures_free(pictures);
    edt_engine_close(engine);
}

/* Nothing is uploaded; auto goes on to the CPU and says why. */
static void test_small_gpu(void)
{
    GError *error = NULL;
    const size_t memory = gpu->memory;
    gpu->memory = forecast(1) - 1;
    gpu->most = 0;
    g_assert_null(open_engine(EDT_BACKEND_CUDA, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "of the GPU's memory and "));
    g_assert_nonnull(strstr(error->message, "the type bf16, a smaller model, or the backend cpu"));
    g_clear_error(&error);
    g_assert_cmpuint(gpu->most, ==, 0);
    g_assert_cmpint(gpu->live, ==, 0);
    EdtEngine *engine = open_engine(EDT_BACKEND_AUTO, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(edt_engine_backend(engine), ==, "cpu");
    g_assert_nonnull(strstr(edt_engine_passed_over(engine), "of the GPU's memory"));
    edt_engine_close(engine);
    gpu->memory = forecast(1);
    engine = open_engine(EDT_BACKEND_AUTO, &error);
    g_assert_cmpstr(edt_engine_backend(engine), ==, "cuda");
    g_assert_null(edt_engine_passed_over(engine));
    edt_engine_close(engine);
    gpu->memory = memory;
}

/* A GPU that cannot even be opened. */
static void test_shut_gpu(void)
{
    GError *error = NULL;
    gpu->fail_alloc = 1;
    EdtEngine *engine = open_engine(EDT_BACKEND_AUTO, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(edt_engine_backend(engine), ==, "cpu");
    g_assert_nonnull(strstr(edt_engine_passed_over(engine), "failed at starting"));
    edt_engine_close(engine);
    g_assert_cmpint(gpu->live, ==, 0);
}

static EdtVerdict note_batch(const EdtProgress *progress, gpointer user_data)
{
    int *widest = user_data;
    *widest = MAX(*widest, progress->n_items);
    return EDT_CONTINUE;
}

/* Batches are as large as the GPU allows; a larger one is refused before it is begun. */
static void test_batches(void)
{
    const EdtCallbacks callbacks = {.progress = note_batch};
    GError *error = NULL;
    EdtItem items[6];
    int widest = 0;
    const size_t memory = gpu->memory;
    EdtEngine *engine = open_engine(EDT_BACKEND_CUDA, &error);
    EdtRequest request = tiny_request(engine, items, 6, 1);
    request.latent_only = TRUE;
    gpu->memory = (forecast(4) + forecast(5)) / 2;
    request.batch = 5;
    g_assert_null(edt_generate(engine, &request, &callbacks, &widest, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
    g_assert_nonnull(strstr(error->message, "for 5 pictures at a time"));
    g_assert_nonnull(strstr(error->message, "Choose a smaller batch"));
    g_clear_error(&error);
    g_assert_cmpint(widest, ==, 0);
    request.batch = 0;
    for (int i = 0; i < 2; i++) { /* what the first call took does not count twice */
        EdtPictures *pictures = edt_generate(engine, &request, &callbacks, &widest, &error);
        g_assert_no_error(error);
        g_assert_cmpint(widest, ==, 4);
        edt_pictures_free(pictures);
    }
    edt_engine_close(engine);
    gpu->memory = memory;
}

/* The driver takes memory of its own when kernels are first used: a run that went well goes well
 * again, and a larger one is judged by what is left. */
static void test_again(void)
{
    GError *error = NULL;
    EdtItem items[2];
    const size_t memory = gpu->memory;
    EdtEngine *engine = open_engine(EDT_BACKEND_CUDA, &error);
    EdtRequest request = tiny_request(engine, items, 2, 1);
    request.cfg_scale = 1;
    for (int n = 1; n <= 2; n++) {
        request.n_items = 1;
        EdtPictures *pictures = edt_generate(engine, &request, NULL, NULL, &error);
        g_assert_no_error(error);
        edt_pictures_free(pictures);
        gpu->memory = gpu->held + 4096;
    }
    request.n_items = request.batch = 2;
    g_assert_null(edt_generate(engine, &request, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
    g_assert_nonnull(strstr(error->message, "for 2 pictures at a time"));
    g_clear_error(&error);
    edt_engine_close(engine);
    gpu->memory = memory;
}

/* The step that is shown, and the launches so far when it is. */
typedef struct {
    int shown, told;
    long replays;
    guint8 pixels[16 * 16 * 3];
    EdtVerdict verdict;
    int stop_at;
} Shown;

static void note_preview(const EdtPreview *preview, gpointer user_data)
{
    Shown *shown = user_data;
    shown->shown = preview->step;
    shown->replays = gpu->replays;
    g_assert_cmpint(preview->width * preview->height * preview->channels, ==,
                    sizeof shown->pixels);
    memcpy(shown->pixels, preview->pixels, sizeof shown->pixels);
}

static EdtVerdict note_step(const EdtProgress *progress, gpointer user_data)
{
    Shown *shown = user_data;
    if (progress->phase != EDT_PHASE_SAMPLING)
        return EDT_CONTINUE;
    shown->told = progress->step;
    return progress->step == shown->stop_at ? shown->verdict : EDT_CONTINUE;
}

static EdtPictures *show_steps(EdtEngine *engine, Shown *shown, GError **error)
{
    const EdtCallbacks callbacks = {.progress = note_step, .preview = note_preview};
    EdtItem items[1];
    EdtRequest request = tiny_request(engine, items, 1, 4);
    request.latent_only = request.want_previews = TRUE;
    return edt_generate(engine, &request, &callbacks, shown, error);
}

/* The GPU is at the next step while a preview is made of this one, and never more than asked for:
 * after a stop there is no step more, and the estimate that is kept is the one that was shown. */
static void test_previews(void)
{
    GError *error = NULL;
    EdtEngine *engine = open_engine(EDT_BACKEND_CUDA, &error);
    Shown whole = {0}, stopped = {.stop_at = 2, .verdict = EDT_STOP_KEEP},
          thrown = {.stop_at = 2, .verdict = EDT_STOP_DISCARD};
    guint8 kept[16 * 16 * 3];

    edt_pictures_free(show_steps(engine, &whole, &error));
    g_assert_no_error(error);
    g_assert_cmpint(whole.shown, ==, 4);
    const long before = gpu->replays;
    EdtPictures *pictures = show_steps(engine, &stopped, &error);
    g_assert_no_error(error);
    g_assert_cmpint(stopped.shown, ==, 2);
    g_assert_cmpint(gpu->replays - before, ==, 2);
    edt_preview_latent(edt_engine_info(engine)->latents, 4, pictures->pictures[0].latent, 16 * 16,
                       kept);
    g_assert_cmpmem(kept, sizeof kept, stopped.pixels, sizeof stopped.pixels);
    edt_pictures_free(pictures);
    g_assert_null(show_steps(engine, &thrown, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_CANCELLED);
    g_clear_error(&error);
    g_assert_cmpint(thrown.shown, ==, 1);
    g_assert_cmpint(gpu->replays - before, ==, 4);
    g_assert_cmpint(thrown.replays - before, ==, 4); /* step 2 was under way already */
    edt_engine_close(engine);
}

static void ignore_preview(const EdtPreview *preview, gpointer user_data)
{
}

/* Between the first noise and the last latent nothing comes back but what is shown, and nothing is
 * allocated; from the second step on a step is one launch beside what is sent. */
static void test_traffic(void)
{
    const EdtCallbacks callbacks = {.preview = ignore_preview};
    enum { PICTURES = 2, STEPS = 4 };
    GError *error = NULL;
    EdtItem items[PICTURES];
    EdtEngine *engine = open_engine(EDT_BACKEND_CUDA, &error);
    const EdtModelInfo *info = edt_engine_info(engine);
    const size_t latents = PICTURES * sizeof(float) *
                           (size_t)(info->channels * info->latent_size * info->latent_size);
    EdtRequest request = tiny_request(engine, items, PICTURES, STEPS);
    request.latent_only = TRUE;
    for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
        size_t shown[2];
        request.sampler = (EdtSampler)sampler;
        for (int previews = 0; previews < 2; previews++) {
            const long replays = gpu->replays, allocs = gpu->allocs;
            const size_t brought = gpu->brought;
            request.want_previews = previews;
            EdtPictures *pictures = edt_generate(engine, &request, &callbacks, NULL, &error);
            g_assert_no_error(error);
            edt_pictures_free(pictures);
            shown[previews] = gpu->brought - brought;
            /* the step of the first run is the same as that of the others, but for unipc's, which
             * has one estimate more to keep */
            const gboolean fresh = (sampler == 0 || sampler == EDT_SAMPLER_UNIPC) && previews == 0;
            g_assert_cmpint(gpu->replays - replays, ==, fresh ? STEPS - 1 : STEPS);
            /* the first previews take pinned memory, and then no more */
            g_assert_true(fresh || gpu->allocs - allocs == (sampler == 0));
        }
        g_assert_cmpuint(shown[0], ==, latents);
        g_assert_cmpuint(shown[1], ==, latents * (1 + STEPS));
    }
    edt_engine_close(engine);
}

/* Two ways of failing in the middle of a run: told at the second step. */
static EdtVerdict break_it(const EdtProgress *progress, gpointer user_data)
{
    if (progress->phase == EDT_PHASE_SAMPLING && progress->step == 2)
        gpu->fail_call = 5;
    return EDT_CONTINUE;
}

/* The call fails with a sentence; if the GPU lives the same engine goes on, if not the CPU does. */
static void check_break(gboolean dies)
{
    const EdtCallbacks callbacks = {.progress = break_it};
    GError *error = NULL;
    EdtItem items[1];
    EdtEngine *engine = open_engine(EDT_BACKEND_CUDA, &error);
    EdtRequest request = tiny_request(engine, items, 1, 5);
    request.latent_only = TRUE;
    gpu->dies = dies;
    for (int i = 0; i < 2; i++) {
        EdtPictures *pictures =
            edt_generate(engine, &request, i == 0 ? &callbacks : NULL, NULL, &error);
        if (i == 0 || dies) {
            g_assert_null(pictures);
            g_assert_error(error, EDT_ERROR, EDT_ERROR_BACKEND);
            g_assert_nonnull(strstr(error->message, "choose the backend cpu"));
            g_clear_error(&error);
        }
        g_assert_no_error(error);
        edt_pictures_free(pictures);
    }
    edt_engine_close(engine);
    g_assert_cmpint(gpu->live, ==, 0);
    check_cpu_works();
    gpu->dies = gpu->dead = FALSE;
}

static void test_breaks(void)
{
    check_break(FALSE);
}

static void test_dies(void)
{
    check_break(TRUE);
}

/* Under the address sanitizer the simulated threads change a hundred times as slowly. */
#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 11 };
#else
enum { STRIDE = 1 };
#endif

/* The n-th allocation of a run with its picture fails, for every n (or every STRIDE-th): the
 * decoder's too. */
static void test_full(void)
{
    int failures = 0;
    for (long n = 1; gpu->fail_alloc == 0; n += STRIDE) {
        GError *error = NULL;
        EdtItem items[1];
        EdtPictures *pictures = NULL;
        gpu->fail_alloc = n;
        EdtEngine *engine = open_engine(EDT_BACKEND_CUDA, &error);
        if (engine) {
            EdtRequest request = tiny_request(engine, items, 1, 1);
            request.cfg_scale = 1;
            pictures = edt_generate(engine, &request, NULL, NULL, &error);
        }
        if (gpu->fail_alloc == 0) {
            g_assert_null(pictures);
            g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
            g_clear_error(&error);
            failures++;
        }
        g_assert_no_error(error);
        edt_pictures_free(pictures);
        edt_engine_close(engine);
        g_assert_cmpint(gpu->live, ==, 0);
    }
    gpu->fail_alloc = 0;
    g_test_message("%d allocations failed in turn", failures);
    g_assert_cmpint(failures, >, 150 / STRIDE);
    check_cpu_works();
}

int main(int argc, char **argv)
{
    const char *path = g_getenv("MODULE");
    GModule *module = g_module_open(path, G_MODULE_BIND_LOCAL);
    g_assert_nonnull(module);
    g_assert_true(g_module_symbol(module, "edt_host_machine", (gpointer *)&gpu));
    g_setenv("EDT_CUDA_MODULE", path, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuda/limits/small-gpu", test_small_gpu);
    g_test_add_func("/cuda/limits/shut-gpu", test_shut_gpu);
    g_test_add_func("/cuda/limits/batches", test_batches);
    g_test_add_func("/cuda/limits/again", test_again);
    g_test_add_func("/cuda/limits/traffic", test_traffic);
    g_test_add_func("/cuda/limits/previews", test_previews);
    g_test_add_func("/cuda/limits/breaks", test_breaks);
    g_test_add_func("/cuda/limits/dies", test_dies);
    g_test_add_func("/cuda/limits/full", test_full);
    return g_test_run();
}
