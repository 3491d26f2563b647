/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a test may ask of the simulated machine: what it has, when it fails, what it did.
 */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int devices, major;          /* GPUs and their compute capability: 1, 9 at first */
    long fail_alloc, fail_launch; /* the n-th from now on fails (0: none) */
    long allocs, launches, replays; /* so far */
    long live;                   /* cudaMalloc, streams, events, graphs that were not given back */
} EdtHostMachine;

extern EdtHostMachine edt_host_machine;

#ifdef __cplusplus
}
#endif
