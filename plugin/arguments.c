/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arguments and return values of the procedures; session/order.c reads them, ui/
 * edits them.  Their words are session/words.c, bounds and defaults core/settings.c.
 */
#include "plugin/arguments.h"
#include "canvas.h"
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
    const EdtSetting *steps = edt_setting_named("steps"), *reuse = edt_setting_named("reuse");
    EdtRequest usual;
    edt_settings_usual(&usual);
    gimp_procedure_add_string_argument(
        procedure, "class", _("Cl_ass"),
        _("What is pictured: a name, a synonym or a number; empty for a class at random"), "",
        G_PARAM_READWRITE);
    gimp_procedure_add_string_argument(
        procedure, "style", _("St_yle"),
        _("How it is drawn, where the model has styles: a name, a number, “random” or “any”; "
          "empty for the first one"),
        "", G_PARAM_READWRITE);
    gimp_procedure_add_double_argument(/* whole numbers: an int would not hold every seed */
                                       procedure, "seed", _("See_d"),
                                       _("The same seed with the same settings makes the same "
                                         "picture; -1 takes a new one"),
                                       -1, EDT_SEED_MAX, -1, G_PARAM_READWRITE);
    add_choice(procedure, "speed", _("Speed"),
               _("A preset of sampler, steps, inner stages and guided levels; what is set "
                 "otherwise than it begins stays"),
               &edt_speed_choices, EDT_SPEED_NONE);
    gimp_procedure_add_int_argument(procedure, "steps", _(edt_setting_label("steps")),
                                    _("More steps are slower and finer"), (int)steps->least,
                                    (int)steps->most, usual.steps, G_PARAM_READWRITE);
    add_choice(procedure, "sampler", _(edt_setting_label("sampler")),
               _("How noise is taken away step by step"), &edt_sampler_choices, (int)usual.sampler);
    add_choice(procedure, "spacing", _("Spacing of the steps"),
               _("Where between noise and picture there are more of them"), &edt_spacing_choices,
               (int)usual.spacing);
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
        procedure, "cfg-interval", _(edt_setting_label("cfg_interval")),
        _("At which noise levels there is guidance, from 0 to 1, as two numbers with a comma; the "
          "other steps cost half"),
        "0,1", G_PARAM_READWRITE);
    gimp_procedure_add_int_argument(
        procedure, "reuse", _(edt_setting_label("reuse")),
        _("The coarse stages of the network are computed at every so many of the less noisy steps; "
          "1 is exact"),
        (int)reuse->least, (int)reuse->most, 1, G_PARAM_READWRITE);
    add_choice(procedure, "amm", _("A_MM"),
               _("The attention modulation matrix makes tokens attend more to their neighbours"),
               &edt_amm_choices, (int)usual.amm);
    add_choice(procedure, "vae", _(edt_setting_label("vae")),
               _("Which autoencoder makes the pixels, of models that have a small one, too"),
               &edt_decode_choices, (int)usual.vae);
}

/* What becomes of the pictures in the end. */
static void add_palette_argument(GimpProcedure *procedure)
{
    gimp_procedure_add_string_argument(
        procedure, "palette", _("Palette"),
        _("The colors that the new layer may have: the name of a palette of GIMP, “active” for its "
          "active one, “image” for those of an image with indexed colors; empty for all"),
        "", G_PARAM_READWRITE);
}

static void add_count_argument(GimpProcedure *procedure)
{
    gimp_procedure_add_int_argument(procedure, "count", _("_Number of pictures"),
                                    _("Several pictures with successive seeds, in a layer group"),
                                    1, EDT_COUNT_MAX, 1, G_PARAM_READWRITE);
    gimp_procedure_add_double_array_argument(/* as the seed */
                                             procedure, "seeds", _("Seeds"),
                                             _("A picture from each of these, instead of "
                                               "successive ones"),
                                             G_PARAM_READWRITE);
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

static void add_place_arguments(GimpProcedure *procedure, gboolean aux)
{
    add_fit_argument(procedure, aux);
    add_choice_of(procedure, aux, "arrange", _("Arrangement"), _("Where several pictures lie"),
                  &edt_arrange_choices, EDT_ARRANGE_STACK);
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
        EDT_CANVAS_FREEDOM);
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
    add_count_argument(procedure);
    add_mix_arguments(procedure);
    add_machine_arguments(procedure);
    add_palette_argument(procedure);
    add_place_arguments(procedure, from != EDT_FROM_NOTHING);
    add_redraw_arguments(procedure, from != EDT_FROM_LAYER);
    add_fill_arguments(procedure, from != EDT_FROM_SELECTION);
    add_choice_of(procedure, TRUE, "start", _("Start from"), _("What the picture starts from"),
                  &edt_from_choices, (int)from);
    gimp_procedure_add_boolean_aux_argument(
        procedure, "at-once", _("Insert at once"),
        _("Whether pictures are finished and inserted at once, or drafts are made to choose from"),
        FALSE, G_PARAM_READWRITE);
    add_layers_return_values(procedure);
}

/* ---- procedures with a small dialog ---- */

typedef enum { A_TEXT, A_WHOLE, A_NUMBER, A_FLAG, A_CHOICE } Kind;

typedef struct {
    const char *name;
    Kind kind;
    double least, most, usual;
    const EdtChoices *choices;
    const char *nick, *blurb; /* N_() */
} Argument;

static void add_argument(GimpProcedure *procedure, const Argument *a)
{
    const char *nick = _(a->nick), *blurb = _(a->blurb);
    switch (a->kind) {
    case A_TEXT:
        gimp_procedure_add_string_argument(procedure, a->name, nick, blurb, "", G_PARAM_READWRITE);
        break;
    case A_WHOLE:
        gimp_procedure_add_int_argument(procedure, a->name, nick, blurb, (int)a->least,
                                        (int)a->most, (int)a->usual, G_PARAM_READWRITE);
        break;
    case A_NUMBER:
        gimp_procedure_add_double_argument(procedure, a->name, nick, blurb, a->least, a->most,
                                           a->usual, G_PARAM_READWRITE);
        break;
    case A_FLAG:
        gimp_procedure_add_boolean_argument(procedure, a->name, nick, blurb, a->usual != 0,
                                            G_PARAM_READWRITE);
        break;
    case A_CHOICE:
        add_choice(procedure, a->name, nick, blurb, a->choices, (int)a->usual);
        break;
    }
}

static void add_arguments(GimpProcedure *procedure, const Argument *arguments, gsize n)
{
    for (gsize i = 0; i < n; i++)
        add_argument(procedure, &arguments[i]);
}

/* clang-format off */
static const Argument morph_arguments[] = {
    {"between", A_CHOICE, 0, 0, EDT_BETWEEN_SETTINGS, &edt_between_choices, N_("_Between"),
     N_("What it goes between; of two layers all settings are their own")},
    {"to-class", A_TEXT, 0, 0, 0, NULL, N_("Class at the _end"),
     N_("What it becomes: a name, a synonym or a number; empty for the same class")},
    {"to-seed", A_NUMBER, -1, EDT_SEED_MAX, -1, NULL, N_("Seed at the e_nd"),
     N_("-1 is the same seed for another class, and a new one for the same class")},
    {"mix-how", A_CHOICE, 0, 0, EDT_MIX_BLEND, &edt_mix_how_choices, N_("_Way to mix"),
     N_("What of the other class there is at the end: all of it, or its looks alone")},
    {"frames", A_WHOLE, 0, EDT_FRAMES_MAX, 12, NULL, N_("Fra_mes"),
     N_("How many there are from the beginning to the end, both of them included")},
    {"even", A_FLAG, 0, 0, 0, NULL, N_("E_ven steps"),
     N_("Every frame is as far from the next as the others: drafts are made first, to measure it")},
    {"frame-time", A_WHOLE, 10, 60000, 100, NULL, N_("Time o_f a frame"),
     N_("In milliseconds")},
    {"back", A_FLAG, 0, 0, 0, NULL, N_("There and bac_k"),
     N_("The frames between the ends come once more, in reverse: it can play for ever")},
    {"new-image", A_FLAG, 0, 0, 0, NULL, N_("In a new _image"),
     N_("As layers that can be played or exported at once, instead of as a layer group")},
};

static const Argument where_arguments[] = {
    {"where", A_CHOICE, 0, 0, EDT_WHERE_SELECTION, &edt_where_choices, N_("_Where"),
     N_("What they are scattered over")},
    {"whole", A_FLAG, 0, 0, 1, NULL, N_("_Keep them whole"),
     N_("No picture leaves the selection")},
};

static const Argument scatter_arguments[] = {
    {"tile", A_WHOLE, 16, 4096, 256, NULL, N_("W_idth of the tile"),
     N_("And its height, in pixels")},
    {"spots", A_WHOLE, 1, 2000, 40, NULL, N_("How _many"),
     N_("So many are placed, or as many as there is room for")},
    {"count", A_WHOLE, 1, EDT_COUNT_MAX, 6, NULL, N_("Different on_es"),
     N_("So many pictures are made, with successive seeds; each comes as often as the others")},
    {"size", A_WHOLE, 0, 4096, 0, NULL, N_("Si_ze"),
     N_("Of the largest, in pixels; 0 is as they are made")},
    {"differ", A_NUMBER, 0, 1, 0.3, NULL, N_("Size di_fference"),
     N_("How much smaller the smallest are: 0 is not at all")},
    {"turn", A_NUMBER, 0, 180, 20, NULL, N_("T_urn"), N_("By so many degrees at most, either way")},
    {"distance", A_NUMBER, 0, 10, 0.9, NULL, N_("Least dista_nce"),
     N_("Of their middles, in their size: 1 lets them touch, 0 lets them lie on each other")},
};

static const Argument brush_arguments[] = {
    {"count", A_WHOLE, 1, EDT_COUNT_MAX, 6, NULL, N_("Different on_es"),
     N_("So many pictures the brush has, with successive seeds")},
    {"turns", A_CHOICE, 0, 0, 0, &edt_turns_choices, N_("Which _next"),
     N_("What chooses between several pictures")},
    {"stroke-spacing", A_WHOLE, 1, 1000, 100, NULL, N_("Spac_ing"),
     N_("Between two of them in a stroke, in percent of their size")},
};
/* clang-format on */

static void add_scattered(GimpProcedure *procedure)
{
    add_picture_arguments(procedure);
    add_machine_arguments(procedure);
    add_palette_argument(procedure);
    add_arguments(procedure, scatter_arguments, G_N_ELEMENTS(scatter_arguments));
}

void edt_plugin_declare_scatter(GimpProcedure *procedure)
{
    add_scattered(procedure);
    add_arguments(procedure, where_arguments, G_N_ELEMENTS(where_arguments));
    add_layers_return_values(procedure);
}

static void add_file_return_value(GimpProcedure *procedure)
{
    gimp_procedure_add_file_return_value(procedure, "file", _("File"), _("Where it was saved"),
                                         G_PARAM_READWRITE);
}

void edt_plugin_declare_brush(GimpProcedure *procedure)
{
    add_picture_arguments(procedure);
    add_machine_arguments(procedure);
    add_palette_argument(procedure);
    add_arguments(procedure, brush_arguments, G_N_ELEMENTS(brush_arguments));
    gimp_procedure_add_brush_return_value(procedure, "brush", _("Brush"), _("The new brush"),
                                          G_PARAM_READWRITE);
    add_file_return_value(procedure);
}

void edt_plugin_declare_pattern(GimpProcedure *procedure)
{
    add_scattered(procedure);
    gimp_procedure_add_pattern_return_value(procedure, "pattern", _("Pattern"),
                                            _("The new pattern"), G_PARAM_READWRITE);
    add_file_return_value(procedure);
}

void edt_plugin_declare_morph(GimpProcedure *procedure)
{
    add_picture_arguments(procedure);
    add_machine_arguments(procedure);
    add_palette_argument(procedure);
    add_fit_argument(procedure, FALSE);
    add_arguments(procedure, morph_arguments, G_N_ELEMENTS(morph_arguments));
    add_layers_return_values(procedure);
}

void edt_plugin_declare_again(GimpProcedure *procedure)
{
    const EdtSetting *steps = edt_setting_named("steps");
    gimp_procedure_add_double_argument(
        procedure, "seed", _("See_d"),
        _("Of the new picture; -1 takes a new one, -2 the one after the layer's own"), -2,
        EDT_SEED_MAX, -2, G_PARAM_READWRITE);
    gimp_procedure_add_int_argument(procedure, "steps", _(edt_setting_label("steps")),
                                    _("More steps are slower and finer; 0 takes as many as before"),
                                    0, (int)steps->most, 0, G_PARAM_READWRITE);
    add_choice(procedure, "target", _("_Target"), _("Where the new picture goes"),
               &edt_target_choices, EDT_TARGET_REPLACE);
    add_layers_return_values(procedure);
}
