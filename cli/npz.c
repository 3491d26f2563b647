/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt sample --npz`: as many pictures as statistics want (FID of 50,000), into one archive that
 * grows with them.  Which class and seed picture i has follows from its number, so that a run that
 * was stopped goes on where it was.
 */
#include "cli/event.h"
#include "cli/progress.h"
#include "cli/sample.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "catalogue.h"
#include "machine.h"

#include <string.h>

typedef struct {
    EdtCliRun run;
    const EdtCliSettings *settings;
    EdtRequest request;
    EdtItem item;  /* what all begin as */
    guint64 seed;  /* of the first */
    GArray *cycle; /* of int: classes in turn; empty: drawn */
    EdtNpz *npz;
} Samples;

/* ---- who is pictured ---- */

/* A number without pattern out of a seed (splitmix64). */
static guint64 scatter(guint64 z)
{
    z += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int class_of(const Samples *s, guint64 i)
{
    if (s->cycle->len == 0)
        return (int)(scatter(s->seed + i) % (guint64)s->run.info->n_classes);
    return g_array_index(s->cycle, int, i % s->cycle->len);
}

/* All classes in turn, those of a list, or drawn. */
static gboolean plan_classes(Samples *s, GError **error)
{
    const EdtModelInfo *info = s->run.info;
    const char *text = s->settings->classes;

    if (!text) {
        for (int i = 0; i < info->n_classes; i++)
            g_array_append_val(s->cycle, i);
        return TRUE;
    }
    if (g_ascii_strcasecmp(text, "random") == 0)
        return TRUE;
    g_auto(GStrv) names = edt_class_split(info, text);
    for (char **name = names; *name; name++) {
        int found = edt_class_choose(info, *name, NULL, error);
        if (found < 0)
            return FALSE;
        g_array_append_val(s->cycle, found);
    }
    return TRUE;
}

static gboolean plan(Samples *s, GError **error)
{
    const EdtCliSettings *settings = s->settings;

    edt_request_init(&s->request, s->run.engine);
    edt_item_init(&s->item);
    return edt_cli_seed_parse(settings->seed ? settings->seed : "0", &s->seed, error) &&
           edt_cli_settings_apply(settings, &s->request, &s->item, error) &&
           edt_style_choose(s->run.info, settings->styles, &s->item.style, NULL, error) &&
           plan_classes(s, error);
}

/* ---- the file ---- */

/* All that the pictures depend on. */
static char *record_of(const Samples *s)
{
    const EdtModelInfo *info = s->run.info;
    GString *record = edt_cli_event_new(NULL);

    edt_cli_event_text(record, "edt", EDT_VERSION);
    edt_cli_event_text(record, "model", edt_model_info_title(info));
    edt_cli_event_text(record, "model_sha256", info->sha256);
    edt_cli_event_text(record, "classes", s->settings->classes ? s->settings->classes : "all");
    edt_cli_event_integer(record, "style", s->item.style);
    edt_cli_event_integer(record, "seed", (gint64)s->seed);
    edt_cli_event_integer(record, "pictures", s->run.pictures);
    edt_cli_event_settings(record, &s->request);
    edt_cli_event_text(record, "precision",
                       edt_precision_words[edt_engine_precision(s->run.engine)]);
    g_string_append_c(record, '}');
    return g_string_free(record, FALSE);
}

static gboolean open_file(Samples *s, GError **error)
{
    const EdtModelInfo *info = s->run.info;
    g_autofree char *record = record_of(s);
    const EdtNpzKind kind = {.record = record,
                             .n = s->run.pictures,
                             .height = info->image_size,
                             .width = info->image_size,
                             .channels = info->has_alpha ? 4 : 3};

    s->npz = edt_npz_open(s->settings->npz, &kind, s->settings->force, error);
    if (!s->npz)
        return FALSE;
    s->run.done = (int)edt_npz_done(s->npz);
    if (s->run.done > 0)
        edt_cli_say("%d of %d pictures are there already.", s->run.done, s->run.pictures);
    return TRUE;
}

/* Whole pictures only: one that was stopped early is made again. */
static gboolean add(Samples *s, const EdtPictures *pictures, GError **error)
{
    for (int i = 0; i < pictures->n_pictures; i++) {
        const EdtPicture *picture = &pictures->pictures[i];
        const gsize bytes =
            (gsize)picture->width * (gsize)picture->height * (gsize)picture->channels;
        if (picture->steps_done < s->request.steps)
            break;
        g_autofree guint8 *pixels = g_malloc(bytes);
        edt_picture_to_u8(picture, pixels);
        if (!edt_npz_add(s->npz, pixels, error))
            return FALSE;
        s->run.saved++;
    }
    return TRUE;
}

static gboolean make_batch(Samples *s, int n, GError **error)
{
    g_autofree EdtItem *items = g_new(EdtItem, n);

    for (int i = 0; i < n; i++) {
        const guint64 number = (guint64)(s->run.done + i);
        items[i] = s->item;
        items[i].class_index = class_of(s, number);
        items[i].seed = s->seed + number;
    }
    s->request.items = items;
    s->request.n_items = n;
    EdtPictures *pictures =
        edt_generate(s->run.engine, &s->request, &edt_cli_progress, &s->run, error);
    gboolean ok = pictures && add(s, pictures, error);
    edt_pictures_free(pictures);
    s->run.done += n;
    return ok;
}

static gboolean finish(Samples *s, GError **error)
{
    g_autofree gint64 *labels = g_new(gint64, s->run.pictures);

    for (int i = 0; i < s->run.pictures; i++)
        labels[i] = class_of(s, (guint64)i);
    if (!edt_npz_finish(s->npz, labels, error))
        return FALSE;
    edt_cli_bar_clear();
    if (!s->run.json) {
        edt_cli_event_path(s->settings->npz);
        return TRUE;
    }
    GString *event = edt_cli_event_new("npz");
    edt_cli_event_text(event, "path", s->settings->npz);
    edt_cli_event_integer(event, "pictures", s->run.pictures);
    edt_cli_event_send(event);
    return TRUE;
}

static gboolean make_all(Samples *s, GError **error)
{
    const int size = edt_cli_run_batch_size(s->settings);

    s->run.pictures = s->settings->batch_count;
    if (!plan(s, error) || !open_file(s, error))
        return FALSE;
    edt_cli_run_announce(&s->run, &s->request, s->seed);
    while (s->run.done < s->run.pictures && !edt_cli_stop_asked())
        if (!make_batch(s, MIN(size, s->run.pictures - s->run.done), error))
            return FALSE;
    if (edt_npz_done(s->npz) == s->run.pictures)
        return finish(s, error);
    edt_cli_bar_clear();
    edt_cli_say("%" G_GINT64_FORMAT " of %d pictures are there: the same command goes on.",
                edt_npz_done(s->npz), s->run.pictures);
    return TRUE;
}

int edt_cli_npz(EdtCliSettings *settings)
{
    Samples s = {.run = {.json = settings->json, .began = g_get_monotonic_time()},
                 .settings = settings,
                 .cycle = g_array_new(FALSE, FALSE, sizeof(int))};
    GError *error = NULL;
    g_autofree char *path = NULL;
    int code = 0;

    if (!edt_cli_settings_check(settings, &error) ||
        !(path = edt_cli_settings_model(settings, &error)) ||
        !edt_cli_run_open(&s.run, settings, path, &error) || !make_all(&s, &error)) {
        edt_cli_run_report(&s.run, 0, error);
        s.run.failed = 1;
        code = edt_cli_fail(error);
    }
    edt_cli_run_finish(&s.run);
    edt_npz_close(s.npz);
    edt_cli_run_close(&s.run);
    g_array_unref(s.cycle);
    return code;
}
