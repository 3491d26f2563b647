/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a procedure answers: values for a script or GIMP's message dialog, and one sentence of what
 * went wrong.
 */
#pragma once

#include "session/job.h"

#include <libgimp/gimp.h>

/* All that went wrong in a job and in inserting its pictures (NULL: GIMP took them) as one error;
 * NULL: nothing did. */
GError *edt_answer_sum_up(const EdtOutcome *outcome, const GError *refused);
/* Error values; takes the error.  NULL: somebody cancelled it. */
GimpValueArray *edt_answer_failed(GimpProcedure *procedure, GError *error);
/* Success with the image and layers (NULL-terminated array, taken; NULL: none). */
GimpValueArray *edt_answer_succeeded(GimpProcedure *procedure, GimpImage *image,
                                     GimpLayer **layers);
