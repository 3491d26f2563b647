/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a run ends, in GIMP's words; see answer.h.
 */
#include "plugin/answer.h"

#include <glib/gi18n.h>

GimpValueArray *edt_answer_failed(GimpProcedure *procedure, GError *error)
{
    if (!error)
        return gimp_procedure_new_return_values(procedure, GIMP_PDB_CANCEL, NULL);
    gboolean usage = g_error_matches(error, EDT_ERROR, EDT_ERROR_USAGE);
    return gimp_procedure_new_return_values(
        procedure, usage ? GIMP_PDB_CALLING_ERROR : GIMP_PDB_EXECUTION_ERROR, error);
}

GimpValueArray *edt_answer_succeeded(GimpProcedure *procedure, GimpImage *image, GimpLayer **layers)
{
    GimpValueArray *values = gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, NULL);
    GIMP_VALUES_SET_IMAGE(values, 1, image);
    GIMP_VALUES_TAKE_CORE_OBJECT_ARRAY(values, 2, (GObject **)layers);
    return values;
}

GError *edt_answer_sum_up(const EdtOutcome *outcome, const GError *refused)
{
    const GError *errors[] = {outcome->error, refused, outcome->history_error}, *first = NULL;
    GString *text = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++) {
        if (!errors[i])
            continue;
        g_string_append_printf(text, "%s%s", first ? " " : "", errors[i]->message);
        first = first ? first : errors[i];
    }
    if (first && outcome->pictures && !outcome->history_error)
        g_string_append_printf(text, " %s", _("What was made is in the history."));
    GError *sum = first ? g_error_new_literal(first->domain, first->code, text->str) : NULL;
    g_string_free(text, TRUE);
    return sum;
}
