/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How OpenMP's threads wait for each other.  GNU OpenMP lets them spin for milliseconds at every
 * barrier: beside another busy program the one that is waited for does not get the processor
 * meanwhile, and a step takes twenty times as long.  It reads how often to spin from the
 * environment and only when it is loaded, so the number has to be there before.  Whoever chose it
 * (GOMP_SPINCOUNT, OMP_WAIT_POLICY) keeps what he chose; children do not see ours.
 */
#pragma once

#include <glib.h>

/* For a program that is linked with OpenMP, before it has done anything else: begins it anew, in
 * the same process and with the same arguments, where OpenMP was loaded without the number. */
void edt_waiting_restart(char **argv);
/* For a program that loads OpenMP with a module: around the loading.  What _begin answers is for
 * _end. */
gboolean edt_waiting_begin(void);
void edt_waiting_end(gboolean begun);
