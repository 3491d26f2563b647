/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP stores the last used values when an interactive run has ended well.  This dialog
 * stays open for long, so they are stored at every Generate: a killed GIMP loses nothing.
 */
#pragma once

#include <libgimp/gimp.h>

void edt_last_values_save(GimpProcedureConfig *config);
