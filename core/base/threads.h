/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many threads to use.  OpenMP is the one pool; oneDNN and our kernels share it.
 */
#pragma once

#define EDT_THREADS_MAX 1024

/* wish > 0: that; else EDT_THREADS, OMP_NUM_THREADS, else edt_threads_available("/"). */
int edt_threads_resolve(int wish);
/* One for each physical core that this process may run on, no more than its control groups give it
 * time for (cgroup.h, also for root), and a fair share of them beside other ranks (launcher.h). */
int edt_threads_available(const char *root);
/* The pool of the calling thread from now on (OpenMP keeps one per calling thread). */
void edt_threads_use(int threads);
