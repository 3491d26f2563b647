/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Labels and help of the words.  The first of a list is not always the default: plugin/arguments.c
 * says which is.
 */
#include "session/words.h"
#include "settings.h"

#include <glib/gi18n.h>
#include <string.h>

const char *edt_setting_label(const char *name)
{
    static const char *const labels[][2] = {{"sampler", N_("Sam_pler")},
                                            {"steps", N_("S_teps")},
                                            {"reuse", N_("Inner stages _kept")},
                                            {"cfg_interval", N_("Guided le_vels")},
                                            {"vae", N_("_Autoencoder (VAE)")}};
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        if (strcmp(labels[i][0], name) == 0)
            return labels[i][1];
    return name;
}

static const EdtChoice samplers[] = {
    {EDT_SAMPLER_DPMPP_2M, N_("DPM++ 2M (fast)"), N_("Good pictures in 20 to 30 steps")},
    {EDT_SAMPLER_UNIPC, N_("UniPC (fewest steps)"), N_("Good pictures in 8 to 15 steps")},
    {EDT_SAMPLER_DDIM, N_("DDIM"), N_("Deterministic; 50 steps or more")},
    {EDT_SAMPLER_DDPM, N_("DDPM (as in the paper)"),
     N_("Draws noise in every step; 250 steps or more")},
    {0, NULL, NULL}};
const EdtChoices edt_sampler_choices = {edt_sampler_words, samplers};

static const EdtChoice speeds[] = {
    {EDT_SPEED_NONE, N_("As set"), N_("Every setting counts as it is")},
    {EDT_SPEED_FAST, N_("Draft"), N_("A picture to choose from: few steps, and shortcuts in them")},
    {EDT_SPEED_BALANCED, N_("Normal"), N_("Hardly anything is lost")},
    {EDT_SPEED_EXACT, N_("Fine"), N_("Many steps, and nothing left out")},
    {0, NULL, NULL}};
const EdtChoices edt_speed_choices = {edt_speed_words, speeds};

static const EdtChoice spacings[] = {{EDT_SPACING_EVEN, N_("Even"), N_("As in the published code")},
                                     {EDT_SPACING_KARRAS, N_("Finer at the end"),
                                      N_("More steps where little noise is left (Karras)")},
                                     {0, NULL, NULL}};
const EdtChoices edt_spacing_choices = {edt_spacing_words, spacings};

static const EdtChoice amms[] = {
    {EDT_AMM_AUTO, N_("Automatic"),
     N_("The placement that suits the model's size and the guidance")},
    {EDT_AMM_OFFICIAL, N_("Official"), N_("The placement of the published code")},
    {EDT_AMM_OFF, N_("Off"), N_("Plain attention")},
    {0, NULL, NULL}};
const EdtChoices edt_amm_choices = {edt_amm_words, amms};

static const EdtChoice backends[] = {
    {EDT_BACKEND_AUTO, N_("Automatic"),
     N_("The graphics card where it can be used, else the processor")},
    {EDT_BACKEND_CPU, N_("Processor (CPU)"), N_("Works on every machine")},
    {EDT_BACKEND_CUDA, N_("Graphics card (CUDA)"), N_("Needs an NVIDIA graphics card")},
    {0, NULL, NULL}};
const EdtChoices edt_backend_choices = {edt_backend_words, backends};

static const EdtChoice precisions[] = {
    {EDT_PRECISION_AUTO, N_("Automatic"),
     N_("bf16 where the machine has instructions for it, else f32")},
    {EDT_PRECISION_F32, N_("Exact (f32)"), N_("32-bit floats")},
    {EDT_PRECISION_BF16, N_("Fast (bf16)"), N_("16-bit floats; half the memory")},
    {EDT_PRECISION_INT8, N_("Faster (int8)"),
     N_("8-bit integers on processors that have instructions for them; a little off")},
    {0, NULL, NULL}};
const EdtChoices edt_precision_choices = {edt_precision_words, precisions};

static const EdtChoice mix_hows[] = {
    {EDT_MIX_BLEND, N_("Blend"), N_("Something of both")},
    {EDT_MIX_SHAPE, N_("Shape of the first"), N_("In the looks of the second")},
    {0, NULL, NULL}};
const EdtChoices edt_mix_how_choices = {edt_mix_how_words, mix_hows};

static const EdtChoice decodes[] = {
    {EDT_DECODE_FULL, N_("Fine"), N_("The model's own, with all details")},
    {EDT_DECODE_DRAFT, N_("Draft"), N_("The small one beside it, in a fifteenth of the time")},
    {0, NULL, NULL}};
const EdtChoices edt_decode_choices = {edt_decode_words, decodes};

static const EdtChoice fits[] = {
    {EDT_FIT_NATIVE, N_("Native size"), N_("The size the model makes; no pixel is resampled")},
    {EDT_FIT_SELECTION, N_("Scale to selection"),
     N_("As large as fits into the selection, or into the image where nothing is selected")},
    {EDT_FIT_IMAGE, N_("Scale to image"), N_("As large as fits into the image")},
    {0, NULL, NULL}};
static const EdtChoice arranges[] = {
    {EDT_ARRANGE_STACK, N_("On top of each other"), N_("All of them at one place")},
    {EDT_ARRANGE_ROW, N_("In a row"), N_("Side by side")},
    {EDT_ARRANGE_GRID, N_("In a grid"), N_("In rows of as many as leave them largest")},
    {0, NULL, NULL}};
static const char *const arrange_words[] = {"stack", "row", "grid", NULL};
const EdtChoices edt_arrange_choices = {arrange_words, arranges};

static const EdtChoice targets[] = {
    {EDT_TARGET_REPLACE, N_("In its place"),
     N_("Position, size, mask, mode and opacity of the layer stay")},
    {EDT_TARGET_ABOVE, N_("Above it"), N_("As a new layer of the same size")},
    {0, NULL, NULL}};
static const char *const target_words[] = {"replace", "above", NULL};
const EdtChoices edt_target_choices = {target_words, targets};

static const char *const fit_words[] = {"native", "selection", "image", NULL};
const EdtChoices edt_fit_choices = {fit_words, fits};

static const EdtChoice papers[] = {
    {0, N_("Automatic"), N_("White paper goes where the layer has no transparency")},
    {1, N_("Stays"), N_("White is a color like any other")},
    {2, N_("Becomes transparent"),
     N_("What an outline encloses becomes gray, as the body of a thing")},
    {0, NULL, NULL}};
static const char *const paper_words[] = {"auto", "keep", "transparent", NULL};
const EdtChoices edt_paper_choices = {paper_words, papers};

static const EdtChoice intos[] = {
    {EDT_INTO_SHAPE, N_("Fill its shape"), N_("The thing gets the shape of the selection")},
    {EDT_INTO_MISSING, N_("Complete what is missing"), N_("What is made fits what is around it")},
    {EDT_INTO_PLACE, N_("Only its place"), N_("As large as fits into the selection")},
    {0, NULL, NULL}};
static const char *const into_words[] = {"shape", "missing", "place", NULL};
const EdtChoices edt_into_choices = {into_words, intos};

static const EdtChoice contexts[] = {
    {EDT_CONTEXT_LAYER, N_("The layer"), N_("The drawing on the selected layer is completed")},
    {EDT_CONTEXT_VISIBLE, N_("What is visible"),
     N_("All layers together; not for models that draw things on transparent ground")},
    {0, NULL, NULL}};
static const char *const context_words[] = {"layer", "visible", NULL};
const EdtChoices edt_context_choices = {context_words, contexts};

static const EdtChoice froms[] = {
    {EDT_FROM_NOTHING, N_("Nothing"), N_("The picture is free")},
    {EDT_FROM_LAYER, N_("Layer"), N_("The selected layer is a sketch of the picture")},
    {EDT_FROM_SELECTION, N_("Selection"), N_("The picture is made for the selected area")},
    {0, NULL, NULL}};
static const char *const from_words[] = {"nothing", "layer", "selection", NULL};
const EdtChoices edt_from_choices = {from_words, froms};

static const EdtChoice betweens[] = {
    {EDT_BETWEEN_SETTINGS, N_("Classes or seeds"), N_("As they are chosen here")},
    {EDT_BETWEEN_LAYERS, N_("Two layers"),
     N_("From the lower to the upper one of two selected layers that EDT made")},
    {0, NULL, NULL}};
static const char *const between_words[] = {"settings", "layers", NULL};
const EdtChoices edt_between_choices = {between_words, betweens};

static const EdtChoice wheres[] = {
    {EDT_WHERE_SELECTION, N_("In the selection"), N_("As one layer; outside nothing changes")},
    {EDT_WHERE_TILE, N_("On a seamless tile"),
     N_("A new image: what leaves it on one side comes in on the other")},
    {0, NULL, NULL}};
static const char *const where_words[] = {"selection", "tile", NULL};
const EdtChoices edt_where_choices = {where_words, wheres};

/* GIMP's own words. */
static const EdtChoice turns[] = {
    {0, N_("At random"), N_("Any picture comes next")},
    {1, N_("In turn"), N_("One after the other")},
    {2, N_("By direction"), N_("The direction of the stroke chooses")},
    {0, NULL, NULL}};
static const char *const turns_words[] = {"random", "incremental", "angular", NULL};
const EdtChoices edt_turns_choices = {turns_words, turns};
