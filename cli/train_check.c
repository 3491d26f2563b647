/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is wrong with a training (training.h) before it begins: what would show after hours, lose
 * something, or do something else than was said.
 */
#include "cli/talk.h"
#include "cli/training.h"
#include "core/settings.h"
#include "saving.h"

#include <stdlib.h>
#include <string.h>

/* Also where links lead to one of them; folder need not be there yet. */
static gboolean is_inside(const char *folder, const char *data)
{
    g_autofree char *outer = realpath(data, NULL);
    g_autofree char *path = g_canonicalize_filename(folder, NULL);
    for (gboolean more = outer != NULL; more;) {
        g_autofree char *inner = realpath(path, NULL);
        if (g_strcmp0(inner, outer) == 0)
            return TRUE;
        char *above = g_path_get_dirname(inner ? inner : path);
        more = strcmp(above, inner ? inner : path) != 0;
        g_free(path);
        path = above;
    }
    return FALSE;
}

/* Where the folder lies in the data: the data itself, or the link in it that leads there; NULL:
 * nowhere. */
static char *place_in(const char *folder, const char *data)
{
    if (is_inside(folder, data))
        return g_strdup(data);
    GDir *dir = g_dir_open(data, 0, NULL);
    char *place = NULL;
    const char *name;
    while (dir && !place && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(data, name, NULL);
        if (*name != '.' && g_file_test(path, G_FILE_TEST_IS_SYMLINK) && is_inside(folder, path))
            place = g_steal_pointer(&path);
    }
    g_clear_pointer(&dir, g_dir_close);
    return place;
}

static gboolean is_outside(const EdtCliTraining *t)
{
    const char *data = t->options.pictures ? t->options.pictures : t->options.features;
    g_autofree char *place = place_in(t->folder, data);
    if (!place)
        return TRUE;
    edt_cli_usage("The folder of the run, %s, lies in the data, %s, and would be a class of it: "
                  "choose another one with -o.",
                  t->folder, place);
    return FALSE;
}

/* As of any request. */
static gboolean fits(const char *option, const char *name, gconstpointer value)
{
    const EdtSetting *setting = edt_setting_named(name);
    g_autofree char *expected = edt_setting_expected(setting);
    gboolean ok = edt_setting_fits(setting, value);
    if (!ok)
        edt_cli_usage("%s must be %s.", option, expected);
    return ok;
}

static gboolean is_least(const char *option, double value, double least)
{
    gboolean ok = value >= least; /* NaN is not */
    if (!ok)
        edt_cli_usage("%s must be at least %g.", option, least);
    return ok;
}

/* What is read is not written over, whatever is allowed. */
static gboolean spares(const EdtCliTraining *t, const char *option, const char *path)
{
    gboolean ok =
        !path || !(edt_save_is_same(path, t->model) || edt_save_is_same(path, t->checkpoint));
    if (!ok)
        edt_cli_usage("%s is what %s reads, and this run would replace it: choose another folder "
                      "with -o.",
                      path, option);
    return ok;
}

/* The first coding is the picture as it is, with --flip the second one its mirror image. */
static gboolean has_codings(const EdtTrainOptions *o)
{
    const int least = o->flip ? 3 : 2;
    if (!o->vae || (o->affine <= 0 && o->hue <= 0) || o->codings >= least)
        return TRUE;
    edt_cli_usage("--codings %d leaves nothing for --affine and --hue to change: it must be at "
                  "least %d%s.",
                  o->codings, least, o->flip ? " with --flip" : "");
    return FALSE;
}

gboolean edt_cli_train_check(const EdtCliTraining *t)
{
    const EdtTrainOptions *o = &t->options;
    return is_outside(t) && (t->resume || has_codings(o)) &&
           is_least("--log-every", t->log_every, 1) &&
           is_least("--sample-every", t->sample_every, 0) &&
           is_least("--save-every", t->save_minutes, 0) &&
           is_least("--time-limit", t->limit_minutes, 0) &&
           is_least("--steps", (double)o->steps, 0) && is_least("--threads", o->threads, 0) &&
           fits("--sample-steps", "steps", &t->sample_steps) &&
           fits("--sample-guidance", "cfg_scale", &t->sample_guidance) &&
           spares(t, "--vae", o->vae) && spares(t, "--init", t->resume ? NULL : o->start);
}
