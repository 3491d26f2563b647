/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CPU backend's door: the table that compute/backend.c hands out.
 */
#pragma once

#include "compute/backend.h"

const EdtBackend *edt_backend_cpu(void);
