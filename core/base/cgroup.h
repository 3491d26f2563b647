/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What control groups leave to this process: a container, a unit of systemd or a batch job may use
 * less than the machine has.  Groups lie in each other, and the least of all of them counts.  Both
 * versions of the kernel's interface.  Used by memory.c and threads.c; root is "/", or in a test a
 * folder with proc/ and sys/ in it.
 */
#pragma once

#include <glib.h>

/* Bytes that can still be had: limits less what is in use, but for what the kernel gives back when
 * it is asked to (files in its cache).  G_MAXUINT64: no limit. */
guint64 edt_cgroup_memory(const char *root);
/* Processors' worth of time; infinite: no limit. */
double edt_cgroup_processors(const char *root);
