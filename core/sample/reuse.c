/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See reuse.h.
 */
#include "sample/reuse.h"

gboolean edt_reuse_next(EdtReuse *reuse, int samples, gboolean anew)
{
    reuse->age++;
    if (!anew && samples <= reuse->samples && reuse->age < reuse->every)
        return TRUE;
    reuse->samples = samples;
    reuse->age = 0;
    return FALSE;
}
