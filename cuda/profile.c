/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which operation takes how long; see device.h.  Timed operations wait for their end, so a profiled
 * run is slower than others, and no step is recorded in it.
 */
#include "device.h"

#include <glib/gi18n-lib.h>

void edt_cuda_begin(EdtDevice *dev)
{
    if (dev->profiling)
        cudaEventRecord(dev->begun, dev->stream);
}

void edt_cuda_end(EdtDevice *dev, EdtProfileKind kind, double flops)
{
    float ms = 0;
    if (!dev->profiling)
        return;
    cudaEventRecord(dev->ended, dev->stream);
    edt_cuda_check(dev, cudaEventSynchronize(dev->ended), N_("a timed operation"));
    cudaEventElapsedTime(&ms, dev->begun, dev->ended);
    edt_profile_add(&dev->profile[kind], ms * 1e-3,
                    (EdtProfileWork){
                        .factors = dev->act == EDT_BF16 ? EDT_FACTORS_BF16 : EDT_FACTORS_F32,
                        .flops = flops,
                    });
}

void edt_cuda_profile(EdtDevice *dev, gboolean on)
{
    dev->profiling = on;
    if (on)
        edt_profile_begin(dev->profile);
}

const EdtProfileRow *edt_cuda_profile_rows(EdtDevice *dev)
{
    return dev->profile;
}
