/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench --shortcuts`: the same pictures of one model exactly and by each shortcut, how far
 * they and the way there are from the exact ones, and what is saved of the time.  Exact is f32 with
 * all steps whole; the presets of --speed are measured against their own exact one.
 */
#include "cli/shortcuts.h"
#include "catalogue.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the rows ---- */

typedef struct {
    const char *name;
    EdtPrecision precision;
    EdtSpeed speed; /* the rows of presets have nothing else */
    struct {
        const char *setting, *value;
    } of[2];
} Shortcut;

/* The first is what those before the presets are measured against; EXACT what the presets are. */
static const Shortcut shortcuts[] = {
    {.name = "exact", .precision = EDT_PRECISION_F32},
    {.name = "--type bf16", .precision = EDT_PRECISION_BF16},
    {.name = "--type int8", .precision = EDT_PRECISION_INT8},
    {.name = "--reuse 2", .precision = EDT_PRECISION_F32, .of = {{"reuse", "2"}}},
    {.name = "--reuse 3", .precision = EDT_PRECISION_F32, .of = {{"reuse", "3"}}},
    {.name = "--cfg-interval 0.1,0.8",
     .precision = EDT_PRECISION_F32,
     .of = {{"cfg_interval", "0.1,0.8"}}},
    {.name = "--cfg-interval 0.5,1",
     .precision = EDT_PRECISION_F32,
     .of = {{"cfg_interval", "0.5,1"}}},
    {.name = "--reuse 2 --cfg-interval 0.5,1",
     .precision = EDT_PRECISION_F32,
     .of = {{"reuse", "2"}, {"cfg_interval", "0.5,1"}}},
    {.name = "--vae draft", .precision = EDT_PRECISION_F32, .of = {{"vae", "draft"}}},
    {.name = "--speed exact", .precision = EDT_PRECISION_F32, .speed = EDT_SPEED_EXACT},
    {.name = "--speed balanced", .precision = EDT_PRECISION_F32, .speed = EDT_SPEED_BALANCED},
    {.name = "--speed fast", .precision = EDT_PRECISION_F32, .speed = EDT_SPEED_FAST},
};

static void set(EdtRequest *request, const char *name, const char *value)
{
    const EdtSetting *setting = edt_setting_named(name);
    edt_setting_read(setting, edt_setting_field(setting, request, NULL), value);
}

static void apply(const Shortcut *shortcut, EdtRequest *request)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shortcut->of) && shortcut->of[i].setting; i++)
        set(request, shortcut->of[i].setting, shortcut->of[i].value);
    edt_speed_apply(shortcut->speed, request);
}

/* Whether the model and the processor have what it leaves out. */
static gboolean is_possible(const Shortcut *shortcut, const EdtModelInfo *info)
{
    const gboolean guided = info->has_null && info->cfg_scale != 1;
    gboolean possible = (shortcut->precision != EDT_PRECISION_BF16 || edt_cpu_has_bf16()) &&
                        (shortcut->precision != EDT_PRECISION_INT8 || edt_cpu_has_int8());
    for (gsize i = 0; i < G_N_ELEMENTS(shortcut->of) && shortcut->of[i].setting; i++) {
        const char *name = shortcut->of[i].setting;
        possible = possible && (strcmp(name, "reuse") != 0 || info->has_inner) &&
                   (strcmp(name, "cfg_interval") != 0 || guided) &&
                   (strcmp(name, "vae") != 0 || info->has_draft);
    }
    return possible;
}

/* ---- one way of making the pictures ---- */

typedef struct {
    int pictures, steps;
    gsize count;      /* numbers of a latent */
    float *estimates; /* [steps, pictures, count] */
    gsize n_pixels;   /* of all pictures; of their latents where there are no pixels */
    float *pixels;    /* colour times alpha, and alpha */
    double seconds;   /* of the steps of the last run, or of all of it; after several, the least */
    gboolean decodes; /* all of it: the shortcut is in what comes behind the steps */
} Way;

static void way_clear(Way *way)
{
    g_clear_pointer(&way->estimates, g_free);
    g_clear_pointer(&way->pixels, g_free);
}

static void take_estimate(const EdtEstimate *estimate, gpointer user_data)
{
    const Way *way = user_data;
    const gsize at = (gsize)(estimate->step - 1) * (gsize)way->pictures + (gsize)estimate->item;
    memcpy(way->estimates + at * way->count, estimate->latent, way->count * sizeof(float));
}

static EdtVerdict add_time(const EdtProgress *progress, gpointer user_data)
{
    Way *way = user_data;
    if (progress->phase == EDT_PHASE_SAMPLING)
        way->seconds += progress->step_seconds;
    return EDT_CONTINUE;
}

/* What nobody sees, the colour of what is transparent, does not count. */
static void take_pixels(const EdtPicture *picture, float *out)
{
    const int C = picture->channels;
    for (int i = 0; i < picture->width * picture->height * C; i++) {
        const float *pixel = picture->pixels + i / C * C;
        out[i] = C == 4 && i % C < 3 ? pixel[i % C] * pixel[3] : pixel[i % C];
    }
}

static void take_pictures(Way *way, const EdtPictures *made)
{
    const EdtPicture *first = &made->pictures[0];
    const gsize one =
        first->pixels ? (gsize)(first->width * first->height * first->channels) : way->count;
    way->n_pixels = one * (gsize)made->n_pictures;
    way->pixels = g_new(float, way->n_pixels);
    for (int i = 0; i < made->n_pictures; i++)
        if (first->pixels)
            take_pixels(&made->pictures[i], way->pixels + (gsize)i * one);
        else
            memcpy(way->pixels + (gsize)i * one, made->pictures[i].latent, one * sizeof(float));
}

/* The first run keeps what it makes; those after it are for the time alone. */
static gboolean go(Way *way, EdtEngine *engine, EdtRequest request, gboolean keeps, GError **error)
{
    const EdtCallbacks callbacks = {.progress = add_time, .estimate = keeps ? take_estimate : NULL};
    const double before = way->seconds;
    const gint64 since = g_get_monotonic_time();
    way->seconds = 0;
    request.latent_only |= !keeps && !way->decodes;
    EdtPictures *made = edt_generate(engine, &request, &callbacks, way, error);
    if (made && made->error) {
        g_propagate_error(error, g_steal_pointer(&made->error));
        g_clear_pointer(&made, edt_pictures_free);
    }
    if (!made)
        return FALSE;
    if (way->decodes)
        way->seconds = (double)(g_get_monotonic_time() - since) * 1e-6;
    if (keeps)
        take_pictures(way, made);
    else if (before > 0)
        way->seconds = MIN(way->seconds, before);
    edt_pictures_free(made);
    return TRUE;
}

/* ---- how far from each other ---- */

/* Of the exact way at the same share of its timesteps; between two steps what lies between. */
static void exact_at(const Way *exact, int step, int steps, gsize i, double *value)
{
    const gsize all = (gsize)exact->pictures * exact->count;
    const int last = exact->steps - 1;
    const double at = steps > 1 ? (double)step * last / (steps - 1) : last;
    const int low = MIN((int)at, MAX(last - 1, 0)), high = MIN(low + 1, last);
    const double share = at - low;
    *value = (1 - share) * exact->estimates[(gsize)low * all + i] +
             share * exact->estimates[(gsize)high * all + i];
}

/* Relative L2 over all steps. */
static double way_distance(const Way *way, const Way *exact)
{
    const gsize all = (gsize)way->pictures * way->count;
    double off = 0, of = 0;
    for (int s = 0; s < way->steps; s++)
        for (gsize i = 0; i < all; i++) {
            double value;
            exact_at(exact, s, way->steps, i, &value);
            const double d = way->estimates[(gsize)s * all + i] - value;
            off += d * d;
            of += value * value;
        }
    return sqrt(off / of);
}

static double picture_distance(const Way *way, const Way *exact)
{
    double off = 0, of = 0;
    for (gsize i = 0; i < way->n_pixels; i++) {
        const double d = (double)way->pixels[i] - exact->pixels[i];
        off += d * d;
        of += (double)exact->pixels[i] * exact->pixels[i];
    }
    return sqrt(off / of);
}

/* ---- all rows ---- */

typedef struct {
    const EdtCliShortcuts *options;
    EdtEngine *engines[EDT_PRECISION_INT8 + 1]; /* by precision; opened when first used */
    char *path;
    const EdtModelInfo *info;
    EdtItem *items;
    Way exact; /* of the rows at hand */
    EdtRequest exact_request;
} Bench;

static EdtEngine *engine_for(Bench *b, EdtPrecision precision, GError **error)
{
    const EdtEngineOptions options = {b->options->threads, EDT_BACKEND_CPU, precision};
    if (!b->engines[precision])
        b->engines[precision] = edt_engine_open(b->path, &options, error);
    return b->engines[precision];
}

/* The same classes and seeds for everybody, from all over the list. */
static EdtRequest plain_request(const Bench *b)
{
    EdtRequest request;
    edt_request_init(&request, b->engines[EDT_PRECISION_F32]);
    request.items = b->items;
    request.n_items = request.batch = b->options->pictures;
    request.latent_only = edt_model_info_makes(b->info) == EDT_MAKES_LATENTS_ONLY;
    if (b->options->steps)
        set(&request, "steps", b->options->steps);
    return request;
}

/* In the style that a picture has where none is asked for. */
static void make_items(Bench *b)
{
    int style;
    edt_style_choose(b->info, NULL, &style, NULL, NULL);
    b->items = g_new(EdtItem, b->options->pictures);
    for (int i = 0; i < b->options->pictures; i++) {
        edt_item_init(&b->items[i]);
        b->items[i].class_index = (int)((gint64)i * b->info->n_classes / b->options->pictures);
        b->items[i].seed = (guint64)i + 1;
        b->items[i].style = style;
    }
}

static Way way_new(const Bench *b, int steps)
{
    const EdtModelInfo *info = b->info;
    Way way = {.pictures = b->options->pictures,
               .steps = steps,
               .count = (gsize)(info->channels * info->latent_size * info->latent_size)};
    way.estimates = g_new0(float, (gsize)steps *(gsize)way.pictures *way.count);
    return way;
}

/* Exact and not in turn, so that both meet the same machine. */
static gboolean measure(Bench *b, EdtEngine *engine, const EdtRequest *request, Way *way,
                        GError **error)
{
    gboolean ok = go(way, engine, *request, TRUE, error);
    way->seconds = 0; /* it also prepared */
    b->exact.seconds = 0;
    way->decodes = b->exact.decodes = request->vae != b->exact_request.vae;
    for (int r = 0; ok && r < b->options->repetitions; r++)
        ok = go(way, engine, *request, FALSE, error) &&
             go(&b->exact, b->engines[EDT_PRECISION_F32], b->exact_request, FALSE, error);
    return ok;
}

static void print_head(const Bench *b, const EdtRequest *request)
{
    g_autofree char *style = edt_style_name(b->info, b->items[0].style);
    printf(
        "%s, %d picture%s%s%s, %d steps of %s with guidance %g; presets: their own, against "
        "--speed exact. Distances are relative L2; times are of the steps, of --vae with "
        "decoding.\n\n"
        "| shortcut | picture | trajectory | ms a picture | time saved |\n|---|---|---|---|---|\n",
        edt_model_info_title(b->info), request->n_items, request->n_items == 1 ? "" : "s",
        b->info->n_styles ? " in style " : "", b->info->n_styles ? style : "", request->steps,
        edt_sampler_words[request->sampler], request->cfg_scale);
    fflush(stdout);
}

static void show(const Bench *b, const Shortcut *shortcut, const EdtRequest *request,
                 const Way *way)
{
    const double picture = picture_distance(way, &b->exact);
    const double trajectory = way_distance(way, &b->exact);
    const double saved = 1 - way->seconds / b->exact.seconds;
    const double ms = way->seconds * 1e3 / way->pictures;
    if (!b->options->json) {
        printf("| %s | %.2g | %.2g | %.1f | %.0f %% |\n", shortcut->name, picture, trajectory, ms,
               100 * saved);
        fflush(stdout);
        return;
    }
    GString *event = edt_cli_event_new("shortcut");
    edt_cli_event_text(event, "shortcut", shortcut->name);
    edt_cli_event_text(event, "type", edt_precision_words[shortcut->precision]);
    if (b->info->n_styles) {
        g_autofree char *style = edt_style_name(b->info, b->items[0].style);
        edt_cli_event_text(event, "style", style);
    }
    edt_cli_event_settings(event, request);
    edt_cli_event_number(event, "picture_distance", picture);
    edt_cli_event_number(event, "trajectory_distance", trajectory);
    edt_cli_event_number(event, "ms", ms);
    edt_cli_event_number(event, "time_saved", saved);
    edt_cli_event_flag(event, "decoding", way->decodes);
    edt_cli_event_send(event);
}

/* Those behind it are measured against this one. */
static gboolean is_exact(const Shortcut *shortcut)
{
    return shortcut == shortcuts || shortcut->speed == EDT_SPEED_EXACT;
}

static gboolean run_row(Bench *b, const Shortcut *shortcut, GError **error)
{
    EdtEngine *engine = engine_for(b, shortcut->precision, error);
    EdtRequest request = plain_request(b);
    apply(shortcut, &request);
    Way way = way_new(b, request.steps);
    gboolean ok = engine != NULL;
    if (ok && is_exact(shortcut)) {
        way_clear(&b->exact);
        b->exact = way_new(b, request.steps);
        b->exact_request = request;
        ok = go(&b->exact, engine, request, TRUE, error);
    }
    ok = ok && measure(b, engine, &request, &way, error);
    if (ok)
        show(b, shortcut, &request, &way);
    way_clear(&way);
    return ok;
}

static gboolean run(Bench *b, GError **error)
{
    b->path = edt_models_find(b->options->model, error);
    EdtEngine *engine = b->path ? engine_for(b, EDT_PRECISION_F32, error) : NULL;
    if (!engine)
        return FALSE;
    b->info = edt_engine_info(engine);
    make_items(b);
    if (!b->options->json) {
        const EdtRequest request = plain_request(b);
        print_head(b, &request);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(shortcuts); i++) {
        edt_cli_bar_show((double)i / G_N_ELEMENTS(shortcuts), shortcuts[i].name);
        if (is_possible(&shortcuts[i], b->info) && !run_row(b, &shortcuts[i], error))
            return FALSE;
    }
    return TRUE;
}

#define PICTURES_MAX 16 /* all in one forward */

static gboolean check(const EdtCliShortcuts *options, GError **error)
{
    EdtRequest request;
    const EdtSetting *steps = edt_setting_named("steps");
    g_autofree char *expected = edt_setting_expected(steps);
    if (options->pictures > PICTURES_MAX)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "--pictures %d cannot be: give 1 to %d.",
                    options->pictures, PICTURES_MAX);
    else if (options->steps && !edt_setting_read(steps, &request.steps, options->steps))
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "--steps %s cannot be: give %s.",
                    options->steps, expected);
    else
        return TRUE;
    return FALSE;
}

int edt_cli_shortcuts(const EdtCliShortcuts *options)
{
    Bench b = {.options = options};
    GError *error = NULL;
    gboolean ok = check(options, &error) && run(&b, &error);

    edt_cli_bar_clear();
    way_clear(&b.exact);
    for (gsize i = 0; i < G_N_ELEMENTS(b.engines); i++)
        edt_engine_close(b.engines[i]);
    g_free(b.items);
    g_free(b.path);
    return ok ? 0 : edt_cli_fail(error);
}
