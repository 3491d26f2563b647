/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt sample`: options -> tasks (class, seed, name of the picture) -> batches -> files.  Options
 * become a request in cli/settings.c and tasks in cli/plan.c; pictures are made in cli/run.c; a job
 * file goes to cli/jobs.c.
 */
#include "cli/sample.h"
#include "cli/event.h"
#include "cli/plan.h"
#include "cli/save.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "core/canvas.h"
#include "core/settings.h"
#include "machine.h"
#include "train.h"

#include <stdio.h>

static const char summary[] =
    "Makes pictures of a class and writes them as PNG files, which remember how they were made.";

static const char details[] =
    "Classes: \"edt classes\" searches them. The same seed gives the same picture.\n"
    "Names: without -o a picture is called edt-<model>-<class>-<seed>.png, with -1, -2… added\n"
    "where that exists. -o names a file (%03d numbers a sequence) or a folder, and replaces\n"
    "nothing without --force. The folder of a sequence, or one with / at its end, is made.\n\n"
    "Examples:\n"
    "  edt sample --class sunflower --seed 7 -o sunflower.png\n"
    "  edt sample --class 7,volcano,random -n 4 -o 'set/%03d.png'\n"
    "  edt sample --from sunflower.png --steps 100    the same flower, with more care\n"
    "  edt sample -m EDT-S-2-256 --class \"golden retriever\"\n"
    "  edt sample --class fox --image sketch.png --freedom 0.8\n"
    "  edt sample --class strawberry --mask heart.png --fill shape\n"
    "  edt sample --class butterfly --image half.png --mask rest.png --fill missing --careful\n"
    "  edt sample --class fox --mix owl --frames 12 --seed 7 -o 'morph/%03d.png'\n"
    "  edt sample --jobs jobs.jsonl                   one picture a line, such as\n"
    "    {\"class\": \"fish\", \"seed\": 7, \"steps\": 25, \"output\": \"fish.png\"}\n"
    "  A line may set output, source and mask (files, as --image and --mask) and all that a record\n"
    "  says of class, seed and settings. Lines whose picture exists with the same record are\n"
    "  skipped, so a stopped run can be repeated; with --no-metadata, lines whose file exists.\n"
    "  mpirun -n 4 edt sample --jobs jobs.jsonl       shared by four processes\n\n"
    "--npz FILE.npz -n 50000 makes that many pictures in all: of every class in turn, of those of\n"
    "--class in turn, or of classes drawn (--class random); seeds count up from --seed (0). It "
    "holds\n"
    "arr_0 [n,h,w,3] (4 with alpha) and arr_1 [n], as FID evaluations read them. A stopped run\n"
    "leaves FILE.npz.partial, and goes on when it is repeated. With --jobs its pictures are those\n"
    "of the lines; class and seed that a line does not say follow from its number. Processes of\n"
    "mpirun share the work, and the archive is the same for any number of them.\n\n"
    "Ctrl-C finishes the running step and saves what is there; a second one stops at once.";

static char **text_of(EdtCliSettings *settings, const char *name)
{
    return &edt_cli_settings_said(settings, name)->text;
}

static gboolean parse_options(EdtCliSettings *s, int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &s->model, "Path or name of the model", "MODEL"},
        {"class", 'c', 0, G_OPTION_ARG_STRING, &s->classes,
         "Number, name, \"random\", \"null\", or a list with commas (default: random)", "CLASS"},
        {"style", 0, 0, G_OPTION_ARG_STRING, &s->styles,
         "Style, of models that know some: name, number, \"random\", \"any\", or a list (default: "
         "the first)",
         "STYLE"},
        {"seed", 's', 0, G_OPTION_ARG_STRING, &s->seed, "Seed, or -1: random (default)", "N"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &s->output, "File, %03d.png pattern, or folder",
         "FILE"},
        {"speed", 0, 0, G_OPTION_ARG_STRING, &s->speed,
         "Preset of sampler, steps, reuse and guidance interval: exact, balanced or fast", "NAME"},
        {"steps", 0, 0, G_OPTION_ARG_STRING, text_of(s, "steps"),
         "Steps (default: what suits the model; so below)", "N"},
        {"sampler", 0, 0, G_OPTION_ARG_STRING, text_of(s, "sampler"),
         "ddpm, ddim, dpm++2m or unipc", "NAME"},
        {"spacing", 0, 0, G_OPTION_ARG_STRING, text_of(s, "spacing"),
         "Timesteps: even (default), or karras: more of them where little noise is left", "HOW"},
        {"eta", 0, 0, G_OPTION_ARG_STRING, text_of(s, "eta"), "Noise of ddim: 0 (none) to 1", "X"},
        {"cfg-scale", 0, 0, G_OPTION_ARG_STRING, text_of(s, "cfg_scale"),
         "Guidance: how much like its class; 1 is none", "X"},
        {"cfg-pow", 0, 0, G_OPTION_ARG_STRING, text_of(s, "cfg_pow"),
         "Guidance that grows as noise falls (MDT): 0 is constant, 4 spares variety", "P"},
        {"cfg-interval", 0, 0, G_OPTION_ARG_STRING, text_of(s, "cfg_interval"),
         "Guide only at noise levels of A to B, 0 to 1: other steps cost half", "A,B"},
        {"reuse", 0, 0, G_OPTION_ARG_STRING, text_of(s, "reuse"),
         "Of EDT: the inner stages at every N-th of the less noisy steps only; 1 (exact) to 10",
         "N"},
        {"amm", 0, 0, G_OPTION_ARG_STRING, text_of(s, "amm"),
         "Attention modulation: off, official or auto", "MODE"},
        {"vae", 0, 0, G_OPTION_ARG_STRING, text_of(s, "vae"),
         "Decode with the full autoencoder, or the model's draft: quicker", "WHICH"},
        {"clip", 0, 0, G_OPTION_ARG_NONE, &edt_cli_settings_said(s, "clip")->on,
         "Clamp the denoised estimate at each step", NULL},
        {"image", 0, 0, G_OPTION_ARG_FILENAME, &s->image, "Start from this picture: a sketch, ...",
         "FILE"},
        {"freedom", 0, 0, G_OPTION_ARG_STRING, text_of(s, "freedom"),
         "How far it may go from there: 0 smooths, 1 does not look at it (default: " G_STRINGIFY(
             EDT_CANVAS_FREEDOM) ")",
         "X"},
        {"paper", 0, 0, G_OPTION_ARG_STRING, &s->paper,
         "White paper under it, of models with alpha: auto, keep or clear", "WHAT"},
        {"mask", 0, 0, G_OPTION_ARG_FILENAME, &s->mask, "Where it is made: white in this picture",
         "FILE"},
        {"fill", 0, 0, G_OPTION_ARG_STRING, text_of(s, "fill"),
         "What the mask is: the picture's shape, or what is missing in --image", "WHAT"},
        {"careful", 0, 0, G_OPTION_ARG_NONE, &edt_cli_settings_said(s, "careful")->on,
         "What was missing fits better; takes three times as long", NULL},
        {"mix", 0, 0, G_OPTION_ARG_STRING, &s->mix,
         "So much of other classes: owl:0.4, or a list; owl/flat:0.4 with a style", "LIST"},
        {"mix-how", 0, 0, G_OPTION_ARG_STRING, text_of(s, "mix_how"),
         "blend (default), or shape: the class's own shape in the other's looks", "HOW"},
        {"vary", 0, 0, G_OPTION_ARG_STRING, &s->vary,
         "Towards the picture of another seed: 7:0.2 a little, 7:1 all the way; or a list", "LIST"},
        {"frames", 0, 0, G_OPTION_ARG_INT, &s->frames,
         "Pictures on the way from the class to --mix, or the seed to --vary", "N"},
        {"batch-count", 'n', 0, G_OPTION_ARG_INT, &s->batch_count,
         "Pictures of each class, with seeds counting up", "N"},
        {"batch-size", 0, 0, G_OPTION_ARG_INT, &s->batch_size,
         "Pictures computed together (default: as many as fit, at most 8)", "N"},
        {"size", 0, 0, G_OPTION_ARG_INT, &s->size, "Pixels a side; must be the model's", "N"},
        {"threads", 't', 0, G_OPTION_ARG_INT, &s->threads, "Threads (default: physical cores)",
         "N"},
        {"backend", 0, 0, G_OPTION_ARG_STRING, &s->backend, "auto, cpu or cuda", "NAME"},
        {"type", 0, 0, G_OPTION_ARG_STRING, &s->type,
         "Precision: auto (the faster of f32 and bf16), f32, bf16 or int8", "TYPE"},
        {"rng", 0, 0, G_OPTION_ARG_STRING, &s->rng, "Random numbers: torch", "NAME"},
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &s->from,
         "Start from the record of a PNG or .json; other options change it", "FILE"},
        {"jobs", 0, 0, G_OPTION_ARG_FILENAME, &s->jobs, "One picture a JSON line; - is stdin",
         "FILE"},
        {"npz", 0, 0, G_OPTION_ARG_FILENAME, &s->npz,
         "All -n pictures as one archive for statistics (FID)", "FILE.npz"},
        {"init-latent", 0, 0, G_OPTION_ARG_FILENAME, &s->init_latent,
         "Begin from this noise, [C,h,w] or [n,C,h,w]", "FILE.npy"},
        {"latent-out", 0, 0, G_OPTION_ARG_FILENAME, &s->latent_out, "Write the latents, [n,C,h,w]",
         "FILE.npy"},
        {"latent-only", 0, 0, G_OPTION_ARG_NONE, &s->latent_only, "Make no pictures of them", NULL},
        {"preview-dir", 0, 0, G_OPTION_ARG_FILENAME, &s->preview_dir,
         "Write a small preview after every step", "FOLDER"},
        {"no-metadata", 0, 0, G_OPTION_ARG_NONE, &s->no_metadata, "Leave the record out of the PNG",
         NULL},
        {"force", 'f', 0, G_OPTION_ARG_NONE, &s->force, "Replace files that exist", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &s->json, "Events on stdout, one JSON object a line",
         NULL},
        {0}};
    return edt_cli_parse(argc, argv, entries, NULL, summary, details);
}

/* ---- latents ---- */

static gboolean save_latents(const EdtCliRun *run, const EdtCliSettings *settings, GError **error)
{
    const EdtModelInfo *info = run->info;
    const int side = info->latent_size, one = info->channels * side * side;
    g_autofree char *path = NULL;
    if (run->latents->len == 0)
        return TRUE; /* stopped before the first step: there is nothing */
    if (!edt_cli_save_latents(run, settings, &path, error))
        return FALSE;
    if (run->json) {
        char *text = g_strdup_printf("[%d,%d,%d,%d]", (int)run->latents->len / one, info->channels,
                                     side, side);
        GString *event = edt_cli_event_new("latent");
        edt_cli_event_text(event, "path", path);
        edt_cli_event_raw(event, "shape", text);
        edt_cli_event_send(event);
        g_free(text);
    } else {
        edt_cli_event_path(path);
    }
    return TRUE;
}

/* ---- the run ---- */

/* Each says where its picture is kept: all but the first here, that one by who called. */
static gboolean tell_errors(EdtCliRun *run, EdtCliTask *batch, guint n, GError **error)
{
    GError *first = NULL;
    for (guint k = 0; k < n; k++) {
        GError *why = g_steal_pointer(&batch[k].error);
        if (first && why) {
            edt_cli_run_report(run, 0, why);
            edt_cli_error("%s", why->message);
            g_error_free(why);
        } else if (why) {
            first = why;
        }
    }
    if (first)
        g_propagate_error(error, first);
    return !first;
}

static gboolean make_batches(EdtCliRun *run, const EdtCliSettings *settings, EdtRequest *request,
                             GArray *tasks, const float *latents, GError **error)
{
    gsize one = (gsize)run->info->channels * run->info->latent_size * run->info->latent_size;
    guint size = (guint)edt_cli_run_batch_size(settings);
    for (guint i = 0; i < tasks->len && !edt_cli_stop_asked(); i += size) {
        EdtCliTask *batch = &g_array_index(tasks, EdtCliTask, i);
        guint n = MIN(size, tasks->len - i);
        request->init_latent = latents ? latents + i * one : NULL;
        if (!edt_cli_run_batch(run, request, batch, (int)n, error))
            return FALSE;
        if (!tell_errors(run, batch, n, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean amm_acts(const EdtModelInfo *info, EdtAmm amm)
{
    switch (amm) {
    case EDT_AMM_OFFICIAL:
        return info->amm_official;
    case EDT_AMM_AUTO:
        return info->amm_helps;
    case EDT_AMM_OFF:
        break;
    }
    return TRUE;
}

/* Said only where it is asked for. */
static char *reuse_text(const EdtModelInfo *info, int reuse)
{
    return reuse > 1 ? g_strdup_printf(", inner stages at every %d later steps%s", reuse,
                                       info->has_inner ? "" : " (it has none)")
                     : g_strdup("");
}

/* Each class counts its seeds up from the first. */
static void tell_plan(const EdtCliRun *run, const EdtRequest *request, const EdtCliTask *first,
                      int classes)
{
    if (edt_engine_passed_over(run->engine))
        edt_cli_say("The GPU is not used: %s", edt_engine_passed_over(run->engine));
    g_autofree char *reuse = reuse_text(run->info, request->reuse);
    edt_cli_say("%s, %s, %d steps of %s, guidance %g%s, AMM %s%s; seed %" G_GUINT64_FORMAT "%s",
                run->info->variant, edt_engine_backend(run->engine), request->steps,
                edt_sampler_words[request->sampler], request->cfg_scale, reuse,
                edt_amm_words[request->amm], amm_acts(run->info, request->amm) ? "" : " (nowhere)",
                first->item.seed, run->pictures > classes ? " and on" : "");
}

static gboolean run_tasks(EdtCliRun *run, const EdtCliSettings *settings, GArray *tasks,
                          const float *latents, GError **error)
{
    EdtRequest request;
    EdtItem item; /* the tasks have theirs already */
    const EdtCliTask *first = &g_array_index(tasks, EdtCliTask, 0);
    edt_request_init(&request, run->engine);
    edt_item_init(&item);
    if (!edt_cli_settings_apply(settings, &request, &item, error))
        return FALSE;
    run->pictures = (int)tasks->len;
    tell_plan(run, &request, first, run->pictures / settings->batch_count);
    edt_cli_run_announce(run, &request, first->item.seed);
    gboolean ok = make_batches(run, settings, &request, tasks, latents, error);
    g_autoptr(GError) second = NULL;
    if (run->latents)
        ok = save_latents(run, settings, ok ? error : &second) && ok;
    if (second)
        edt_cli_error("%s", second->message);
    return ok;
}

static gboolean plan(const EdtCliSettings *settings, const char *path, GArray *tasks,
                     float **latents, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(path, error);
    gboolean ok = info && edt_cli_plan_tasks(settings, info, tasks, error);
    if (ok && settings->init_latent)
        *latents = edt_cli_plan_latents(settings, info, tasks->len, error);
    edt_model_info_free(info);
    return ok && (*latents || !settings->init_latent);
}

static gboolean make_pictures(EdtCliSettings *settings, EdtCliRun *run, GError **error)
{
    GArray *tasks = g_array_new(FALSE, FALSE, sizeof(EdtCliTask));
    g_array_set_clear_func(tasks, (GDestroyNotify)edt_cli_task_clear);
    float *latents = NULL;
    char *path = NULL;
    gboolean ok = edt_cli_settings_check(settings, error) &&
                  (path = edt_cli_settings_model(settings, error)) &&
                  plan(settings, path, tasks, &latents, error) &&
                  edt_cli_run_open(run, settings, path, error) &&
                  run_tasks(run, settings, tasks, latents, error);
    g_free(path);
    g_free(latents);
    g_array_unref(tasks);
    return ok;
}

static int sample(EdtCliSettings *settings)
{
    EdtCliRun run = {.json = settings->json, .began = g_get_monotonic_time()};
    GError *error = NULL;
    int code = 0;
    if (!make_pictures(settings, &run, &error)) {
        edt_cli_run_report(&run, 0, error);
        run.failed = MAX(run.failed, 1);
        code = edt_cli_fail(error);
    }
    edt_cli_run_finish(&run);
    edt_cli_run_close(&run);
    return code;
}

/* Below mpirun: only many pictures can be shared. */
static int share_nothing(EdtCliSettings *settings)
{
    return edt_cli_usage("mpirun starts %d of these, and all would make the same pictures: give "
                         "them a job file to share, with --jobs, or an archive, with --npz.",
                         edt_ranks_count());
}

static int run(EdtCliSettings *settings)
{
    GError *error = NULL;
    if (!edt_ranks_begin(&error))
        return edt_cli_fail(error);
    int (*way)(EdtCliSettings *) = settings->npz            ? edt_cli_npz
                                   : settings->jobs         ? edt_cli_jobs
                                   : edt_ranks_count() == 1 ? sample
                                                            : share_nothing;
    int code = way(settings);
    if (edt_cli_stop_asked())
        code = EDT_ERROR_CANCELLED;
    edt_ranks_end();
    return code;
}

int edt_cli_sample(int argc, char **argv)
{
    EdtCliSettings settings;
    edt_cli_settings_init(&settings);
    int code = EDT_ERROR_USAGE;
    if (parse_options(&settings, &argc, &argv)) {
        edt_cli_stop_watch();
        code = argc == 1 ? run(&settings)
                         : edt_cli_usage("\"%s\" is not expected here: a class is given with "
                                         "--class.",
                                         argv[1]);
    }
    edt_cli_settings_clear(&settings);
    return code;
}
