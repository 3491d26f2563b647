/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was forecast of memory against what a run holds in the end: the steps' own, and the room of
 * attention and convolution, byte for byte.
 */
#include "cpu/device.h"
#include "engine/engine.h"
#include "engine/forecast.h"
#include "tiny.h"
#include "vae/shape.h"

#include <malloc.h>

#define SIDE 128 /* pixels of the tiny model */
#define PICTURES 3

/* A run of pictures that asks for all that a canvas can. */
static void make(EdtEngine *engine)
{
    g_autofree float *source = g_new0(float, 3 * SIDE * SIDE), *mask = g_new(float, SIDE *SIDE);
    GError *error = NULL;
    EdtItem items[PICTURES];
    EdtRequest request = tiny_request(engine, items, PICTURES, 2);

    for (int i = 0; i < SIDE * SIDE; i++)
        mask[i] = i % SIDE < SIDE / 2;
    for (int i = 0; i < PICTURES; i++) {
        items[i].source = source;
        items[i].mask = mask;
        items[i].fill = EDT_FILL_MISSING;
        items[i].careful = TRUE;
    }
    request.batch = PICTURES;
    request.cfg_scale = 4;
    request.reuse = 2;
    EdtPictures *pictures = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    edt_pictures_free(pictures);
}

#define PAGES 8192 /* malloc's own, at most */

/* What forwards work in: also what the inner stages leave there to be reused. */
static void check_network(const EdtEngine *engine)
{
    const EdtVariant *v = edt_network_variant(engine->network);
    const EdtStage outer = edt_variant_stage(v, edt_variant_outer(v));
    const EdtType act = engine->dev->act;
    const gsize inner = 2 * PICTURES * (gsize)(outer.T * outer.D) * edt_type_size(act);
    const gsize forecast = PICTURES * edt_network_workspace(v, act, 2, 0);
    const gsize taken = malloc_usable_size((void *)edt_network_key(engine->network).memory);

    g_test_message("%" G_GSIZE_FORMAT " bytes to forward in, %" G_GSIZE_FORMAT
                   " taken, %" G_GSIZE_FORMAT " of them kept",
                   forecast, taken, inner);
    g_assert_cmpuint(inner, >, 2 * PAGES); /* else it would not be missed */
    g_assert_cmpuint(forecast + PAGES, >=, taken);
    g_assert_cmpuint(forecast, <=, taken + PAGES);
    g_assert_cmpuint(edt_engine_info(engine)->forward_bytes[act == EDT_BF16], >=,
                     forecast / PICTURES);
}

/* What a thread has of its own in attention, the most of all that the engine has run. */
static gsize scratch_most(const EdtEngine *engine)
{
    const EdtVariant *v = edt_network_variant(engine->network);
    EdtAttentionPlan plan;
    gsize most = 0;
    for (int i = 0; i < edt_variant_stages(v); i++) {
        const EdtStage stage = edt_variant_stage(v, i);
        const EdtAttention op = {.N = 1, .T = stage.T, .H = stage.H, .d = stage.d, .n = stage.n};
        engine->dev->kernels->attention_plan(&op, engine->dev->act, &plan);
        most = MAX(most, plan.scratch_bytes);
    }
    return most;
}

static void check_run(EdtPrecision precision)
{
    EdtEngine *engine = tiny_engine(2, precision);
    const EdtModelInfo *info = edt_engine_info(engine);
    const int half = engine->dev->act == EDT_BF16;
    gsize host, device;

    make(engine);
    check_network(engine);
    edt_forecast_steps(info, PICTURES, &host, &device);
    g_assert_cmpuint(engine->device_bytes, ==, device);
    g_assert_cmpuint(engine->work_bytes, >=, host);
    const gsize room = MAX(PICTURES * info->forward_room[half], info->decoding_room[half]);
    g_test_message("%" G_GSIZE_FORMAT " bytes of room forecast, %" G_GSIZE_FORMAT " taken", room,
                   engine->dev->work_bytes);
    g_assert_cmpuint(engine->dev->work_bytes, >=, room);
    g_assert_cmpuint(engine->dev->work_bytes, <=,
                     room + (gsize)engine->dev->threads * scratch_most(engine));
    edt_engine_close(engine);
}

static void test_run(void)
{
    check_run(EDT_PRECISION_F32);
    check_run(EDT_PRECISION_BF16);
}

/* The room of one operation is what it takes, with what each thread has of its own. */
static void test_attention(void)
{
    const EdtBackend *b = edt_backend_host();
    const int threads = tiny_one_thread() ? 1 : 2;
    for (int precision = EDT_PRECISION_F32; precision <= EDT_PRECISION_BF16; precision++) {
        GError *error = NULL;
        EdtDevice *dev = b->open(&(EdtDeviceOptions){threads, (EdtPrecision)precision}, &error);
        g_assert_no_error(error);
        EdtAttention op = {.N = 3, .T = 49, .H = 2, .d = 36, .n = 7, .scale = 1};
        const gsize bytes = (gsize)(op.N * op.T * op.H * op.d) * edt_type_size(dev->act);
        g_autofree void *qkv = g_malloc0(3 * bytes), *out = g_malloc0(bytes);
        EdtAttentionPlan plan;
        op.qkv = qkv;
        op.out = out;
        dev->kernels->attention_plan(&op, dev->act, &plan);
        b->attention(dev, &op);
        g_assert_true(b->sync(dev, &error));
        g_assert_cmpuint(dev->work_bytes, ==,
                         b->attention_room(&op, dev->act) + (gsize)threads * plan.scratch_bytes);
        b->close(dev);
    }
}

static void test_convolution(void)
{
    const EdtBackend *b = edt_backend_host();
    GError *error = NULL;
    EdtDevice *dev = b->open(&(EdtDeviceOptions){1, EDT_PRECISION_F32}, &error);
    g_assert_no_error(error);
    g_autofree float *weight = g_new0(float, 16 * 16 * 9);
    EdtConvSpec spec = {.C_in = 16, .C_out = 16, .kernel = 3, .stride = 1, .weight = weight};
    for (int upsample = 0; upsample < 2; upsample++) {
        spec.upsample = upsample;
        EdtConv *conv = b->conv_new(dev, &spec, &error);
        g_assert_no_error(error);
        g_assert_true(b->conv_prepare(dev, conv, 2, 7, 9, &error));
        g_assert_cmpuint(dev->work_bytes, ==, b->conv_room(&spec, 2, 7, 9));
        b->conv_free(dev, conv);
    }
    g_assert_cmpuint(dev->work_bytes, >, 0);
    b->close(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/forecast/run", test_run);
    g_test_add_func("/forecast/attention", test_attention);
    g_test_add_func("/forecast/convolution", test_convolution);
    return g_test_run();
}
