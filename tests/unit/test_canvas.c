/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures that start from others, fill a shape, complete a drawing, lie between classes and seeds:
 * against an implementation of their own (reference.c), against themselves in other batches, and at
 * the ends, where they are pictures without all that.
 */
#include "canvas.h"
#include "engine/mould.h"
#include "reference.h"
#include "sample/random.h"
#include "tiny.h"

#include <math.h>
#include <string.h>

#define GATE 1e-5 /* f32 against f64, through a network */

/* ---- models and items ---- */

typedef struct {
    EdtEngine *engine;
    const EdtModelInfo *info;
    gsize pixels, count; /* of a picture's plane, of a latent */
    float *source, *mask;
} Studio;

typedef enum { LATENTS, PIXELS, STICKERS } Model; /* the last: latents of pictures with alpha */
static const char *const model_names[] = {"latents", "pixels", "stickers"};

static EdtEngine *open_file(const char *path, int threads)
{
    GError *error = NULL;
    EdtEngineOptions options = {.threads = tiny_one_thread() ? 1 : threads,
                                .precision = EDT_PRECISION_F32};
    EdtEngine *engine = edt_engine_open(path, &options, &error);
    g_assert_no_error(error);
    return engine;
}

/* A gradient with a disc in it; the disc's lower half is soft. */
static void paint(Studio *s)
{
    const int side = s->info->image_size, C = edt_canvas_source_channels(s->info);
    g_autofree guint8 *bytes = g_malloc((gsize)C * s->pixels), *mask = g_malloc(s->pixels);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            guint8 *to = bytes + C * (y * side + x);
            gboolean in = hypot(x - side * 0.45, y - side * 0.5) < side * 0.37;
            to[0] = (guint8)(255 * x / side);
            to[1] = (guint8)(255 * y / side);
            to[2] = in ? 40 : 200;
            if (C == 4)
                to[3] = in ? 255 : y > side / 2 ? 0 : 90;
            mask[y * side + x] = !in ? 0 : y > side / 2 ? 130 : 255;
        }
    s->source = edt_canvas_from_bytes(s->info, EDT_CANVAS_SOURCE, bytes);
    s->mask = edt_canvas_from_bytes(s->info, EDT_CANVAS_MASK, mask);
}

static Studio studio_open(Model model, int threads)
{
    Studio s = {.engine = model == STICKERS ? open_file(STICKERS_FILE, threads)
                          : model == PIXELS ? open_file(STAMPS, threads)
                                            : tiny_engine(threads, EDT_PRECISION_F32)};
    s.info = edt_engine_info(s.engine);
    s.pixels = (gsize)s.info->image_size * (gsize)s.info->image_size;
    s.count = (gsize)(s.info->channels * s.info->latent_size * s.info->latent_size);
    paint(&s);
    return s;
}

static void studio_close(Studio *s)
{
    g_free(s->source);
    g_free(s->mask);
    edt_engine_close(s->engine);
}

static EdtRequest request_of(const Studio *s, const EdtItem *items, int n, EdtSampler sampler)
{
    EdtRequest request;
    edt_request_init(&request, s->engine);
    request.items = items;
    request.n_items = n;
    request.steps = 5;
    request.sampler = sampler;
    request.amm = EDT_AMM_OFF;
    return request;
}

static EdtItem item_of(int class_index, guint64 seed)
{
    EdtItem item;
    edt_item_init(&item);
    item.class_index = class_index;
    item.seed = seed;
    return item;
}

static EdtPictures *make(const Studio *s, const EdtRequest *request)
{
    GError *error = NULL;
    EdtPictures *pictures = edt_generate(s->engine, request, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(pictures->n_pictures, ==, request->n_items);
    return pictures;
}

static EdtPictures *make_one(const Studio *s, const EdtItem *item, EdtSampler sampler)
{
    EdtRequest request = request_of(s, item, 1, sampler);
    return make(s, &request);
}

static double distance(const float *a, const double *b, gsize n)
{
    double off = 0, size = 0;
    for (gsize i = 0; i < n; i++) {
        off += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return sqrt(off / size);
}

/* ---- every kind of item ---- */

typedef enum { REDRAWN, COMPLETED, CAREFULLY, BLENDED, SHAPED, VARIED, CUT_OUT, ALL } Kind;
static const char *const names[] = {"redrawn", "completed", "carefully", "blended",
                                    "shaped",  "varied",    "cut-out"};

static EdtItem item_like(const Studio *s, Kind kind)
{
    EdtItem item = item_of(3, 11);
    if (kind == REDRAWN || kind == COMPLETED || kind == CAREFULLY)
        item.source = s->source;
    if (kind == COMPLETED || kind == CAREFULLY || kind == CUT_OUT)
        item.mask = s->mask;
    item.freedom = kind == REDRAWN ? 0.6 : kind == COMPLETED ? 0.9 : 1;
    item.fill = kind == CUT_OUT ? EDT_FILL_SHAPE : item.mask ? EDT_FILL_MISSING : EDT_FILL_NONE;
    item.careful = kind == CAREFULLY;
    item.mix_how = kind == SHAPED ? EDT_MIX_SHAPE : EDT_MIX_BLEND;
    if (kind == BLENDED || kind == SHAPED)
        item.mix = (EdtMix){1, {{5, EDT_STYLE_ANY, 0.45}}};
    if (kind == BLENDED)
        item.mix = (EdtMix){2, {{5, EDT_STYLE_ANY, 0.3}, {7, EDT_STYLE_ANY, 0.2}}};
    if (kind == VARIED)
        item.variation = (EdtVariation){2, {{21, 0.3}, {22, 0.2}}};
    return item;
}

typedef struct {
    Kind kind;
    EdtSampler sampler;
    Model model;
} Case;

static void test_reference(gconstpointer data)
{
    const Case *c = data;
    Studio s = studio_open(c->model, 1);
    EdtItem item = item_like(&s, c->kind);
    EdtRequest request = request_of(&s, &item, 1, c->sampler);
    request.eta = c->sampler == EDT_SAMPLER_DDIM ? 0.4 : 0;
    request.steps = 6;
    EdtPictures *pictures = make(&s, &request);
    g_autofree double *source = reference_source(s.engine, &item);
    g_autofree double *right = reference_run(s.engine, &request, &item, source);
    double off = distance(pictures->pictures[0].latent, right, s.count);
    g_test_message("%g", off);
    g_assert_cmpfloat(off, <, GATE);
    edt_pictures_free(pictures);
    studio_close(&s);
}

static void check_same(const EdtPicture *a, const EdtPicture *b, gsize count)
{
    g_assert_cmpint(a->channels, ==, b->channels);
    g_assert_cmpmem(a->latent, count * sizeof(float), b->latent, count * sizeof(float));
    gsize bytes = (gsize)(a->width * a->height * a->channels) * sizeof(float);
    g_assert_cmpmem(a->pixels, bytes, b->pixels, bytes);
}

static void check_near(const EdtPicture *a, const EdtPicture *b, gsize count)
{
    g_autofree double *right = g_new(double, count);
    for (gsize i = 0; i < count; i++)
        right[i] = b->latent[i];
    g_assert_cmpfloat(distance(a->latent, right, count), <, GATE);
}

/* All kinds in one request, two of each, against each alone and on one thread. */
static void test_batches(gconstpointer data)
{
    const Model model = (Model)GPOINTER_TO_INT(data);
    Studio two = studio_open(model, 2), one = studio_open(model, 1);
    EdtItem items[2 * ALL];
    for (int i = 0; i < 2 * ALL; i++) {
        items[i] = item_like(&two, (Kind)(i / 2));
        items[i].seed += (guint64)(i % 2);
    }
    EdtRequest request = request_of(&two, items, 2 * ALL, EDT_SAMPLER_DPMPP_2M);
    EdtPictures *together = make(&two, &request);
    for (int i = 0; i < 2 * ALL; i++) {
        EdtPictures *alone = make_one(&two, &items[i], EDT_SAMPLER_DPMPP_2M);
        EdtPictures *other = make_one(&one, &items[i], EDT_SAMPLER_DPMPP_2M);
        check_same(&together->pictures[i], &alone->pictures[0], two.count);
        const gboolean coded = items[i].source || (model == STICKERS && i / 2 == CUT_OUT);
        if (model == PIXELS || !coded)
            check_same(&together->pictures[i], &other->pictures[0], two.count);
        else /* an encoder's sums are not the same for any number of threads */
            check_near(&together->pictures[i], &other->pictures[0], two.count);
        edt_pictures_free(alone);
        edt_pictures_free(other);
    }
    edt_pictures_free(together);
    studio_close(&one);
    studio_close(&two);
}

/* ---- where they end in ordinary pictures ---- */

static void same_pictures(const Studio *s, const EdtItem *a, const EdtItem *b, EdtSampler sampler)
{
    EdtPictures *one = make_one(s, a, sampler), *two = make_one(s, b, sampler);
    check_same(&one->pictures[0], &two->pictures[0], s->count);
    edt_pictures_free(one);
    edt_pictures_free(two);
}

static void test_ends(void)
{
    Studio s = studio_open(LATENTS, 1);
    for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
        const EdtItem plain = item_of(3, 11), other_seed = item_of(3, 21);
        const EdtItem other_class = item_of(5, 11);
        EdtItem item = plain;
        item.source = s.source; /* all freedom: the source is not looked at */
        same_pictures(&s, &item, &plain, (EdtSampler)sampler);
        item = plain;
        item.variation = (EdtVariation){1, {{21, 1}}};
        same_pictures(&s, &item, &other_seed, (EdtSampler)sampler);
        item.variation.of[0].amount = 0;
        same_pictures(&s, &item, &plain, (EdtSampler)sampler);
        item = plain;
        item.mix = (EdtMix){1, {{5, EDT_STYLE_ANY, 1}}};
        same_pictures(&s, &item, &other_class, (EdtSampler)sampler);
        item.mix.of[0].weight = 0;
        same_pictures(&s, &item, &plain, (EdtSampler)sampler);
    }
    studio_close(&s);
}

/* Where a step is without guidance, a mix is too: all of the other class is that class. */
static void test_interval(void)
{
    Studio s = studio_open(LATENTS, 1);
    EdtItem items[] = {item_of(3, 11), item_of(5, 11)};
    EdtRequest request = request_of(&s, items, 2, EDT_SAMPLER_DPMPP_2M);
    items[0].mix = (EdtMix){1, {{5, EDT_STYLE_ANY, 1}}};
    request.cfg_interval = (EdtSpan){0.2, 0.8};
    EdtPictures *pictures = make(&s, &request);
    check_same(&pictures->pictures[0], &pictures->pictures[1], s.count);
    request.cfg_interval = (EdtSpan){0, 1};
    EdtPictures *others = make(&s, &request);
    g_assert_true(memcmp(pictures->pictures[0].latent, others->pictures[0].latent,
                         s.count * sizeof(float)) != 0);
    edt_pictures_free(pictures);
    edt_pictures_free(others);
    studio_close(&s);
}

/* A single step is the one from all the noise, however steps are spaced. */
static void test_one_step(void)
{
    Studio s = studio_open(LATENTS, 1);
    const EdtItem item = item_of(3, 11);
    for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
        EdtRequest request = request_of(&s, &item, 1, (EdtSampler)sampler);
        request.steps = 1;
        request.spacing = EDT_SPACING_EVEN;
        EdtPictures *even = make(&s, &request);
        request.spacing = EDT_SPACING_KARRAS;
        EdtPictures *karras = make(&s, &request);
        check_same(&even->pictures[0], &karras->pictures[0], s.count);
        edt_pictures_free(even);
        edt_pictures_free(karras);
    }
    studio_close(&s);
}

typedef struct {
    int at;
} Stop;

static EdtVerdict stop_at(const EdtProgress *progress, gpointer user_data)
{
    const Stop *stop = user_data;
    return progress->phase == EDT_PHASE_SAMPLING && progress->step == stop->at ? EDT_STOP_KEEP
                                                                               : EDT_CONTINUE;
}

/* The estimate of a run at one of its steps. */
static EdtPictures *estimate_at(const Studio *s, const EdtRequest *request, int step)
{
    const EdtCallbacks callbacks = {.progress = stop_at};
    Stop stop = {step};
    EdtPictures *pictures = edt_generate(s->engine, request, &callbacks, &stop, NULL);
    g_assert_cmpint(pictures->pictures[0].steps_done, ==, step);
    return pictures;
}

static double cosine_abar(int timestep)
{
    double product = 1;
    for (int t = 0; t <= timestep; t++)
        product *= 1 - MIN(1 - pow(cos(((t + 1) / 1000.0 + 0.008) / 1.008 * G_PI / 2), 2) /
                                   pow(cos((t / 1000.0 + 0.008) / 1.008 * G_PI / 2), 2),
                           0.999);
    return product;
}

/* x goes a step of DDIM without noise: towards its estimate, by the noise that this leaves of it.
 */
static void go_on(const float *estimate, int from, int to, gsize n, double *x, float *noise)
{
    const double a = cosine_abar(from), b = cosine_abar(to);
    for (gsize i = 0; i < n; i++) {
        const double found = (x[i] - sqrt(a) * estimate[i]) / sqrt(1 - a);
        x[i] = sqrt(b) * estimate[i] + sqrt(1 - b) * found;
        noise[i] = (float)found;
    }
}

/* A deterministic run that begins with the estimate of another at a step, and the noise beside it,
 * goes the rest of the same way.  28 steps are 37 timesteps apart, and so are the 26 from 925 on.
 */
static void test_tail(void)
{
    enum { STRIDE = 37, STEPS = 28, DONE = 2, LAST = (STEPS - 1 - DONE) * STRIDE };
    Studio s = studio_open(PIXELS, 1);
    EdtItem item = item_of(3, 11);
    EdtRequest request = request_of(&s, &item, 1, EDT_SAMPLER_DDIM);
    g_autofree float *z = g_new(float, s.count), *noise = g_new(float, s.count);
    g_autofree double *x = g_new(double, s.count), *right = g_new(double, s.count);
    EdtRandom random;

    request.steps = STEPS;
    request.init_latent = z;
    edt_random_seed(&random, 5);
    edt_random_normal(&random, z, s.count);
    for (gsize i = 0; i < s.count; i++)
        x[i] = z[i];
    EdtPictures *whole = make(&s, &request), *stopped = NULL;
    for (int step = 1; step <= DONE; step++) {
        edt_pictures_free(stopped);
        stopped = estimate_at(&s, &request, step);
        go_on(stopped->pictures[0].latent, (STEPS - step) * STRIDE, (STEPS - 1 - step) * STRIDE,
              s.count, x, noise);
    }
    const double a = cosine_abar(LAST);
    item.source = stopped->pictures[0].latent;
    item.freedom = (0.5 - log(a / (1 - a))) / 6.5;
    g_assert_cmpfloat(item.freedom, <, 1);
    request.steps = STEPS - DONE;
    request.init_latent = noise;
    EdtPictures *tail = make(&s, &request);
    for (gsize i = 0; i < s.count; i++)
        right[i] = whole->pictures[0].latent[i];
    double off = distance(tail->pictures[0].latent, right, s.count);
    g_test_message("%g", off);
    g_assert_cmpfloat(off, <, GATE);
    edt_pictures_free(whole);
    edt_pictures_free(stopped);
    edt_pictures_free(tail);
    studio_close(&s);
}

/* ---- what must show ---- */

static void test_kept(gconstpointer data)
{
    Studio s = studio_open((Model)GPOINTER_TO_INT(data), 1);
    for (int kind = COMPLETED; kind <= CAREFULLY; kind++) {
        EdtItem item = item_like(&s, (Kind)kind);
        EdtPictures *pictures = make_one(&s, &item, EDT_SAMPLER_DPMPP_2M);
        const EdtPicture *picture = &pictures->pictures[0];
        int kept = 0, made = 0, C = picture->channels;
        g_assert_cmpint(C, ==, edt_canvas_source_channels(s.info));
        g_autofree guint8 *bytes = g_malloc(s.pixels * (gsize)C);
        edt_picture_to_u8(picture, bytes);
        for (gsize i = 0; i < s.pixels; i++) {
            float alpha = C == 4 ? (s.source[3 * s.pixels + i] + 1) / 2 : 1;
            float red = alpha > 0 ? (s.source[i] + 1) / 2 / alpha : 0;
            int off = abs(bytes[i * (gsize)C] - (int)lrintf(255 * red));
            if (s.mask[i] == 0)
                g_assert_cmpint(off, <=, 1);
            kept += s.mask[i] == 0;
            made += s.mask[i] == 1 && off > 4;
        }
        g_assert_cmpint(kept, >, (int)s.pixels / 4);
        g_assert_cmpint(made, >, (int)s.pixels / 20);
        edt_pictures_free(pictures);
    }
    studio_close(&s);
}

/* The alpha of a shape is the mask, whatever the model. */
static void test_shape(gconstpointer data)
{
    Studio s = studio_open((Model)GPOINTER_TO_INT(data), 1);
    EdtItem item = item_like(&s, CUT_OUT);
    for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
        EdtPictures *pictures = make_one(&s, &item, (EdtSampler)sampler);
        const EdtPicture *picture = &pictures->pictures[0];
        g_assert_cmpint(picture->channels, ==, 4);
        for (gsize i = 0; i < s.pixels; i++)
            g_assert_cmpfloat_with_epsilon(picture->pixels[4 * i + 3], s.mask[i], 1e-6);
        edt_pictures_free(pictures);
    }
    studio_close(&s);
}

/* How far the alpha of a latent is from the mask, on the average. */
static double misfit(const Studio *s, const EdtPicture *picture)
{
    EdtVae *decoder = edt_engine_decoder(s->engine, EDT_DECODE_FULL, NULL);
    const float *planes = edt_engine_decode(s->engine, decoder, picture->latent, NULL);
    double sum = 0;
    for (gsize i = 0; i < s->pixels; i++)
        sum += fabsf(CLAMP((planes[3 * s->pixels + i] + 1) / 2, 0, 1) - s->mask[i]);
    return sum / (double)s->pixels;
}

/* In latents, too, the thing takes the shape on: it is not just cut out of another. */
static void test_fits(void)
{
    Studio s = studio_open(STICKERS, 1);
    for (gsize i = 0; i < s.pixels; i++) /* an upright bar */
        s.mask[i] = (int)(i % (gsize)s.info->image_size) / 80 == 1;
    EdtItem items[] = {item_of(5, 11), item_of(5, 11)};
    items[1].fill = EDT_FILL_SHAPE;
    items[1].mask = s.mask;
    EdtRequest request = request_of(&s, items, 2, EDT_SAMPLER_DPMPP_2M);
    request.steps = 12;
    EdtPictures *pictures = make(&s, &request);
    const double plain = misfit(&s, &pictures->pictures[0]);
    const double fitted = misfit(&s, &pictures->pictures[1]);
    g_test_message("%g without, %g with the shape", plain, fitted);
    g_assert_cmpfloat(plain, >, 0.2);
    g_assert_cmpfloat(fitted, <, 0.05);
    edt_pictures_free(pictures);
    studio_close(&s);
}

/* A picture that is less than its shape goes on in its own colours: a red left half. */
static void test_continued(void)
{
    enum { S = 37, HW = S * S };
    g_autofree float *planes = g_new(float, 4 * HW), *mask = g_new(float, HW);
    g_autofree float *room = g_new(float, edt_mould_room(S));
    for (int i = 0; i < HW; i++) {
        const gboolean in = i % S < S / 2;
        planes[i] = planes[3 * HW + i] = in ? 1 : -1;
        planes[HW + i] = planes[2 * HW + i] = -1;
        mask[i] = (float)(i / S) / S;
    }
    edt_mould_planes(mask, S, planes, room);
    for (int i = 0; i < HW; i++) {
        g_assert_cmpfloat_with_epsilon(planes[i], 2 * mask[i] - 1, 1e-5);
        g_assert_cmpfloat_with_epsilon(planes[HW + i], -1, 1e-5);
        g_assert_cmpfloat(planes[3 * HW + i], ==, 2 * mask[i] - 1);
    }
}

static EdtVerdict stop_after_two(const EdtProgress *progress, gpointer user_data)
{
    int *calls = user_data;
    ++*calls;
    g_assert_cmpint(progress->steps, ==, 5);
    return progress->phase == EDT_PHASE_SAMPLING && progress->step == 2 ? EDT_STOP_KEEP
                                                                        : EDT_CONTINUE;
}

/* A careful run says after each forward where it is, and a stopped one has kept what is kept. */
static void test_stopped(void)
{
    Studio s = studio_open(PIXELS, 1);
    EdtItem item = item_like(&s, CAREFULLY);
    EdtRequest request = request_of(&s, &item, 1, EDT_SAMPLER_DPMPP_2M);
    const EdtCallbacks callbacks = {.progress = stop_after_two};
    int calls = 0;
    EdtPictures *pictures = edt_generate(s.engine, &request, &callbacks, &calls, NULL);
    g_assert_cmpint(pictures->pictures[0].steps_done, ==, 2);
    g_assert_cmpint(calls, >=, 1 + 8); /* two steps, four times each */
    for (gsize i = 0; i < s.pixels; i++)
        if (s.mask[i] == 0)
            g_assert_cmpfloat(pictures->pictures[0].latent[i], ==, s.source[i]);
    edt_pictures_free(pictures);
    studio_close(&s);
}

/* ---- what cannot be ---- */

static void refuse(const Studio *s, const EdtItem *item, int steps, const char *word)
{
    GError *error = NULL;
    EdtRequest request = request_of(s, item, 1, EDT_SAMPLER_DDIM);
    request.steps = steps;
    g_assert_null(edt_generate(s->engine, &request, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, word));
    g_clear_error(&error);
}

static void test_refusals(void)
{
    Studio s = studio_open(LATENTS, 1);
    EdtItem item = item_of(3, 1);
    item.fill = EDT_FILL_SHAPE;
    refuse(&s, &item, 4, "mask");
    item.fill = EDT_FILL_MISSING;
    item.mask = s.mask;
    refuse(&s, &item, 4, "missing");
    item.source = s.source;
    item.fill = EDT_FILL_NONE;
    item.freedom = 0;
    refuse(&s, &item, 900, "freedom");
    item.freedom = 1.5;
    refuse(&s, &item, 4, "freedom");
    item.freedom = NAN;
    refuse(&s, &item, 4, "freedom");
    item = item_of(3, 1);
    item.mix = (EdtMix){2, {{5, EDT_STYLE_ANY, 0.6}, {6, EDT_STYLE_ANY, 0.6}}};
    refuse(&s, &item, 4, "weights");
    item.mix.of[1].weight = 0.1;
    item.mix_how = EDT_MIX_SHAPE;
    refuse(&s, &item, 4, "one other class");
    item.mix = (EdtMix){1, {{11, EDT_STYLE_ANY, 0.1}}};
    refuse(&s, &item, 4, "class 11");
    item.mix.n = 4;
    refuse(&s, &item, 4, "mix");
    item = item_of(3, 1);
    item.variation = (EdtVariation){1, {{1, 1.01}}};
    refuse(&s, &item, 4, "variation");
    studio_close(&s);
}

/* What is completed beside a ground of one colour is opaque, whatever noise the autoencoder makes
 * of that ground; and its darkening is still taken back. */
static void test_plain_ground(void)
{
    enum { S = 64, HW = S * S };
    const EdtModelInfo info = {.image_size = S, .has_alpha = TRUE, .needs_vae = TRUE};
    g_autofree float *source = g_new(float, 4 * HW), *planes = g_new(float, 4 * HW);
    g_autofree float *mask = g_new0(float, HW);
    EdtRandom random;
    edt_random_seed(&random, 1);
    edt_random_normal(&random, planes, 4 * HW);
    for (int i = 0; i < 4 * HW; i++) {
        const int x = i % S, y = i / S % S;
        const gboolean in = x >= 20 && x < 44 && y >= 20 && y < 44;
        mask[i % HW] = in;
        source[i] = -1;
        planes[i] = in ? 0.98f : -0.98f + 0.01f * planes[i];
    }
    const EdtItem item = {.source = source, .mask = mask, .fill = EDT_FILL_MISSING};
    g_autofree float *out = edt_easel_compose(&info, &item, planes);
    for (int i = 0; i < 4 * HW; i++)
        g_assert_cmpfloat_with_epsilon(out[i], mask[i % HW] > 0 ? 0.96f : -1, 0.01f);
}

int main(int argc, char **argv)
{
    static const Case cases[] = {
        {REDRAWN, EDT_SAMPLER_DDIM, LATENTS},      {REDRAWN, EDT_SAMPLER_DPMPP_2M, LATENTS},
        {REDRAWN, EDT_SAMPLER_DDPM, PIXELS},       {COMPLETED, EDT_SAMPLER_DDIM, LATENTS},
        {COMPLETED, EDT_SAMPLER_DPMPP_2M, PIXELS}, {CAREFULLY, EDT_SAMPLER_DDPM, LATENTS},
        {CAREFULLY, EDT_SAMPLER_DPMPP_2M, PIXELS}, {CAREFULLY, EDT_SAMPLER_DDIM, LATENTS},
        {BLENDED, EDT_SAMPLER_DDPM, LATENTS},      {BLENDED, EDT_SAMPLER_DPMPP_2M, PIXELS},
        {SHAPED, EDT_SAMPLER_DPMPP_2M, LATENTS},   {SHAPED, EDT_SAMPLER_DDIM, PIXELS},
        {VARIED, EDT_SAMPLER_DDPM, LATENTS},       {VARIED, EDT_SAMPLER_DPMPP_2M, PIXELS},
        {CUT_OUT, EDT_SAMPLER_DPMPP_2M, PIXELS},   {CUT_OUT, EDT_SAMPLER_DDPM, PIXELS},
        {REDRAWN, EDT_SAMPLER_UNIPC, LATENTS},     {COMPLETED, EDT_SAMPLER_UNIPC, PIXELS},
        {CAREFULLY, EDT_SAMPLER_UNIPC, LATENTS},   {CAREFULLY, EDT_SAMPLER_UNIPC, PIXELS},
        {BLENDED, EDT_SAMPLER_UNIPC, PIXELS},      {VARIED, EDT_SAMPLER_UNIPC, LATENTS},
        {CUT_OUT, EDT_SAMPLER_UNIPC, PIXELS},      {CUT_OUT, EDT_SAMPLER_UNIPC, STICKERS},
        {CUT_OUT, EDT_SAMPLER_DDIM, STICKERS},     {CUT_OUT, EDT_SAMPLER_DDPM, STICKERS},
        {CUT_OUT, EDT_SAMPLER_DPMPP_2M, STICKERS}};
    static const struct {
        const char *name;
        GTestDataFunc test;
    } of_models[] = {{"batches", test_batches}, {"kept", test_kept}, {"shape", test_shape}};
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/canvas/reference/%s/%d/%s", names[cases[i].kind],
                                                (int)cases[i].sampler, model_names[cases[i].model]);
        g_test_add_data_func(path, &cases[i], test_reference);
    }
    g_test_add_func("/canvas/plain-ground", test_plain_ground);
    g_test_add_func("/canvas/ends", test_ends);
    g_test_add_func("/canvas/interval", test_interval);
    g_test_add_func("/canvas/one-step", test_one_step);
    g_test_add_func("/canvas/tail", test_tail);
    for (int model = LATENTS; model <= STICKERS; model++)
        for (gsize i = 0; i < G_N_ELEMENTS(of_models); i++) {
            g_autofree char *path =
                g_strdup_printf("/canvas/%s/%s", of_models[i].name, model_names[model]);
            g_test_add_data_func(path, GINT_TO_POINTER(model), of_models[i].test);
        }
    g_test_add_func("/canvas/fits", test_fits);
    g_test_add_func("/canvas/continued", test_continued);
    g_test_add_func("/canvas/stopped", test_stopped);
    g_test_add_func("/canvas/refusals", test_refusals);
    return g_test_run();
}
