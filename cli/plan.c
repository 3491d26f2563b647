/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a command line asks for, before the weights are loaded: who is pictured, from which seed,
 * into which file, from which noise.  cli/sample.c runs the plan.
 */
#include "cli/plan.h"
#include "catalogue.h"
#include "cli/name.h"
#include "cli/save.h"
#include "machine.h"

#include <string.h>

/* ---- tasks ---- */

/* What was said, in its texts; {NULL, NULL} stands for nothing: one entry. */
static char **texts_of(const EdtModelInfo *info, const char *said,
                       char **(*split)(const EdtModelInfo *info, const char *list))
{
    return said ? split(info, said) : g_new0(char *, 2);
}

static int count_of(char **texts)
{
    return MAX(1, (int)g_strv_length(texts));
}

static gboolean choose_class(const EdtCliSettings *settings, const EdtModelInfo *info,
                             const char *text, int *class_index, GError **error)
{
    if (!settings->record || settings->classes)
        return (*class_index = edt_class_choose(info, text, NULL, error)) >= 0;
    const EdtRecord *record = settings->record;
    if (!edt_record_has_its_classes(record, info)) /* the thing that is pictured, not its number */
        return (*class_index = edt_class_find(info, record->class_name, error)) >= 0;
    *class_index = record->item.class_index;
    if (*class_index <= info->n_classes)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "The record wants class %d, but %s has %d classes: choose the model with -m or "
                "the class with --class.",
                *class_index, info->path, info->n_classes);
    return FALSE;
}

static gboolean choose_style(const EdtCliSettings *settings, const EdtModelInfo *info,
                             const char *text, int *style, GError **error)
{
    if (!settings->record || settings->styles)
        return edt_style_choose(info, text, style, NULL, error);
    const EdtRecord *record = settings->record;
    if (info->n_styles && record->style_name && !edt_record_has_its_classes(record, info))
        return edt_style_choose(info, record->style_name, style, NULL, error);
    *style = record->item.style;
    return TRUE;
}

static gboolean choose_seed(const EdtCliSettings *settings, guint64 *seed, GError **error)
{
    if (settings->record && !settings->seed) {
        *seed = settings->record->item.seed;
        return TRUE;
    }
    return edt_cli_seed_parse(settings->seed ? settings->seed : "-1", seed, error);
}

/* Whether the option itself is there: a record says much that did nothing. */
static gboolean is_said(const EdtCliSettings *settings, const char *name)
{
    return edt_cli_settings_said(settings, name)->text != NULL;
}

static gboolean is_guided(const EdtCliSettings *settings, const EdtModelInfo *info,
                          const EdtRequest *request)
{
    return (edt_cli_settings_says(settings, "cfg_scale") ? request->cfg_scale : info->cfg_scale) !=
           1;
}

gboolean edt_cli_plan_needs(const EdtCliSettings *settings, const EdtModelInfo *info,
                            const EdtRequest *request, const EdtItem *item, GError **error)
{
    const gboolean guided = is_guided(settings, info, request);
    const char *guidance = "guidance (--cfg-scale other than 1)";
    const struct {
        const char *option, *needs;
        gboolean said, there;
    } all[] = {
        {"--freedom", "--image", edt_cli_settings_says(settings, "freedom"), item->source != NULL},
        {"--paper", "--image", settings->paper != NULL, settings->image != NULL},
        {"--mask", "--fill shape or missing", item->mask != NULL, item->fill != EDT_FILL_NONE},
        {"--careful", "--fill missing", edt_cli_settings_said(settings, "careful")->on,
         item->fill == EDT_FILL_MISSING},
        {"--mix-how", "--mix", edt_cli_settings_says(settings, "mix_how"), item->mix.n > 0},
        {"--eta", "--sampler ddim", is_said(settings, "eta") && request->eta > 0,
         request->sampler == EDT_SAMPLER_DDIM},
        {"--cfg-pow", guidance, is_said(settings, "cfg_pow") && request->cfg_pow > 0, guided},
        {"--cfg-interval", guidance,
         is_said(settings, "cfg_interval") &&
             (request->cfg_interval.from > 0 || request->cfg_interval.to < 1),
         guided},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i].said && !all[i].there) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                        "%s does nothing without %s: give that too, or leave it out.",
                        all[i].option, all[i].needs);
            return FALSE;
        }
    return TRUE;
}

/* Source, mask and mix of all pictures: options, or else the record of --from. */
static gboolean plan_canvas(const EdtCliSettings *settings, const EdtModelInfo *info,
                            const EdtRequest *request, EdtItem *item, EdtCliCanvas *canvas,
                            GError **error)
{
    const EdtRecord *record = settings->record;
    g_autofree char *beside = settings->from ? g_path_get_dirname(settings->from) : NULL;
    const char *source = settings->image ? settings->image : record ? record->source : NULL;
    const char *mask = settings->mask                          ? settings->mask
                       : record && item->fill != EDT_FILL_NONE ? record->mask
                                                               : NULL;
    EdtCliDrawn drawn;

    if (settings->mix && !edt_cli_mix_parse(info, settings->mix, settings->frames ? 1 : 0.5,
                                            &item->mix, &drawn, error))
        return FALSE;
    if (record && !settings->mix && item->mix.n && !edt_record_has_its_classes(record, info)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The record mixes classes by their numbers, and by those %s means others: say "
                    "with --mix what is mixed in.",
                    info->path);
        return FALSE;
    }
    if (record && settings->styles && !settings->mix)
        edt_cli_mix_follow(&item->mix, record->item.style);
    if (!edt_cli_canvas_take(canvas, settings, info, source, mask, beside, error))
        return FALSE;
    edt_cli_canvas_lay(canvas, item);
    edt_cli_canvas_suit(item, edt_cli_settings_says(settings, "freedom"),
                        edt_cli_settings_says(settings, "fill"));
    if (!edt_cli_settings_said(settings, "careful")->on && item->fill != EDT_FILL_MISSING)
        item->careful = FALSE; /* the record's, of another fill */
    return edt_cli_plan_needs(settings, info, request, item, error);
}

/* One picture, or the frames that lead to it. */
static void add_tasks(const EdtCliSettings *settings, const EdtItem *item,
                      const EdtCliCanvas *canvas, GArray *tasks)
{
    for (int i = 0; i < MAX(settings->frames, 1); i++) {
        EdtCliTask task = {.item = *item, .canvas = edt_cli_canvas_ref(canvas)};
        if (settings->frames)
            edt_cli_frame(&task.item, i, settings->frames);
        g_array_append_val(tasks, task);
    }
}

static gboolean check_frames(const EdtCliSettings *settings, const EdtItem *item, int pictures,
                             GError **error)
{
    if (!settings->frames || ((item->mix.n || item->variation.n) && pictures == 1))
        return TRUE;
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                        pictures > 1
                            ? "--frames leads from one picture to another: choose one class, one "
                              "style and no --batch-count."
                            : "--frames leads from one picture to another: say with --mix CLASS or "
                              "--vary SEED:1 to which.");
    return FALSE;
}

static gboolean plan_each(const EdtCliSettings *settings, const EdtModelInfo *info,
                          const EdtRequest *request, const EdtItem *base,
                          const EdtCliCanvas *canvas, GArray *tasks, GError **error)
{
    guint64 seed;
    if (!choose_seed(settings, &seed, error))
        return FALSE;
    g_auto(GStrv) classes = texts_of(info, settings->classes, edt_class_split);
    g_auto(GStrv) styles = texts_of(info, settings->styles, edt_style_split);
    const int n_classes = count_of(classes), n_styles = count_of(styles);
    if (!check_frames(settings, base, n_classes * n_styles * settings->batch_count, error))
        return FALSE;
    for (int k = 0; k < n_classes * n_styles; k++) {
        for (int i = 0; i < settings->batch_count; i++) {
            EdtItem item = *base;
            item.seed = seed + (guint64)i;
            if (!choose_class(settings, info, classes[k / n_styles], &item.class_index, error) ||
                !choose_style(settings, info, styles[k % n_styles], &item.style, error))
                return FALSE;
            edt_cli_mix_settle(&item);
            if (!edt_item_check(info, request, &item, error))
                return FALSE;
            add_tasks(settings, &item, canvas, tasks);
        }
    }
    return TRUE;
}

static gboolean plan_items(const EdtCliSettings *settings, const EdtModelInfo *info, GArray *tasks,
                           GError **error)
{
    EdtRequest request;
    EdtItem item;
    EdtCliCanvas canvas = {0};
    edt_request_init(&request, NULL);
    edt_item_init(&item);
    gboolean ok = edt_cli_settings_apply(settings, &request, &item, error) &&
                  plan_canvas(settings, info, &request, &item, &canvas, error) &&
                  plan_each(settings, info, &request, &item, &canvas, tasks, error);
    edt_cli_canvas_clear(&canvas);
    return ok;
}

static gboolean plan_named(const EdtCliSettings *settings, GArray *tasks, GError **error)
{
    gboolean pattern = edt_cli_name_is_pattern(settings->output);
    if (tasks->len > 1 && !pattern) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "-o %s names one file, but %u pictures are asked for: put %%03d into the "
                    "name, or give a folder.",
                    settings->output, tasks->len);
        return FALSE;
    }
    for (guint i = 0; i < tasks->len; i++) {
        EdtCliTask *task = &g_array_index(tasks, EdtCliTask, i);
        task->output = edt_cli_name_expand(settings->output, (int)i, error);
        if (!task->output || (pattern && !edt_cli_name_make_folder(task->output, error)) ||
            !edt_cli_name_check(task->output, error))
            return FALSE;
        task->replace = settings->force;
        if (!edt_cli_settings_spare(settings, "-o", task->output, error) ||
            !edt_save_check(task->output, settings->force ? EDT_WRITE_REPLACE : EDT_WRITE_NEW, 0,
                            error))
            return FALSE;
    }
    return TRUE;
}

static void add_subject(GString *text, const EdtModelInfo *info, int class_index, int style)
{
    g_autofree char *class_name = edt_class_name(info, class_index);
    g_string_append_printf(text, "%s%s", text->len ? " " : "", class_name);
    if (style == EDT_STYLE_ANY || !info->n_styles)
        return;
    g_autofree char *style_name = edt_style_name(info, style);
    g_string_append_printf(text, " %s", style_name);
}

char *edt_cli_plan_subject(const EdtModelInfo *info, const EdtItem *item)
{
    GString *text = g_string_new(NULL);
    add_subject(text, info, item->class_index, item->style);
    for (int k = 0; k < item->mix.n; k++)
        add_subject(text, info, item->mix.of[k].class_index, item->mix.of[k].style);
    return g_string_free(text, FALSE);
}

static gboolean plan_default(const EdtCliSettings *settings, const EdtModelInfo *info,
                             GArray *tasks, GError **error)
{
    GHashTable *taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean ok = TRUE;
    for (guint i = 0; i < tasks->len && ok; i++) {
        EdtCliTask *task = &g_array_index(tasks, EdtCliTask, i);
        g_autofree char *subject = edt_cli_plan_subject(info, &task->item);
        g_autofree char *name =
            edt_cli_name_default(settings->output, info->path, subject, task->item.seed);
        task->output = edt_cli_name_unused(name, taken);
        ok = edt_cli_name_check(task->output, error);
    }
    g_hash_table_unref(taken);
    return ok;
}

static gboolean check_latents_room(const EdtCliSettings *settings, const EdtModelInfo *info,
                                   guint n, GError **error)
{
    const guint64 side = (guint64)info->latent_size;
    return !settings->latent_out ||
           edt_save_check(settings->latent_out,
                          settings->force ? EDT_WRITE_REPLACE : EDT_WRITE_NEXT,
                          n * (guint64)info->channels * side * side * sizeof(float), error);
}

/* All of them go to one disk. */
static gboolean check_room(const EdtModelInfo *info, const GArray *tasks, GError **error)
{
    const EdtCliTask *first = &g_array_index(tasks, EdtCliTask, 0);
    EdtWrite write = first->replace ? EDT_WRITE_REPLACE : EDT_WRITE_NEXT;
    return edt_save_check(first->output, write, tasks->len * edt_cli_save_bytes(info), error);
}

/* The latents come last: they would take a picture's place. */
static gboolean are_apart(const EdtCliSettings *settings, const GArray *tasks, GError **error)
{
    for (guint i = 0; settings->latent_out && i < tasks->len; i++) {
        const char *output = g_array_index(tasks, EdtCliTask, i).output;
        if (edt_save_is_stream(output) || !edt_save_is_same_place(output, settings->latent_out))
            continue;
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s is where a picture goes: choose another name for --latent-out.", output);
        return FALSE;
    }
    return TRUE;
}

gboolean edt_cli_plan_tasks(const EdtCliSettings *settings, const EdtModelInfo *info, GArray *tasks,
                            GError **error)
{
    if (!plan_items(settings, info, tasks, error) ||
        !check_latents_room(settings, info, tasks->len, error))
        return FALSE;
    if (settings->latent_only)
        return TRUE;
    if (settings->output && g_str_has_suffix(settings->output, "/") &&
        !edt_cli_name_make_folder(settings->output, error))
        return FALSE;
    gboolean folder = settings->output && g_file_test(settings->output, G_FILE_TEST_IS_DIR);
    gboolean ok = settings->output && !folder ? plan_named(settings, tasks, error)
                                              : plan_default(settings, info, tasks, error);
    return ok && are_apart(settings, tasks, error) && check_room(info, tasks, error);
}

/* ---- the noise to begin from ---- */

static gboolean fits(const EdtModelInfo *info, int rank, const gint64 *shape, guint n)
{
    const gint64 *chw = rank == 4 ? shape + 1 : shape;
    gint64 given = rank == 4 ? shape[0] : 1;
    return (rank == 3 || rank == 4) && chw[0] == info->channels && chw[1] == info->latent_size &&
           chw[2] == info->latent_size && (given == 1 || given == n);
}

static float *repeat(const float *values, gsize one, gint64 given, guint n, GError **error)
{
    float *rows = g_try_new(float, one *n);
    if (!rows)
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, "There is no memory for %u latents.", n);
    for (guint i = 0; rows && i < n; i++)
        memcpy(rows + i * one, given == 1 ? values : values + i * one, one * sizeof(float));
    return rows;
}

float *edt_cli_plan_latents(const EdtCliSettings *settings, const EdtModelInfo *info, guint n,
                            GError **error)
{
    int rank;
    gint64 shape[8];
    float *values = edt_npy_load(settings->init_latent, &rank, shape, error);
    if (!values)
        return NULL;
    float *rows = NULL;
    int C = info->channels, side = info->latent_size;
    if (fits(info, rank, shape, n))
        rows = repeat(values, (gsize)C * side * side, rank == 4 ? shape[0] : 1, n, error);
    else
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s does not fit: %s begins from [%d,%d,%d], or from [%u,%d,%d,%d] for the %u "
                    "pictures of this run.",
                    settings->init_latent, info->path, C, side, side, n, C, side, side, n);
    g_free(values);
    return rows;
}
