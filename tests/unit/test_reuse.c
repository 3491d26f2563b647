/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reuse of the inner stages: what a forward makes of them when nothing changed, at which steps they
 * are computed, and that each sample has its own.
 */
#include "engine/engine.h"
#include "tiny.h"

#include <string.h>

enum { SIDE = 16, C = 4, COUNT = C * SIDE * SIDE, OUT = 2 * COUNT, N = 3, PIXELS = 128 };

/* ---- one forward after the other ---- */

static void fill(float *x, gsize n, guint32 seed)
{
    for (gsize i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) * 0x1p-23f - 1;
    }
}

static void forward(EdtEngine *engine, int samples, const float *x, const int *row, gboolean reuses,
                    float *out)
{
    GError *error = NULL;
    edt_network_forward(engine->network, samples, x, row, NULL, reuses, out);
    engine->backend->sync(engine->dev, &error);
    g_assert_no_error(error);
}

static EdtEngine *open_conditioned(EdtPrecision precision)
{
    EdtEngine *engine = tiny_engine(2, precision);
    GError *error = NULL;
    edt_network_prepare(engine->network, N, N, &error);
    g_assert_no_error(error);
    edt_network_modulate(engine->network, N, (float[]){900, 500, 20}, (int[]){1, 10, 3}, NULL);
    return engine;
}

/* From the same input as before, the same output, to the bit; of fewer samples, theirs. */
static void check_unchanged(EdtPrecision precision)
{
    EdtEngine *engine = open_conditioned(precision);
    const int row[N] = {2, 0, 1};
    float x[N * COUNT], whole[N * OUT], again[N * OUT];
    fill(x, N * COUNT, 1);
    forward(engine, N, x, row, FALSE, whole);
    for (int samples = N; samples > 0; samples--) {
        memset(again, 0, sizeof again);
        forward(engine, samples, x, row, TRUE, again);
        g_assert_cmpmem(again, (gsize)(samples * OUT) * sizeof(float), whole,
                        (gsize)(samples * OUT) * sizeof(float));
    }
    edt_engine_close(engine);
}

static void test_unchanged(void)
{
    check_unchanged(EDT_PRECISION_F32);
    check_unchanged(EDT_PRECISION_BF16);
}

/* What is kept is of the last forward that computed it, and the rest is of this one. */
static void test_changed(void)
{
    EdtEngine *engine = open_conditioned(EDT_PRECISION_F32);
    const int early[1] = {0}, late[1] = {2};
    float x[COUNT], y[COUNT], whole[OUT], of_x[OUT], of_y[OUT], third[OUT];
    fill(x, COUNT, 1);
    fill(y, COUNT, 2);
    forward(engine, 1, y, late, FALSE, whole);
    forward(engine, 1, x, early, FALSE, third);
    forward(engine, 1, y, late, TRUE, of_x); /* inner stages of x, the others of y */
    forward(engine, 1, x, early, TRUE, third);
    forward(engine, 1, y, late, TRUE, of_y); /* reusing keeps what is kept */
    g_assert_cmpmem(of_x, sizeof of_x, of_y, sizeof of_y);
    g_assert_true(memcmp(of_x, whole, sizeof whole) != 0);
    g_assert_true(memcmp(of_x, third, sizeof third) != 0);
    edt_engine_close(engine);
}

/* ---- which steps of a run ---- */

/* A run as a text: of each forward its samples, and + where the inner stages were computed. */
static void hear(const char *name, const void *data, EdtType type, int rows, int D,
                 gpointer user_data)
{
    GString *way = user_data;
    if (strcmp(name, "x_embed_plus_pos") == 0)
        g_string_append_printf(way, " %d", rows / (SIDE / 2 * SIDE / 2));
    if (strcmp(name, "down_blocks.0") == 0)
        g_string_append_c(way, '+');
}

static void expect_way(EdtEngine *engine, const EdtRequest *request, const char *expected)
{
    g_autoptr(GString) way = g_string_new(NULL);
    GError *error = NULL;
    edt_network_set_probe(engine->network, hear, way);
    EdtPictures *pictures = edt_generate(engine, request, NULL, NULL, &error);
    edt_network_set_probe(engine->network, NULL, NULL);
    g_assert_no_error(error);
    g_assert_cmpstr(way->str, ==, expected);
    edt_pictures_free(pictures);
}

static EdtRequest request_of(EdtEngine *engine, EdtItem *items, int n, int steps, int reuse)
{
    EdtRequest request = tiny_request(engine, items, n, steps);
    request.latent_only = TRUE;
    request.cfg_scale = 3;
    request.reuse = reuse;
    return request;
}

static void test_steps(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[3];
    EdtRequest request = request_of(engine, items, 2, 9, 1);
    expect_way(engine, &request, " 4+ 4+ 4+ 4+ 4+ 4+ 4+ 4+ 4+");
    request.reuse = 2; /* t is 999, 874, 749, 624, 500: above the half; 375, 250, 125, 0 */
    for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
        request.sampler = (EdtSampler)sampler;
        expect_way(engine, &request, " 4+ 4+ 4+ 4+ 4+ 4 4+ 4 4+");
    }
    request.reuse = 3;
    expect_way(engine, &request, " 4+ 4+ 4+ 4+ 4+ 4 4 4+ 4");
    request.cfg_scale = 1;
    expect_way(engine, &request, " 2+ 2+ 2+ 2+ 2+ 2 2 2+ 2");
    request = request_of(engine, items, 3, 5, 2); /* each batch begins anew */
    request.batch = 2;
    expect_way(engine, &request, " 4+ 4+ 4+ 4 4+ 2+ 2+ 2+ 2 2+");
    edt_engine_close(engine);
}

/* The null half is computed when it comes in, and may be left out at any time. */
static void test_interval(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = request_of(engine, items, 1, 9, 2); /* t as above */
    request.cfg_interval = (EdtSpan){0.1, 0.3};
    expect_way(engine, &request, " 1+ 1+ 1+ 1+ 1+ 1 2+ 2 1+");
    request.cfg_interval = (EdtSpan){0, 0.3};
    expect_way(engine, &request, " 1+ 1+ 1+ 1+ 1+ 1 2+ 2 2+");
    request.cfg_interval = (EdtSpan){0.3, 1};
    expect_way(engine, &request, " 2+ 2+ 2+ 2+ 2+ 2 1+ 1 1+");
    request.reuse = 10;
    request.cfg_interval = (EdtSpan){0.1, 0.3};
    expect_way(engine, &request, " 1+ 1+ 1+ 1+ 1+ 1 2+ 2 1");
    edt_engine_close(engine);
}

/* A step that is gone again begins with other noise; one at which the looks take over is of another
 * class. */
static void test_anew(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    g_autofree float *source = g_new0(float, 3 * PIXELS * PIXELS);
    g_autofree float *mask = g_new0(float, PIXELS *PIXELS);
    EdtItem items[1];
    EdtRequest request = request_of(engine, items, 1, 4, 10);
    request.cfg_scale = 1;
    items[0].source = source;
    items[0].mask = mask;
    items[0].freedom = 0.3; /* all of it with little noise */
    items[0].fill = EDT_FILL_MISSING;
    items[0].careful = TRUE; /* the first two of four steps, four times each */
    expect_way(engine, &request, " 1+ 1+ 1+ 1+ 1 1+ 1+ 1+ 1 1");
    request = request_of(engine, items, 1, 8, 10);
    request.cfg_scale = 1;
    items[0].mix = (EdtMix){1, {{5, EDT_STYLE_ANY, 0.5}}};
    items[0].mix_how = EDT_MIX_SHAPE;
    /* t is 999, 856, 714, 571, 428: only there log-SNR -1.7 is above the turn's -3.05 */
    expect_way(engine, &request, " 1+ 1+ 1+ 1+ 1+ 1 1 1");
    edt_engine_close(engine);
}

/* ---- each sample has its own ---- */

static EdtPictures *make(EdtEngine *engine, const EdtRequest *request)
{
    GError *error = NULL;
    EdtPictures *pictures = edt_generate(engine, request, NULL, NULL, &error);
    g_assert_no_error(error);
    return pictures;
}

static void check_same(const EdtPicture *a, const EdtPicture *b, gboolean same)
{
    g_assert_cmpint(memcmp(a->latent, b->latent, COUNT * sizeof(float)) == 0, ==, same);
}

static void check_batch(EdtEngine *engine, EdtEngine *other, EdtRequest request)
{
    EdtPictures *batch = make(engine, &request);
    for (int i = 0; i < request.n_items; i++) {
        EdtRequest single = request;
        single.items = &request.items[i];
        single.n_items = 1;
        EdtPictures *alone = make(other, &single);
        check_same(&batch->pictures[i], &alone->pictures[0], TRUE);
        single.reuse = 1;
        EdtPictures *exact = make(other, &single);
        check_same(&batch->pictures[i], &exact->pictures[0], FALSE);
        edt_pictures_free(alone);
        edt_pictures_free(exact);
    }
    edt_pictures_free(batch);
}

/* A batch against one at a time on another engine, in every sampler, precision and AMM; mixed
 * pictures have a class more. */
static void test_batches(void)
{
    for (int precision = EDT_PRECISION_F32; precision <= EDT_PRECISION_BF16; precision++) {
        EdtEngine *two = tiny_engine(2, (EdtPrecision)precision);
        EdtEngine *one = tiny_engine(1, (EdtPrecision)precision);
        EdtItem items[3];
        EdtRequest request = request_of(two, items, 3, 6, 2);
        request.batch = 3;
        request.cfg_interval = (EdtSpan){0.1, 0.7};
        for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
            request.sampler = (EdtSampler)sampler;
            request.amm = (EdtAmm)(sampler % 3);
            for (int i = 0; i < 3 && sampler == EDT_SAMPLER_UNIPC; i++)
                items[i].mix = (EdtMix){1, {{5 + i, EDT_STYLE_ANY, 0.4}}};
            check_batch(two, one, request);
        }
        edt_engine_close(one);
        edt_engine_close(two);
    }
}

/* Looks that take over compute the inner stages anew, of nobody but that picture. */
static void test_looks(void)
{
    static const double turns[3] = {0, 0.5, 0.3};
    EdtEngine *two = tiny_engine(2, EDT_PRECISION_F32), *one = tiny_engine(1, EDT_PRECISION_F32);
    EdtItem items[3];
    EdtRequest request = request_of(two, items, 3, 8, 10);
    request.batch = 3;
    for (int i = 1; i < 3; i++) {
        items[i].mix = (EdtMix){1, {{5, EDT_STYLE_ANY, turns[i]}}};
        items[i].mix_how = EDT_MIX_SHAPE;
    }
    check_batch(two, one, request);
    edt_engine_close(one);
    edt_engine_close(two);
}

/* A picture of no class is guided by itself, so no guidance changes it: unless one half had what
 * another step left to the other. */
static void test_null_half(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = request_of(engine, items, 1, 9, 10);
    items[0].class_index = 10;
    request.cfg_interval = (EdtSpan){0, 0.3};
    EdtPictures *weak = make(engine, &request);
    request.cfg_scale = 9;
    EdtPictures *strong = make(engine, &request);
    check_same(&weak->pictures[0], &strong->pictures[0], TRUE);
    edt_pictures_free(weak);
    edt_pictures_free(strong);
    edt_engine_close(engine);
}

static EdtVerdict stop_after_three(const EdtProgress *progress, gpointer user_data)
{
    return progress->step == 3 ? EDT_STOP_DISCARD : EDT_CONTINUE;
}

/* A run that was stopped leaves nothing to the next one. */
static void test_stopped(void)
{
    EdtEngine *fresh = tiny_engine(2, EDT_PRECISION_F32), *used = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[2], others[2];
    EdtRequest request = request_of(fresh, items, 2, 6, 10);
    EdtRequest stopped = request_of(fresh, others, 2, 6, 10);
    GError *error = NULL;
    others[0].class_index = others[1].class_index = 7;
    g_assert_null(
        edt_generate(used, &stopped, &(EdtCallbacks){.progress = stop_after_three}, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_CANCELLED);
    g_clear_error(&error);
    EdtPictures *a = make(fresh, &request), *b = make(used, &request);
    for (int i = 0; i < 2; i++)
        check_same(&a->pictures[i], &b->pictures[i], TRUE);
    edt_pictures_free(a);
    edt_pictures_free(b);
    edt_engine_close(fresh);
    edt_engine_close(used);
}

static void refuse(EdtEngine *engine, EdtRequest request, int reuse)
{
    GError *error = NULL;
    request.reuse = reuse;
    g_assert_null(edt_generate(engine, &request, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "reuse"));
    g_clear_error(&error);
}

static void test_refused(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[1];
    EdtRequest request = request_of(engine, items, 1, 2, 1);
    g_assert_true(edt_engine_info(engine)->has_inner);
    refuse(engine, request, 0);
    refuse(engine, request, 11);
    edt_engine_close(engine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reuse/unchanged", test_unchanged);
    g_test_add_func("/reuse/changed", test_changed);
    g_test_add_func("/reuse/steps", test_steps);
    g_test_add_func("/reuse/interval", test_interval);
    g_test_add_func("/reuse/anew", test_anew);
    g_test_add_func("/reuse/batches", test_batches);
    g_test_add_func("/reuse/looks", test_looks);
    g_test_add_func("/reuse/null-half", test_null_half);
    g_test_add_func("/reuse/stopped", test_stopped);
    g_test_add_func("/reuse/refused", test_refused);
    return g_test_run();
}
