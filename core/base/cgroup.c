/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads the files of control groups; see cgroup.h.  A file that is not there limits nothing: the
 * outermost group has none, and a container may see less of the path than its process is told.
 */
#include "base/cgroup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What one group, a folder, leaves. */
typedef double (*Limit)(const char *group);

static char *contents(const char *group, const char *file)
{
    g_autofree char *path = g_build_filename(group, file, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

/* The file's number; fallback where it has none, such as "max". */
static double number_of(const char *group, const char *file, double fallback)
{
    g_autofree char *text = contents(group, file);
    return text && g_ascii_isdigit(*text) ? g_ascii_strtod(text, NULL) : fallback;
}

/* ---- memory ---- */

/* "NAME NUMBER" of memory.stat. */
static double statistic(const char *statistics, const char *name)
{
    g_autofree char *key = g_strdup_printf("\n%s ", name);
    const char *at = strstr(statistics, key);
    return at ? g_ascii_strtod(at + strlen(key), NULL) : 0;
}

/* Version 1 counts the groups below with "total_". */
static double reclaimable(const char *group, const char *prefix)
{
    static const char *const kinds[] = {"inactive_file", "active_file", "slab_reclaimable"};
    g_autofree char *text = contents(group, "memory.stat");
    g_autofree char *statistics = g_strconcat("\n", text ? text : "", NULL);
    double bytes = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *name = g_strconcat(prefix, kinds[i], NULL);
        bytes += statistic(statistics, name);
    }
    return bytes;
}

static double left(double limit, double used, double given_back)
{
    return MAX(0, limit - MAX(0, used - given_back));
}

/* Above memory.high the kernel slows a process down as if it were thrashing. */
static double memory_of(const char *group)
{
    double limit =
        MIN(number_of(group, "memory.max", INFINITY), number_of(group, "memory.high", INFINITY));
    return left(limit, number_of(group, "memory.current", 0), reclaimable(group, ""));
}

static double memory_of_version_1(const char *group)
{
    return left(number_of(group, "memory.limit_in_bytes", INFINITY),
                number_of(group, "memory.usage_in_bytes", 0), reclaimable(group, "total_"));
}

/* ---- processors ---- */

/* "QUOTA PERIOD" in microseconds. */
static double processors_of(const char *group)
{
    g_autofree char *text = contents(group, "cpu.max");
    double quota, period;
    return text && sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0 ? quota / period
                                                                               : INFINITY;
}

static double processors_of_version_1(const char *group)
{
    double quota = number_of(group, "cpu.cfs_quota_us", INFINITY); /* -1: none */
    return quota / number_of(group, "cpu.cfs_period_us", 100000);
}

/* ---- the groups of this process ---- */

/* The least of the group at that path below mount, and of those around it. */
static double least_above(const char *mount, const char *path, Limit limit)
{
    g_autofree char *group = g_build_filename(mount, path, NULL);
    double least = limit(group);
    if (strlen(path) > 1) {
        g_autofree char *above = g_path_get_dirname(path);
        least = MIN(least, least_above(mount, above, limit));
    }
    return least;
}

/* A line of /proc/self/cgroup: "0::/a/b", or of version 1 "4:cpu,cpuacct:/a/b". */
static double least_of_line(const char *root, const char *line, const char *controller, Limit limit,
                            Limit limit_of_version_1)
{
    g_auto(GStrv) fields = g_strsplit(line, ":", 3);
    if (g_strv_length(fields) != 3)
        return INFINITY;
    g_auto(GStrv) controllers = g_strsplit(fields[1], ",", -1);
    gboolean unified = !*fields[1];
    if (!unified && !g_strv_contains((const char *const *)controllers, controller))
        return INFINITY;
    g_autofree char *mount =
        g_build_filename(root, "sys/fs/cgroup", unified ? "" : controller, NULL);
    return least_above(mount, fields[2], unified ? limit : limit_of_version_1);
}

static double least_of_all(const char *root, const char *controller, Limit limit,
                           Limit limit_of_version_1)
{
    g_autofree char *text = contents(root, "proc/self/cgroup");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    double least = INFINITY;
    for (int i = 0; lines[i]; i++)
        least = MIN(least, least_of_line(root, lines[i], controller, limit, limit_of_version_1));
    return least;
}

guint64 edt_cgroup_memory(const char *root)
{
    double bytes = least_of_all(root, "memory", memory_of, memory_of_version_1);
    return bytes < 0x1p63 ? (guint64)bytes : G_MAXUINT64;
}

double edt_cgroup_processors(const char *root)
{
    return least_of_all(root, "cpu", processors_of, processors_of_version_1);
}
