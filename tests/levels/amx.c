/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Imitates AMX on a processor that has AVX512-BF16 and no tiles, so that what is planned and
 * computed on the others is tested everywhere.  Preloaded (LD_PRELOAD), it does three things:
 * CPUID and XGETBV, where oneDNN and our cpu/isa.c read them, become illegal instructions; a
 * handler answers them as a Sapphire Rapids would; and it carries out the tile instructions, which
 * are illegal here anyway.  Slow (a microsecond and more each), and right.  On any other processor
 * it does nothing.
 */
#include <cpuid.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* ---- what the processor says ---- */

#define SITES_MAX 64
#define GET_PERMISSION 0x1022
#define REQUEST_PERMISSION 0x1023
#define TILES (3u << 17) /* of the states that the system saves */

static uint8_t *cpuid_sites[SITES_MAX], *xgetbv_sites[SITES_MAX];
static int n_cpuid, n_xgetbv;

typedef struct {
    uint32_t a, b, c, d;
} Words;

/* Caches of a core: 48 KiB, 32 KiB of code, 2 MiB, and 37.5 MiB that two share. */
static Words cache(uint32_t index)
{
    static const Words caches[] = {{0x4000121, 11u << 22 | 63, 63, 0},
                                   {0x4000122, 7u << 22 | 63, 63, 0},
                                   {0x4000143, 15u << 22 | 63, 2047, 0},
                                   {0x4004163, 14u << 22 | 63, 40959, 4}};
    return index < 4 ? caches[index] : (Words){0, 0, 0, 0};
}

static Words cpuid(uint32_t leaf, uint32_t index)
{
    Words w;
    __cpuid_count(leaf, index, w.a, w.b, w.c, w.d);
    if (leaf == 0)
        return (Words){0x20, 0x756e6547, 0x6c65746e, 0x49656e69}; /* GenuineIntel */
    if (leaf == 4)
        return cache(index);
    if (leaf == 0xb) /* two cores of one thread */
        return index == 0   ? (Words){0, 1, 0x100, 0}
               : index == 1 ? (Words){1, 2, 0x201, 0}
                            : (Words){0, 0, index, 0};
    if (leaf == 0x1d) /* palette 1: 8 tiles of 16 rows of 64 bytes */
        return index == 0 ? (Words){1, 0, 0, 0} : (Words){1024u << 16 | 8192, 8u << 16 | 64, 16, 0};
    if (leaf == 7 && index == 0)
        w.d |= 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25; /* bf16, AVX-512 f16, tiles, int8 */
    return w;
}

static int has_bf16_alone(void)
{
    Words zero, one;
    __cpuid_count(7, 0, zero.a, zero.b, zero.c, zero.d);
    __cpuid_count(7, 1, one.a, one.b, one.c, one.d);
    return (one.a >> 5 & 1) && !(zero.d >> 24 & 1);
}

/* The system would refuse. */
long syscall(long number, ...)
{
    va_list list;
    long a[6], result;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_arch_prctl && a[0] == GET_PERMISSION && n_xgetbv)
        *(unsigned long *)a[1] = 7 | TILES;
    if (number == SYS_arch_prctl && (a[0] == GET_PERMISSION || a[0] == REQUEST_PERMISSION) &&
        n_xgetbv)
        return 0;
    register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* ---- tiles ---- */

#define EACH_THREAD static __thread __attribute__((tls_model("initial-exec")))

typedef struct {
    uint8_t palette, start_row, zero[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} Config;

EACH_THREAD Config config;
EACH_THREAD uint8_t tile[8][16][64];

static float widen(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* tdpbf16ps */
static void add_products(int to, int a, int b)
{
    const int columns = config.row_bytes[to] / 4, pairs = config.row_bytes[a] / 4;
    for (int m = 0; m < config.rows[to]; m++) {
        float sums[16];
        memcpy(sums, tile[to][m], sizeof sums);
        for (int n = 0; n < columns; n++)
            for (int k = 0; k < pairs; k++) {
                uint16_t x[2], y[2];
                memcpy(x, tile[a][m] + 4 * k, 4);
                memcpy(y, tile[b][k] + 4 * n, 4);
                sums[n] += widen(x[0]) * widen(y[0]);
                sums[n] += widen(x[1]) * widen(y[1]);
            }
        memcpy(tile[to][m], sums, sizeof sums);
    }
}

/* tdpb[su][su]d: bytes of a and of b, each with a sign or without */
static void add_bytes(int to, int a, int b, int a_signed, int b_signed)
{
    const int columns = config.row_bytes[to] / 4, bytes = config.row_bytes[a];
    for (int m = 0; m < config.rows[to]; m++) {
        int32_t sums[16];
        memcpy(sums, tile[to][m], sizeof sums);
        for (int n = 0; n < columns; n++)
            for (int k = 0; k < bytes; k++) {
                const uint8_t x = tile[a][m][k], y = tile[b][k / 4][4 * n + k % 4];
                sums[n] += (a_signed ? (int8_t)x : x) * (b_signed ? (int8_t)y : y);
            }
        memcpy(tile[to][m], sums, sizeof sums);
    }
}

static void load(int to, const uint8_t *from, int64_t stride)
{
    memset(tile[to], 0, sizeof tile[to]);
    for (int row = 0; row < config.rows[to]; row++)
        memcpy(tile[to][row], from + row * stride, config.row_bytes[to]);
}

static void save(int from, uint8_t *to, int64_t stride)
{
    for (int row = 0; row < config.rows[from]; row++)
        memcpy(to + row * stride, tile[from][row], config.row_bytes[from]);
}

/* ---- instructions ---- */

/* A three-byte VEX instruction of map 0F38: opcode, prefix (0 none, 1 66, 2 F3, 3 F2), operands. */
typedef struct {
    int opcode, prefix, reg, rm, source, length;
    gregset_t *registers;
    uint8_t *address; /* NULL: rm is a register */
    int64_t index;    /* of the memory operand, scaled */
} Instruction;

static int64_t reg64(const Instruction *i, int number)
{
    static const int places[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                 REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                 REG_R12, REG_R13, REG_R14, REG_R15};
    return (*i->registers)[places[number]];
}

/* The memory operand whose mod/rm byte is code[4]. */
static void read_address(Instruction *i, const uint8_t *code, int mod, int x, int b)
{
    int32_t offset = 0;
    int64_t base;

    if ((code[4] & 7) == 4) {
        int number = (code[5] >> 3 & 7) | x;
        i->index = number == 4 ? 0 : reg64(i, number) * (1 << (code[5] >> 6));
        base = reg64(i, (code[5] & 7) | b);
        i->length++;
    } else {
        base = reg64(i, (code[4] & 7) | b);
    }
    if (mod == 1)
        offset = (int8_t)code[i->length];
    else if (mod == 2)
        memcpy(&offset, code + i->length, 4);
    i->length += mod == 1 ? 1 : mod == 2 ? 4 : 0;
    i->address = (uint8_t *)(base + offset);
}

static int decode(Instruction *i, const uint8_t *code)
{
    if (code[0] != 0xc4 || (code[1] & 31) != 2 || (code[2] & 0x84))
        return 0;
    int mod = code[4] >> 6, b = code[1] & 0x20 ? 0 : 8, x = code[1] & 0x40 ? 0 : 8;
    int addressless =
        mod == 0 && ((code[4] & 7) == 5 || ((code[4] & 7) == 4 && (code[5] & 7) == 5));
    i->opcode = code[3];
    i->prefix = code[2] & 3;
    i->source = ~(code[2] >> 3) & 15;
    i->reg = code[4] >> 3 & 7;
    i->rm = code[4] & 7;
    i->length = 5;
    if (mod != 3)
        read_address(i, code, mod, x, b);
    return !addressless;
}

static int carry_out(const Instruction *i)
{
    if (i->opcode == 0x49 && i->address && i->prefix == 0) {
        memcpy(&config, i->address + i->index, sizeof config);
        memset(tile, 0, sizeof tile);
    } else if (i->opcode == 0x49 && i->address && i->prefix == 1) {
        memcpy(i->address + i->index, &config, sizeof config);
    } else if (i->opcode == 0x49 && i->prefix == 0) {
        memset(&config, 0, sizeof config);
    } else if (i->opcode == 0x49 && i->prefix == 3) {
        memset(tile[i->reg], 0, sizeof tile[0]);
    } else if (!config.palette) {
        return 0;
    } else if (i->opcode == 0x4b && i->address && i->prefix == 2) {
        save(i->reg, i->address, i->index);
    } else if (i->opcode == 0x4b && i->address) {
        load(i->reg, i->address, i->index);
    } else if (i->opcode == 0x5c && i->prefix == 2) {
        add_products(i->reg, i->rm, i->source);
    } else if (i->opcode == 0x5e && !i->address) { /* prefixes: uu, us, su, ss */
        add_bytes(i->reg, i->rm, i->source, i->prefix >> 1, i->prefix & 1);
    } else {
        return 0;
    }
    return 1;
}

static int is_site(uint8_t *const *sites, int n, const uint8_t *code)
{
    for (int i = 0; i < n; i++)
        if (sites[i] == code)
            return 1;
    return 0;
}

static void on_illegal(int number, siginfo_t *info, void *context)
{
    gregset_t *registers = &((ucontext_t *)context)->uc_mcontext.gregs;
    greg_t *r = *registers;
    uint8_t *code = (uint8_t *)r[REG_RIP];
    Instruction i = {.registers = registers};

    if (is_site(cpuid_sites, n_cpuid, code)) {
        Words w = cpuid((uint32_t)r[REG_RAX], (uint32_t)r[REG_RCX]);
        r[REG_RAX] = w.a;
        r[REG_RBX] = w.b;
        r[REG_RCX] = w.c;
        r[REG_RDX] = w.d;
        r[REG_RIP] += 2;
    } else if (is_site(xgetbv_sites, n_xgetbv, code)) {
        uint32_t low, high;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        r[REG_RAX] = low | TILES;
        r[REG_RDX] = high;
        r[REG_RIP] += 3;
    } else if (decode(&i, code) && carry_out(&i)) {
        r[REG_RIP] += i.length;
    } else {
        fprintf(stderr, "amx: %02x %02x %02x %02x %02x cannot be imitated\n", code[0], code[1],
                code[2], code[3], code[4]);
        _exit(99);
    }
}

/* ---- where ---- */

#define NEAR 4096 /* bytes of code around an XGETBV, or behind a read of leaf 1D, that ask, too */

static void take_cpuid(uint8_t *from, uint8_t *to)
{
    for (uint8_t *p = from; p < to && n_cpuid < SITES_MAX; p++)
        if (p[0] == 0x0f && p[1] == 0xa2) {
            cpuid_sites[n_cpuid++] = p;
            p[1] = 0x0b; /* ud2 */
        }
}

static void take(uint8_t *begin, uint8_t *end)
{
    static const uint8_t xgetbv[] = {0x0f, 0x01, 0xd0}, leaf_1d[] = {0xb8, 0x1d, 0, 0, 0};
    for (uint8_t *p = begin; p + sizeof leaf_1d < end && n_xgetbv < SITES_MAX; p++) {
        if (memcmp(p, leaf_1d, sizeof leaf_1d) == 0)
            take_cpuid(p, p + 512 < end ? p + 512 : end);
        if (memcmp(p, xgetbv, sizeof xgetbv) != 0)
            continue;
        take_cpuid(p - begin < NEAR ? begin : p - NEAR, end - p < NEAR ? end : p + NEAR);
        xgetbv_sites[n_xgetbv++] = p;
        p[1] = 0x0b;
        p[2] = 0x90;
    }
}

/* oneDNN and the program itself. */
static int take_object(struct dl_phdr_info *object, size_t size, void *data)
{
    if (object->dlpi_name[0] && !strstr(object->dlpi_name, "libdnnl"))
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        uint8_t *begin = (uint8_t *)(object->dlpi_addr + part->p_vaddr);
        uint8_t *page = (uint8_t *)((uintptr_t)begin & ~(uintptr_t)4095);
        size_t bytes = (size_t)(begin + part->p_memsz - page);
        if (mprotect(page, bytes, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) {
            take(begin, begin + part->p_memsz);
            mprotect(page, bytes, PROT_READ | PROT_EXEC);
        }
    }
    return 0;
}

static void __attribute__((constructor)) imitate(void)
{
    struct sigaction action = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (!has_bf16_alone())
        return;
    sigaction(SIGILL, &action, NULL);
    dl_iterate_phdr(take_object, NULL);
}
