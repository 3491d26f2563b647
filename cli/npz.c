/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt sample --npz`: as many pictures as statistics want (FID of 50,000), into one archive that
 * grows with them.  Which picture number i is follows from its number (series.h), so that a run
 * that was stopped goes on where it was.
 *
 * Below `mpirun -n N` the ranks make N shares at a time; rank 0 alone has the file, and writes them
 * down in their order.  So the archive is the same for any N, also one that another N began.
 */
#include "cli/event.h"
#include "cli/progress.h"
#include "cli/sample.h"
#include "cli/series.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "catalogue.h"
#include "machine.h"
#include "train.h"

#include <string.h>

typedef struct {
    EdtCliRun run;
    const EdtCliSettings *settings;
    EdtCliSeries series;
    EdtNpz *npz;          /* rank 0's */
    int done;             /* of all ranks */
    gsize one;            /* bytes of a picture */
    guint8 *pixels, *all; /* of a share; of all ranks' shares, rank 0's */
} Samples;

/* ---- the file ---- */

/* What options say of every picture; the others follow from what else there is. */
static void add_said(GString *record, const Samples *s)
{
    int n;
    const EdtSetting *rows = edt_settings(&n);
    for (int i = 0; i < n; i++)
        if (rows[i].of_item && edt_cli_settings_says(s->settings, rows[i].name))
            edt_cli_event_setting(record, &rows[i],
                                  edt_setting_field(&rows[i], NULL, &s->series.item));
}

/* What is in it counts, whatever it is called; a SHA-256 is said in its place. */
static void add_file(GString *record, const char *key, const char *path)
{
    g_autofree char *bytes = NULL, *sha256 = NULL;
    gsize length;
    if (path && g_file_get_contents(path, &bytes, &length, NULL))
        sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, length);
    edt_cli_event_text(record, key, sha256 ? sha256 : path);
}

/* All that the pictures depend on. */
static char *record_of(const Samples *s)
{
    const EdtModelInfo *info = s->run.info;
    const EdtCliSettings *settings = s->settings;
    GString *record = edt_cli_event_new(NULL);

    edt_cli_event_text(record, "edt", EDT_VERSION);
    edt_cli_event_text(record, "model", edt_model_info_title(info));
    edt_cli_event_text(record, "variant", info->variant);
    edt_cli_event_text(record, "model_sha256", info->sha256);
    edt_cli_event_text(record, "classes", settings->classes ? settings->classes : "all");
    edt_cli_event_text(record, "style", settings->styles);
    edt_cli_event_text(record, "mix", settings->mix);
    edt_cli_event_text(record, "vary", settings->vary);
    add_file(record, "image_sha256", settings->image);
    add_file(record, "mask_sha256", settings->mask);
    edt_cli_event_text(record, "paper", settings->paper);
    add_said(record, s);
    edt_cli_event_text(record, "jobs_sha256", s->series.sha256);
    edt_cli_event_integer(record, "seed", (gint64)s->series.seed);
    edt_cli_event_integer(record, "pictures", s->series.n);
    edt_cli_event_settings(record, &s->series.request);
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
                             .n = s->series.n,
                             .height = info->image_size,
                             .width = info->image_size,
                             .channels = info->has_alpha ? 4 : 3};

    s->npz = edt_npz_open(s->settings->npz, &kind, s->settings->force, error);
    if (!s->npz)
        return FALSE;
    s->done = s->run.saved = (int)edt_npz_done(s->npz);
    if (s->done > 0)
        edt_cli_say("%d of %d pictures are there already.", s->done, s->series.n);
    return TRUE;
}

static gboolean finish(Samples *s, GError **error)
{
    g_autofree gint64 *labels = g_new(gint64, s->series.n);

    for (int i = 0; i < s->series.n; i++)
        labels[i] = edt_cli_series_class(&s->series, i);
    g_autofree char *written = NULL;
    if (!edt_npz_finish(s->npz, labels, &written, error))
        return FALSE;
    edt_cli_bar_clear();
    if (strcmp(written, s->settings->npz) != 0)
        edt_cli_say("%s was taken meanwhile: the archive is %s.", s->settings->npz, written);
    if (!s->run.json) {
        edt_cli_event_path(written);
        return TRUE;
    }
    GString *event = edt_cli_event_new("npz");
    edt_cli_event_text(event, "path", written);
    edt_cli_event_integer(event, "pictures", s->series.n);
    edt_cli_event_send(event);
    return TRUE;
}

/* ---- a share ---- */

/* Whole pictures only: one that was stopped early is made again, and what comes behind it. */
static void take(Samples *s, const EdtPictures *pictures, int steps, int *whole)
{
    for (int i = 0; i < pictures->n_pictures && pictures->pictures[i].steps_done == steps; i++)
        edt_picture_to_u8(&pictures->pictures[i], s->pixels + (gsize)(*whole)++ * s->one);
}

/* n of one request.  That somebody stopped it is no error: fewer are whole. */
static gboolean make_batch(Samples *s, const EdtCliJob *jobs, int n, int *whole, GError **error)
{
    g_autofree EdtItem *items = g_new(EdtItem, n);
    EdtRequest request = jobs->request;
    GError *failure = NULL;

    for (int i = 0; i < n; i++)
        items[i] = jobs[i].task.item;
    request.items = items;
    request.n_items = n;
    EdtPictures *pictures =
        edt_generate(s->run.engine, &request, &edt_cli_progress, &s->run, &failure);
    if (pictures) {
        take(s, pictures, request.steps, whole);
        failure = g_steal_pointer(&pictures->error);
    }
    edt_pictures_free(pictures);
    s->run.done += n;
    if (g_error_matches(failure, EDT_ERROR, EDT_ERROR_CANCELLED))
        g_clear_error(&failure);
    if (failure)
        g_propagate_error(error, failure);
    return !failure;
}

/* Pictures from number first on; whole: how many came out.  Jobs with equal settings are one
 * batch. */
static gboolean make_share(Samples *s, int first, int n, int *whole, GError **error)
{
    g_autofree EdtCliJob *jobs = g_new0(EdtCliJob, MAX(n, 1));
    gboolean ok = TRUE;
    int read = 0, from = 0, to;

    s->run.done = first;
    for (; ok && read < n; read += ok)
        ok = edt_cli_series_job(&s->series, first + read, &jobs[read], error);
    for (; ok && from < n && *whole == from; from = to) {
        for (to = from + 1; to < n && edt_settings_equal(&jobs[to].request, &jobs[from].request);)
            to++;
        ok = make_batch(s, jobs + from, to - from, whole, error);
    }
    for (int i = 0; i < read; i++)
        edt_cli_task_clear(&jobs[i].task);
    return ok;
}

/* ---- all of them ---- */

/* Rank 0: what all have made, as far as it is one row. */
static gboolean add(Samples *s, const double *whole, int share, GError **error)
{
    const int end = MIN(s->done + share * edt_ranks_count(), s->series.n);
    gboolean ok = TRUE;

    for (int i = 0; ok && s->done + i < end && i % share < (int)whole[i / share]; i++)
        ok = edt_npz_add(s->npz, s->all + (gsize)i * s->one, error);
    s->run.saved = (int)edt_npz_done(s->npz);
    return ok;
}

/* FALSE on every rank where it failed on one; who failed has the error. */
static gboolean all_well(gboolean ok)
{
    return edt_ranks_most(!ok) == 0;
}

/* Every rank's next share, each one behind that of the rank before. */
static gboolean make_round(Samples *s, GError **error)
{
    const int ranks = edt_ranks_count(), own = edt_ranks_own(), rest = s->series.n - s->done;
    const int share = MIN(edt_cli_run_batch_size(s->settings), (rest + ranks - 1) / ranks);
    const int first = MIN(s->done + own * share, s->series.n);
    g_autofree double *whole = g_new0(double, ranks);
    int made = 0;

    gboolean ok = make_share(s, first, MIN(share, s->series.n - first), &made, error);
    whole[own] = made;
    edt_ranks_sum(whole, (gsize)ranks);
    edt_ranks_gather(s->pixels, (gsize)share * s->one, s->all);
    if (s->npz && !add(s, whole, share, ok ? error : NULL))
        ok = FALSE;
    s->done = MIN(s->done + share * ranks, s->series.n);
    return all_well(ok);
}

static void make_room(Samples *s)
{
    const EdtModelInfo *info = s->run.info;
    const gsize size = (gsize)edt_cli_run_batch_size(s->settings);

    s->one = (gsize)info->image_size * (gsize)info->image_size * (info->has_alpha ? 4 : 3);
    s->pixels = g_malloc0(size * s->one);
    if (edt_ranks_own() == 0)
        s->all =
            edt_ranks_count() > 1 ? g_malloc((gsize)edt_ranks_count() * size * s->one) : s->pixels;
}

/* Where the file goes on, told to all by the one that knows. */
static gboolean begin(Samples *s, GError **error)
{
    gboolean ok = edt_cli_series_open(&s->series, s->settings, s->run.engine, error);

    if (!all_well(ok && (edt_ranks_own() > 0 || open_file(s, error))))
        return FALSE;
    s->done = (int)edt_ranks_most(s->done);
    return TRUE;
}

static gboolean make_all(Samples *s, GError **error)
{
    if (!begin(s, error))
        return FALSE;
    make_room(s);
    s->run.pictures = s->series.n;
    edt_cli_run_announce(&s->run, &s->series.request, s->series.seed);
    while (s->done < s->series.n && !edt_ranks_most(edt_cli_stop_asked()))
        if (!make_round(s, error))
            return FALSE;
    if (!s->npz)
        return TRUE;
    if (edt_npz_done(s->npz) == s->series.n)
        return finish(s, error);
    edt_cli_bar_clear();
    edt_cli_say("%" G_GINT64_FORMAT " of %d pictures are there: the same command goes on.",
                edt_npz_done(s->npz), s->series.n);
    return TRUE;
}

static gboolean open_run(Samples *s, EdtCliSettings *settings, GError **error)
{
    g_autofree char *path = NULL;
    gboolean ok = edt_cli_settings_check(settings, error) &&
                  (path = edt_cli_settings_model(settings, error)) &&
                  edt_cli_run_open(&s->run, settings, path, error);

    s->run.jobs = FALSE; /* pictures are no events here */
    s->run.json = settings->json && edt_ranks_own() == 0;
    return all_well(ok);
}

int edt_cli_npz(EdtCliSettings *settings)
{
    Samples s = {.run = {.json = settings->json, .began = g_get_monotonic_time()},
                 .settings = settings};
    GError *error = NULL;
    int code = 0;

    if (!open_run(&s, settings, &error) || !make_all(&s, &error)) {
        s.run.json = settings->json;
        s.run.failed = 1;
        if (error) {
            edt_cli_run_report(&s.run, 0, error);
            code = edt_cli_fail(error);
        }
    }
    code = (int)edt_ranks_most(code);
    edt_cli_run_finish(&s.run);
    edt_npz_close(s.npz);
    edt_cli_series_close(&s.series);
    if (s.all != s.pixels)
        g_free(s.all);
    g_free(s.pixels);
    edt_cli_run_close(&s.run);
    return code;
}
