/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See task.h.
 */
#include "cli/task.h"

void edt_cli_task_clear(EdtCliTask *task)
{
    edt_cli_canvas_clear(&task->canvas);
    g_free(task->output);
    g_clear_error(&task->error);
}
