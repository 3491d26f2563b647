// SPDX-License-Identifier: GPL-3.0-or-later
//
// One block of threads on one core; see cuda_host.h.  Each thread is a fiber with its own stack; it
// runs until it waits for its warp or for the block, and goes on when everyone it waits for waits
// too.  The order of threads turns round with every launch, so a missing barrier shows in the
// numbers.  A block whose threads wait for different things is a wrong kernel: the program ends.
#include "cuda_host.h"

#include "simulated.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <setjmp.h>
#include <ucontext.h>
#include <vector>

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace {

constexpr size_t STACK = 64 << 10;
constexpr unsigned THREADS_MAX = 1024;

enum class State { ready, at_warp, at_block, done };

struct Fiber {
    std::vector<char> stack;
    ucontext_t context;
    jmp_buf place;
    bool started = false;
    State state = State::done;
    dim3 index;
    unsigned exchanges;
};

std::vector<Fiber> fibers(THREADS_MAX);
uint64_t given[THREADS_MAX / 32][2][32];
Fiber *running;
ucontext_t scheduler;
jmp_buf scheduler_place;
const std::function<void()> *body;
char *shared_memory;
bool backwards;
std::mutex one_at_a_time;

// ASan follows swapcontext, which asks the kernel every time; without it a jump is enough.
#ifdef __SANITIZE_ADDRESS__
constexpr bool jumps = false;
#else
constexpr bool jumps = true;
#endif

void to_scheduler()
{
    Fiber *self = running;
    if (!jumps)
        swapcontext(&self->context, &scheduler);
    else if (_setjmp(self->place) == 0)
        _longjmp(scheduler_place, 1);
}

void live()
{
    for (;;) {
        (*body)();
        running->state = State::done;
        to_scheduler();
    }
}

void start(Fiber *fiber)
{
    fiber->started = true;
    fiber->stack.resize(STACK);
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack.data();
    fiber->context.uc_stack.ss_size = STACK;
    fiber->context.uc_link = nullptr;
    makecontext(&fiber->context, live, 0);
}

void run(Fiber *fiber)
{
    const bool fresh = !fiber->started;
    if (fresh)
        start(fiber);
    running = fiber;
    threadIdx = fiber->index;
    if (!jumps)
        swapcontext(&scheduler, &fiber->context);
    else if (_setjmp(scheduler_place) == 0) {
        if (fresh)
            setcontext(&fiber->context);
        _longjmp(fiber->place, 1);
    }
}

void wait(State what)
{
    running->state = what;
    to_scheduler();
    threadIdx = running->index;
}

[[noreturn]] void wrong(const char *what)
{
    fprintf(stderr, "host build: %s in block %u,%u,%u\n", what, blockIdx.x, blockIdx.y, blockIdx.z);
    abort();
}

// Lets a warp run until all its threads wait for the block or have ended.
bool run_warp(unsigned first, unsigned last)
{
    bool any = false;
    for (;;) {
        unsigned ready = 0, at_warp = 0, elsewhere = 0;
        for (unsigned i = first; i < last; i++) {
            Fiber *fiber = &fibers[backwards ? last - 1 - (i - first) : i];
            if (fiber->state == State::ready) {
                run(fiber);
                any = true;
                ready++;
            }
        }
        for (unsigned i = first; i < last; i++)
            (fibers[i].state == State::at_warp ? at_warp : elsewhere)++;
        if (at_warp && elsewhere)
            wrong("a shuffle that not all lanes take part in");
        for (unsigned i = first; i < last && at_warp; i++)
            fibers[i].state = State::ready;
        if (!at_warp && !ready)
            return any;
    }
}

void run_block(unsigned threads)
{
    for (;;) {
        bool any = false;
        for (unsigned first = 0; first < threads; first += 32)
            any |= run_warp(first, first + 32 < threads ? first + 32 : threads);
        unsigned waiting = 0, ended = 0;
        for (unsigned i = 0; i < threads; i++)
            (fibers[i].state == State::at_block ? waiting : ended)++;
        if (waiting == 0)
            return;
        if (ended || !any)
            wrong("a barrier that not all threads come to");
        for (unsigned i = 0; i < threads; i++)
            fibers[i].state = State::ready;
    }
}

void run_grid(dim3 grid, dim3 block, size_t shared, const std::function<void()> &thread)
{
    std::lock_guard<std::mutex> lock(one_at_a_time);
    body = &thread;
    gridDim = grid;
    blockDim = block;
    backwards = !backwards;
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x; x++) {
                blockIdx = dim3(x, y, z);
                for (unsigned i = 0; i < block.x; i++) {
                    fibers[i].state = State::ready;
                    fibers[i].index = dim3(i, 0, 0);
                    fibers[i].exchanges = 0;
                }
                shared_memory = static_cast<char *>(aligned_alloc(16, (shared + 15) / 16 * 16));
                memset(shared_memory, 0xff, (shared + 15) / 16 * 16);
                run_block(block.x);
                free(shared_memory);
            }
}

} // namespace

void edt_host_launch(dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                     std::function<void()> thread)
{
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 || grid.z > 65535 ||
        block.x == 0 || block.x > THREADS_MAX || block.y != 1 || block.z != 1 || shared > 49152)
        wrong("a launch that no GPU takes");
    edt_host_submit(stream, [=] { run_grid(grid, block, shared, thread); });
}

void *edt_host_shared()
{
    return shared_memory;
}

void __syncthreads()
{
    wait(State::at_block);
}

const uint64_t *edt_host_exchange(uint64_t own)
{
    // two places in turn: the last one is still read by lanes that are not here yet
    uint64_t *place = given[threadIdx.x / 32][running->exchanges++ % 2];
    place[threadIdx.x % 32] = own;
    wait(State::at_warp);
    return place;
}

// ---- tensor cores ----

static float bf16(uint32_t pair, int which)
{
    return __uint_as_float(which ? pair & 0xffff0000u : pair << 16);
}

void edt_mma(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
    uint32_t rows[4][32], columns[2][32]; // the operands of all lanes
    for (int i = 0; i < 4; i++) {
        const uint64_t *all = edt_host_exchange(a[i]);
        for (int lane = 0; lane < 32; lane++)
            rows[i][lane] = (uint32_t)all[lane];
    }
    for (int i = 0; i < 2; i++) {
        const uint64_t *all = edt_host_exchange(i ? b1 : b0);
        for (int lane = 0; lane < 32; lane++)
            columns[i][lane] = (uint32_t)all[lane];
    }
    const int g = (int)threadIdx.x % 32 / 4, t = (int)threadIdx.x % 4;
    for (int i = 0; i < 4; i++) {
        const int row = g + i / 2 * 8, column = 2 * t + i % 2;
        for (int k = 0; k < 16; k++)
            c[i] += bf16(rows[row / 8 + k / 8 * 2][row % 8 * 4 + k % 8 / 2], k % 2) *
                    bf16(columns[k / 8][column * 4 + k % 8 / 2], k % 2);
    }
}

static uint32_t element(const uint64_t *all, int matrix, int row, int column)
{
    return reinterpret_cast<const uint16_t *>(all[matrix * 8 + row])[column];
}

static void load(uint32_t out[4], const void *row, bool transposed)
{
    const uint64_t *all = edt_host_exchange(reinterpret_cast<uintptr_t>(row));
    const int g = (int)threadIdx.x % 32 / 4, t = (int)threadIdx.x % 4;
    if (reinterpret_cast<uintptr_t>(row) % 16)
        wrong("a matrix row that is not aligned to 16 bytes");
    for (int i = 0; i < 4; i++)
        out[i] = transposed ? element(all, i, 2 * t, g) | element(all, i, 2 * t + 1, g) << 16
                            : element(all, i, g, 2 * t) | element(all, i, g, 2 * t + 1) << 16;
}

void edt_load_matrices(uint32_t out[4], const void *row)
{
    load(out, row, false);
}

void edt_load_transposed(uint32_t out[4], const void *row)
{
    load(out, row, true);
}
