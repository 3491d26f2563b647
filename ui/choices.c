/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The words of choices.h.  Order is what the dialog shows; the first word of sampler, AMM, backend
 * and precision is not always the default: plugin/arguments.c says which is.
 */
#include "ui/choices.h"

#include <glib/gi18n.h>

const EdtChoice edt_ui_samplers[] = {
    {"dpm++2m", N_("DPM++ 2M (fast)"), N_("Good pictures in 20 to 30 steps")},
    {"ddim", N_("DDIM"), N_("Deterministic; 50 steps or more")},
    {"ddpm", N_("DDPM (as in the paper)"), N_("Draws noise in every step; 250 steps or more")},
    {NULL, NULL, NULL}};

const EdtChoice edt_ui_amms[] = {
    {"auto", N_("Automatic"), N_("The placement that suits the model's size and the guidance")},
    {"official", N_("Official"), N_("The placement of the published code")},
    {"off", N_("Off"), N_("Plain attention")},
    {NULL, NULL, NULL}};

const EdtChoice edt_ui_backends[] = {
    {"auto", N_("Automatic"), N_("The graphics card where it can be used, else the processor")},
    {"cpu", N_("Processor (CPU)"), N_("Works on every machine")},
    {"cuda", N_("Graphics card (CUDA)"), N_("Needs an NVIDIA graphics card")},
    {NULL, NULL, NULL}};

const EdtChoice edt_ui_precisions[] = {
    {"auto", N_("Automatic"), N_("bf16 where the machine has instructions for it, else f32")},
    {"f32", N_("Exact (f32)"), N_("32-bit floats")},
    {"bf16", N_("Fast (bf16)"), N_("16-bit floats; half the memory")},
    {NULL, NULL, NULL}};

const EdtChoice edt_ui_fits[] = {
    {"native", N_("Native size"), N_("The size the model makes; no pixel is resampled")},
    {"selection", N_("Scale to selection"),
     N_("As large as fits into the selection, or into the image where nothing is selected")},
    {"image", N_("Scale to image"), N_("As large as fits into the image")},
    {NULL, NULL, NULL}};

int edt_ui_choice_find(const EdtChoice *choices, const char *word)
{
    for (int i = 0; choices[i].word; i++)
        if (g_strcmp0(choices[i].word, word) == 0)
            return i;
    return -1;
}
