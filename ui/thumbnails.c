/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keeps a sheet and lets the studio fill its gaps; see thumbnails.h.
 */
#include "ui/thumbnails.h"
#include "machine.h"
#include "ui/sheet.h"
#include "ui/tile.h"

#define BATCH 8
#define SAVE_EVERY 64
#define SECONDS_MAX 3 /* for one: more would keep the machine busy for an hour */
#define MEMORY_PART 4 /* of what is free may be taken for them */

typedef struct {
    void (*changed)(gpointer user_data);
    gpointer user_data;
} Watch;

struct EdtThumbnails {
    GObject *settings;
    GArray *watches; /* of Watch */
    EdtStudio *studio;
    int threads;
    char *sha256, *file; /* of the model; the sheet in the cache */
    GdkPixbuf **pictures;
    int n, unsaved;
    EdtJob *job; /* NULL: none is made now */
    int classes[BATCH], n_asked;
    gint64 since;      /* when it began to be worked on */
    gboolean measured; /* how long one takes */
    gboolean idle;     /* none shall be made of this model */
};

/* ---- the sheet ---- */

static void save(EdtThumbnails *t)
{
    if (t->unsaved)
        edt_sheet_save(t->file, t->sha256, t->pictures, t->n);
    t->unsaved = 0;
}

static void forget(EdtThumbnails *t)
{
    g_clear_pointer(&t->job, edt_job_close);
    save(t);
    for (int i = 0; i < t->n; i++)
        g_clear_object(&t->pictures[i]);
    g_clear_pointer(&t->pictures, g_free);
    g_clear_pointer(&t->sha256, g_free);
    g_clear_pointer(&t->file, g_free);
    t->n = 0;
}

static char *cache_file(const char *sha256)
{
    g_autofree char *name = g_strconcat(sha256, ".png", NULL);
    return g_build_filename(g_get_user_cache_dir(), "edt", "thumbnails", name, NULL);
}

/* "stickers.png" beside "stickers.safetensors" */
static char *shipped_file(const char *model)
{
    const char *end = g_strrstr(model, ".");
    return g_strdup_printf("%.*s.png", (int)(end ? end - model : 0), model);
}

static void keep(EdtThumbnails *t, int class_index, GdkPixbuf *picture)
{
    t->pictures[class_index] =
        gdk_pixbuf_scale_simple(picture, EDT_SHEET_SIDE, EDT_SHEET_SIDE, GDK_INTERP_BILINEAR);
    if (++t->unsaved >= SAVE_EVERY)
        save(t);
}

GdkPixbuf *edt_thumbnails_get(const EdtThumbnails *t, int class_index)
{
    return class_index >= 0 && class_index < t->n ? t->pictures[class_index] : NULL;
}

void edt_thumbnails_offer(EdtThumbnails *t, const char *sha256, int class_index, GdkPixbuf *picture)
{
    gboolean wanted = class_index >= 0 && class_index < t->n && !t->pictures[class_index];
    if (!wanted || !picture || g_strcmp0(sha256, t->sha256) != 0)
        return;
    keep(t, class_index, picture);
    for (guint i = 0; i < t->watches->len; i++) {
        const Watch *watch = &g_array_index(t->watches, Watch, i);
        watch->changed(watch->user_data);
    }
}

/* ---- making ---- */

static void make_next(EdtThumbnails *t);

static void take(EdtThumbnails *t, const EdtOutcome *outcome)
{
    const EdtPictures *made = outcome->pictures;
    for (int i = 0; i < made->n_pictures; i++) {
        g_autoptr(GdkPixbuf) picture = edt_ui_picture_pixbuf(&made->pictures[i]);
        edt_thumbnails_offer(t, outcome->order->model_sha256, made->pictures[i].item.class_index,
                             picture);
    }
    double seconds = (double)(g_get_monotonic_time() - t->since) / G_USEC_PER_SEC;
    t->idle |= seconds / MAX(made->n_pictures, 1) > SECONDS_MAX;
    t->measured = TRUE;
}

static void on_frame(EdtJob *job, const EdtFrame *frame, gpointer user_data)
{
    EdtThumbnails *t = user_data;
    if (!t->since && frame->phase == EDT_PHASE_SAMPLING)
        t->since = g_get_monotonic_time();
}

/* One that had to give way is asked for again. */
static void on_done(EdtJob *job, gpointer user_data)
{
    EdtThumbnails *t = user_data;
    const EdtOutcome *outcome = edt_job_outcome(job);
    if (outcome->pictures && !outcome->error)
        take(t, outcome);
    else if (!g_error_matches(outcome->error, EDT_ERROR, EDT_ERROR_CANCELLED))
        t->idle = TRUE;
    g_clear_pointer(&t->job, edt_job_close);
    make_next(t);
}

/* One at first, to see how long it takes. */
static int next_classes(EdtThumbnails *t)
{
    int n = 0, most = t->measured ? BATCH : 1;
    for (int i = 0; i < t->n && n < most; i++)
        if (!t->pictures[i])
            t->classes[n++] = i;
    return n;
}

static void make_next(EdtThumbnails *t)
{
    static const EdtJobWatch watch = {on_frame, on_done};
    if (t->job || t->idle || !t->studio || !t->n)
        return;
    t->n_asked = next_classes(t);
    EdtOrder *order =
        t->n_asked ? edt_order_sketches(t->settings, t->classes, t->n_asked, t->threads, NULL)
                   : NULL;
    if (order &&
        g_strcmp0(order->model_sha256, t->sha256) != 0) { /* the first model is another now */
        g_clear_pointer(&order, edt_order_free);
        t->idle = TRUE;
    }
    if (!order) {
        save(t);
        return;
    }
    t->since = 0;
    t->job = edt_studio_start(t->studio, order, &watch, t);
}

void edt_thumbnails_make(EdtThumbnails *t, EdtStudio *studio, int threads)
{
    t->studio = studio;
    t->threads = threads;
    make_next(t);
}

static gboolean is_modest(const EdtModelInfo *info)
{
    EdtEngineOptions options = {0};
    guint64 there = edt_memory_available();
    return !there || edt_memory_forecast(info, &options, BATCH) < there / MEMORY_PART;
}

void edt_thumbnails_set_model(EdtThumbnails *t, const EdtModelInfo *info)
{
    if (info && g_strcmp0(info->sha256, t->sha256) == 0)
        return;
    forget(t);
    if (!info)
        return;
    t->sha256 = g_strdup(info->sha256);
    t->n = info->n_classes;
    t->pictures = g_new0(GdkPixbuf *, t->n);
    t->file = cache_file(t->sha256);
    t->measured = FALSE;
    t->idle = edt_model_info_makes(info) == EDT_MAKES_LATENTS_ONLY || !is_modest(info);
    g_autofree char *shipped = shipped_file(info->path);
    if (!edt_sheet_load(t->file, t->sha256, t->pictures, t->n))
        edt_sheet_load(shipped, t->sha256, t->pictures, t->n);
    make_next(t);
}

EdtThumbnails *edt_thumbnails_new(GObject *settings)
{
    EdtThumbnails *t = g_new0(EdtThumbnails, 1);
    t->settings = settings;
    t->watches = g_array_new(FALSE, FALSE, sizeof(Watch));
    return t;
}

void edt_thumbnails_watch(EdtThumbnails *t, void (*changed)(gpointer user_data), gpointer user_data)
{
    const Watch watch = {changed, user_data};
    g_array_append_val(t->watches, watch);
}

void edt_thumbnails_free(EdtThumbnails *t)
{
    forget(t);
    g_array_unref(t->watches);
    g_free(t);
}
