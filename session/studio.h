/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A studio owns a thread and the engine, which stays loaded between jobs as long as model, backend
 * and precision stay.
 */
#pragma once

#include "session/job.h"

typedef struct EdtStudio EdtStudio;

EdtStudio *edt_studio_new(void);
void edt_studio_free(EdtStudio *studio); /* gives up what runs; NULL is fine */
EdtJob *edt_studio_start(EdtStudio *studio, EdtOrder *order, const EdtJobWatch *watch,
                         gpointer user_data);
