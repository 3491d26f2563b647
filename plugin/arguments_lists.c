/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arguments and return values of the procedures that list classes and models; lists.c answers them.
 */
#include "plugin/arguments.h"

#include <glib/gi18n.h>

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
