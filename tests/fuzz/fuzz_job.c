/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any text as a job file: each of its lines is refused with a sentence, or is one picture of the
 * model.
 */
#include "cli/job.h"
#include "cli/lines.h"
#include "fuzz.h"
#include "folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *classes[] = {"red fox", "owl, barn", "7", "random", "caf\xc3\xa9", NULL};
static char *styles[] = {"flat", "ink", NULL};

static EdtModelInfo model(void)
{
    return (EdtModelInfo){.path = "/models/edt-tiny.safetensors",
                          .variant = "EDT custom",
                          .title = "Tiny",
                          .sha256 = "5ca1ab1e",
                          .image_size = 8,
                          .latent_size = 8,
                          .channels = 4,
                          .cfg_scale = 3,
                          .has_null = TRUE,
                          .has_alpha = TRUE,
                          .n_classes = (int)G_N_ELEMENTS(classes) - 1,
                          .class_names = classes,
                          .n_styles = (int)G_N_ELEMENTS(styles) - 1,
                          .style_names = styles};
}

static void check_job(const EdtCliJob *job, const EdtModelInfo *info)
{
    const EdtItem *item = &job->task.item;
    g_assert_true(item->class_index >= 0 && item->class_index <= info->n_classes);
    g_assert_true(item->style >= EDT_STYLE_ANY && item->style < info->n_styles);
    g_assert_true(job->request.steps > 0);
    g_assert_true(job->task.output && *job->task.output);
    g_assert_true(!item->source == !job->task.canvas.source);
}

static void read_line(const char *text, const EdtCliSettings *settings, const EdtModelInfo *info)
{
    GError *error = NULL;
    EdtCliJob job = {.task.line = 1};
    edt_request_init(&job.request, NULL);
    edt_item_init(&job.task.item);
    if (edt_cli_job_read(&job, text, settings, info, &error))
        check_job(&job, info);
    else
        g_assert_nonnull(error);
    fuzz_told(error);
    edt_cli_task_clear(&job.task);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static EdtCliSettings settings;
    const EdtModelInfo info = model();
    const char *text;
    const char *wrong;
    if (!settings.said) {
        edt_cli_settings_init(&settings);
        if (chdir(test_folder()) != 0) /* names without a folder */
            abort();
    }
    EdtCliLines *lines = edt_cli_lines_open(fuzz_file(data, size), NULL);
    while ((text = edt_cli_lines_next(lines, &wrong, NULL)))
        if (!wrong)
            read_line(text, &settings, &info);
    g_assert_cmpint(edt_cli_lines_number(lines), <=, (int)size);
    edt_cli_lines_close(lines);
    return 0;
}
