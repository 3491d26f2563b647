/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The engine through its public header: same picture whatever the batch, the threads or the
 * neighbours; cancelling; previews; requests that cannot be.
 */
#include "engine/engine.h"
#include "tiny.h"

#include <math.h>
#include <string.h>

#define LATENT (4 * 16 * 16)
#define PIXELS (128 * 128 * 3)

static EdtPictures *make(EdtEngine *engine, const EdtRequest *request)
{
    GError *error = NULL;
    EdtPictures *pictures = edt_generate(engine, request, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(pictures);
    return pictures;
}

static void check_same(const EdtPicture *a, const EdtPicture *b)
{
    g_assert_cmpint(a->item.class_index, ==, b->item.class_index);
    g_assert_cmpuint(a->item.seed, ==, b->item.seed);
    g_assert_cmpmem(a->latent, LATENT * sizeof(float), b->latent, LATENT * sizeof(float));
    g_assert_cmpmem(a->pixels, PIXELS * sizeof(float), b->pixels, PIXELS * sizeof(float));
}

static void test_info(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    const EdtModelInfo *info = edt_engine_info(engine);
    g_assert_cmpint(info->n_classes, ==, 10);
    g_assert_cmpint(info->latent_size, ==, 16);
    g_assert_cmpint(info->image_size, ==, 128);
    g_assert_cmpint(info->channels, ==, 4);
    g_assert_cmpint(info->guided_channels, ==, 3);
    g_assert_true(info->has_vae && info->needs_vae && info->learned_variance);
    g_assert_false(info->has_alpha);
    g_assert_cmpstr(edt_engine_backend(engine), ==, "cpu");
    g_assert_cmpint(edt_engine_precision(engine), ==, EDT_PRECISION_F32);
    g_assert_cmpint(edt_engine_threads(engine), ==, tiny_one_thread() ? 1 : 2);
    edt_engine_close(engine);
}

/* Batch of n against one at a time, one thread against two, for every sampler and precision. */
static void test_same_bits(void)
{
    for (int precision = EDT_PRECISION_F32; precision <= EDT_PRECISION_BF16; precision++)
        for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
            EdtEngine *one = tiny_engine(1, (EdtPrecision)precision);
            EdtEngine *two = tiny_engine(2, (EdtPrecision)precision);
            EdtItem items[5];
            EdtRequest request = tiny_request(two, items, 5, 4);
            request.sampler = (EdtSampler)sampler;
            request.batch = 5;
            EdtPictures *batch = make(two, &request), *other = make(one, &request);
            request.batch = 2; /* an uneven last batch */
            EdtPictures *pairs = make(two, &request);
            g_assert_cmpint(batch->n_pictures, ==, 5);
            for (int i = 0; i < 5; i++) {
                EdtRequest single = request;
                single.items = &items[i];
                single.n_items = 1;
                EdtPictures *alone = make(two, &single);
                check_same(&batch->pictures[i], &alone->pictures[0]);
                check_same(&batch->pictures[i], &other->pictures[i]);
                check_same(&batch->pictures[i], &pairs->pictures[i]);
                edt_pictures_free(alone);
            }
            edt_pictures_free(batch);
            edt_pictures_free(other);
            edt_pictures_free(pairs);
            edt_engine_close(one);
            edt_engine_close(two);
        }
}

/* Slices of modulation rows: 1000 steps do not fit one slice of a real model; here the results for
 * many classes (many rows) must equal those of one class. */
static void test_many_steps(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = tiny_request(engine, items, 1, 1000);
    request.latent_only = TRUE;
    request.sampler = EDT_SAMPLER_DDPM;
    EdtPictures *pictures = make(engine, &request);
    g_assert_cmpint(pictures->pictures[0].steps_done, ==, 1000);
    g_assert_null(pictures->pictures[0].pixels);
    for (int i = 0; i < LATENT; i++)
        g_assert_true(isfinite(pictures->pictures[0].latent[i]));
    edt_pictures_free(pictures);
    edt_engine_close(engine);
}

static void test_settings_matter(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest base = tiny_request(engine, items, 1, 4);
    base.latent_only = TRUE;
    EdtPictures *reference = make(engine, &base);
    for (int change = 0; change < 7; change++) {
        EdtRequest request = base;
        EdtItem item = items[0];
        request.items = &item;
        switch (change) {
        case 0:
            item.seed++;
            break;
        case 1:
            item.class_index = 5;
            break;
        case 2:
            request.steps = 5;
            break;
        case 3:
            request.cfg_scale = 2.0;
            break;
        case 4:
            request.sampler = EDT_SAMPLER_DPMPP_2M;
            break;
        case 5:
            request.eta = 1.0;
            break;
        case 6:
            request.cfg_scale = 1.0; /* without the null-class half */
            break;
        }
        EdtPictures *changed = make(engine, &request);
        g_assert_true(memcmp(reference->pictures[0].latent, changed->pictures[0].latent,
                             LATENT * sizeof(float)) != 0);
        edt_pictures_free(changed);
    }
    edt_pictures_free(reference);
    edt_engine_close(engine);
}

static void expect_latent(EdtEngine *engine, const EdtRequest *request, const float *latent,
                          gboolean same)
{
    EdtPictures *made = make(engine, request);
    for (int i = 0; i < made->n_pictures; i++) /* both halves of a batch go the same way */
        g_assert_cmpint(
            memcmp(latent + i * LATENT, made->pictures[i].latent, LATENT * sizeof(float)) == 0, ==,
            same);
    edt_pictures_free(made);
}

/* Guidance everywhere is the default; nowhere is none; in between neither, and the step after an
 * unguided one finds x in both halves. */
static void test_interval(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[2];
    EdtRequest request = tiny_request(engine, items, 2, 6);
    g_autofree float *guided = g_new(float, 2 * LATENT), *plain = g_new(float, 2 * LATENT);
    request.latent_only = TRUE;
    request.cfg_scale = 3;
    for (int none = 0; none < 2; none++) {
        EdtRequest one = request;
        one.cfg_scale = none ? 1 : 3;
        EdtPictures *made = make(engine, &one);
        for (int i = 0; i < 2; i++)
            memcpy((none ? plain : guided) + i * LATENT, made->pictures[i].latent,
                   LATENT * sizeof(float));
        edt_pictures_free(made);
    }
    request.cfg_interval = (EdtSpan){0, 1};
    expect_latent(engine, &request, guided, TRUE);
    request.cfg_interval = (EdtSpan){1, 1}; /* the last timestep is 0.999 */
    expect_latent(engine, &request, plain, TRUE);
    request.cfg_interval = (EdtSpan){0.3, 0.7};
    expect_latent(engine, &request, guided, FALSE);
    expect_latent(engine, &request, plain, FALSE);
    request.cfg_interval = (EdtSpan){0, 0.5}; /* begins without */
    expect_latent(engine, &request, guided, FALSE);
    expect_latent(engine, &request, plain, FALSE);
    request.cfg_interval = (EdtSpan){0, 1};
    request.cfg_pow = -1; /* the model's own is constant */
    expect_latent(engine, &request, guided, TRUE);
    request.cfg_pow = 4;
    expect_latent(engine, &request, guided, FALSE);
    edt_engine_close(engine);
}

/* An initial latent equal to the seed's noise changes nothing; another one does. */
static void test_init_latent(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = tiny_request(engine, items, 1, 3);
    request.sampler = EDT_SAMPLER_DDPM; /* draws noise at every step */
    request.latent_only = TRUE;
    float zero[LATENT] = {0};
    EdtPictures *plain = make(engine, &request);
    request.init_latent = zero;
    EdtPictures *other = make(engine, &request);
    g_assert_true(memcmp(plain->pictures[0].latent, other->pictures[0].latent, sizeof zero) != 0);
    edt_pictures_free(plain);
    edt_pictures_free(other);
    edt_engine_close(engine);
}

/* ---- callbacks ---- */

typedef struct {
    int stop_at, frames, calls, last_step;
    EdtVerdict verdict;
    guint8 first[16 * 16 * 3], last[16 * 16 * 3];
} Watch;

static EdtVerdict watch_progress(const EdtProgress *progress, gpointer user_data)
{
    Watch *watch = user_data;
    watch->calls++;
    if (progress->phase != EDT_PHASE_SAMPLING)
        return EDT_CONTINUE;
    watch->last_step = progress->step;
    return progress->step == watch->stop_at ? watch->verdict : EDT_CONTINUE;
}

static void watch_preview(const EdtPreview *preview, gpointer user_data)
{
    Watch *watch = user_data;
    g_assert_cmpint(preview->width, ==, 16);
    g_assert_cmpint(preview->channels, ==, 3);
    memcpy(watch->frames == 0 ? watch->first : watch->last, preview->pixels, 16 * 16 * 3);
    watch->frames++;
}

static const EdtCallbacks watching = {.progress = watch_progress, .preview = watch_preview};

static void test_previews(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = tiny_request(engine, items, 1, 6);
    Watch watch = {.stop_at = -1};
    request.want_previews = TRUE;
    EdtPictures *pictures = edt_generate(engine, &request, &watching, &watch, NULL);
    g_assert_cmpint(watch.frames, ==, 6);
    g_assert_cmpint(watch.last_step, ==, 6);
    g_assert_true(memcmp(watch.first, watch.last, sizeof watch.first) != 0);
    edt_pictures_free(pictures);
    edt_engine_close(engine);
}

static void watch_first(const EdtPreview *preview, gpointer user_data)
{
    const EdtEngine *engine = user_data;
    g_assert_cmpint(engine->decoder != NULL, ==, preview->step > 1);
}

static EdtVerdict watch_decoder(const EdtProgress *progress, gpointer user_data)
{
    const EdtEngine *engine = user_data;
    g_assert_cmpint(engine->decoder != NULL, ==,
                    progress->phase == EDT_PHASE_DECODING || progress->step > 0);
    return EDT_CONTINUE;
}

/* The first preview does not wait for the decoder, nor does a decoder wait for the last step. */
static void test_first_preview(void)
{
    static const EdtCallbacks callbacks = {.progress = watch_decoder, .preview = watch_first};
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = tiny_request(engine, items, 1, 3);
    request.want_previews = TRUE;
    EdtPictures *pictures = edt_generate(engine, &request, &callbacks, engine, NULL);
    g_assert_nonnull(pictures);
    edt_pictures_free(pictures);
    edt_engine_close(engine);
    engine = tiny_engine(2, EDT_PRECISION_F32);
    request.want_previews = FALSE;
    request.latent_only = TRUE;
    pictures = edt_generate(engine, &request, NULL, NULL, NULL);
    g_assert_null(engine->decoder); /* nobody asked */
    edt_pictures_free(pictures);
    edt_engine_close(engine);
}

typedef struct {
    int told[2], n;
    float last[2][LATENT];
} Told;

static void note_estimate(const EdtEstimate *estimate, gpointer user_data)
{
    Told *told = user_data;
    g_assert_cmpint(estimate->step, ==, ++told->told[estimate->item]);
    g_assert_cmpint(estimate->steps, ==, 5);
    memcpy(told->last[estimate->item], estimate->latent, sizeof told->last[0]);
    told->n++;
}

/* Every step of every item; where the last step leaves no noise, its estimate is the latent. */
static void test_estimates(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[2];
    EdtRequest request = tiny_request(engine, items, 2, 5);
    const EdtCallbacks callbacks = {.estimate = note_estimate};
    Told *told = g_new0(Told, 1);
    request.sampler = EDT_SAMPLER_DPMPP_2M;
    EdtPictures *pictures = edt_generate(engine, &request, &callbacks, told, NULL);
    g_assert_cmpint(told->n, ==, 10);
    for (int i = 0; i < 2; i++)
        g_assert_cmpmem(told->last[i], sizeof told->last[i], pictures->pictures[i].latent,
                        LATENT * sizeof(float));
    edt_pictures_free(pictures);
    g_free(told);
    edt_engine_close(engine);
}

static void test_stop_keep(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[3];
    EdtRequest request = tiny_request(engine, items, 3, 8);
    Watch watch = {.stop_at = 3, .verdict = EDT_STOP_KEEP};
    request.batch = 2;
    EdtPictures *pictures = edt_generate(engine, &request, &watching, &watch, NULL);
    g_assert_nonnull(pictures);
    g_assert_cmpint(watch.last_step, ==, 3);      /* within the step */
    g_assert_cmpint(pictures->n_pictures, ==, 2); /* the second batch did not begin */
    g_assert_cmpint(pictures->pictures[0].steps_done, ==, 3);
    g_assert_nonnull(pictures->pictures[0].pixels);
    edt_pictures_free(pictures);
    edt_engine_close(engine);
}

static void test_stop_discard(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = tiny_request(engine, items, 1, 8);
    Watch watch = {.stop_at = 2, .verdict = EDT_STOP_DISCARD};
    GError *error = NULL;
    g_assert_null(edt_generate(engine, &request, &watching, &watch, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_CANCELLED);
    g_clear_error(&error);
    g_assert_cmpint(watch.last_step, ==, 2);
    /* and the engine is as good as before */
    EdtPictures *pictures = make(engine, &request);
    edt_pictures_free(pictures);
    edt_engine_close(engine);
}

/* ---- several at once ---- */

typedef struct {
    EdtEngine *engine;
    const EdtRequest *request;
} Call;

static gpointer call_engine(gpointer data)
{
    Call *call = data;
    return make(call->engine, call->request);
}

static void test_threads(void)
{
    EdtEngine *shared = tiny_engine(2, EDT_PRECISION_F32), *own = tiny_engine(1, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = tiny_request(shared, items, 1, 6);
    EdtPictures *expected = make(shared, &request);
    Call calls[4] = {{shared, &request}, {shared, &request}, {own, &request}, {own, &request}};
    GThread *threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = g_thread_new("call", call_engine, &calls[i]);
    for (int i = 0; i < 4; i++) {
        EdtPictures *pictures = g_thread_join(threads[i]);
        check_same(&pictures->pictures[0], &expected->pictures[0]);
        edt_pictures_free(pictures);
    }
    edt_pictures_free(expected);
    edt_engine_close(shared);
    edt_engine_close(own);
}

/* ---- requests that cannot be ---- */

static void refuse(EdtEngine *engine, const EdtRequest *request, const char *word)
{
    GError *error = NULL;
    g_assert_null(edt_generate(engine, request, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, word));
    g_clear_error(&error);
}

static void test_refusals(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest base = tiny_request(engine, items, 1, 4), request;
    request = base, request.steps = 0;
    refuse(engine, &request, "steps");
    request = base, request.steps = 1001;
    refuse(engine, &request, "steps");
    request = base, request.n_items = 0;
    refuse(engine, &request, "nothing");
    request = base, request.cfg_scale = NAN;
    refuse(engine, &request, "cfg_scale");
    request = base, request.eta = 1.5;
    refuse(engine, &request, "eta");
    items[0].class_index = 11; /* 10 is the null class */
    refuse(engine, &base, "class 11");
    items[0].class_index = -1;
    refuse(engine, &base, "class -1");
    edt_engine_close(engine);
}

static void test_encode(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    float *pixels = g_new0(float, PIXELS), mean[LATENT], logvar[LATENT];
    GError *error = NULL;
    edt_encode(engine, pixels, mean, logvar, &error);
    g_assert_no_error(error);
    for (int i = 0; i < LATENT; i++)
        g_assert_true(isfinite(mean[i]) && logvar[i] >= -30 && logvar[i] <= 20);
    g_free(pixels);
    edt_engine_close(engine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/info", test_info);
    g_test_add_func("/engine/same-bits", test_same_bits);
    g_test_add_func("/engine/many-steps", test_many_steps);
    g_test_add_func("/engine/settings-matter", test_settings_matter);
    g_test_add_func("/engine/interval", test_interval);
    g_test_add_func("/engine/init-latent", test_init_latent);
    g_test_add_func("/engine/previews", test_previews);
    g_test_add_func("/engine/first-preview", test_first_preview);
    g_test_add_func("/engine/estimates", test_estimates);
    g_test_add_func("/engine/stop-keep", test_stop_keep);
    g_test_add_func("/engine/stop-discard", test_stop_discard);
    g_test_add_func("/engine/threads", test_threads);
    g_test_add_func("/engine/refusals", test_refusals);
    g_test_add_func("/engine/encode", test_encode);
    return g_test_run();
}
