/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program that GIMP starts: it registers Filters > Generate and procedures for scripts.  GIMP
 * queries it at start-up, so it links libgimp and nothing heavy; engine and dialog are a module
 * that is loaded on the first run (module.h).  Next: module.c, its entry.
 */
#include <glib/gi18n.h>
#include <libgimp/gimp.h>
#include <string.h>

#include "base/waiting.h"
#include "plugin/arguments.h"
#include "plugin/module.h"

typedef struct {
    GimpPlugIn parent_instance;
} EdtPlugIn;

typedef struct {
    GimpPlugInClass parent_class;
} EdtPlugInClass;

GType edt_plug_in_get_type(void) G_GNUC_CONST;
G_DEFINE_TYPE(EdtPlugIn, edt_plug_in, GIMP_TYPE_PLUG_IN)

/* ---- the module ---- */

static const EdtModule *loaded; /* stays: its threads and libraries cannot be unloaded */

/* OpenMP comes with it. */
static const EdtModule *load(GError **error)
{
    g_autofree char *why = NULL;
    if (loaded)
        return loaded;
    gboolean begun = edt_waiting_begin();
    loaded =
        (const EdtModule *)edt_module_load(EDT_PART_PLUGIN, EDT_MODULE_SYMBOL, sizeof(EdtModule),
                                           G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL, &why);
    edt_waiting_end(begun);
    if (!loaded)
        g_set_error(error, GIMP_PLUG_IN_ERROR, 0,
                    _("The engine of EDT cannot be loaded: %s. Install the plug-in again."), why);
    return loaded;
}

static GimpValueArray *failed(GimpProcedure *procedure, GError *error)
{
    return gimp_procedure_new_return_values(procedure, GIMP_PDB_EXECUTION_ERROR, error);
}

/* Which of the table of module.h, run_data says. */
static GimpValueArray *run_on_image(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpDrawable **drawables,
                                    GimpProcedureConfig *config, gpointer run_data)
{
    GError *error = NULL;
    const EdtModule *module = load(&error);
    if (!module)
        return failed(procedure, error);
    EdtImageRun run = G_STRUCT_MEMBER(EdtImageRun, module, GPOINTER_TO_SIZE(run_data));
    return run(procedure, run_mode, image, drawables, config);
}

static GimpValueArray *run_classes(GimpProcedure *procedure, GimpProcedureConfig *config,
                                   gpointer run_data)
{
    GError *error = NULL;
    const EdtModule *module = load(&error);
    return module ? module->classes(procedure, config) : failed(procedure, error);
}

static GimpValueArray *run_models(GimpProcedure *procedure, GimpProcedureConfig *config,
                                  gpointer run_data)
{
    GError *error = NULL;
    const EdtModule *module = load(&error);
    return module ? module->models(procedure, config) : failed(procedure, error);
}

/* ---- registration ---- */

static void credit(GimpProcedure *procedure)
{
    gimp_procedure_set_attribution(procedure, "EDT for GIMP contributors",
                                   "EDT for GIMP contributors", "2026");
}

/* What lies beside the program: translations, icon. */
static char *own_file(const char *name)
{
    char *own = g_path_get_dirname(gimp_get_progname());
    char *path = g_build_filename(own, name, NULL);
    g_free(own);
    return path;
}

static void set_icon(GimpProcedure *procedure)
{
    char *path = own_file("edt-generate.svg");
    GFile *icon = g_file_new_for_path(path);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        gimp_procedure_set_icon_file(procedure, icon);
    g_object_unref(icon);
    g_free(path);
}

static void add_to_menu(GimpProcedure *procedure)
{
    g_autofree char *menu = g_build_path("/", "<Image>/Filters", C_("menu", "_Generate"), NULL);
    gimp_procedure_add_menu_path(procedure, menu);
    set_icon(procedure);
}

static GimpProcedure *create_on_image(GimpPlugIn *plug_in, const char *name, gsize run,
                                      int sensitive)
{
    GimpProcedure *procedure = gimp_image_procedure_new(plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN,
                                                        run_on_image, GSIZE_TO_POINTER(run), NULL);
    gimp_procedure_set_image_types(procedure, "*");
    gimp_procedure_set_sensitivity_mask(procedure, GIMP_PROCEDURE_SENSITIVE_DRAWABLE |
                                                       GIMP_PROCEDURE_SENSITIVE_DRAWABLES |
                                                       sensitive);
    return procedure;
}

static GimpProcedure *create_generate(GimpPlugIn *plug_in, const char *name)
{
    GimpProcedure *procedure =
        create_on_image(plug_in, name, G_STRUCT_OFFSET(EdtModule, generate),
                        GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES | GIMP_PROCEDURE_SENSITIVE_NO_IMAGE);
    gimp_procedure_set_menu_label(procedure, _("_Picture of a Class (EDT)..."));
    add_to_menu(procedure);
    gimp_procedure_set_documentation(
        procedure, _("Generate a picture of a class as a new layer"),
        _("Pictures come from an EDT diffusion transformer that runs on this machine. With an "
          "image they become layers of it, several of them in a layer group; without one a new "
          "image is made. Arguments that are left out have the values of the dialog at first use. "
          "plug-in-edt-classes lists the classes, plug-in-edt-models the models."),
        NULL); /* no help: GIMP would look for a page of its own manual */
    edt_plugin_declare_making(procedure, EDT_FROM_NOTHING);
    return procedure;
}

static GimpProcedure *create_redraw(GimpPlugIn *plug_in, const char *name)
{
    GimpProcedure *procedure =
        create_on_image(plug_in, name, G_STRUCT_OFFSET(EdtModule, redraw), 0);
    gimp_procedure_set_menu_label(procedure, _("Picture from a _Sketch (EDT)..."));
    add_to_menu(procedure);
    gimp_procedure_set_documentation(
        procedure, _("Turn a sketch into a picture of a class"),
        _("A layer, or a group, is what the picture starts from; the picture becomes a layer above "
          "it, in its place. A selection says which part of it counts, and where it does not "
          "fill the picture's square it becomes the new layer's mask."),
        NULL);
    edt_plugin_declare_making(procedure, EDT_FROM_LAYER);
    return procedure;
}

static GimpProcedure *create_fill(GimpPlugIn *plug_in, const char *name)
{
    GimpProcedure *procedure = create_on_image(plug_in, name, G_STRUCT_OFFSET(EdtModule, fill),
                                               GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES);
    gimp_procedure_set_menu_label(procedure, _("Fill the Selec_tion (EDT)..."));
    add_to_menu(procedure);
    gimp_procedure_set_documentation(
        procedure, _("Fill the selection with a picture of a class"),
        _("The picture gets the shape of the selection, completes what is missing there, or is "
          "only put there. It becomes a layer with a mask: outside the selection nothing changes."),
        NULL);
    edt_plugin_declare_making(procedure, EDT_FROM_SELECTION);
    return procedure;
}

static GimpProcedure *create_again(GimpPlugIn *plug_in, const char *name)
{
    GimpProcedure *procedure = create_on_image(plug_in, name, G_STRUCT_OFFSET(EdtModule, again), 0);
    gimp_procedure_set_menu_label(procedure, _("EDT A_gain"));
    add_to_menu(procedure);
    gimp_procedure_add_menu_path(procedure, "<Layers>");
    gimp_procedure_set_documentation(
        procedure, _("Make a layer of EDT again, from the next seed"),
        _("The layer knows how it was made: the same settings make another picture, in its place "
          "or "
          "above it. Several selected layers are made again one by one, and of a group those that "
          "are in it. What was painted on since is not covered without being asked; scripts get "
          "the new picture above it then."),
        name);
    edt_plugin_declare_again(procedure);
    return procedure;
}

static GimpProcedure *create_settings(GimpPlugIn *plug_in, const char *name)
{
    GimpProcedure *procedure =
        create_on_image(plug_in, name, G_STRUCT_OFFSET(EdtModule, settings), 0);
    gimp_procedure_set_menu_label(procedure, _("EDT Settings of This _Layer..."));
    add_to_menu(procedure);
    gimp_procedure_add_menu_path(procedure, "<Layers>");
    gimp_procedure_set_documentation(
        procedure, _("Open the dialog with the settings of a layer that EDT made"),
        _("A new picture becomes a layer above. A layer of scattered pictures opens the dialog "
          "that "
          "scatters. Scripts make a layer again with plug-in-edt-again."),
        NULL);
    edt_plugin_declare_making(procedure, EDT_FROM_NOTHING);
    return procedure;
}

/* ---- procedures that differ by texts and arguments alone ---- */

static const struct {
    const char *name;
    gsize run;
    int sensitive;
    void (*declare)(GimpProcedure *procedure);
    const char *label, *blurb, *help; /* N_() */
} others[] = {
    {EDT_PROC_MORPH, G_STRUCT_OFFSET(EdtModule, morph),
     GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES | GIMP_PROCEDURE_SENSITIVE_NO_IMAGE,
     edt_plugin_declare_morph, N_("_Morph to Frames (EDT)..."),
     N_("Turn one picture into another, frame by frame"),
     N_("From one class to another, from one seed to another, or from one of two layers that EDT "
        "made to the other. The frames become layers with times, as GIMP's animation filters read "
        "them: the lowest is the first one. With an image they are a layer group of it, without "
        "one, or if asked for, a new image. The first and the last frame are the pictures that "
        "plug-in-edt-generate makes.")},
    {EDT_PROC_SCATTER, G_STRUCT_OFFSET(EdtModule, scatter),
     GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES | GIMP_PROCEDURE_SENSITIVE_NO_IMAGE,
     edt_plugin_declare_scatter, N_("S_cattered Pictures (EDT)..."),
     N_("Scatter pictures of a class over the selection, or over a seamless tile"),
     N_("They differ in size, turn and seed and keep their distance. In the selection they become "
        "one layer, and outside of it nothing changes; on a tile, which is a new image, what "
        "leaves on one side comes in on the other, so that it repeats without a seam. The same "
        "seed scatters in the same way.")},
    {EDT_PROC_BRUSH, G_STRUCT_OFFSET(EdtModule, brush),
     GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES | GIMP_PROCEDURE_SENSITIVE_NO_IMAGE,
     edt_plugin_declare_brush, N_("Pictures as a _Brush (EDT)..."),
     N_("Make a brush that paints pictures of a class"),
     N_("Several pictures become an animated brush. It is saved into your own folder of brushes, "
        "named after class and seed, beside what is there, and can be used at once.")},
    {EDT_PROC_PATTERN, G_STRUCT_OFFSET(EdtModule, pattern),
     GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES | GIMP_PROCEDURE_SENSITIVE_NO_IMAGE,
     edt_plugin_declare_pattern, N_("Pictures as a Patter_n (EDT)..."),
     N_("Make a seamless pattern of scattered pictures of a class"),
     N_("As plug-in-edt-scatter scatters them over a tile. It is saved into your own folder of "
        "patterns, named after class and seed, beside what is there, and can be used at once.")},
};

static GimpProcedure *create_other(GimpPlugIn *plug_in, const char *name)
{
    gsize i = 0;
    while (strcmp(others[i].name, name) != 0)
        i++;
    GimpProcedure *procedure = create_on_image(plug_in, name, others[i].run, others[i].sensitive);
    gimp_procedure_set_menu_label(procedure, _(others[i].label));
    add_to_menu(procedure);
    gimp_procedure_set_documentation(procedure, _(others[i].blurb), _(others[i].help), NULL);
    others[i].declare(procedure);
    return procedure;
}

static GimpProcedure *create_list(GimpPlugIn *plug_in, const char *name, GimpRunFunc run,
                                  const char *blurb)
{
    GimpProcedure *procedure =
        gimp_procedure_new(plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, run, NULL, NULL);
    gimp_procedure_set_documentation(procedure, blurb, blurb, name);
    return procedure;
}

static GimpProcedure *create_classes(GimpPlugIn *plug_in, const char *name)
{
    GimpProcedure *procedure =
        create_list(plug_in, name, run_classes, _("List the classes that EDT can picture"));
    edt_plugin_declare_classes(procedure);
    return procedure;
}

static GimpProcedure *create_models(GimpPlugIn *plug_in, const char *name)
{
    GimpProcedure *procedure =
        create_list(plug_in, name, run_models, _("List the EDT models of this machine"));
    edt_plugin_declare_models(procedure);
    return procedure;
}

static const struct {
    const char *name;
    GimpProcedure *(*create)(GimpPlugIn *plug_in, const char *name);
} procedures[] = {
    {EDT_PROC_GENERATE, create_generate}, {EDT_PROC_REDRAW, create_redraw},
    {EDT_PROC_FILL, create_fill},         {EDT_PROC_AGAIN, create_again},
    {EDT_PROC_SETTINGS, create_settings}, {EDT_PROC_MORPH, create_other},
    {EDT_PROC_SCATTER, create_other},     {EDT_PROC_BRUSH, create_other},
    {EDT_PROC_PATTERN, create_other},     {EDT_PROC_CLASSES, create_classes},
    {EDT_PROC_MODELS, create_models},
};

static GList *query_procedures(GimpPlugIn *plug_in)
{
    GList *names = NULL;
    for (gsize i = G_N_ELEMENTS(procedures); i > 0; i--)
        names = g_list_prepend(names, g_strdup(procedures[i - 1].name));
    return names;
}

static GimpProcedure *create_procedure(GimpPlugIn *plug_in, const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        if (strcmp(procedures[i].name, name) != 0)
            continue;
        GimpProcedure *procedure = procedures[i].create(plug_in, name);
        credit(procedure);
        return procedure;
    }
    return NULL;
}

/* GIMP warns where there is no folder of translations, as in a build tree. */
static gboolean set_i18n(GimpPlugIn *plug_in, const char *name, char **domain, char **folder)
{
    char *locale = own_file("locale");
    gboolean there = g_file_test(locale, G_FILE_TEST_IS_DIR);
    if (there)
        *domain = g_strdup(GETTEXT_PACKAGE);
    g_free(locale);
    return there;
}

static void quit(GimpPlugIn *plug_in)
{
    if (loaded)
        loaded->quit();
}

static void edt_plug_in_class_init(EdtPlugInClass *klass)
{
    GimpPlugInClass *plug_in_class = GIMP_PLUG_IN_CLASS(klass);
    plug_in_class->query_procedures = query_procedures;
    plug_in_class->create_procedure = create_procedure;
    plug_in_class->set_i18n = set_i18n;
    plug_in_class->quit = quit;
}

static void edt_plug_in_init(EdtPlugIn *self)
{
}

GIMP_MAIN(edt_plug_in_get_type())
