/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the unit that a device computes with gives, each unit of the processor, and its memory:
 * yardsticks for `edt bench`, all threads at once, the best of some trials.
 */
#include "cpu/device.h"
#include "base/cgroup.h"
#include "base/memory.h"

#include <omp.h>
#include <string.h>
#include <time.h>

#define PEAK_TRIALS 12 /* the machine may be busy */
#define UNIT_TRIALS 3
#define LINE 64
#define READ_LEAST ((gsize)256 << 20) /* bytes of a trial, in as many rounds as they take */

/* The one place that says which unit is for which factors. */
static const struct {
    const char *name;
    EdtFactors factors;
    gint64 rounds; /* some milliseconds */
} units[EDT_BURN_COUNT] = {
    [EDT_BURN_FMA] = {"FMA f32", EDT_FACTORS_F32, 2000000},
    [EDT_BURN_BF16_PAIRS] = {"vdpbf16ps", EDT_FACTORS_BF16, 1000000},
    [EDT_BURN_AMX_BF16] = {"AMX bf16", EDT_FACTORS_BF16, 100000},
    [EDT_BURN_AVX_VNNI] = {"int8 AVX-VNNI", EDT_FACTORS_INT8, 2000000},
    [EDT_BURN_VNNI] = {"int8 VNNI", EDT_FACTORS_INT8, 1000000},
    [EDT_BURN_AMX_INT8] = {"AMX int8", EDT_FACTORS_INT8, 100000},
};

typedef struct {
    const EdtDevice *dev;
    EdtBurn burn;
    const char *memory; /* NULL: burn */
    gsize bytes;        /* of memory */
} Trial;

/* A thread's part of memory, of whole lines. */
static void part_of(gsize bytes, gsize *begin, gsize *count)
{
    const gsize lines = bytes / LINE, n = (gsize)omp_get_num_threads();
    const gsize i = (gsize)omp_get_thread_num();
    *begin = lines * i / n * LINE;
    *count = lines * (i + 1) / n - lines * i / n;
}

static double read_part(const Trial *trial)
{
    gsize begin, count;
    part_of(trial->bytes, &begin, &count);
    return trial->dev->kernels->read(trial->memory + begin, (gint64)count,
                                     (gint64)MAX(READ_LEAST / trial->bytes, 1));
}

static double best_rate(const Trial *trial, int trials)
{
    double best = 0;
    for (int k = 0; k < trials; k++) {
        double work = 0, since = omp_get_wtime();
#pragma omp parallel num_threads(trial->dev->threads) reduction(+ : work)
        work += trial->memory ? read_part(trial)
                              : trial->dev->kernels->burn[trial->burn](units[trial->burn].rounds);
        best = MAX(best, work / (omp_get_wtime() - since));
    }
    return best;
}

double edt_cpu_peak(EdtDevice *dev)
{
    const EdtFactors factors = edt_cpu_factors(dev->int8 ? EDT_I8 : dev->act);
    EdtBurn burn = EDT_BURN_FMA;
    for (int i = 0; i < EDT_BURN_COUNT; i++)
        if (dev->kernels->burn[i] && units[i].factors == factors)
            burn = (EdtBurn)i;
    return best_rate(&(Trial){.dev = dev, .burn = burn}, PEAK_TRIALS);
}

/* As many numbers as the last reach has, each thread's part where it is near to that one. */
static char *make_memory(const EdtDevice *dev, gsize bytes)
{
    char *memory = edt_alloc(bytes, NULL);
    gsize begin, count;
    if (memory) {
#pragma omp parallel num_threads(dev->threads) private(begin, count)
        {
            part_of(bytes, &begin, &count);
            memset(memory + begin, 1, count * LINE);
        }
    }
    return memory;
}

static void measure_memory(const EdtDevice *dev, double rates[EDT_REACHES])
{
    char *memory = make_memory(dev, edt_reaches[EDT_REACHES - 1]);
    for (int i = 0; i < EDT_REACHES; i++)
        rates[i] = memory
                       ? best_rate(&(Trial){.dev = dev, .memory = memory, .bytes = edt_reaches[i]},
                                   UNIT_TRIALS)
                       : 0;
    edt_free(memory);
}

static double process_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Processors' worth of time that the threads can have: no more than there are, however many were
 * asked for. */
static double processors_for(const EdtDevice *dev)
{
    const double most = MIN(g_get_num_processors(), edt_cgroup_processors("/"));
    return MIN(dev->threads, most);
}

int edt_cpu_units(EdtDevice *dev, EdtUnitRate *rates, double memory[EDT_REACHES], double *got)
{
    const double since = omp_get_wtime(), used = process_seconds();
    int n = 0;

    for (int i = 0; i < EDT_BURN_COUNT; i++)
        if (dev->kernels->burn[i])
            rates[n++] =
                (EdtUnitRate){units[i].name, units[i].factors,
                              best_rate(&(Trial){.dev = dev, .burn = (EdtBurn)i}, UNIT_TRIALS)};
    *got = (process_seconds() - used) / ((omp_get_wtime() - since) * processors_for(dev));
    measure_memory(dev, memory);
    return n;
}
