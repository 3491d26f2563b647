/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the unit that a device computes with gives, each unit of the processor, and its memory:
 * yardsticks for `edt bench`, all threads at once, the best of some trials.
 */
#include "cpu/device.h"
#include "base/memory.h"

#include <omp.h>
#include <string.h>
#include <time.h>

#define BURN_ROUNDS 2000000
#define BURN_TILE_ROUNDS 100000 /* each is longer */
#define PEAK_TRIALS 12          /* the machine may be busy */
#define UNIT_TRIALS 3
#define READ_BYTES ((gsize)128 << 20) /* more than caches hold */

typedef struct {
    const EdtDevice *dev;
    double (*burn)(const EdtDevice *dev);
    const guint64 *memory; /* NULL: burn */
} Trial;

static double burn_f32(const EdtDevice *dev)
{
    return dev->kernels->burn(EDT_F32, BURN_ROUNDS);
}

static double burn_bf16(const EdtDevice *dev)
{
    return dev->kernels->burn(EDT_BF16, BURN_ROUNDS);
}

static double burn_int8(const EdtDevice *dev)
{
    return dev->kernels->burn_int8(BURN_ROUNDS);
}

static double burn_tiles(const EdtDevice *dev)
{
    return dev->kernels->burn_tiles(BURN_TILE_ROUNDS);
}

/* A thread's part of the memory, read once; how many bytes that were. */
static double read_part(const guint64 *memory, int i, int n)
{
    const gint64 count = (gint64)(READ_BYTES / sizeof *memory);
    const gint64 begin = count * i / n, end = count * (i + 1) / n;
    guint64 sum = 0;
    for (gint64 at = begin; at < end; at++)
        sum += memory[at];
    return (double)(end - begin) * sizeof *memory + (sum == 1 ? 1 : 0);
}

static double best_rate(const Trial *trial, int trials)
{
    double best = 0;
    for (int k = 0; k < trials; k++) {
        double work = 0, since = omp_get_wtime();
#pragma omp parallel num_threads(trial->dev->threads) reduction(+ : work)
        work += trial->memory
                    ? read_part(trial->memory, omp_get_thread_num(), omp_get_num_threads())
                    : trial->burn(trial->dev);
        best = MAX(best, work / (omp_get_wtime() - since));
    }
    return best;
}

double edt_cpu_peak(EdtDevice *dev)
{
    const gboolean bf16 = dev->act == EDT_BF16;
    double (*burn)(const EdtDevice *dev) = !bf16                      ? burn_f32
                                           : dev->kernels->burn_tiles ? burn_tiles
                                                                      : burn_bf16;
    return best_rate(&(Trial){dev, burn, NULL}, PEAK_TRIALS);
}

static double process_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int edt_cpu_units(EdtDevice *dev, EdtUnitRate *rates, double *got)
{
    const EdtCpuKernels *k = dev->kernels;
    const struct {
        const char *name;
        double (*burn)(const EdtDevice *dev);
        gboolean here;
    } all[] = {{"FMA f32", burn_f32, TRUE},
               {"vdpbf16ps", burn_bf16, k->isa == EDT_ISA_AVX512BF16},
               {"int8 VNNI", burn_int8, k->burn_int8 != NULL},
               {"AMX bf16", burn_tiles, k->burn_tiles != NULL}};
    const double since = omp_get_wtime(), used = process_seconds();
    int n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i].here)
            rates[n++] = (EdtUnitRate){all[i].name,
                                       best_rate(&(Trial){dev, all[i].burn, NULL}, UNIT_TRIALS)};
    *got = (process_seconds() - used) / ((omp_get_wtime() - since) * dev->threads);
    guint64 *memory = edt_alloc(READ_BYTES, NULL);
    if (memory) {
        memset(memory, 1, READ_BYTES);
        rates[n++] = (EdtUnitRate){"memory", best_rate(&(Trial){dev, NULL, memory}, UNIT_TRIALS)};
    }
    edt_free(memory);
    return n;
}
