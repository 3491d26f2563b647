/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is the picture of a job there already?  Its record says what it is; see job.h.
 */
#include "cli/job.h"
#include "core/canvas.h"
#include "core/settings.h"
#include "saving.h"

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
    item.mix = job->mix;
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
        (run->type_said && found->precision != edt_engine_precision(run->engine)))
        return EDT_CLI_OUTPUT_OTHER;
    if (found->steps_done == job->request.steps)
        return EDT_CLI_OUTPUT_SAME;
    if (!job->task.replace)
        job->task.item = like; /* that picture is to be finished, and no other beside it */
    return EDT_CLI_OUTPUT_UNFINISHED;
}

EdtCliOutput edt_cli_job_output(EdtCliJob *job, const EdtCliRun *run)
{
    if (edt_save_is_stream(job->task.output) || !g_file_test(job->task.output, G_FILE_TEST_EXISTS))
        return EDT_CLI_OUTPUT_ABSENT;
    g_autofree char *text = edt_png_record_text(job->task.output, NULL);
    if (!text)
        return run->metadata ? EDT_CLI_OUTPUT_OTHER : EDT_CLI_OUTPUT_SAME;
    g_autoptr(EdtRecord) found = edt_record_read(text, NULL);
    return found ? compare(job, run, found) : EDT_CLI_OUTPUT_OTHER;
}
