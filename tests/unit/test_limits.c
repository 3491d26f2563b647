/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this process may use of the machine: control groups of both versions, groups in groups,
 * ranks on one machine.  The kernel's files lie in a folder of the test's own.
 */
#include "base/cgroup.h"
#include "base/launcher.h"
#include "base/memory.h"
#include "base/threads.h"
#include "folder.h"

#include <glib/gstdio.h>
#include <math.h>
#include <sched.h>
#include <unistd.h>

#define MIB ((guint64)1 << 20)

static char *root; /* of the running test */

static void put(const char *file, const char *text)
{
    g_autofree char *path = g_build_filename(root, file, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void put_mib(const char *file, guint64 mib)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", mib * MIB);
    put(file, text);
}

static void set_up(gpointer *fixture, gconstpointer data)
{
    root = test_file("root");
    g_assert_cmpint(g_mkdir(root, 0755), ==, 0);
}

static void tear_down(gpointer *fixture, gconstpointer data)
{
    test_remove(root);
    g_free(root);
}

static void expect_memory(guint64 mib)
{
    g_assert_cmpuint(edt_memory_available_below(root), ==, mib * MIB);
}

/* ---- memory ---- */

static void test_machine(gpointer *fixture, gconstpointer data)
{
    expect_memory(0); /* not known */
    put("proc/meminfo", "MemTotal:   4194304 kB\nMemFree:  1024 kB\nMemAvailable:   2097152 kB\n");
    expect_memory(2048);
    put("proc/self/cgroup", "0::/\n"); /* the outermost group has no files */
    expect_memory(2048);
}

static void test_unified(gpointer *fixture, gconstpointer data)
{
    put("proc/meminfo", "MemAvailable: 2097152 kB\n");
    put("proc/self/cgroup", "0::/outer/inner\n");
    put("sys/fs/cgroup/outer/inner/memory.max", "max\n");
    put_mib("sys/fs/cgroup/outer/inner/memory.current", 100);
    expect_memory(2048);
    put_mib("sys/fs/cgroup/outer/inner/memory.max", 1000);
    expect_memory(900);
    put("sys/fs/cgroup/outer/inner/memory.stat", /* what is only a cache can be had, too */
        "anon 41943040\nfile 62914560\nkernel 0\ninactive_file 31457280\nactive_file 20971520\n"
        "slab_reclaimable 10485760\n");
    expect_memory(960);
    put_mib("sys/fs/cgroup/outer/inner/memory.high", 500);
    expect_memory(460);
    put_mib("sys/fs/cgroup/outer/memory.max", 600); /* its other groups take of it, too */
    put_mib("sys/fs/cgroup/outer/memory.current", 400);
    expect_memory(200);
    put_mib("sys/fs/cgroup/outer/memory.current", 700);
    put("proc/meminfo", "");
    expect_memory(0);
}

static void test_version_1(gpointer *fixture, gconstpointer data)
{
    put("proc/meminfo", "MemAvailable: 2097152 kB\n");
    put("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a/b\n1:name=systemd:/c\n");
    put("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    put_mib("sys/fs/cgroup/memory/a/memory.limit_in_bytes", 512);
    put_mib("sys/fs/cgroup/memory/a/memory.usage_in_bytes", 300);
    put("sys/fs/cgroup/memory/a/memory.stat",
        "inactive_file 1\ntotal_inactive_file 20971520\ntotal_active_file 10485760\n");
    expect_memory(512 - 300 + 30);
}

/* The least counts, be it the group's own or one's around it; what says "max" limits nothing. */
static void test_nested(gpointer *fixture, gconstpointer data)
{
    put("proc/meminfo", "MemAvailable: 2097152 kB\n");
    put("proc/self/cgroup", "0::/a/b/c\n");
    put("sys/fs/cgroup/a/b/c/memory.max", "max\n");
    put("sys/fs/cgroup/a/b/c/memory.high", "max\n");
    put("sys/fs/cgroup/a/b/memory.max", "max\n");
    put_mib("sys/fs/cgroup/a/memory.max", 200);
    put_mib("sys/fs/cgroup/a/memory.current", 50);
    expect_memory(150);
    put_mib("sys/fs/cgroup/a/b/c/memory.max", 100);
    expect_memory(100);
    put("sys/fs/cgroup/a/memory.max", "max\n");
    put("sys/fs/cgroup/a/b/c/memory.max", "max\n");
    expect_memory(2048);

    put("proc/self/cgroup", "4:memory:/x/y\n0::/a/b/c\n"); /* both: memory is the first's */
    put("sys/fs/cgroup/memory/x/y/memory.limit_in_bytes", "9223372036854771712\n");
    put_mib("sys/fs/cgroup/memory/x/memory.limit_in_bytes", 300);
    put_mib("sys/fs/cgroup/memory/x/memory.usage_in_bytes", 20);
    expect_memory(280);
    put_mib("sys/fs/cgroup/memory/x/y/memory.limit_in_bytes", 64);
    expect_memory(64);
}

/* A container that is told its path on the host, but sees only its own group. */
static void test_hidden_path(gpointer *fixture, gconstpointer data)
{
    put("proc/meminfo", "MemAvailable: 2097152 kB\n");
    put("proc/self/cgroup", "4:memory:/docker/0badcafe\n");
    put_mib("sys/fs/cgroup/memory/memory.limit_in_bytes", 256);
    put_mib("sys/fs/cgroup/memory/memory.usage_in_bytes", 56);
    expect_memory(200);
}

/* ---- threads ---- */

static void test_processors(gpointer *fixture, gconstpointer data)
{
    g_assert_true(isinf(edt_cgroup_processors(root)));
    put("proc/self/cgroup", "0::/outer/inner\n");
    put("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
    g_assert_true(isinf(edt_cgroup_processors(root)));
    put("sys/fs/cgroup/outer/cpu.max", "250000 100000\n");
    g_assert_cmpfloat(edt_cgroup_processors(root), ==, 2.5);
    put("sys/fs/cgroup/outer/inner/cpu.max", "25000 50000\n");
    g_assert_cmpfloat(edt_cgroup_processors(root), ==, 0.5);

    put("proc/self/cgroup", "4:memory:/z\n3:cpu,cpuacct:/a/b\n");
    put("sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
    g_assert_true(isinf(edt_cgroup_processors(root)));
    put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "150000\n");
    put("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "50000\n");
    g_assert_cmpfloat(edt_cgroup_processors(root), ==, 3);
}

static int mask_size(void)
{
    cpu_set_t set;
    g_assert_cmpint(sched_getaffinity(0, sizeof set, &set), ==, 0);
    return CPU_COUNT(&set);
}

static void expect_threads(const char *quota, int threads)
{
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/cpu.max", quota);
    g_assert_cmpint(edt_threads_available(root), ==, threads);
}

/* No topology is told below root: each processor of the mask is a core. */
static void test_quota(gpointer *fixture, gconstpointer data)
{
    int cores = mask_size();
    g_assert_cmpint(edt_threads_available(root), ==, cores);
    expect_threads("max 100000\n", cores);
    expect_threads("20000 100000\n", 1); /* never none */
    expect_threads("100000 100000\n", 1);
    expect_threads("140000 100000\n", 1); /* to the nearest */
    expect_threads("190000 100000\n", MIN(cores, 2));
    expect_threads("99900000 100000\n", cores);
}

/* A core of two hardware threads counts once, unless its first one is not in the mask. */
static void test_siblings(gpointer *fixture, gconstpointer data)
{
    cpu_set_t set;
    g_assert_cmpint(sched_getaffinity(0, sizeof set, &set), ==, 0);
    int first = 0;
    while (!CPU_ISSET(first, &set))
        first++;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        g_autofree char *text = g_strdup_printf("%d,%d\n", first, first + 1);
        g_autofree char *file =
            g_strdup_printf("sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
        if (CPU_ISSET(cpu, &set))
            put(file, text);
    }
    g_assert_cmpint(edt_threads_available(root), ==, 1);
}

/* ---- ranks ---- */

static const char *const variables[] = {
    "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", "PMIX_RANK",   "MPI_LOCALNRANKS",
    "SLURM_NODEID",         "SLURM_STEP_TASKS_PER_NODE",  "EDT_THREADS", "OMP_NUM_THREADS",
};

static void forget_launcher(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++)
        g_unsetenv(variables[i]);
}

static void expect_ranks(const char *name, const char *value, int ranks)
{
    g_setenv(name, value, TRUE);
    g_assert_cmpint(edt_launcher_local_ranks(), ==, ranks);
}

static void test_launcher(gpointer *fixture, gconstpointer data)
{
    g_assert_null(edt_launcher_rank());
    g_assert_cmpint(edt_launcher_local_ranks(), ==, 1);
    expect_ranks("SLURM_STEP_TASKS_PER_NODE", "4(x2),3,1", 4);
    expect_ranks("SLURM_NODEID", "1", 4);
    expect_ranks("SLURM_NODEID", "2", 3);
    expect_ranks("SLURM_NODEID", "3", 1);
    expect_ranks("SLURM_NODEID", "4", 1); /* not in the list */
    expect_ranks("MPI_LOCALNRANKS", "5", 5);
    expect_ranks("OMPI_COMM_WORLD_LOCAL_SIZE", "6", 6);
    expect_ranks("OMPI_COMM_WORLD_LOCAL_SIZE", "none", 1);
    g_setenv("PMIX_RANK", "7", TRUE);
    g_assert_cmpstr(edt_launcher_rank(), ==, "7");
    g_setenv("OMPI_COMM_WORLD_RANK", "8", TRUE);
    g_assert_cmpstr(edt_launcher_rank(), ==, "8");
    forget_launcher();
}

static void test_shared_cores(gpointer *fixture, gconstpointer data)
{
    int cores = mask_size();
    g_setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", TRUE);
    g_assert_cmpint(edt_threads_available(root), ==, MAX(1, cores / 2));
    g_assert_cmpint(edt_threads_resolve(3), ==, 3); /* who asks for threads has them */
    g_setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "1000", TRUE);
    g_assert_cmpint(edt_threads_available(root), ==, 1);
    g_assert_cmpint(edt_threads_resolve(0), ==, 1);
    g_setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", TRUE);
    expect_threads("400000 100000\n", CLAMP(cores / 2, 1, 2)); /* of the quota, too */
    forget_launcher();
}

/* A rank that was given cores of its own keeps them all; a single one it would keep anyhow. */
static void test_own_cores(gpointer *fixture, gconstpointer data)
{
    cpu_set_t all, half;
    int cores = mask_size() / 2;
    if (cores < 2 || sched_getaffinity(getppid(), sizeof all, &all) != 0 ||
        CPU_COUNT(&all) < 2 * cores) {
        g_test_skip("there are fewer than four cores");
        return;
    }
    g_assert_cmpint(sched_getaffinity(0, sizeof all, &all), ==, 0);
    CPU_ZERO(&half);
    for (int cpu = 0; CPU_COUNT(&half) < cores; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &half);
    g_assert_cmpint(sched_setaffinity(0, sizeof half, &half), ==, 0);
    g_setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", TRUE);
    g_assert_cmpint(edt_threads_available(root), ==, cores);
    g_assert_cmpint(sched_setaffinity(0, sizeof all, &all), ==, 0);
    forget_launcher();
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(gpointer *fixture, gconstpointer data);
    } tests[] = {
        {"/limits/memory/machine", test_machine},
        {"/limits/memory/unified", test_unified},
        {"/limits/memory/version-1", test_version_1},
        {"/limits/memory/nested", test_nested},
        {"/limits/memory/hidden-path", test_hidden_path},
        {"/limits/threads/processors", test_processors},
        {"/limits/threads/quota", test_quota},
        {"/limits/threads/siblings", test_siblings},
        {"/limits/ranks/launcher", test_launcher},
        {"/limits/ranks/shared-cores", test_shared_cores},
        {"/limits/ranks/own-cores", test_own_cores},
    };
    g_test_init(&argc, &argv, NULL);
    forget_launcher();
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, gpointer, NULL, set_up, tests[i].run, tear_down);
    return g_test_run();
}
