/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is the picture of a job there already?  Its record says what it is; see job.h.
 */
#include "cli/job.h"
#include "core/canvas.h"
#include "core/settings.h"
#include "saving.h"

#include <glib/gstdio.h>

/* The job's item, had chance decided as it did for the one that is there. */
static EdtItem as_found(const EdtCliJob *job, const EdtItem *found)
{
    EdtItem item = job->task.item;
    if (job->class_drawn)
        item.class_index = found->class_index;
    if (job->style_drawn)
        item.style = found->style;
    if (job->seed_drawn)
        item.seed = found->seed;
    item.mix = edt_cli_mix_follow_drawn(&job->mix, &job->chance, &found->mix);
    item.variation =
        edt_cli_variation_follow_drawn(&item.variation, &job->chance, &found->variation);
    edt_cli_mix_settle(&item);
    return item;
}

static gboolean same_numbers(const EdtModelInfo *info, EdtCanvasPart part, const float *wanted,
                             const char *found)
{
    g_autofree char *sha256 = edt_canvas_sha256(info, part, wanted);
    return g_strcmp0(sha256, found) == 0;
}

static gboolean same_settings(const EdtCliJob *job, const EdtModelInfo *info, const EdtItem *like,
                              const EdtRecord *found)
{
    const EdtItem item = edt_item_asked(info, like);
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        gpointer wanted = edt_setting_field(&settings[i], &job->request, &item);
        gpointer there = edt_setting_field(&settings[i], &found->request, &found->item);
        if (!edt_setting_equal(&settings[i], wanted, there))
            return FALSE;
    }
    return same_numbers(info, EDT_CANVAS_SOURCE, item.source, found->source) &&
           same_numbers(info, EDT_CANVAS_MASK, item.mask, found->mask);
}

/* Version and backend may differ between two makings of one picture, and the precision, too, where
 * nobody asked for one. */
static EdtCliOutput compare(EdtCliJob *job, const EdtCliRun *run, const EdtRecord *found)
{
    const EdtItem like = as_found(job, &found->item);
    if (found->unknown || found->foreign_noise || !same_settings(job, run->info, &like, found) ||
        g_strcmp0(found->model_sha256, run->info->sha256) != 0 ||
        found->size != run->info->image_size ||
        ((run->type_said || job->type_said) &&
         found->precision != edt_engine_precision(run->engine)))
        return EDT_CLI_OUTPUT_OTHER;
    if (found->steps_done == job->request.steps)
        return EDT_CLI_OUTPUT_SAME;
    if (!job->task.replace)
        job->task.item = like; /* that picture is to be finished, and no other beside it */
    return EDT_CLI_OUTPUT_UNFINISHED;
}

/* ---- what was read ---- */

/* Lines that make many pictures of one class and seed look at one name after the other, each of
 * them: a file is read once, and again only where it has changed. */
typedef struct {
    GStatBuf status;
    gboolean said;     /* it holds some record ... */
    EdtRecord *record; /* ... which is one; or NULL */
} Seen;

static void seen_free(gpointer data)
{
    Seen *seen = data;
    edt_record_free(seen->record);
    g_free(seen);
}

static gboolean is_unchanged(const Seen *seen, const GStatBuf *status)
{
    return seen->status.st_ino == status->st_ino && seen->status.st_size == status->st_size &&
           seen->status.st_mtim.tv_sec == status->st_mtim.tv_sec &&
           seen->status.st_mtim.tv_nsec == status->st_mtim.tv_nsec;
}

static const Seen *see(EdtCliRun *run, const char *path, const GStatBuf *status)
{
    if (!run->records)
        run->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, seen_free);
    Seen *seen = g_hash_table_lookup(run->records, path);
    if (seen && is_unchanged(seen, status))
        return seen;
    g_autofree char *text = edt_png_record_text(path, NULL);
    seen = g_new(Seen, 1);
    *seen = (Seen){*status, text != NULL, text ? edt_record_read(text, NULL) : NULL};
    g_hash_table_replace(run->records, g_strdup(path), seen);
    return seen;
}

EdtCliOutput edt_cli_job_output(EdtCliJob *job, EdtCliRun *run)
{
    GStatBuf status;
    if (edt_save_is_stream(job->task.output) || g_stat(job->task.output, &status) != 0)
        return EDT_CLI_OUTPUT_ABSENT;
    const Seen *seen = see(run, job->task.output, &status);
    if (!seen->said)
        return run->metadata ? EDT_CLI_OUTPUT_OTHER : EDT_CLI_OUTPUT_SAME;
    return seen->record ? compare(job, run, seen->record) : EDT_CLI_OUTPUT_OTHER;
}
