/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of a forecast (edt.h, edt_memory_forecast) that is measured here.  Private to engine/.
 */
#pragma once

#include "edt.h"

/* Bytes of host and of device memory for the steps of n guided pictures, with whatever a canvas may
 * ask of them: carved as run.c does. */
void edt_forecast_steps(const EdtModelInfo *info, int n, gsize *host, gsize *device);
