/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A denoising step as a CUDA graph: some two hundred launches become one.  A step runs plainly the
 * first time (kernels are loaded, algorithms chosen), is recorded the second time, and replayed
 * from then on.  Its key holds all that its operations depend on; freed memory ends recordings.
 * EDT_CUDA_GRAPH=0 launches every operation by itself, to see what the graph is worth.
 */
#include "device.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static void clear_step(EdtCudaStep *step)
{
    if (step->graph)
        cudaGraphExecDestroy(step->graph);
    g_free(step->key);
    *step = (EdtCudaStep){0};
}

void edt_cuda_forget_steps(EdtDevice *dev)
{
    for (int i = 0; i < EDT_CUDA_STEPS; i++)
        clear_step(&dev->steps[i]);
}

static EdtCudaStep *find_step(EdtDevice *dev, const void *key, gsize key_bytes)
{
    for (int i = 0; i < EDT_CUDA_STEPS; i++) {
        EdtCudaStep *step = &dev->steps[i];
        if (step->key && step->key_bytes == key_bytes && memcmp(step->key, key, key_bytes) == 0)
            return step;
    }
    return NULL;
}

static void remember_step(EdtDevice *dev, const void *key, gsize key_bytes)
{
    EdtCudaStep *step = &dev->steps[dev->next_step];
    dev->next_step = (dev->next_step + 1) % EDT_CUDA_STEPS;
    clear_step(step);
    step->key = g_memdup2(key, key_bytes);
    step->key_bytes = key_bytes;
}

gboolean edt_cuda_step_begin(EdtDevice *dev, const void *key, gsize key_bytes)
{
    if (!dev->records || dev->profiling || !edt_cuda_enter(dev))
        return FALSE;
    EdtCudaStep *step = find_step(dev, key, key_bytes);
    if (!step) {
        remember_step(dev, key, key_bytes);
        return FALSE;
    }
    if (step->graph) {
        edt_cuda_check(dev, cudaGraphLaunch(step->graph, dev->stream), N_("a step"));
        return TRUE;
    }
    edt_cuda_check(dev, cudaStreamBeginCapture(dev->stream, cudaStreamCaptureModeThreadLocal),
                   N_("recording a step"));
    dev->recording = dev->error ? NULL : step;
    return FALSE;
}

void edt_cuda_step_end(EdtDevice *dev)
{
    EdtCudaStep *step = dev->recording;
    cudaGraph_t graph = NULL;

    if (!step)
        return;
    dev->recording = NULL;
    edt_cuda_check(dev, cudaStreamEndCapture(dev->stream, &graph), N_("recording a step"));
    if (!dev->error)
        edt_cuda_check(dev, cudaGraphInstantiate(&step->graph, graph, 0), N_("keeping a step"));
    if (!dev->error)
        edt_cuda_check(dev, cudaGraphLaunch(step->graph, dev->stream), N_("a step"));
    if (graph)
        cudaGraphDestroy(graph);
    if (dev->error)
        clear_step(step);
}
