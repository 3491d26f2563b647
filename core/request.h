/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether a model can answer a request, beside what edt.h says of one.  Private to core/.
 */
#pragma once

#include "edt.h"

/* Everything but memory.  Errors: EDT_ERROR_USAGE. */
gboolean edt_request_check(const EdtModelInfo *info, const EdtRequest *request, GError **error);
