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
    size_t memory;               /* of the GPU: 8 GiB at first */
    /* The n-th from now on fails (0: none): allocations, launches, calls of any kind but those that
     * give something back. */
    long fail_alloc, fail_launch, fail_call;
    int dies, dead;              /* a call that fails is the GPU's last; it is dead */
    long allocs, launches, replays, calls; /* so far */
    size_t held, most;           /* bytes of its memory that are taken, and were at most */
    size_t brought;              /* bytes copied back to the host */
    long live;                   /* allocations, streams, events, graphs not given back */
} EdtHostMachine;

extern EdtHostMachine edt_host_machine;

#ifdef __cplusplus
}
#endif
