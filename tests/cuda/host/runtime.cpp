// SPDX-License-Identifier: GPL-3.0-or-later
//
// Streams, memory, events and graphs of the simulated machine; see cuda_runtime_api.h.
#include "cuda_host.h"

#include "simulated.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <vector>

EdtHostMachine edt_host_machine = {1, 9, (size_t)8 << 30};

struct EdtHostGraph {
    std::vector<std::function<void()>> work;
};
struct EdtHostStream {
    EdtHostGraph *captured; // while capturing
};
struct EdtHostEvent {
    std::chrono::steady_clock::time_point when;
};

static cudaError_t last = cudaSuccess;

static cudaError_t fail(cudaError_t error)
{
    last = error;
    return error;
}

static bool due(long *countdown)
{
    return *countdown > 0 && --*countdown == 0;
}

// Every call but those that give something back begins here.
static bool broken()
{
    edt_host_machine.calls++;
    if (due(&edt_host_machine.fail_call)) {
        edt_host_machine.dead = edt_host_machine.dies;
        fail(cudaErrorLaunchFailure);
        return true;
    }
    if (edt_host_machine.dead)
        fail(cudaErrorLaunchFailure);
    return edt_host_machine.dead;
}

// What is given back is gone, even where a dead GPU answers with an error.
static cudaError_t gone(int count = 1)
{
    edt_host_machine.live -= count;
    return edt_host_machine.dead ? fail(cudaErrorLaunchFailure) : cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t error)
{
    switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorLaunchFailure: return "unspecified launch failure";
    case cudaErrorStreamCaptureUnsupported: return "operation not permitted while capturing";
    }
    return "unknown error";
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t error = last;
    last = cudaSuccess;
    return error;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 0;
    if (broken())
        return cudaErrorLaunchFailure;
    *count = edt_host_machine.devices;
    return *count ? cudaSuccess : fail(cudaErrorNoDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device)
{
    *properties = {};
    if (broken())
        return cudaErrorLaunchFailure;
    snprintf(properties->name, sizeof properties->name, "host build");
    properties->major = edt_host_machine.major;
    return device < edt_host_machine.devices ? cudaSuccess : fail(cudaErrorInvalidValue);
}

cudaError_t cudaSetDevice(int device)
{
    if (broken())
        return cudaErrorLaunchFailure;
    return device < edt_host_machine.devices ? cudaSuccess : fail(cudaErrorNoDevice);
}

// ---- memory: NaN until written, in pieces of 512 bytes ----

static std::unordered_map<void *, size_t> taken; // of the GPU's

static cudaError_t take(void **data, size_t bytes)
{
    *data = nullptr;
    if (broken())
        return cudaErrorLaunchFailure;
    if (due(&edt_host_machine.fail_alloc))
        return fail(cudaErrorMemoryAllocation);
    *data = aligned_alloc(256, (bytes + 255) / 256 * 256);
    memset(*data, 0xff, bytes);
    edt_host_machine.allocs++;
    edt_host_machine.live++;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **data, size_t bytes)
{
    const size_t whole = (bytes + 511) / 512 * 512;
    *data = nullptr;
    if (edt_host_machine.held + whole > edt_host_machine.memory)
        return fail(cudaErrorMemoryAllocation);
    if (take(data, bytes))
        return last;
    taken[*data] = whole;
    edt_host_machine.held += whole;
    if (edt_host_machine.most < edt_host_machine.held)
        edt_host_machine.most = edt_host_machine.held;
    return cudaSuccess;
}

cudaError_t cudaFree(void *data)
{
    if (data == nullptr)
        return cudaSuccess;
    edt_host_machine.held -= taken[data];
    taken.erase(data);
    free(data);
    return gone();
}

cudaError_t cudaMallocHost(void **data, size_t bytes)
{
    return take(data, bytes);
}

cudaError_t cudaFreeHost(void *data)
{
    free(data);
    return data ? gone() : cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *all_bytes)
{
    *free_bytes = edt_host_machine.memory - edt_host_machine.held;
    *all_bytes = edt_host_machine.memory;
    return edt_host_machine.dead ? fail(cudaErrorLaunchFailure) : cudaSuccess;
}

// ---- streams and graphs ----

void edt_host_submit(cudaStream_t stream, std::function<void()> work)
{
    edt_host_machine.launches++;
    if (broken())
        return;
    if (due(&edt_host_machine.fail_launch))
        fail(cudaErrorLaunchFailure);
    else if (stream->captured)
        stream->captured->work.push_back(std::move(work));
    else
        work();
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    edt_host_machine.brought += kind == cudaMemcpyDeviceToHost ? bytes : 0;
    edt_host_submit(stream, [=] { memcpy(to, from, bytes); });
    return last;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned)
{
    *stream = nullptr;
    if (broken())
        return cudaErrorLaunchFailure;
    *stream = new EdtHostStream{nullptr};
    edt_host_machine.live++;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    delete stream;
    return gone();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    if (broken())
        return cudaErrorLaunchFailure;
    return stream->captured ? fail(cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
    if (broken())
        return cudaErrorLaunchFailure;
    if (stream->captured)
        return fail(cudaErrorStreamCaptureUnsupported);
    stream->captured = new EdtHostGraph;
    edt_host_machine.live++;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    *graph = stream->captured;
    stream->captured = nullptr;
    if (broken()) { // what was captured is thrown away
        edt_host_machine.live -= *graph != nullptr;
        delete *graph;
        *graph = nullptr;
        return cudaErrorLaunchFailure;
    }
    return *graph ? cudaSuccess : fail(cudaErrorInvalidValue);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
    *exec = nullptr;
    if (broken())
        return cudaErrorLaunchFailure;
    *exec = new EdtHostGraph(*graph);
    edt_host_machine.live++;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t)
{
    edt_host_machine.replays++;
    if (broken())
        return cudaErrorLaunchFailure;
    if (due(&edt_host_machine.fail_launch))
        return fail(cudaErrorLaunchFailure);
    for (auto &work : exec->work)
        work();
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    delete graph;
    return gone();
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    return cudaGraphDestroy(exec);
}

// ---- events ----

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
    *event = nullptr;
    if (broken())
        return cudaErrorLaunchFailure;
    *event = new EdtHostEvent;
    edt_host_machine.live++;
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    delete event;
    return gone();
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t)
{
    if (broken())
        return cudaErrorLaunchFailure;
    event->when = std::chrono::steady_clock::now();
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t)
{
    return broken() ? cudaErrorLaunchFailure : cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begun, cudaEvent_t ended)
{
    *ms = std::chrono::duration<float, std::milli>(ended->when - begun->when).count();
    return cudaSuccess;
}
