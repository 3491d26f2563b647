/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A shim for LD_PRELOAD, with a half for each end of GIMP's wire.  In a plug-in whose environment
 * has EDT_FAIL_PDB=FOLDER, every call of the PDB, also one that libgimp makes by itself, is written
 * to FOLDER/calls, and the one whose number is in FOLDER/at is sent under a name that GIMP does not
 * know: GIMP's own answer to that is the error.  In GIMP, gimp-image-clean-all, which the plug-in
 * does not call, first undoes a step: the PDB has no procedure that does.
 */
#include <dlfcn.h>
#include <glib-object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNDO "gimp-image-clean-all"
#define NOWHERE "edt-test-fails"
#define PROC_RUN 5 /* of libgimpbase/gimpprotocol.h, which is not installed */

typedef struct {
    guint32 type;
    gpointer data;
} Message;

typedef struct {
    int type;
    char *type_name;
    int value; /* of a union */
} Parameter;

typedef struct {
    char *name;
    guint n_parameters;
    Parameter *parameters;
} Call;

gboolean gp_proc_run_write(GIOChannel *channel, Call *call, gpointer user_data);
gboolean gimp_wire_read_msg(GIOChannel *channel, Message *message, gpointer user_data);

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))
#define CORE(name, type) ((type)dlsym(RTLD_DEFAULT, name))

/* ---- in the plug-in ---- */

static int due(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "at", NULL), *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? atoi(text) : 0;
}

static void log_call(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, "calls", NULL);
    FILE *file = fopen(path, "a");
    if (!file)
        return;
    fprintf(file, "%s\n", name);
    fclose(file);
}

gboolean gp_proc_run_write(GIOChannel *channel, Call *call, gpointer user_data)
{
    static int count, at = -1;
    gboolean (*real)(GIOChannel *, Call *, gpointer) =
        REAL("gp_proc_run_write", gboolean(*)(GIOChannel *, Call *, gpointer));
    const char *folder = getenv("EDT_FAIL_PDB");
    if (!folder)
        return real(channel, call, user_data);
    at = at < 0 ? due(folder) : at;
    log_call(folder, call->name);
    Call other = *call;
    if (++count == at)
        other.name = NOWHERE;
    return real(channel, &other, user_data);
}

/* ---- in GIMP ---- */

static gpointer gimp; /* the core's one object */

static gboolean note_gimp(GSignalInvocationHint *hint, guint n, const GValue *values, gpointer data)
{
    g_object_get(g_value_get_object(values), "gimp", &gimp, NULL);
    g_object_unref(gimp);
    return FALSE; /* not again */
}

static void find_gimp(void)
{
    static gboolean begun;
    GType (*type)(void) = CORE("gimp_image_get_type", GType(*)(void));
    if (begun || !type || !CORE("gimp_image_undo", gpointer))
        return;
    begun = TRUE;
    g_type_class_ref(type());
    g_signal_add_emission_hook(g_signal_lookup("undo-event", type()), 0, note_gimp, NULL, NULL);
}

static void undo(int id)
{
    gpointer image =
        CORE("gimp_image_get_by_id", gpointer(*)(gpointer, int))(gimp, id);
    CORE("gimp_image_undo", gboolean(*)(gpointer))(image);
}

gboolean gimp_wire_read_msg(GIOChannel *channel, Message *message, gpointer user_data)
{
    gboolean done =
        REAL("gimp_wire_read_msg", gboolean(*)(GIOChannel *, Message *, gpointer))(
            channel, message, user_data);
    if (!done || message->type != PROC_RUN)
        return done;
    const Call *call = message->data;
    find_gimp();
    if (gimp && call->n_parameters == 1 && strcmp(call->name, UNDO) == 0)
        undo(call->parameters[0].value);
    return done;
}
