/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The callbacks that a run hands to the engine: bar, step events, previews, the answer to Ctrl-C.
 */
#pragma once

#include "cli/command.h"

extern const EdtCallbacks edt_cli_progress; /* user_data: the EdtCliRun */
