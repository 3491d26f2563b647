/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model file says of itself, for those inside core/ who have it open already.
 */
#pragma once

#include "edt.h"
#include "files/safetensors.h"
#include "network/layers.h"

/* As edt_model_info_read(), of an open file.  variant (may be NULL) receives the shape. */
EdtModelInfo *edt_model_info_of(const EdtSafetensors *file, const char *path, EdtVariant *variant,
                                GError **error);
