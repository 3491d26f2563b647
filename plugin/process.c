/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The life of the process around its studio; see process.h.
 */
#include "plugin/process.h"
#include "plugin/answer.h"

#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>

static EdtStudio *studio;

void edt_process_quit(void)
{
    g_clear_pointer(&studio, edt_studio_free);
}

/* Also at exit(): libraries must not be taken apart under a running worker. */
EdtStudio *edt_process_studio(void)
{
    if (!studio) {
        studio = edt_studio_new();
        atexit(edt_process_quit);
    }
    return studio;
}

/* ---- a job without a dialog ---- */

static void on_frame(EdtJob *job, const EdtFrame *frame, gpointer user_data)
{
    if (frame->phase == EDT_PHASE_DECODING)
        gimp_progress_set_text(_("Decoding the picture"));
    else if (frame->bf16_in_f32)
        gimp_progress_set_text(_("Computing in f32, for this processor has no bf16"));
    gimp_progress_update(frame->fraction);
}

static void on_done(EdtJob *job, gpointer user_data)
{
    g_main_loop_quit(user_data);
}

EdtJob *edt_process_run(EdtOrder *order)
{
    static const EdtJobWatch watch = {on_frame, on_done};
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    gimp_progress_init_printf(_("Generating “%s”"), order->label);
    EdtJob *job = edt_studio_start(edt_process_studio(), order, &watch, loop);
    g_main_loop_run(loop);
    gimp_progress_end();
    g_main_loop_unref(loop);
    return job;
}

EdtJob *edt_process_make(EdtOrder *order, GError **error)
{
    EdtJob *job = edt_process_run(order);
    const EdtOutcome *outcome = edt_job_outcome(job);
    g_autoptr(GError) sum = edt_answer_sum_up(outcome, NULL);
    if (!outcome->error) {
        if (sum)
            g_message("%s", sum->message);
        return job;
    }
    edt_job_close(job);
    g_propagate_error(error, g_steal_pointer(&sum));
    return NULL;
}

/* ---- */

int edt_process_threads(void)
{
    int wanted = gimp_get_num_processors();
    return wanted < (int)g_get_num_processors() ? wanted : 0;
}

GimpProcedure *edt_process_procedure(const char *name)
{
    GimpPlugIn *plug_in = gimp_get_plug_in();
    return GIMP_PLUG_IN_GET_CLASS(plug_in)->create_procedure(plug_in, name);
}

gboolean edt_process_display(GError **error)
{
    if (g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY"))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("There is no display for a dialog: call it with RUN-NONINTERACTIVE."));
    return FALSE;
}

/* libgimp's handlers call exit(), which waits for ever where the signal came in the middle of a
 * malloc(): the process would stay behind.  Nothing here needs an orderly end. */
void edt_process_end_when_told(void)
{
    const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], SIG_DFL);
}
