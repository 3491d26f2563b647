/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loop of `edt train`: step, log, now and then a checkpoint and a grid, until the last step,
 * the time limit or Ctrl-C.  Below mpirun every rank walks it; only rank 0 writes anything.
 */
#include "cli/training.h"
#include "cli/event.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "saving.h"

#include <unistd.h>

typedef struct {
    const EdtCliTraining *t;
    EdtTrainer *trainer;
    EdtCliLog log;
    EdtTrainReport sum; /* since the last line of the log */
    int summed;
    gint64 began, saved; /* monotonic microseconds */
    gint64 first;        /* step at the beginning of this session */
    double speed;        /* pictures a second, smoothed */
    gboolean writes;     /* the files of the run: rank 0 */
    gboolean stopped;    /* before the last step */
    EdtCliFolder claim;
    gboolean begun; /* the log is open */
    EdtCliRunFile checkpoint, model;
    int skipped; /* pictures that were told to be so */
} Run;

static double minutes_since(gint64 time)
{
    return (double)(g_get_monotonic_time() - time) / 60e6;
}

/* ---- log ---- */

static void add_report(Run *run, const EdtTrainReport *r)
{
    EdtTrainReport *s = &run->sum;
    double speed = run->t->options.batch / r->seconds;
    s->step = r->step;
    s->rate = r->rate;
    s->loss += r->loss;
    s->mse += r->mse;
    s->vb += r->vb;
    s->masked_mse += r->masked_mse;
    s->masked_vb += r->masked_vb;
    for (int band = 0; band < EDT_TRAIN_BANDS; band++) {
        s->x0_error[band] += r->x0_error[band];
        s->x0_count[band] += r->x0_count[band];
    }
    s->norm += r->norm;
    s->seconds += r->seconds;
    s->own_seconds += r->own_seconds;
    s->own_pictures += r->own_pictures;
    run->summed++;
    run->speed = run->speed > 0 ? 0.95 * run->speed + 0.05 * speed : speed;
}

/* What cannot be read shows at the beginning, or, in a set too large to be kept, on the way; then
 * each rank names what it met. */
static void log_skipped(Run *run)
{
    const EdtTrainFacts *facts = edt_trainer_facts(run->trainer);

    if (run->writes && run->skipped < facts->skipped)
        edt_cli_train_skipped(facts->skipped_names, run->skipped);
    for (; run->skipped < facts->skipped; run->skipped++) {
        const char *name = facts->skipped_names[run->skipped];
        if (!run->writes) {
            edt_cli_error("Skipped %s", name);
            continue;
        }
        GString *event = edt_cli_event_new("skipped");
        edt_cli_event_text(event, "picture", name);
        edt_cli_train_log(&run->log, event);
    }
}

/* null where no sample fell into a band. */
static void log_x0_error(GString *event, const EdtTrainReport *s)
{
    GString *list = g_string_new("[");
    for (int band = 0; band < EDT_TRAIN_BANDS; band++) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(number, sizeof number, "%.6g", s->x0_error[band] / s->x0_count[band]);
        g_string_append_printf(list, "%s%s", band ? "," : "", s->x0_count[band] ? number : "null");
    }
    g_string_append_c(list, ']');
    edt_cli_event_raw(event, "x0_error", list->str);
    g_string_free(list, TRUE);
}

static void write_sum(Run *run, const char *ranks)
{
    const EdtTrainReport *s = &run->sum;
    double n = run->summed;
    GString *event = edt_cli_event_new("train");
    edt_cli_event_integer(event, "step", s->step);
    edt_cli_event_number(event, "loss", s->loss / n);
    edt_cli_event_number(event, "mse", s->mse / n);
    edt_cli_event_number(event, "vb", s->vb / n);
    if (run->t->options.masked) {
        edt_cli_event_number(event, "masked_mse", s->masked_mse / n);
        edt_cli_event_number(event, "masked_vb", s->masked_vb / n);
    }
    log_x0_error(event, s);
    edt_cli_event_number(event, "norm", s->norm / n);
    edt_cli_event_number(event, "rate", s->rate);
    edt_cli_event_number(event, "samples_per_s", n * run->t->options.batch / s->seconds);
    edt_cli_event_number(event, "seconds", s->seconds);
    if (ranks)
        edt_cli_event_raw(event, "ranks", ranks);
    edt_cli_train_log(&run->log, event);
}

/* Every rank comes here: rank 0 hears how fast the others are. */
static void log_sum(Run *run)
{
    g_autofree char *ranks = edt_cli_train_rates(&run->sum);
    if (run->writes)
        write_sum(run, ranks);
    run->sum = (EdtTrainReport){0};
    run->summed = 0;
}

static void show(const Run *run, const EdtTrainReport *report)
{
    double left =
        (double)(run->t->options.steps - report->step) * run->t->options.batch / run->speed;
    char text[128];
    g_snprintf(text, sizeof text,
               "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT
               ", loss %.4f, %.2f it/s (%.1f pictures/s), ETA %.1f h",
               report->step, run->t->options.steps, report->loss,
               run->speed / run->t->options.batch, run->speed, left / 3600);
    edt_cli_bar_show((double)report->step / (double)run->t->options.steps, text);
}

/* ---- what is kept ---- */

static gboolean write_model(gpointer data, const EdtCliRunFile *file, GError **error)
{
    const Run *run = data;
    EdtTrainExport wish = {.output = file->path, .force = file->own, .stored = EDT_STORED_BF16};
    return edt_trainer_export(run->trainer, &wish, error);
}

/* While it is written, a child of the rescue is to know that the name is noted. */
static gboolean write_checkpoint(gpointer data, const EdtCliRunFile *file, GError **error)
{
    const Run *run = data;
    edt_cli_rescue_file(file);
    return edt_cli_train_write_checkpoint(run->trainer, file, error);
}

static gboolean save(Run *run, GError **error)
{
    run->saved = g_get_monotonic_time();
    gboolean ok = edt_cli_train_keep(&run->checkpoint, &run->log, write_checkpoint, run, error);
    edt_cli_rescue_file(&run->checkpoint);
    return ok;
}

/* What fails on the way is said and tried again: a disk that is full for a while is no reason to
 * end a run of hours.  At the end it is an error. */
static void save_or_say(Run *run)
{
    GError *trouble = NULL;
    if (save(run, &trouble))
        return;
    edt_cli_say("No checkpoint yet: %s Tried again in a minute.", trouble->message);
    run->saved -= (gint64)((run->t->save_minutes - 1) * 60e6);
    g_error_free(trouble);
}

static gboolean export(Run *run, GError **error)
{
    return edt_cli_train_keep(&run->model, &run->log, write_model, run, error);
}

static void say_no_samples(gint64 step, GError *trouble)
{
    edt_cli_say("No samples at step %" G_GINT64_FORMAT ": %s", step, trouble->message);
    g_error_free(trouble);
}

static void paint(Run *run, gint64 step)
{
    GError *trouble = NULL;
    if (!edt_cli_train_samples(run->t, &run->log, run->model.path, step, &trouble))
        say_no_samples(step, trouble);
}

static void export_and_paint(Run *run, gint64 step)
{
    GError *trouble = NULL;
    if (export(run, &trouble))
        paint(run, step);
    else
        say_no_samples(step, trouble);
}

static void after_step(Run *run, const EdtTrainReport *report)
{
    const EdtCliTraining *t = run->t;
    gint64 step = report->step;
    if (step % t->log_every == 0)
        log_skipped(run);
    add_report(run, report);
    if (run->writes)
        show(run, report);
    if (step % t->log_every == 0)
        log_sum(run);
    edt_cli_rescue_step(FALSE);
    if (!run->writes)
        return;
    if (minutes_since(run->saved) >= t->save_minutes)
        save_or_say(run);
    if (t->sample_every && step % t->sample_every == 0 && step != t->options.steps)
        export_and_paint(run, step);
}

/* When one rank is asked to, all stop after the same step. */
static gboolean should_stop(Run *run)
{
    edt_cli_rescue_step(TRUE);
    gboolean late = run->t->limit_minutes > 0 && minutes_since(run->began) >= run->t->limit_minutes;
    gint64 wish = edt_ranks_most(edt_cli_stop_asked() ? 2 : late);
    run->stopped = wish == 2;
    if (wish > 0) /* what is saved and painted now is no step that takes long */
        edt_cli_rescue_step(FALSE);
    return wish > 0;
}

static gboolean finish(Run *run, gint64 step, GError **error)
{
    if (run->writes && !save(run, error))
        return FALSE;
    if (run->summed > 0)
        log_sum(run);
    if (!run->writes || run->stopped)
        return TRUE;
    if (!export(run, error))
        return FALSE;
    paint(run, step);
    return TRUE;
}

/* Data that cannot be read any more, or no memory, end a run between two whole steps.  Of weights
 * that are no numbers (EDT_ERROR_FAILED) the last checkpoint is better. */
static void save_what_is_whole(Run *run, gint64 step, const GError *why)
{
    if (run->writes && step > run->first && !g_error_matches(why, EDT_ERROR, EDT_ERROR_FAILED))
        save_or_say(run);
}

static gboolean walk(Run *run, GError **error)
{
    EdtTrainReport report = {.step = run->first};
    GError *why = NULL;

    while (report.step < run->t->options.steps && !should_stop(run))
        if (edt_trainer_step(run->trainer, &report, &why)) {
            after_step(run, &report);
        } else {
            save_what_is_whole(run, report.step, why);
            g_propagate_error(error, why);
            return FALSE;
        }
    return finish(run, report.step, error);
}

/* ---- beginning and end ---- */

static void tell(Run *run)
{
    const EdtTrainFacts *facts = edt_trainer_facts(run->trainer);
    g_autofree char *styles =
        facts->styles ? g_strdup_printf(" in %d styles", facts->styles) : g_strdup("");
    edt_cli_say("%d pictures of %d classes%s, %.1f M parameters, %s, %d threads, %.1f GiB of "
                "memory.",
                facts->pictures, facts->classes, styles, (double)facts->parameters / 1e6,
                edt_precision_words[facts->precision], facts->threads,
                (double)facts->memory_bytes / (1 << 30));
    if (facts->precision == EDT_PRECISION_BF16 && !edt_cpu_has_bf16())
        edt_cli_say_bf16_in_f32();
    edt_cli_train_hosts();
    if (facts->step)
        edt_cli_train_compare(run->t->folder, facts);
    if (facts->step)
        edt_cli_say("Goes on at step %" G_GINT64_FORMAT ".", facts->step);
    if (facts->skipped)
        edt_cli_say("%d that cannot be read are left out:", facts->skipped);
    run->first = facts->step;
    run->skipped = run->writes ? 0 : facts->skipped; /* all ranks have met these */
}

/* What there is to train on, before the first step. */
static void log_data(Run *run)
{
    const EdtTrainFacts *facts = edt_trainer_facts(run->trainer);
    GString *event = edt_cli_event_new("data");
    edt_cli_event_integer(event, "pictures", facts->pictures);
    edt_cli_event_text(event, "names", facts->pictures_sum);
    edt_cli_event_integer(event, "classes", facts->classes);
    edt_cli_event_integer(event, "styles", facts->styles);
    edt_cli_event_integer(event, "skipped", facts->skipped);
    edt_cli_event_integer(event, "ranks", edt_ranks_count());
    edt_cli_event_integer(event, "batch", run->t->options.batch);
    edt_cli_event_integer(event, "done", facts->step);
    edt_cli_event_integer(event, "steps", run->t->options.steps);
    edt_cli_train_log(&run->log, event);
    log_skipped(run);
}

/* Checkpoint (six numbers for each weight) and model, before the hours. */
static gboolean check_room(const Run *run, GError **error)
{
    const guint64 weights = edt_trainer_facts(run->trainer)->parameters;
    const EdtCliRunFile *const files[] = {&run->checkpoint, &run->model};
    gboolean ok = TRUE;
    for (gsize i = 0; ok && i < G_N_ELEMENTS(files); i++)
        ok = edt_save_check(files[i]->path, files[i]->own ? EDT_WRITE_REPLACE : EDT_WRITE_NEXT,
                            weights * (6 * 4 + 2), error);
    return ok;
}

static void tell_end(const Run *run, gint64 step)
{
    edt_cli_bar_clear();
    edt_cli_say("Step %" G_GINT64_FORMAT " is saved; %s", step,
                step < run->t->options.steps ? "--resume goes on." : "the run is done.");
    if (run->writes && !run->stopped && !run->t->json)
        edt_cli_event_path(run->model.path);
}

static gboolean show_encoding(int done, int total, gpointer data)
{
    g_autofree char *text = g_strdup_printf("%d/%d pictures encoded", done, total);
    edt_cli_bar_show((double)done / MAX(total, 1), text);
    if (done == total)
        edt_cli_bar_clear();
    return !edt_cli_stop_asked();
}

/* Begun anew where a checkpoint lies: until the first one of this run is there, --resume would go
 * on with the one before. */
static gboolean replace_earlier(Run *run, GError **error)
{
    const EdtCliTraining *t = run->t;
    const gboolean wanted = run->writes && t->force && !t->resume &&
                            g_file_test(run->checkpoint.path, G_FILE_TEST_EXISTS);
    return !wanted || save(run, error);
}

static gboolean train(Run *run, GError **error)
{
    const EdtCliTraining *t = run->t;

    if (run->writes && !edt_cli_train_claim(t, &run->claim, error))
        return FALSE;
    EdtTrainOptions options = t->options;
    options.progress = show_encoding;
    run->trainer = edt_trainer_resume(&options, t->resume ? t->checkpoint : NULL, error);
    if (run->trainer == NULL)
        return FALSE;
    tell(run);
    if (run->writes && !(check_room(run, error) && edt_cli_train_open_log(t, &run->log, error)))
        return FALSE;
    run->begun = TRUE;
    if (run->writes) {
        log_data(run);
        edt_cli_train_adopt(t, &run->log);
    }
    edt_cli_rescue_begin(run->trainer, &run->log, &run->checkpoint);
    if (!replace_earlier(run, error) || !walk(run, error))
        return FALSE;
    tell_end(run, edt_trainer_facts(run->trainer)->step);
    return TRUE;
}

/* A rank that fails leaves without edt_ranks_end(): so mpirun ends the others, which wait for it.
 */
int edt_cli_train_run(const EdtCliTraining *t)
{
    Run run = {.t = t,
               .claim.lock = -1,
               .log = {-1, t->json},
               .checkpoint = {"checkpoint", g_strdup(t->checkpoint), t->resume || t->force, FALSE},
               .model = {"model", g_strdup(t->model), t->force, FALSE},
               .began = g_get_monotonic_time(),
               .saved = g_get_monotonic_time()};
    GError *error = NULL;

    edt_cli_stop_watch();
    run.writes = edt_ranks_own() == 0;
    if (edt_ranks_begin(&error) && train(&run, &error))
        edt_ranks_end();
    edt_cli_rescue_end();
    edt_trainer_free(run.trainer);
    if (run.log.fd >= 0)
        close(run.log.fd);
    if (run.claim.lock >= 0)
        edt_cli_train_leave(&run.claim, run.begun);
    g_free(run.checkpoint.path);
    g_free(run.model.path);
    edt_cli_bar_clear();
    if (error)
        return edt_cli_fail(error);
    return run.stopped ? EDT_ERROR_CANCELLED : 0;
}
