/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures become files that GIMP paints with; see resource.h.  GIMP's own savers write them, out
 * of an image that nobody sees.  A name is reserved first, so no file of the user is replaced.
 */
#include "plugin/resource.h"
#include "plugin/answer.h"
#include "plugin/ask.h"
#include "plugin/collage.h"
#include "plugin/colours.h"
#include "plugin/process.h"

#include <errno.h>
#include <fcntl.h>
#include <gegl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES 1000 /* of one class and seed, before there is no other */
#define STEM_BYTES 100
#define NAME_BYTES 200 /* GIMP loads none of over 256, and a seed and a number come behind */

typedef struct {
    const char *setting, *folder; /* of GIMP; where it says nothing, in its own directory */
    const char *ending;
    GType type;
    gboolean (*refresh)(void);
    GimpImage *image;   /* what is saved */
    char *stem, *label; /* of file and resource, before a number is added */
    char *name, *path;
} Resource;

/* ---- where ---- */

static char *folder_of(const Resource *r)
{
    g_autofree char *setting = gimp_gimprc_query(r->setting);
    g_autofree char *all = setting ? gimp_config_path_expand(setting, TRUE, NULL) : NULL;
    g_auto(GStrv) folders = g_strsplit(all ? all : "", G_SEARCHPATH_SEPARATOR_S, -1);
    return folders[0] && *folders[0] ? g_strdup(folders[0])
                                     : g_build_filename(gimp_directory(), r->folder, NULL);
}

/* "edt-barn-owl-5": what any file system takes. */
static char *stem_of(const EdtOrder *order)
{
    g_autofree char *word = g_str_to_ascii(order->class_names[0], "C");
    g_strcanon(word, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS, '-');
    word[MIN(strlen(word), STEM_BYTES)] = 0;
    return g_strdup_printf("edt-%s-%" G_GUINT64_FORMAT, word, order->items[0].seed);
}

static void name_after(Resource *r, const EdtOrder *order)
{
    r->stem = stem_of(order);
    const char *end; /* of the last whole character that fits */
    g_utf8_validate(order->label, (gssize)MIN(strlen(order->label), NAME_BYTES), &end);
    g_autofree char *label = g_strndup(order->label, (gsize)(end - order->label));
    r->label = edt_layer_name(label, order->items[0].seed, 0, 0);
}

/* FALSE with errno.  GIMP would give a second one of a name another name. */
static gboolean reserve(Resource *r, const char *folder, int i)
{
    g_autofree char *file = i > 1 ? g_strdup_printf("%s-%d.%s", r->stem, i, r->ending)
                                  : g_strdup_printf("%s.%s", r->stem, r->ending);
    r->name = i > 1 ? g_strdup_printf("%s %d", r->label, i) : g_strdup(r->label);
    r->path = g_build_filename(folder, file, NULL);
    gboolean known = gimp_resource_get_by_name(r->type, r->name) != NULL;
    int there = known ? -1 : g_open(r->path, O_CREAT | O_EXCL | O_WRONLY, 0666);
    if (known)
        errno = EEXIST;
    if (there >= 0) {
        close(there);
        return TRUE;
    }
    int why = errno;
    g_clear_pointer(&r->name, g_free);
    g_clear_pointer(&r->path, g_free);
    errno = why;
    return FALSE;
}

/* Only when there is something to save: a reserved name is an empty file, which would stay where
 * libgimp ends the process. */
static gboolean choose_name(Resource *r, GError **error)
{
    g_autofree char *folder = folder_of(r);
    errno = 0;
    g_mkdir_with_parents(folder, 0755);
    for (int i = 1; i <= NAMES && !r->path; i++)
        if (!reserve(r, folder, i) && errno != EEXIST)
            break;
    if (!r->path)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("Nothing can be written into “%s”: %s."),
                    folder, g_strerror(errno));
    return r->path != NULL;
}

/* ---- saving ---- */

static gboolean said_yes(GimpValueArray *answer, GError **error)
{
    gboolean ok = answer && GIMP_VALUES_GET_ENUM(answer, 0) == GIMP_PDB_SUCCESS;
    const char *said = gimp_pdb_get_last_error(gimp_get_pdb());
    if (!ok && said && gimp_pdb_get_last_status(gimp_get_pdb()) != GIMP_PDB_SUCCESS)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("GIMP could not save it: “%s”."), said);
    else if (!ok)
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_FAILED,
                            _("GIMP could not save it and did not say why: try again."));
    if (answer)
        gimp_value_array_unref(answer);
    return ok;
}

static GimpProcedure *saver(const char *name, GError **error)
{
    GimpProcedure *procedure = gimp_pdb_lookup_procedure(gimp_get_pdb(), name);
    if (!procedure)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    _("GIMP has no procedure “%s” here, which would save it."), name);
    return procedure;
}

static gboolean save_one(const Resource *r, const char *name, int spacing, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(r->path);
    GimpProcedure *procedure = saver(name, error);
    if (!procedure)
        return FALSE;
    GimpValueArray *answer =
        spacing > 0
            ? gimp_procedure_run(procedure, "run-mode", GIMP_RUN_NONINTERACTIVE, "image", r->image,
                                 "file", file, "description", r->name, "spacing", spacing, NULL)
            : gimp_procedure_run(procedure, "run-mode", GIMP_RUN_NONINTERACTIVE, "image", r->image,
                                 "file", file, "description", r->name, NULL);
    return said_yes(answer, error);
}

/* Every layer is a cell. */
static gboolean save_several(const Resource *r, const EdtPictures *pictures, int spacing,
                             const char *turns, GError **error)
{
    const int n = pictures->n_pictures;
    const EdtPicture *cell = &pictures->pictures[0];
    const guint8 rank = (guint8)n;
    const char *const modes[] = {turns, NULL};
    g_autoptr(GFile) file = g_file_new_for_path(r->path);
    g_autoptr(GBytes) ranks = g_bytes_new(&rank, 1);
    GimpProcedure *procedure = saver("file-gih-export", error);
    return procedure &&
           said_yes(gimp_procedure_run(procedure, "run-mode", GIMP_RUN_NONINTERACTIVE, "image",
                                       r->image, "file", file, "description", r->name, "spacing",
                                       spacing, "cell-width", cell->width, "cell-height",
                                       cell->height, "num-cells", n, "ranks", ranks,
                                       "selection-modes", modes, NULL),
                    error);
}

/* What was reserved for nothing does not stay. */
static void give_up(const Resource *r)
{
    if (r->path)
        g_unlink(r->path);
}

static void clear(Resource *r)
{
    if (r->image)
        gimp_image_delete(r->image);
    g_free(r->stem);
    g_free(r->label);
    g_free(r->name);
    g_free(r->path);
}

static gboolean is_loaded(const Resource *r, GError **error)
{
    r->refresh();
    if (gimp_resource_get_by_name(r->type, r->name))
        return TRUE;
    g_set_error(
        error, EDT_ERROR, EDT_ERROR_FAILED,
        _("It is in “%s”, but GIMP does not load it: see whether that folder is one of those "
          "in its preferences."),
        r->path);
    return FALSE;
}

static GimpValueArray *answer(GimpProcedure *procedure, const Resource *r)
{
    g_autoptr(GFile) file = g_file_new_for_path(r->path);
    GimpResource *made = gimp_resource_get_by_name(r->type, r->name);
    GimpValueArray *values = gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, NULL);
    GIMP_VALUES_SET_RESOURCE(values, 1, made);
    GIMP_VALUES_SET_FILE(values, 2, file);
    return values;
}

/* In a new image that is not shown, in the colours that the settings allow. */
static gboolean choose_colours(EdtPlace *nowhere, GimpProcedureConfig *config, GError **error)
{
    *nowhere = (EdtPlace){0};
    return edt_colours_take(nowhere, config, error);
}

static GimpImage *image_of(const EdtPlace *nowhere, const EdtSheet *sheets, int n, GError **error)
{
    GimpLayer **layers = NULL;
    GimpImage *image = edt_layer_insert(nowhere, sheets, n, NULL, &layers, error);
    g_free(layers);
    return image;
}

/* ---- a brush ---- */

static GimpImage *image_of_pictures(const EdtPlace *nowhere, const EdtPictures *pictures,
                                    GError **error)
{
    int n = pictures->n_pictures;
    g_autofree EdtSheet *sheets = g_new0(EdtSheet, n);
    for (int i = 0; i < n; i++)
        sheets[i] = (EdtSheet){
            .picture = &pictures->pictures[i], .name = (char *)"EDT", .colours = nowhere->colours};
    return image_of(nowhere, sheets, n, error);
}

static gboolean save_brush(Resource *r, const EdtPlace *nowhere, const EdtOutcome *outcome,
                           GimpProcedureConfig *config, GError **error)
{
    int n = outcome->pictures->n_pictures, spacing;
    g_autofree char *turns = NULL;
    g_object_get(config, "stroke-spacing", &spacing, "turns", &turns, NULL);
    r->ending = n > 1 ? "gih" : "gbr";
    r->image = image_of_pictures(nowhere, outcome->pictures, error);
    name_after(r, outcome->order);
    return r->image && choose_name(r, error) &&
           (n > 1 ? save_several(r, outcome->pictures, spacing, turns, error)
                  : save_one(r, "file-gbr-export", spacing, error));
}

static gboolean make_brush(Resource *r, GimpProcedureConfig *config, GError **error)
{
    EdtPlace nowhere;
    EdtOrder *order = choose_colours(&nowhere, config, error)
                          ? edt_order_new(G_OBJECT(config), edt_process_threads(), error)
                          : NULL;
    EdtJob *job = order ? edt_process_make(order, error) : NULL;
    gboolean ok = job && save_brush(r, &nowhere, edt_job_outcome(job), config, error);
    edt_job_close(job);
    return ok;
}

/* ---- a pattern ---- */

static gboolean make_pattern(Resource *r, GimpProcedureConfig *config, GError **error)
{
    EdtCollage collage = {0};
    EdtPicture all = {0};
    EdtPlace nowhere;
    gboolean ok = choose_colours(&nowhere, config, error) &&
                  edt_collage_plan(&collage, config, TRUE, NULL, error);
    if (ok) {
        name_after(r, collage.order);
        all = edt_collage_run(&collage, error);
    }
    const EdtSheet sheet = {.picture = &all, .name = collage.name, .colours = nowhere.colours};
    r->image = all.pixels ? image_of(&nowhere, &sheet, 1, error) : NULL;
    ok = r->image && choose_name(r, error) && save_one(r, "file-pat-export", 0, error);
    g_free(all.pixels);
    edt_collage_clear(&collage);
    return ok;
}

/* ---- */

static GimpValueArray *run(GimpProcedure *procedure, Resource *r, GimpProcedureConfig *config,
                           gboolean (*make)(Resource *, GimpProcedureConfig *, GError **))
{
    GError *error = NULL;
    gboolean ok = make(r, config, &error);
    if (!ok)
        give_up(r);
    else
        ok = is_loaded(r, &error);
    GimpValueArray *values = ok ? answer(procedure, r) : edt_answer_failed(procedure, error);
    clear(r);
    return values;
}

GimpValueArray *edt_plugin_brush(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                 GimpDrawable **drawables, GimpProcedureConfig *config)
{
    static const char *const rows[] = {"class", "count", "turns", "stroke-spacing",
                                       "seed",  "steps", "model", NULL};
    Resource r = {.setting = "brush-path-writable",
                  .folder = "brushes",
                  .type = GIMP_TYPE_BRUSH,
                  .refresh = gimp_brushes_refresh};
    GError *error = NULL;
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    if (!edt_ask(procedure, run_mode, config, _("Brush with EDT"), rows, &error))
        return edt_answer_failed(procedure, error);
    return run(procedure, &r, config, make_brush);
}

GimpValueArray *edt_plugin_pattern(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                   GimpDrawable **drawables, GimpProcedureConfig *config)
{
    static const char *const rows[] = {"class", "tile",     "spots", "count", "size",  "differ",
                                       "turn",  "distance", "seed",  "steps", "model", NULL};
    Resource r = {.setting = "pattern-path-writable",
                  .folder = "patterns",
                  .ending = "pat",
                  .type = GIMP_TYPE_PATTERN,
                  .refresh = gimp_patterns_refresh};
    GError *error = NULL;
    edt_process_end_when_told();
    gegl_init(NULL, NULL);
    if (!edt_ask(procedure, run_mode, config, _("Pattern with EDT"), rows, &error))
        return edt_answer_failed(procedure, error);
    return run(procedure, &r, config, make_pattern);
}
