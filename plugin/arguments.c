/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arguments and return values of the procedures; session/order.c reads them, ui/
 * edits them.  Their words are session/words.c, bounds core/settings.c.
 */
#include "plugin/arguments.h"
#include "settings.h"
#include "session/words.h"

#include <glib/gi18n.h>

/* aux: of the dialog alone, scripts do not see it. */
static void add_choice_of(GimpProcedure *procedure, gboolean aux, const char *name,
                          const char *nick, const char *blurb, const EdtChoices *choices, int value)
{
    GimpChoice *choice = gimp_choice_new();
    for (int i = 0; choices->list[i].label; i++)
        gimp_choice_add(choice, choices->words[choices->list[i].value], i,
                        _(choices->list[i].label), _(choices->list[i].help));
    (aux ? gimp_procedure_add_choice_aux_argument : gimp_procedure_add_choice_argument)(
        procedure, name, nick, blurb, choice, choices->words[value], G_PARAM_READWRITE);
}

static void add_choice(GimpProcedure *procedure, const char *name, const char *nick,
                       const char *blurb, const EdtChoices *choices, int value)
{
    add_choice_of(procedure, FALSE, name, nick, blurb, choices, value);
}

static void add_double_of(GimpProcedure *procedure, gboolean aux, const char *name,
                          const char *nick, const char *blurb, double most, double value)
{
    (aux ? gimp_procedure_add_double_aux_argument : gimp_procedure_add_double_argument)(
        procedure, name, nick, blurb, 0, most, value, G_PARAM_READWRITE);
}

static void add_picture_arguments(GimpProcedure *procedure)
{
    const EdtSetting *steps = edt_setting_named("steps");
    gimp_procedure_add_string_argument(
        procedure, "class", _("Cl_ass"),
        _("What is pictured: a name, a synonym or a number; empty for a class at random"), "",
        G_PARAM_READWRITE);
    gimp_procedure_add_string_argument(
        procedure, "style", _("St_yle"),
        _("How it is drawn, where the model has styles: a name, a number or “random”; empty for "
          "any"),
        "", G_PARAM_READWRITE);
    gimp_procedure_add_double_argument(/* whole numbers: an int would not hold every seed */
                                       procedure, "seed", _("See_d"),
                                       _("The same seed with the same settings makes the same "
                                         "picture; -1 takes a new one"),
                                       -1, EDT_SEED_MAX, -1, G_PARAM_READWRITE);
    gimp_procedure_add_int_argument(procedure, "steps", _("S_teps"),
                                    _("More steps are slower and finer"), (int)steps->least,
                                    (int)steps->most, 25, G_PARAM_READWRITE);
    add_choice(procedure, "sampler", _("Sam_pler"), _("How noise is taken away step by step"),
               &edt_sampler_choices, EDT_SAMPLER_DPMPP_2M);
    add_choice(procedure, "spacing", _("Spacing of the steps"),
               _("Where between noise and picture there are more of them"), &edt_spacing_choices,
               EDT_SPACING_EVEN);
    gimp_procedure_add_double_argument(
        procedure, "guidance", _("G_uidance"),
        _("How strongly the picture is drawn to its class; 1 is none and twice as fast, -1 "
          "takes what the model recommends"),
        -1, EDT_CFG_SCALE_MAX, -1, G_PARAM_READWRITE);
    gimp_procedure_add_double_argument(procedure, "cfg-pow", _("Guidance _curve"),
                                       _("How late the guidance grows to its full strength: 0 is "
                                         "constant, -1 takes what the model "
                                         "recommends"),
                                       -1, edt_setting_named("cfg_pow")->most, -1,
                                       G_PARAM_READWRITE);
    gimp_procedure_add_string_argument(
        procedure, "cfg-interval", _("Guided le_vels"),
        _("At which noise levels there is guidance, from 0 to 1, as two numbers with a comma; the "
          "other steps cost half"),
        "0,1", G_PARAM_READWRITE);
    add_choice(procedure, "amm", _("A_MM"),
               _("The attention modulation matrix makes tokens attend more to their neighbours"),
               &edt_amm_choices, EDT_AMM_AUTO);
    gimp_procedure_add_int_argument(procedure, "count", _("_Number of pictures"),
                                    _("Several pictures with successive seeds, in a layer group"),
                                    1, EDT_COUNT_MAX, 1, G_PARAM_READWRITE);
}

/* Of scripts: a class mixed into the first, and noise of another seed. */
static void add_mix_arguments(GimpProcedure *procedure)
{
    gimp_procedure_add_string_argument(
        procedure, "mix-class", _("Second class"),
        _("A class that has a part in the picture: a name, a synonym or a number; empty for none"),
        "", G_PARAM_READWRITE);
    gimp_procedure_add_double_argument(procedure, "mix", _("Part of the second class"),
                                       _("How much of it there is, from 0 to 1"), 0, 1, 0,
                                       G_PARAM_READWRITE);
    add_choice(procedure, "mix-how", _("Way to mix"), _("What the second class has a part in"),
               &edt_mix_how_choices, EDT_MIX_BLEND);
    gimp_procedure_add_double_argument(
        procedure, "vary", _("Variation"),
        _("How far the picture goes towards that of another seed, from 0 to 1"), 0, 1, 0,
        G_PARAM_READWRITE);
    gimp_procedure_add_double_argument(procedure, "vary-seed", _("Other seed"),
                                       _("Of the variation; -1 takes a new one"), -1, EDT_SEED_MAX,
                                       -1, G_PARAM_READWRITE);
}

static void add_machine_arguments(GimpProcedure *procedure)
{
    gimp_procedure_add_string_argument(
        procedure, "model", _("M_odel"),
        _("A model's name or the path of its file; empty for the first one found"), "",
        G_PARAM_READWRITE);
    add_choice(procedure, "backend", _("_Backend"), _("Where it is computed"), &edt_backend_choices,
               EDT_BACKEND_AUTO);
    add_choice(procedure, "precision", _("Pr_ecision"), _("What it is computed in"),
               &edt_precision_choices, EDT_PRECISION_AUTO);
}

static void add_fit_argument(GimpProcedure *procedure, gboolean aux)
{
    add_choice_of(procedure, aux, "fit", _("_Fit"), _("The size of the new layer"),
                  &edt_fit_choices, EDT_FIT_NATIVE);
}

static void add_layers_return_values(GimpProcedure *procedure)
{
    gimp_procedure_add_image_return_value(procedure, "image", _("Image"),
                                          _("The image with the new layers"), TRUE,
                                          G_PARAM_READWRITE);
    gimp_procedure_add_core_object_array_return_value(procedure, "layers", _("Layers"),
                                                      _("One new layer for every picture"),
                                                      GIMP_TYPE_LAYER, G_PARAM_READWRITE);
}

static void add_redraw_arguments(GimpProcedure *procedure, gboolean aux)
{
    add_double_of(
        procedure, aux, "freedom", _("_Freedom"),
        _("How far the picture may go from the layer: 0 stays close, at 1 it is not looked at"), 1,
        0.6);
    add_choice_of(procedure, aux, "paper", _("White paper"),
                  _("What becomes of white paper under a drawing, for models that draw things on "
                    "transparent ground"),
                  &edt_paper_choices, 0);
}

static void add_fill_arguments(GimpProcedure *procedure, gboolean aux)
{
    add_choice_of(procedure, aux, "into", _("I_nto"), _("What the selection is to the picture"),
                  &edt_into_choices, EDT_INTO_SHAPE);
    add_choice_of(procedure, aux, "context", _("Fit to"), _("What is known around what is missing"),
                  &edt_context_choices, EDT_CONTEXT_LAYER);
    (aux ? gimp_procedure_add_boolean_aux_argument : gimp_procedure_add_boolean_argument)(
        procedure, "careful", _("Careful"),
        _("What is missing fits better what is around it, in nearly three times the time"), FALSE,
        G_PARAM_READWRITE);
    add_double_of(procedure, aux, "margin", _("Margin"),
                  _("How much around what is missing is looked at, as a share of the selection"), 1,
                  0.25);
    add_double_of(procedure, aux, "feather", _("Feather"),
                  _("How softly the new layer's mask ends, in pixels"), 100, 0);
}

/* The dialog edits all of them, whichever procedure opened it. */
void edt_plugin_declare_making(GimpProcedure *procedure, EdtFrom from)
{
    add_picture_arguments(procedure);
    add_mix_arguments(procedure);
    add_machine_arguments(procedure);
    add_fit_argument(procedure, from != EDT_FROM_NOTHING);
    add_redraw_arguments(procedure, from != EDT_FROM_LAYER);
    add_fill_arguments(procedure, from != EDT_FROM_SELECTION);
    add_choice_of(procedure, TRUE, "start", _("Start from"), _("What the picture starts from"),
                  &edt_from_choices, (int)from);
    add_layers_return_values(procedure);
}

void edt_plugin_declare_again(GimpProcedure *procedure)
{
    const EdtSetting *steps = edt_setting_named("steps");
    gimp_procedure_add_double_argument(
        procedure, "seed", _("See_d"),
        _("Of the new picture; -1 takes a new one, -2 the one after the layer's own"), -2,
        EDT_SEED_MAX, -2, G_PARAM_READWRITE);
    gimp_procedure_add_int_argument(procedure, "steps", _("S_teps"),
                                    _("More steps are slower and finer; 0 takes as many as before"),
                                    0, (int)steps->most, 0, G_PARAM_READWRITE);
    add_choice(procedure, "target", _("_Target"), _("Where the new picture goes"),
               &edt_target_choices, EDT_TARGET_REPLACE);
    add_layers_return_values(procedure);
}

void edt_plugin_declare_classes(GimpProcedure *procedure)
{
    gimp_procedure_add_string_argument(procedure, "search", _("_Search"),
                                       _("Part of a name; empty for all classes"), "",
                                       G_PARAM_READWRITE);
    gimp_procedure_add_string_argument(procedure, "model", _("M_odel"),
                                       _("A model's name or path; empty for the first one found"),
                                       "", G_PARAM_READWRITE);
    /* Numbers as text: "class" of plug-in-edt-generate takes it, and Python reads it. */
    gimp_procedure_add_string_array_return_value(procedure, "numbers", _("Numbers"),
                                                 _("The numbers of the classes, best match first"),
                                                 G_PARAM_READWRITE);
    gimp_procedure_add_string_array_return_value(procedure, "names", _("Names"),
                                                 _("The names of the classes in the same order"),
                                                 G_PARAM_READWRITE);
    gimp_procedure_add_string_array_return_value(procedure, "styles", _("Styles"),
                                                 _("The names of the styles of the model, if any"),
                                                 G_PARAM_READWRITE);
}

void edt_plugin_declare_models(GimpProcedure *procedure)
{
    gimp_procedure_add_string_array_return_value(procedure, "paths", _("Paths"),
                                                 _("The files of the models that were found"),
                                                 G_PARAM_READWRITE);
    gimp_procedure_add_string_array_return_value(procedure, "titles", _("Titles"),
                                                 _("Their titles, or else their variants"),
                                                 G_PARAM_READWRITE);
    gimp_procedure_add_string_array_return_value(procedure, "sizes", _("Sizes"),
                                                 _("The width of their pictures in pixels"),
                                                 G_PARAM_READWRITE);
}
