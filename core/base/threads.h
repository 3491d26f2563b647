/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many threads to use.  OpenMP is the one pool; oneDNN and our kernels share it.
 */
#pragma once

/* wish > 0: that; else EDT_THREADS, OMP_NUM_THREADS, else the physical cores this process may run
 * on. */
int edt_threads_resolve(int wish);
/* The pool of the calling thread from now on (OpenMP keeps one per calling thread). */
void edt_threads_use(int threads);
