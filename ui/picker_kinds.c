/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is picked, in words; see picker.h.
 */
#include "ui/picker.h"

#include <glib/gi18n.h>

const EdtPickerKind edt_picker_class = {"class", N_("Cl_ass"), N_("Search classes"),
                                        N_("Any class, at random")};
const EdtPickerKind edt_picker_second = {"mix-class", N_("Second class"),
                                         N_("Search second classes"), N_("None")};
const EdtPickerKind edt_picker_last = {"to-class", N_("Class at the _end"),
                                       N_("Search classes for the end"), N_("The same class")};
