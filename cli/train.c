/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt train`: a folder of pictures becomes a model.  Options only; next: train_run.c.
 */
#include "cli/training.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "core/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char summary[] =
    "Trains a model on a folder with one folder of pictures for each class.\n"
    "The run lives in the folder given with -o: checkpoint, log, sample grids, model. Ctrl-C "
    "saves;\n"
    "with --resume it goes on to the very same result.";

static const char details[] =
    "DATA is a folder of class folders of pictures (any format that gdk-pixbuf reads), or, with\n"
    "--features, a folder with imagenet_features and imagenet_labels of the official code.\n"
    "With --vae each picture becomes a latent once, kept in the folder of the run; --flip keeps "
    "that\n"
    "of the mirrored picture beside it, --affine and --hue those of changed ones (--codings).\n"
    "A folder within the folder of a class is a style, and so is how a file's name begins, where\n"
    "DATA/styles.json says so: {\"styles\": [{\"name\": \"inks\", \"prefix\": \"ink\", \"labels\": "
    "{\"de\":\n"
    "\"Tusche\"}}]} finds rose/inks/1.png and rose/ink-2.png. With --by-class a \"share\": 3 there "
    "makes\n"
    "a style come three times as often as the others.\n"
    "DiT, MDTv2 and MDT (sizes Ti to XL) work on latents and learn as their authors had it: noise "
    "is\n"
    "predicted on a linear schedule, timesteps are drawn uniformly, MDT's masked pass hides 30 to "
    "50 % of\n"
    "the tokens (rate 3e-4, clipped at 1; MDTv2-S 5e-4, with 6 of its blocks in the decoder), DiT\n"
    "has none and plain weights (rate 1e-4). Options say otherwise; the optimiser is Adan.\n\n"
    "Examples:\n"
    "  edt train flowers -o run --steps 20000 --flip\n"
    "  edt train -o run --resume --steps 40000\n"
    "  edt train photos -o run --variant EDT-S/2 --size 256 --vae sd-vae.safetensors \\\n"
    "      --schedule linear --predict noise\n"
    "  edt train photos -o run --variant MDTv2-S/2 --size 256 --vae sd-vae.safetensors\n"
    "  edt train --export run/checkpoint.safetensors -o flowers.safetensors --title Flowers\n\n"
    "Several machines share each batch, one process on each, with the folders in the same places:\n"
    "  mpirun --host a,b,c --map-by ppr:1:node --bind-to none edt train flowers -o run\n"
    "Ctrl-C saves there too; SIGUSR1 to mpirun finishes the step first.";

typedef struct {
    EdtCliTraining training;
    char *variant, *start, *schedule, *prediction, *weighting, *precision, *output, *export,
        *status, *vae;
    char *title, *licence;
    gboolean features, no_mask, raw, f32;
} Train;

/* An option that is one of words: its place, or with nothing said what *place was.  FALSE after a
 * message. */
static gboolean take_word(const char *option, const char *text, const char *const *words,
                          int *place)
{
    int found = text ? edt_word_find(words, text) : *place;
    g_autofree char *list = g_strjoinv(", ", (char **)words);
    if (found < 0)
        edt_cli_usage("%s: \"%s\" is none of %s.", option, text, list);
    else
        *place = found;
    return found >= 0;
}

/* Words to values; FALSE after a message. */
static gboolean take_words(Train *t)
{
    EdtTrainOptions *o = &t->training.options;
    if (!take_word("--schedule", t->schedule, edt_schedule_words, (int *)&o->schedule) ||
        !take_word("--predict", t->prediction, edt_prediction_words, (int *)&o->prediction) ||
        !take_word("--weighting", t->weighting, edt_weighting_words, (int *)&o->weighting) ||
        !take_word("--type", t->precision, edt_precision_words, (int *)&o->precision))
        return FALSE;
    if (!(o->cfg_scale >= 0 && o->cfg_scale <= EDT_CFG_SCALE_MAX))
        return edt_cli_usage("--cfg-scale: %g is not from 0 to %d.", o->cfg_scale,
                             EDT_CFG_SCALE_MAX),
               FALSE;
    if (t->variant)
        o->variant = t->variant;
    if (t->start)
        o->start = t->start;
    if (t->vae)
        o->vae = t->vae;
    if (t->title)
        o->title = t->title;
    if (t->licence)
        o->licence = t->licence;
    if (t->no_mask)
        o->masked = FALSE;
    return TRUE;
}

static gboolean parse(Train *t, int *argc, char ***argv)
{
    EdtCliTraining *r = &t->training;
    EdtTrainOptions *o = &r->options;
    gint64 seed = (gint64)o->seed;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &t->output,
         "Folder of the run; with --export the model", "PATH"},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &r->resume, "Go on with the run in that folder", NULL},
        {"steps", 0, 0, G_OPTION_ARG_INT64, &o->steps, "Train up to this step (default 20000)",
         "N"},
        {"time-limit", 0, 0, G_OPTION_ARG_DOUBLE, &r->limit_minutes, "Save and stop after so long",
         "MINUTES"},
        {"status", 0, 0, G_OPTION_ARG_FILENAME, &t->status,
         "Only tell where the run in this folder is (with --json for scripts)", "RUN"},
        {"export", 0, 0, G_OPTION_ARG_FILENAME, &t->export, "Only make a model out of a checkpoint",
         "CHECKPOINT"},
        {"variant", 0, 0, G_OPTION_ARG_STRING, &t->variant,
         "EDT-Ti/4 (default), EDT-Ti/2, EDT-S/2, … DiT-S/2, MDTv2-S/2, MDT-S/2, …", "NAME"},
        {"decode-layer", 0, 0, G_OPTION_ARG_INT, &o->decode_layer,
         "Blocks of MDT's decoder (default 4; of MDTv2-S 6, of MDT 2)", "N"},
        {"size", 0, 0, G_OPTION_ARG_INT, &o->image_size, "Pixels a side (default 64)", "N"},
        {"channels", 0, 0, G_OPTION_ARG_INT, &o->channels, "4 with alpha (default), or 3", "N"},
        {"schedule", 0, 0, G_OPTION_ARG_STRING, &t->schedule, "cosine (default) or linear", "NAME"},
        {"predict", 0, 0, G_OPTION_ARG_STRING, &t->prediction, "denoised (default) or noise",
         "WHAT"},
        {"init", 0, 0, G_OPTION_ARG_FILENAME, &t->start,
         "Begin with the weights of a model; its classes may be others", "MODEL"},
        {"open-gates", 0, 0, G_OPTION_ARG_NONE, &o->open_gates,
         "Begin with open gates and a strong condition: for short runs", NULL},
        {"features", 0, 0, G_OPTION_ARG_NONE, &t->features, "DATA holds features, not pictures",
         NULL},
        {"vae", 0, 0, G_OPTION_ARG_FILENAME, &t->vae,
         "Train on latents: the pictures go through this autoencoder, or that of a model, once",
         "FILE"},
        {"vae-mean", 0, 0, G_OPTION_ARG_NONE, &o->vae_mean,
         "Latents are means, not draws from their distributions", NULL},
        {"classes", 0, 0, G_OPTION_ARG_INT, &o->n_classes, "Classes of features (default 1000)",
         "N"},
        {"codings", 0, 0, G_OPTION_ARG_INT, &o->codings,
         "Latents of a picture where --affine or --hue change it (default 8)", "N"},
        {"flip", 0, 0, G_OPTION_ARG_NONE, &o->flip, "Mirror half of the pictures", NULL},
        {"affine", 0, 0, G_OPTION_ARG_DOUBLE, &o->affine,
         "Shift, scale and turn at random by up to this (0.05: 5 %, 3 degrees; default 0)", "X"},
        {"hue", 0, 0, G_OPTION_ARG_DOUBLE, &o->hue, "Turn colours by up to this (default 0)",
         "DEGREES"},
        {"batch", 'b', 0, G_OPTION_ARG_INT, &o->batch, "Pictures of a step (default 64)", "N"},
        {"micro", 0, 0, G_OPTION_ARG_INT, &o->micro, "Pictures in memory at once (default 16)",
         "N"},
        {"by-class", 0, 0, G_OPTION_ARG_NONE, &o->by_class,
         "Draw a class, then a style, then a picture, instead of every picture once an epoch",
         NULL},
        {"no-mask", 0, 0, G_OPTION_ARG_NONE, &t->no_mask, "Without the masked pass", NULL},
        {"weighting", 0, 0, G_OPTION_ARG_STRING, &t->weighting,
         "min-snr (default), velocity: shapes are learnt sooner, or plain (default of DiT)",
         "NAME"},
        {"variational", 0, 0, G_OPTION_ARG_DOUBLE, &o->variational,
         "Share of the variational term (default 1 for noise, 0 for denoised)", "X"},
        {"uniform", 0, 0, G_OPTION_ARG_NONE, &o->uniform,
         "Draw all timesteps alike (default of DiT and MDT)", NULL},
        {"by-loss", 0, G_OPTION_FLAG_REVERSE, G_OPTION_ARG_NONE, &o->uniform,
         "Draw timesteps by their losses (default of EDT)", NULL},
        {"rate", 0, 0, G_OPTION_ARG_DOUBLE, &o->rate,
         "Learning rate (default 1e-3; of DiT 1e-4, of MDT 3e-4, of MDTv2-S 5e-4)", "X"},
        {"rate-end", 0, 0, G_OPTION_ARG_DOUBLE, &o->rate_end, "… at the end (default 5e-5)", "X"},
        {"rate-steps", 0, 0, G_OPTION_ARG_INT64, &o->rate_steps, "… of N steps (default 400000)",
         "N"},
        {"warm-up", 0, 0, G_OPTION_ARG_INT64, &o->warm_up, "Steps of rising rate (default 0)", "N"},
        {"weight-decay", 0, 0, G_OPTION_ARG_DOUBLE, &o->weight_decay, "Default 0", "X"},
        {"clip", 0, 0, G_OPTION_ARG_DOUBLE, &o->clip, "Largest norm of gradients (default: any)",
         "X"},
        {"no-prox", 0, 0, G_OPTION_ARG_NONE, &o->no_prox, "Adan's other form of weight decay",
         NULL},
        {"average", 0, 0, G_OPTION_ARG_DOUBLE, &o->average,
         "Decay of the average of the weights (default 0.9999)", "X"},
        {"average-ramp", 0, 0, G_OPTION_ARG_NONE, &o->average_ramp,
         "Begin with a quicker average (for short runs)", NULL},
        {"label-dropout", 0, 0, G_OPTION_ARG_DOUBLE, &o->label_dropout,
         "Share of samples without class (default 0.1)", "X"},
        {"seed", 's', 0, G_OPTION_ARG_INT64, &seed, "Default 0", "N"},
        {"type", 0, 0, G_OPTION_ARG_STRING, &t->precision,
         "auto (default), f32 or bf16; auto is bf16 where the CPU has AVX512-BF16", "TYPE"},
        {"threads", 't', 0, G_OPTION_ARG_INT, &o->threads, "Default: all cores", "N"},
        {"save-every", 0, 0, G_OPTION_ARG_DOUBLE, &r->save_minutes, "Default 10", "MINUTES"},
        {"log-every", 0, 0, G_OPTION_ARG_INT, &r->log_every, "Default 20", "STEPS"},
        {"sample-every", 0, 0, G_OPTION_ARG_INT, &r->sample_every,
         "Paint a grid (default 1000; 0: only at the end)", "STEPS"},
        {"sample-steps", 0, 0, G_OPTION_ARG_INT, &r->sample_steps, "Default 25", "N"},
        {"sample-guidance", 0, 0, G_OPTION_ARG_DOUBLE, &r->sample_guidance, "Default 2", "X"},
        {"title", 0, 0, G_OPTION_ARG_STRING, &t->title, "A name of the model for people", "TEXT"},
        {"licence", 0, 0, G_OPTION_ARG_STRING, &t->licence, "Licence of the model", "TEXT"},
        {"cfg-scale", 0, 0, G_OPTION_ARG_DOUBLE, &o->cfg_scale,
         "Guidance that the model recommends (default: none)", "X"},
        {"raw", 0, 0, G_OPTION_ARG_NONE, &t->raw, "Export the weights, not their average", NULL},
        {"f32", 0, 0, G_OPTION_ARG_NONE, &t->f32, "Export f32 instead of bf16", NULL},
        {"force", 'f', 0, G_OPTION_ARG_NONE, &r->force, "Replace what is there", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &r->json, "Events on stdout, one object a line", NULL},
        {0},
    };
    gboolean ok = edt_cli_parse(argc, argv, entries, "[DATA]", summary, details);
    o->seed = (guint64)seed;
    return ok && take_words(t);
}

static Train train_new(void)
{
    Train t = {.training = {.save_minutes = 10,
                            .log_every = 20,
                            .sample_every = 1000,
                            .sample_steps = 25,
                            .sample_guidance = 2}};
    edt_train_options_init(&t.training.options);
    return t;
}

static void train_clear(Train *t)
{
    char *texts[] = {t->variant,
                     t->start,
                     t->schedule,
                     t->prediction,
                     t->weighting,
                     t->precision,
                     t->output,
                     t->export,
                     t->vae,
                     t->status,
                     t->training.folder,
                     t->training.model,
                     t->training.checkpoint,
                     t->training.latents,
                     t->title,
                     t->licence};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}

static void name_files(Train *t)
{
    EdtCliTraining *r = &t->training;
    r->folder = g_strdup(t->output);
    r->checkpoint = edt_cli_train_file(r->folder, "checkpoint", !r->resume);
    r->model = edt_cli_train_file(r->folder, "model", !r->resume);
    r->latents = g_build_filename(r->folder, "latents", NULL);
    r->options.latents = r->latents;
}

/* What an export does not look at: the checkpoint has what the run was. */
static const char *idle_in_export(const Train *t, int argc)
{
    Train plain = train_new();
    EdtTrainOptions *o = &plain.training.options;
    o->cfg_scale = t->training.options.cfg_scale;
    o->threads = t->training.options.threads;
    o->vae = t->training.options.vae;
    o->title = t->training.options.title;
    o->licence = t->training.options.licence;
    g_autofree char *none = edt_train_options_to_json(o);
    g_autofree char *said = edt_train_options_to_json(&t->training.options);
    return argc > 1                   ? "DATA"
           : t->training.resume       ? "--resume"
           : t->start                 ? "--init"
           : t->precision             ? "--type (--f32 says how weights are stored)"
           : t->variant               ? "--variant"
           : !g_str_equal(none, said) ? "the options of a run"
                                      : NULL;
}

static int export(const Train *t, int argc)
{
    const EdtCliTraining *r = &t->training;
    const char *idle = idle_in_export(t, argc);
    GError *error = NULL;
    if (idle)
        return edt_cli_usage("--export takes the checkpoint of a run as it is: leave %s out.",
                             idle);
    EdtTrainExport wish = {.output = t->output,
                           .force = r->force,
                           .raw = t->raw,
                           .stored = t->f32 ? EDT_STORED_F32 : EDT_STORED_BF16,
                           .title = t->title,
                           .licence = t->licence,
                           .cfg_scale = r->options.cfg_scale,
                           .vae = t->vae};
    if (!edt_train_export(t->export, &wish, &error))
        return edt_cli_fail(error);
    if (!r->json) {
        edt_cli_event_path(t->output);
        return 0;
    }
    GString *event = edt_cli_event_new("model");
    edt_cli_event_text(event, "path", t->output);
    edt_cli_event_send(event);
    return 0;
}

/* A run that goes on keeps its options, but for those given anew: they are parsed over them. */
static gboolean recall(const Train *t, Train *again, GError **error)
{
    g_autofree char *checkpoint = edt_cli_train_file(t->output, "checkpoint", FALSE);
    return edt_train_options_read(&again->training.options, checkpoint, error);
}

/* A new one begins with what its network's authors use.  FALSE after a message or with an error. */
static gboolean begin(Train *t, int argc, char **argv, int *argc_left, char ***argv_left,
                      GError **error)
{
    Train again = train_new();
    gboolean ok = TRUE;
    if (t->training.resume)
        ok = recall(t, &again, error);
    else if (t->variant) /* one that there is not is refused with the others */
        edt_train_options_own(&again.training.options, t->variant);
    if (ok)
        ok = parse(&again, &argc, &argv);
    train_clear(t);
    *t = again;
    *argc_left = argc;
    *argv_left = argv;
    return ok;
}

/* The run may go on from another folder. */
static void make_absolute(EdtTrainOptions *o)
{
    const char **paths[] = {&o->pictures, &o->features, &o->vae};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *path = *paths[i] ? g_canonicalize_filename(*paths[i], NULL) : NULL;
        if (path) /* a checkpoint keeps it as long as the process lives */
            *paths[i] = g_intern_string(path);
    }
}

static int run(Train *t, int argc, char **argv)
{
    EdtTrainOptions *o = &t->training.options;

    if (argc > 2)
        return edt_cli_usage("\"%s\" is one word too many.", argv[2]);
    if (argc == 2) {
        o->pictures = t->features ? NULL : argv[1];
        o->features = t->features ? argv[1] : NULL;
    }
    if (!o->pictures && !o->features)
        return edt_cli_usage("What is there to learn from? Give a folder of class folders.");
    if (t->training.resume && t->start) /* a job that is started again says the same words */
        edt_cli_say("--init has begun this run already: it goes on from its checkpoint.");
    make_absolute(o);
    const char *data = o->pictures ? o->pictures : o->features;
    if (t->training.resume && argc == 1 && !g_file_test(data, G_FILE_TEST_IS_DIR))
        return edt_cli_usage("The data of this run, %s, is not there. Where it has moved, give it "
                             "anew: edt train %sDATA -o %s --resume.",
                             data, o->features ? "--features " : "", t->output);
    if (t->training.resume && !t->vae && o->vae && !g_file_test(o->vae, G_FILE_TEST_EXISTS))
        return edt_cli_usage("The autoencoder of this run, %s, is not there. Where it has moved, "
                             "give it anew: edt train -o %s --resume --vae FILE.",
                             o->vae, t->output);
    name_files(t);
    return edt_cli_train_check(&t->training) ? edt_cli_train_run(&t->training) : EDT_ERROR_USAGE;
}

int edt_cli_train(int argc, char **argv)
{
    g_autofree char **copy = g_memdup2(argv, (gsize)(argc + 1) * sizeof *argv);
    int count = argc, code;
    GError *error = NULL;
    Train t = train_new();

    if (!parse(&t, &argc, &argv))
        code = EDT_ERROR_USAGE;
    else if (t.status && (t.output || t.export || t.training.resume || argc > 1))
        code = edt_cli_usage("--status only tells where a run is: leave the others out.");
    else if (t.status)
        code = edt_cli_train_status(t.status, t.training.json);
    else if (!t.output)
        code = edt_cli_usage("Where to? Give a folder for the run with -o.");
    else if (t.export)
        code = export(&t, argc);
    else if (t.raw || t.f32)
        code = edt_cli_usage("%s goes with --export: a run writes its average as bf16.",
                             t.raw ? "--raw" : "--f32");
    else if (!begin(&t, count, copy, &argc, &argv, &error))
        code = error ? edt_cli_fail(error) : EDT_ERROR_USAGE;
    else
        code = run(&t, argc, argv);
    train_clear(&t);
    return code;
}
