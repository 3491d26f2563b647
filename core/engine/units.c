/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a machine can do at most, as the device measures it, and what that leaves of an operation's
 * time: the roofline behind `edt bench` (Williams et al. 2009).
 */
#include "machine.h"
#include "base/threads.h"
#include "compute/backend.h"

double edt_bench_peak(const EdtEngineOptions *options, GError **error)
{
    EdtDeviceOptions resolved;
    double gflops = 0;
    const EdtBackend *backend = edt_backend_choose(options, &resolved, NULL, error);
    EdtDevice *dev = backend ? backend->open(&resolved, error) : NULL;
    if (dev) {
        gflops = backend->peak(dev) * 1e-9;
        backend->close(dev);
    }
    return gflops;
}

gboolean edt_bench_units(int threads, EdtBenchUnits *units, GError **error)
{
    const EdtEngineOptions wish = {threads, EDT_BACKEND_CPU, EDT_PRECISION_F32};
    EdtUnitRate rates[EDT_UNITS];
    double memory[EDT_REACHES];
    EdtDeviceOptions resolved;
    const EdtBackend *backend = edt_backend_choose(&wish, &resolved, NULL, error);
    EdtDevice *dev = backend ? backend->open(&resolved, error) : NULL;

    *units = (EdtBenchUnits){0};
    if (!dev)
        return FALSE;
    edt_threads_use(resolved.threads);
    units->threads = resolved.threads;
    units->n = backend->units(dev, rates, memory, &units->got);
    for (int i = 0; i < units->n; i++) {
        units->of[i].what = rates[i].unit;
        units->of[i].factors = rates[i].factors;
        units->of[i].rate = rates[i].rate * 1e-9;
    }
    for (int i = 0; i < EDT_REACHES; i++) {
        units->memory[i].bytes = edt_reaches[i];
        units->memory[i].rate = memory[i] * 1e-9;
    }
    backend->close(dev);
    return TRUE;
}

/* The fastest unit for factors; -1 where there is none. */
static int unit_for(const EdtBenchUnits *units, EdtFactors factors)
{
    int best = -1;
    for (int i = 0; i < units->n; i++)
        if (units->of[i].factors == factors &&
            (best < 0 || units->of[i].rate > units->of[best].rate))
            best = i;
    return best;
}

double edt_bench_limit(const EdtBenchUnits *units, const EdtBenchRow *row, const char **limit)
{
    double multiplying = 0, moving = 0, most = 0;

    *limit = NULL;
    for (int i = 0; i < EDT_FACTORS_COUNT; i++) {
        const int unit = unit_for(units, (EdtFactors)i);
        const double ms = unit < 0 ? 0 : row->gflop[i] / units->of[unit].rate * 1e3;
        multiplying += ms;
        if (ms > most)
            *limit = units->of[unit].what;
        most = MAX(most, ms);
    }
    for (int i = 0; i < EDT_REACHES; i++)
        moving += units->memory[i].rate > 0 ? row->gbyte[i] / units->memory[i].rate * 1e3 : 0;
    if (moving > multiplying)
        *limit = "memory";
    return MAX(multiplying, moving);
}
